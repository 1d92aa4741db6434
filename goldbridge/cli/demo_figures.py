"""The demo's figures: what the hub made of the world, held against the truth behind it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from dedupe.evaluate import pair_metrics
from goldbridge.settings.project import Project
from goldbridge.state import crosswalk, golden, landing, task
from mdm.identity import write_id

BATCH = 1000
FILLED = ("region", "industry", "reg_status", "credit_code")
ROLES = ("customer", "dealer", "supplier", "integrator")


@dataclass(slots=True)
class Figures:
    """`truth` and `golden`: source key -> true company / golden id, of every party record that both know."""

    goldens: dict[str, Any]
    pairs: dict[str, Any]
    filled: dict[str, int]
    filled_points: int
    filled_right: int
    tasks: int
    truth: dict[str, str]
    golden: dict[str, str]
    example: str


def measure(conn: Connection, truth: dict[str, Any], project: Project) -> Figures:
    """Compare memberships and filled-in values with the truth."""
    lookups = {name for name in project.sources if _is_lookup(project, name)}
    true = {
        f"{stream}/{key}": company
        for stream, records in truth["records"].items()
        if stream in _party_streams(project)
        for key, company in records.items()
    }
    homes: dict[str, str] = {}
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    after = -1
    while landed := landing.scan(conn, entity="party", after=after, limit=BATCH):
        after = landed[-1].id
        home_of = crosswalk.golden_of(conn, [record.id for record in landed])
        for record in landed:
            name = f"{record.system}.{record.stream}/{record.key}"
            if name in true and record.id in home_of:
                home = home_of[record.id]
                homes[name] = write_id("party", home)
                votes[home][true[name]] += 1
    common = {name: company for name, company in true.items() if name in homes}
    names = sorted(common)
    found = pair_metrics([common[name] for name in names], [homes[name] for name in names])
    roles: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    right = 0
    count = Counter({entity: sum(1 for _ in golden.ids(conn, entity)) for entity in ("contact", "contract")})
    example = ("", 0)
    after = 0
    while batch := golden.scan(conn, "party", after=after, limit=BATCH):
        after = batch[-1].id
        members = crosswalk.members(conn, [g.id for g in batch])
        records = landing.load(conn, {id for ids in members.values() for id in ids})
        for head in batch:
            held = head.values.get("roles") or []
            roles.update(role for role in ROLES if role in held)
            count["party"] += bool(held)
            mine = members.get(head.id, [])
            if len(mine) > example[1]:
                example = (write_id("party", head.id), len(mine))
            if held and votes[head.id]:
                company = truth["companies"].get(max(sorted(votes[head.id]), key=votes[head.id].__getitem__), {})
                own = [records[id].canonical or {} for id in mine if records[id].system not in lookups]
                for name in FILLED:
                    value = _value(head.values, name)
                    if value and not any(_value(values, name) for values in own):
                        filled[name] += 1
                        right += _same(name, value, company)
    return Figures(
        goldens={**count, "roles": {role: roles[role] for role in ROLES if roles[role]}},
        pairs={"precision": found.precision, "recall": found.recall, "f1": found.f1, "true": found.true_pairs},
        filled=dict(filled),
        filled_points=sum(filled.values()),
        filled_right=right,
        tasks=sum(n for (_, _, state), n in task.count(conn).items() if state == "open"),
        truth=common,
        golden={name: homes[name] for name in common},
        example=example[0],
    )


def _party_streams(project: Project) -> set[str]:
    return {name for name, document in project.mappings.items() if document.data.get("target") == "party"}


def _is_lookup(project: Project, name: str) -> bool:
    return project.sources[name].connector in ("amap", "qichacha")


def _value(values: Any, name: str) -> Any:
    if name == "region":
        address = values.get("address")
        code = address.get("region") if isinstance(address, dict) else None
        return code if code and not str(code).endswith("00") else None
    return values.get(name)


def _same(name: str, value: Any, company: dict[str, Any]) -> bool:
    true = company.get("status" if name == "reg_status" else name)
    if name == "industry":
        return bool(true) and str(value).lstrip("ABCDEFGHIJKLMNOPQRST") == str(true).lstrip("ABCDEFGHIJKLMNOPQRST")
    return bool(true) and str(value) == str(true)
