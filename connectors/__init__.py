"""One module or folder per kind of source system; a connector moves records and knows no business rule."""

SHARED = frozenset({"base", "entity_set", "following", "place", "starting", "testkit"})
"""Modules that connectors stand on; all others here are connectors, one for each kind."""
