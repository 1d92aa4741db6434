"""The page of mapping files: the keys of a file, of a field, of a part, of an example and of a table."""

from __future__ import annotations

from goldbridge.mapping.compile import GOLDEN_FIELDS
from goldbridge.mapping.example import KEYS as EXAMPLE_KEYS
from goldbridge.mapping.spec import ELSE_WORDS, FIELD_KEYS, ORIGINS, SOURCE_KEYS, TOP_KEYS
from goldbridge.mapping.table import KEYS as TABLE_KEYS
from goldbridge.schema.word import EXAMPLE, MAPPED_FIELD, MAPPING, PART, TABLE
from tools.reference.markdown import code, described, sections, table


def page() -> str:
    """mappings/**/*.yaml and mappings/tables/*.yaml."""
    unknown = sorted(set(ELSE_WORDS) - {word for word in ELSE_WORDS if code(word) in MAPPED_FIELD["else"]})
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
        table(("key", "meaning"), described("mapping keys", TOP_KEYS, MAPPING)),
        "## A field",
        f"It has one of {origins}. An outgoing mapping reads the golden record's fields, {offered}.",
        table(("key", "meaning"), described("keys of a mapped field", FIELD_KEYS, MAPPED_FIELD)),
        "## A part of `from`, `first_of` or `join`",
        "A part is the name of a source field, or a mapping with steps of its own.",
        table(("key", "meaning"), described("keys of a part", SOURCE_KEYS, PART)),
        "## An example",
        table(("key", "meaning"), described("example keys", EXAMPLE_KEYS, EXAMPLE)),
        "## A value table",
        "A file of `mappings/tables/`; every one must be used.",
        table(("key", "meaning"), described("table keys", TABLE_KEYS, TABLE)),
    )
