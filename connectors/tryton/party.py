"""A party and what hangs on it, as one row, and the way back from wanted values to Tryton's commands.

A row holds the complete lists (`addresses`, `identifiers`, `contact_mechanisms`) and, for mappings, the first active
one of each kind under a name of its own: `street`, `city`, ... of the main address, `phone`, `email`, ...,
`identifier_<type>`. A write may use either form: a list adds what is missing, a single name changes the first one of
its kind. Nothing is ever deleted; an empty single name retires (deactivates) its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.base import RawRow

MODEL = "party.party"
PARTY_FIELDS = ("code", "name", "active", "lang.code", "replaced_by", "create_date", "write_date", "_timestamp")


class Child(NamedTuple):
    """One kind of record that hangs on a party, under its field there."""

    field: str
    model: str
    fields: tuple[str, ...]


CHILDREN = (
    Child(
        "addresses",
        "party.address",
        ("street", "postal_code", "city", "country.code", "subdivision.code", "party_name", "sequence", "active"),
    ),
    Child("identifiers", "party.identifier", ("type", "code", "sequence", "active")),
    Child("contact_mechanisms", "party.contact_mechanism", ("type", "value", "name", "comment", "sequence", "active")),
)
ADDRESS = ("street", "postal_code", "city", "country", "subdivision")
CONTACT = ("phone", "mobile", "fax", "email", "website")
IDENTIFIER = "identifier_"
_DIALLED = ("phone", "mobile", "fax")

Place = Callable[[str, str], int]
"""(country.country or country.subdivision, its code) -> its id; raises `Reject` for a code Tryton does not know."""


def join(parties: Iterable[Mapping[str, Any]], children: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[RawRow]:
    """Rows of parties, each with its children (given by field, each naming its `party`)."""
    rows = [_flat(party) for party in parties]
    by_id = {row["id"]: row for row in rows}
    for child in CHILDREN:
        for row in rows:
            row[child.field] = []
        for item in children[child.field]:
            party = by_id.get(item["party"])
            if party is not None:
                party[child.field].append({name: value for name, value in _flat(item).items() if name != "party"})
        for row in rows:
            row[child.field].sort(key=_place_in_list)
    for row in rows:
        row.update(_singles(row))
    return rows


def _flat(record: Mapping[str, Any]) -> RawRow:
    """`country.` -> {id, code} becomes `country` -> code; truth values come as 0 and 1 from some databases."""
    flat: RawRow = {}
    for name, value in record.items():
        if name.endswith("."):
            flat[name[:-1]] = value["code"] if isinstance(value, dict) else None
        elif name == "active":
            flat[name] = bool(value)
        elif f"{name}." not in record:
            flat[name] = value
    return flat


def _place_in_list(item: Mapping[str, Any]) -> tuple[bool, int, int]:
    return item["sequence"] is not None, item["sequence"] or 0, item["id"]


def _singles(row: RawRow) -> RawRow:
    singles: RawRow = dict.fromkeys((*ADDRESS, *CONTACT))
    main = next(_active(row["addresses"]), None)
    if main is not None:
        singles.update({name: main[name] for name in ADDRESS})
    for item in _active(row["contact_mechanisms"]):
        if item["type"] in CONTACT and singles[item["type"]] is None:
            singles[item["type"]] = item["value"]
    for item in _active(row["identifiers"]):
        if item["type"]:
            singles.setdefault(f"{IDENTIFIER}{item['type']}", item["code"])
    return singles


def _active(items: Iterable[Mapping[str, Any]]) -> Any:
    return (item for item in items if item["active"])


def single(name: str) -> bool:
    """Whether a name stands for the first record of a kind, or for a whole list."""
    return name in (*ADDRESS, *CONTACT) or name.startswith(IDENTIFIER) or name in {child.field for child in CHILDREN}


def commands(values: Mapping[str, Any], row: Mapping[str, Any] | None, place: Place) -> dict[str, Any]:
    """What to send so that the party `row` (None: a new one) shows `values`; empty when it shows them already."""
    current = row or {}
    sent = {name: value for name, value in values.items() if not single(name) and current.get(name) != value}
    lists = {
        "addresses": _addresses(values, list(_active(current.get("addresses", ()))), place),
        "identifiers": _identifiers(values, current.get("identifiers", ())),
        "contact_mechanisms": _contacts(values, current.get("contact_mechanisms", ())),
    }
    return sent | {name: steps for name, steps in lists.items() if steps}


def _addresses(values: Mapping[str, Any], known: Sequence[Mapping[str, Any]], place: Place) -> list[Any]:
    """The n-th wanted address is the n-th active one."""
    wanted = [dict(item) for item in values.get("addresses") or ()]
    main = {name: values[name] for name in ADDRESS if name in values}
    if main:
        wanted[:1] = [{**(wanted[0] if wanted else {}), **main}]
    steps: list[Any] = []
    for at, item in enumerate(wanted):
        held: Mapping[str, Any] = known[at] if at < len(known) else {}
        item = {
            name: value for name, value in item.items() if name != "id" and (held.get(name) or None) != (value or None)
        }
        for name, model in (("country", "country.country"), ("subdivision", "country.subdivision")):
            if item.get(name):
                item[name] = place(model, item[name])
        steps += _steps(held, item)
    return steps


def _identifiers(values: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> list[Any]:
    """One identifier of each type is ours; those without a type are told apart by their code."""
    wanted: list[tuple[str | None, Any]] = [
        (item.get("type") or None, item.get("code")) for item in values.get("identifiers") or ()
    ]
    wanted += [(name.removeprefix(IDENTIFIER), code) for name, code in values.items() if name.startswith(IDENTIFIER)]
    steps: list[Any] = []
    for kind, code in wanted:
        same = [item for item in known if item["type"] == kind and (kind or _bare(item["code"]) == _bare(code))]
        held: Mapping[str, Any] = next(_active(same), same[0] if same else {})
        if not code:
            steps += [["write", [held["id"]], {"active": False}]] if held.get("active") else []
        elif not held:
            steps.append(["create", [{"type": kind, "code": code}]])
        elif _bare(held["code"]) != _bare(code) or not held["active"]:
            steps.append(["write", [held["id"]], {"code": code, "active": True}])
    return steps


def _contacts(values: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> list[Any]:
    """A single name sets the first one of its type, or retires all of it when it is empty; a list adds what is missing.

    Names come first: what they set must stay the first of its type, or the next run would set it again.
    """
    steps: list[Any] = []
    items = values.get("contact_mechanisms") or ()
    shown = {_compact(held) for held in known}
    for kind in (kind for kind in CONTACT if kind in values):
        active = [held for held in _active(known) if held["type"] == kind]
        wanted = {"type": kind, "value": values[kind]}
        if values[kind]:
            if not active:
                steps.append(["create", [wanted]])
            elif _compact(active[0]) != _compact(wanted):
                steps.append(["write", [active[0]["id"]], {"value": values[kind]}])
                shown.discard(_compact(active[0]))
            shown.add(_compact(wanted))
        elif active and not any(item.get("type") == kind for item in items):
            steps.append(["write", [held["id"] for held in active], {"active": False}])
    for item in items:
        if _compact(item) not in shown:
            steps.append(["create", [{name: value for name, value in item.items() if name != "id"}]])
            shown.add(_compact(item))
        else:
            same = [held for held in known if _compact(held) == _compact(item)]
            if same and not any(held["active"] for held in same):
                steps.append(["write", [same[0]["id"]], {"active": True}])
    return steps


def _steps(held: Mapping[str, Any], item: dict[str, Any]) -> list[Any]:
    if not item or (not held and not any(item.values())):
        return []
    return [["write", [held["id"]], item]] if held else [["create", [item]]]


def _compact(item: Mapping[str, Any]) -> tuple[str, str]:
    """Type and value without what Tryton may rewrite: blanks and dashes in numbers, letter case in addresses."""
    value = str(item.get("value") or "")
    kind = str(item.get("type") or "")
    return kind, re.sub(r"[^+\d]", "", value) if kind in _DIALLED else value.strip().casefold()


def _bare(code: object) -> str:
    return re.sub(r"\W", "", str(code or "")).upper()
