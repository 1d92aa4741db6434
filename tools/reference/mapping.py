"""The page of mapping files: the keys of a file, of a field, of a part, of an example and of a table."""

from __future__ import annotations

from goldbridge.mapping.compile import GOLDEN_FIELDS
from goldbridge.mapping.example import KEYS as EXAMPLE_KEYS
from goldbridge.mapping.spec import ELSE_WORDS, FIELD_KEYS, ORIGINS, SOURCE_KEYS, TOP_KEYS
from goldbridge.mapping.table import KEYS as TABLE_KEYS
from tools.reference.markdown import code, described, sections, table

_TOP = {
    "mapping": "the mapping's name, equal to its place: `legacy_crm.account` in `mappings/legacy_crm/account.yaml`",
    "target": "the entity that the records become; in an outgoing mapping `system.Object`",
    "source": "makes the mapping an outgoing one: the entity whose golden records are written",
    "key": "the source field that holds the record's key",
    "when": "condition (CEL); records for which it is false are filtered",
    "partial": "`true`: these records only add to others, so that required fields may be missing",
    "drop": "source fields that are left out on purpose",
    "fields": "target field -> how it is made; a dotted name reaches into a group",
    "examples": "given records and what must become of them; `goldbridge mapping test` runs them",
}

_FIELD = {
    "from": "a source field; a list of them gives a list of values",
    "first_of": "source fields; the first one with a value counts",
    "join": "source fields and fixed texts, put together as one text",
    "expr": "a CEL expression over the record's fields",
    "value": "a constant",
    "with": "the text between the parts of `join`; nothing when left out",
    "via": "transforms, applied in order ([list](transforms.md))",
    "lookup": "a value table `{old: new}`, or the name of one in `mappings/tables`",
    "reverse": "`true`: the table is read backwards, for writing",
    "else": (
        "for a value that the table lacks: `reject` (a dead letter), `keep`, `null` with a note (the default), "
        "or a value to take instead"
    ),
    "default": "the value when the source has none; noted as inferred",
    "required": "`true`: a record without a value is a dead letter",
    "inferred": "`true`: every value is noted as worked out, not stated, and ranks below any stated one",
    "ref": "the value is a key of this stream, `system.stream`; makes a reference",
    "resolve": "outgoing: the key that the referred golden record has in this object of the target",
}

_SOURCE = {
    "from": "a source field",
    "value": "a fixed text, instead of `from`",
    "via": "transforms of this part alone",
    "ref": "the part is a key of this stream",
}

_EXAMPLE = {
    "given": "the record",
    "expect": "fields and the values they must have",
    "absent": "fields that must not be there",
    "notes": "what must be noted, per field",
    "dead_letter": "a part of the reason why the record is refused, or `true`",
    "filtered": "`true`: `when` must leave the record out",
}

_TABLE = {
    "table": "the table's name, equal to the file's",
    "about": "what it translates",
    "entries": "value of the source -> canonical value; keys are text",
}


def page() -> str:
    """mappings/**/*.yaml and mappings/tables/*.yaml."""
    unknown = sorted(set(ELSE_WORDS) - {word for word in ELSE_WORDS if code(word) in _FIELD["else"]})
    if unknown:
        raise ValueError(f"words of `else` without a description: {unknown}")
    origins = ", ".join(map(code, ORIGINS))
    offered = " and ".join(map(code, GOLDEN_FIELDS))
    return sections(
        "# Mappings",
        """
A file of `mappings/` turns the records of one stream into canonical ones, or golden records into the rows of one target
object. [How to write one](../how-to/write-a-mapping.md).""",
        "## The file",
        table(("key", "meaning"), described("mapping keys", TOP_KEYS, _TOP)),
        "## A field",
        f"It has one of {origins}. An outgoing mapping reads the golden record's fields, {offered}.",
        table(("key", "meaning"), described("keys of a mapped field", FIELD_KEYS, _FIELD)),
        "## A part of `from`, `first_of` or `join`",
        "A part is the name of a source field, or a mapping with steps of its own.",
        table(("key", "meaning"), described("keys of a part", SOURCE_KEYS, _SOURCE)),
        "## An example",
        table(("key", "meaning"), described("example keys", EXAMPLE_KEYS, _EXAMPLE)),
        "## A value table",
        "A file of `mappings/tables/`; every one must be used.",
        table(("key", "meaning"), described("table keys", TABLE_KEYS, _TABLE)),
    )
