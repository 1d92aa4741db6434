"""The tap's catalogue: which streams it offers, and the same with one stream selected.

Selection is written in both notations that taps understand: the metadata of breadcrumbs, and `selected` inside the
schema, which old ones read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.singer import exact
from connectors.singer.config import SingerStream
from connectors.singer.shape import shape_of
from goldbridge.errors import Mark, Misconfigured
from goldbridge.records.declared import DeclaredField
from goldbridge.records.hint import did_you_mean

Entry = dict[str, Any]


def parse(text: str, whose: str) -> dict[str, Any]:
    """A catalogue; raises `Misconfigured` CON347 when the text is none."""
    try:
        found = exact.load(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and isinstance(found.get("streams"), list):
        return found
    raise wrong(f"{whose} is no catalogue: it must be a JSON object with `streams`")


def wrong(message: str) -> Misconfigured:
    return Misconfigured.one("CON347", message, Mark("config/sources.yaml"))


def entries(catalogue: dict[str, Any]) -> Iterator[Entry]:
    for entry in catalogue["streams"]:
        if isinstance(entry, dict):
            yield entry


def name_of(entry: Entry) -> str:
    return str(entry.get("tap_stream_id") or entry.get("stream") or "")


def find(catalogue: dict[str, Any], wanted: str, where: str) -> Entry:
    """The entry of one stream, by its id or by its name; raises `Misconfigured` CON347 when there is none, or two."""
    for key in ("tap_stream_id", "stream"):
        found = [entry for entry in entries(catalogue) if entry.get(key) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(name_of(entry) for entry in found)
            raise wrong(f"{where}: several streams of the tap are called '{wanted}'; name one by its id: {ids}")
    names = [name_of(entry) for entry in entries(catalogue)]
    hint = did_you_mean(wanted, names) or f"; it has {', '.join(names[:20]) or 'none'}"
    raise wrong(f"{where}: the tap has no stream '{wanted}'{hint}")


def properties(entry: Entry) -> dict[str, Any]:
    schema = entry.get("schema")
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def describe(entry: Entry) -> list[DeclaredField]:
    """What the tap says of a stream's fields."""
    said = _metadata(entry, [], add=False).get("table-key-properties") or entry.get("key_properties") or ()
    keys = said if isinstance(said, list) else []
    required = entry["schema"].get("required", []) if isinstance(entry.get("schema"), dict) else []
    types = shape_of(entry.get("schema") or {}, ())
    return [
        DeclaredField(
            name=name,
            type=" or ".join(types[name]),
            label=str(spec.get("title") or spec.get("description") or "") if isinstance(spec, dict) else "",
            key=name in keys,
            required=name in required,
            options={str(each): "" for each in _choices(spec)},
        )
        for name, spec in properties(entry).items()
    ]


def _choices(spec: Any) -> list[Any]:
    found = spec.get("enum") if isinstance(spec, dict) else None
    return [each for each in found if each is not None] if isinstance(found, list) else []


def replication(entry: Entry, setting: SingerStream) -> str | None:
    """How the tap will read the stream: as it insists, as we ask, or as its catalogue says; None when nobody knows."""
    root = _metadata(entry, [], add=False)
    said = root.get("forced-replication-method") or setting.replication
    said = said or root.get("replication-method") or entry.get("replication_method")
    return said.lower() if isinstance(said, str) else None


def select(catalogue: dict[str, Any], chosen: Entry, setting: SingerStream) -> None:
    """Mark one stream as the only one that is wanted, with its fields and its way of being read."""
    for entry in entries(catalogue):
        _mark(entry, entry is chosen)
    root = _metadata(chosen, [])
    if setting.replication is not None:
        method = setting.replication.upper()
        chosen["replication_method"] = root["replication-method"] = method
    if setting.replication_key is not None:
        chosen["replication_key"] = root["replication-key"] = setting.replication_key
    if setting.key and chosen.get("is_view", root.get("is-view")):
        root["view-key-properties"] = list(setting.key)  # a view has no key of its own
    always = {*setting.key, setting.replication_key}
    for name, spec in properties(chosen).items():
        field = _metadata(chosen, ["properties", name])
        inclusion = field.get("inclusion") or (spec.get("inclusion") if isinstance(spec, dict) else None)
        wanted = not setting.fields or name in setting.fields or name in always or inclusion == "automatic"
        field["selected"] = wanted and inclusion != "unsupported"
        if isinstance(spec, dict) and inclusion != "automatic":
            spec["selected"] = field["selected"]


def _mark(entry: Entry, wanted: bool) -> None:
    entry["selected"] = wanted
    _metadata(entry, [])["selected"] = wanted
    if isinstance(entry.get("schema"), dict):
        entry["schema"]["selected"] = wanted


def _metadata(entry: Entry, breadcrumb: list[str], *, add: bool = True) -> dict[str, Any]:
    """The metadata at a breadcrumb; made when it is not there."""
    held = entry.get("metadata")
    if not isinstance(held, list):
        held = []
    for each in held:
        if isinstance(each, dict) and list(each.get("breadcrumb") or []) == breadcrumb:
            found = each.setdefault("metadata", {})
            if isinstance(found, dict):
                return found
    fresh: dict[str, Any] = {}
    if add:
        held.append({"breadcrumb": breadcrumb, "metadata": fresh})
        entry["metadata"] = held
    return fresh
