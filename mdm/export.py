"""The golden records as text that can be compared: one JSON object per line, sorted, the same on every database.

It says what others can see and rely on: ids, who belongs to them, values with their lineage, what stewards pinned, and
whose child is whose. It leaves out what only counts: versions, sequence numbers, times of knowing, and ids that lead
elsewhere. So a rebuild, another order of pages, or a decision and its undo leave it as it was (G7, G9).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from goldbridge.ports import Json
from goldbridge.state import crosswalk, decision, document, golden, landing, relation
from goldbridge.state.golden import Golden, GoldenState
from mdm import child, hierarchy
from mdm.identity import write_id

BATCH = 1000
KEPT: tuple[GoldenState, ...] = ("active", "retired", "erased")
_COUNTS = frozenset({"version", "at"})
_NUMBERED = frozenset({"override", "overrides"})


def lines(conn: Connection, entities: Collection[str]) -> Iterator[str]:
    """The canonical export of these entities."""
    for entity in sorted(entities):
        after = -1
        while batch := golden.scan(conn, entity, states=KEPT, after=after, limit=BATCH):
            after = batch[-1].id
            for row in _rows(conn, batch):
                yield document.dump(row)
    yield from _overrides(conn, entities)


def _rows(conn: Connection, batch: list[Golden]) -> Iterator[Json]:
    members = crosswalk.members(conn, [record.id for record in batch])
    inside = {id for ids in members.values() for id in ids}
    above = _parents(conn, inside)
    names = landing.names(conn, _mentioned(batch) | inside | {record.founder for record in batch})
    for record in batch:
        row: dict[str, Any] = {
            "golden": write_id(record.entity, record.id), "entity": record.entity, "state": record.state,
            "founder": names.get(record.founder, ""), "counter": record.counter,
        }  # fmt: skip
        if record.state == "active":
            mine = members.get(record.id, [])
            row["records"] = sorted(names[id] for id in mine)
            row["values"] = record.values
            row["lineage"] = {name: _readable(line, names) for name, line in record.lineage.items()}
            parents = sorted({parent for id in mine for parent in above.get(id, ())})
            if parents:
                row["parents"] = [list(one) for one in parents]
        yield row


def _parents(conn: Connection, records: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """Record -> (kind, golden record) of what it hangs on; a parent without a golden record is named itself.

    Of a child whose side nobody knows, and of a relation that is dropped, it says so instead of naming any.
    """
    lines = relation.above(conn, records)
    unsure = child.waiting(conn, records) if lines else {}
    ends = {one.parent for one in lines}
    homes = crosswalk.golden_of(conn, ends)
    heads = golden.load(conn, set(homes.values()))
    names = landing.names(conn, ends - set(homes))
    found: dict[int, list[tuple[str, str]]] = {}
    for one in lines:
        home = heads.get(homes.get(one.parent, 0))
        shown = write_id(home.entity, home.id) if home else names.get(one.parent, "")
        shown = "dropped" if one.basis == hierarchy.DROPPED else "waits" if one.child in unsure else shown
        found.setdefault(one.child, []).append((one.kind, shown))
    return found


def _mentioned(batch: list[Golden]) -> set[int]:
    """Every number in these lineages; those that are records get their names."""
    found: set[int] = set()
    waiting: list[Any] = [record.lineage for record in batch]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, int) and not isinstance(part, bool):
            found.add(part)
    return found


def _readable(part: Any, names: Mapping[int, str]) -> Any:
    """Lineage with records by name, without what only counts."""
    if isinstance(part, dict):
        return {
            key: bool(value) if key in _NUMBERED else _readable(value, names)
            for key, value in part.items()
            if key not in _COUNTS
        }
    if isinstance(part, list):
        return [_readable(one, names) for one in part]
    return names.get(part, part) if isinstance(part, int) and not isinstance(part, bool) else part


def _overrides(conn: Connection, entities: Collection[str]) -> Iterator[str]:
    """What stewards set and hid, by the record it is anchored at."""
    pins = decision.active_overrides(conn)
    anchors = landing.load(conn, {pin.anchor for pin in pins})
    names = landing.names(conn, anchors)
    told = [
        {
            "override": names[pin.anchor], "field": pin.field, "item": pin.item, "mode": pin.mode, "value": pin.value,
            "policy": pin.policy, "author": pin.author,
        }
        for pin in pins
        if pin.anchor in anchors and anchors[pin.anchor].entity in entities
    ]  # fmt: skip
    yield from sorted(map(document.dump, told))


def differences(left: Iterator[str], right: Iterator[str], limit: int = 10) -> list[str]:
    """How two exports differ, as sentences about what is stored (`left`) and what is made anew (`right`)."""
    one = {_name(row): row for row in map(document.load, left)}
    other = {_name(row): row for row in map(document.load, right)}
    found: list[str] = []
    for name in sorted(one.keys() | other.keys()):
        if len(found) >= limit:
            break
        if name not in other:
            found.append(f"{name} is stored, and would not be made anew")
        elif name not in one:
            found.append(f"{name} would be made anew, and is not stored")
        elif one[name] != other[name]:
            found.extend(_told(name, one[name], other[name]))
    return found[:limit]


def _name(row: Any) -> str:
    return str(row["golden"]) if "golden" in row else document.dump({k: row[k] for k in ("override", "field", "item")})


def _told(name: str, stored: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(stored.keys() | made.keys()):
        before, after = stored.get(key), made.get(key)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            for part in sorted(before.keys() | after.keys()):
                if before.get(part) != after.get(part):
                    yield f"{name} {key}.{part}: stored {_short(before.get(part))}, made anew {_short(after.get(part))}"
        else:
            yield f"{name} {key}: stored {_short(before)}, made anew {_short(after)}"


def _short(value: Any) -> str:
    text = document.dump(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
