"""The schema of cutover.yaml: what its models say, and the phases that gates stand at."""

from __future__ import annotations

from flows.cutover.config import CutoverSettings
from flows.cutover.phase import WORDS
from goldbridge.schema.shape import Schema
from goldbridge.schema.typed import definitions


def cutover() -> Schema:
    """config/cutover.yaml."""
    (place,), found = definitions([CutoverSettings], secrets=False)
    found["CutoverSettings"]["properties"]["gates"]["propertyNames"] = {"enum": list(WORDS[:-1])}
    return {"description": "a programme from an old system to a new one", **place, "$defs": found}
