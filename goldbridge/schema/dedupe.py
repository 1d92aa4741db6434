"""The file of `goldbridge dedupe --config`: its keys, and their schema."""

from __future__ import annotations

from dedupe.rule import BITS
from dedupe.table.column import KINDS
from goldbridge.schema.shape import Schema, closed, described

KEYS = {
    "columns": "what columns are: name -> kind; the others are guessed",
    "compare": "the only columns that are compared; left out, all that say something",
    "bands": "what joins without a steward (auto), what the best guess joins (guess) and what is a question (review)",
    "weights": "column -> level -> bits, as `dedupe train` learned them; other columns learn theirs from the table",
    "block": "the keys that bring rows together; left out, they are chosen",
    "map": "for two files: column of the first -> column of the second",
    "id": "the column that names the rows",
    "truth": "a column with the true cluster, or a file of pairs",
    "source_column": "only rows that differ in this column can match",
    "many": "linking: a row may match several rows",
}
BANDS = {
    "auto": "joins without a steward, as `24 bits`",
    "guess": "joins by the best guess: one as likely as two, as `13.5 bits`",
    "review": "is a question, as `8 bits`",
}


def dedupe() -> Schema:
    """A file of its own, in no project; which columns there are is in the table."""
    text: Schema = {"type": ["string", "null"]}
    names: Schema = {"type": ["array", "null"], "items": {"type": "string"}, "minItems": 1}
    bits: Schema = {"type": "string", "pattern": BITS.pattern}
    shapes: dict[str, Schema] = {
        "columns": {"type": ["object", "null"], "additionalProperties": {"enum": list(KINDS)}},
        "compare": names,
        "bands": closed(described(BANDS, dict.fromkeys(BANDS, bits), BANDS), type=["object", "null"]),
        "weights": {
            "type": ["object", "null"],
            "additionalProperties": {"type": "object", "additionalProperties": bits, "minProperties": 1},
        },
        "block": names,
        "map": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
        "id": text,
        "truth": text,
        "source_column": text,
        "many": {"type": "boolean"},
    }
    return closed(described(KEYS, shapes, KEYS), type=["object", "null"])
