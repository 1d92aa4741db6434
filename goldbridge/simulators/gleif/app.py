"""A pretend GLEIF LEI API: records, filters, sorting, pages, completions, parents; JSON:API, no key.

Three publications a day: between two of them nothing changes, and `meta.goldenCopy.publishDate` tells them apart. Pages
end at `depth` rows. Cooperative faults played here: duplicate_page, short_page, depth, edit (somebody publishes at
once), tie.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from goldbridge.simulators.gleif.record import PREFIX, holders, iso, record
from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.world import World

_TITLES = {"400": "Bad Request", "404": "Not Found", "406": "Not Acceptable", "429": "Too Many Requests"}
_LARGEST_PAGE = 200
_MEDIA = "application/vnd.api+json"
_ENTITY = ("category", "status", "registeredAs", "jurisdiction")
Row = dict[str, Any]


class Gleif(Simulator):
    """LEI records over one world; at most `depth` rows can be paged through."""

    name = "gleif"
    sheet_limits: ClassVar = {"*": Limit(60, 60.0, shared=True)}

    def __init__(
        self,
        world: World,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        depth: int = 10_000,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._depth = depth
        leis = holders(world.companies)
        self._parents = {
            leis[company.id]: leis[company.group]
            for company in world.companies
            if company.id in leis and company.group in leis
        }
        self.rows: dict[str, Row] = {}
        for company in world.companies:
            if company.id in leis:
                lei = leis[company.id]
                self.rows[lei] = record(company, parent=self._parents.get(lei, ""))
        self._published_at = 0.0
        self._before: dict[str, list[Row]] = {}

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", f"{PREFIX}/lei-records", self._list)
        yield Endpoint("GET", f"{PREFIX}/lei-records/{{lei}}", self._one)
        for name in ("direct-parent", "ultimate-parent"):
            yield Endpoint("GET", f"{PREFIX}/lei-records/{{lei}}/{name}", self._parent)
            yield Endpoint("GET", f"{PREFIX}/lei-records/{{lei}}/{name}-reporting-exception", self._exception)
        yield Endpoint("GET", f"{PREFIX}/lei-records/{{lei}}/direct-children", self._children)
        yield Endpoint("GET", f"{PREFIX}/fuzzycompletions", self._complete)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        title = _TITLES.get(code, "Error")
        error = {"status": code, "title": title, "detail": message or title}
        return json_answer({"errors": [error]}, status or int(code))

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("429")

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("404", f"no route {call.path}")

    # Publications

    @property
    def published(self) -> datetime:
        """The last of the three publications of a day, or the one that a fault called for."""
        now = self.clock.now()
        return datetime.fromtimestamp(max(now - now % 28_800, self._published_at), UTC)

    def edit_rows(self, call: Call, rows: int) -> None:
        """Somebody changes records, and a new golden copy holds them."""
        self._published_at = max(self.published.timestamp(), self.clock.now()) + 1
        for lei in sorted(self.rows, key=lambda lei: self._updated(lei))[:rows]:
            self.rows[lei]["attributes"]["registration"]["lastUpdateDate"] = iso(self.published)

    def tie_rows(self, call: Call, rows: int) -> None:
        first, *others = sorted(self.rows, key=lambda lei: self._updated(lei))[:rows]
        for lei in others:
            self.rows[lei]["attributes"]["registration"]["lastUpdateDate"] = self._updated(first)

    def _updated(self, lei: str) -> str:
        found: str = self.rows[lei]["attributes"]["registration"]["lastUpdateDate"]
        return found

    # Services

    def _list(self, call: Call) -> Answer:
        self._acceptable(call)
        rows = list(self.rows.values())
        for name, value in call.query.items():
            if found := re.fullmatch(r"filter\[(.+)\]", name):
                keep = self._filter(found[1], value)
                rows = [row for row in rows if keep(row)]
            elif name not in ("page[number]", "page[size]", "sort"):
                raise Refused("400", f"unknown parameter {name}")
        rows = _sorted(rows, call.query.get("sort", "lei"))
        return self._page(call, rows)

    def _page(self, call: Call, rows: list[Row]) -> Answer:
        number, size = call.query.get("page[number]", "1"), call.query.get("page[size]", "15")
        if not (number.isdigit() and size.isdigit() and int(number) >= 1 and 1 <= int(size) <= _LARGEST_PAGE):
            raise Refused("400", "page[number] starts at 1, page[size] is 1 to 200")
        depth = fault.rows if (fault := call.fault("depth")) else self._depth
        first, last = (int(number) - 1) * int(size), int(number) * int(size)
        if last > depth and first >= min(depth, len(rows)) and first:
            raise Refused("400", f"only the first {depth} rows can be paged through")
        shown = rows[first : min(last, depth)]
        if fault := call.fault("short_page"):
            shown = shown[: -fault.rows]
        key = call.raw_query.replace(f"page%5Bnumber%5D={number}", "")
        if call.fault("duplicate_page"):
            shown = self._before.get(key, shown)
        self._before[key] = shown
        pages = max(1, -(-len(rows) // int(size)))
        pagination = {
            "currentPage": int(number),
            "perPage": int(size),
            "from": first + 1 if shown else None,
            "to": first + len(shown) if shown else None,
            "total": len(rows),
            "lastPage": pages,
        }
        meta = {**self._meta(), "pagination": pagination}
        return _answer({"meta": meta, "links": {"first": call.path, "last": call.path}, "data": shown})

    def _one(self, call: Call) -> Answer:
        self._acceptable(call)
        return _answer({"meta": self._meta(), "data": self._row(call)})

    def _parent(self, call: Call) -> Answer:
        self._acceptable(call)
        parent = self._parents.get(self._row(call)["id"])
        if parent is None:
            raise Refused("404", "no parent is reported")
        while "ultimate" in call.path and parent in self._parents:
            parent = self._parents[parent]
        return _answer({"meta": self._meta(), "data": self.rows[parent]})

    def _exception(self, call: Call) -> Answer:
        lei = self._row(call)["id"]
        if lei in self._parents:
            raise Refused("404", "a parent is reported")
        attributes = {"lei": lei, "category": "DIRECT_ACCOUNTING_CONSOLIDATION_PARENT", "reason": "NATURAL_PERSONS"}
        data = {"type": "reporting-exceptions", "id": f"{lei}-1", "attributes": attributes}
        return _answer({"meta": self._meta(), "data": data})

    def _children(self, call: Call) -> Answer:
        lei = self._row(call)["id"]
        return self._page(call, [self.rows[child] for child, parent in self._parents.items() if parent == lei])

    def _complete(self, call: Call) -> Answer:
        """Up to ten similar names; a name that several own comes without a record."""
        word, field = call.query.get("q", "").strip().casefold(), call.query.get("field")
        if not word or field not in ("entity.legalName", "fulltext", "owns", "ownedBy"):
            raise Refused("400", "field and q are required")
        pairs = {word[at : at + 2] for at in range(len(word) - 1)} or {word}
        scored = []
        for lei, row in self.rows.items():
            for name in _names(row) if field == "fulltext" else _names(row)[:1]:
                share = sum(pair in name.casefold() for pair in pairs) / len(pairs)
                if share >= 0.5:
                    scored.append((share, name, lei))
        scored.sort(key=lambda each: (-each[0], each[1], each[2]))
        owners: dict[str, list[str]] = {}
        for _, name, lei in scored:
            owners.setdefault(name, []).append(lei)
        items = []
        for name, leis in list(owners.items())[:10]:
            item: Row = {"type": "fuzzycompletions", "attributes": {"value": name}}
            if len(leis) == 1:
                related = f"{PREFIX}/lei-records/{leis[0]}"
                one = {"data": {"type": "lei-records", "id": leis[0]}, "links": {"related": related}}
                item["relationships"] = {"lei-records": one}
            items.append(item)
        return _answer({"data": items})

    # Filters

    def _filter(self, name: str, value: str) -> Callable[[Row], bool]:
        """A test on one record; `!` negates, a comma lists, `..` spans."""
        negated, wanted = value.startswith("!"), value.removeprefix("!")
        read = _READERS.get(name)
        if name in ("owns", "ownedBy"):
            related = {child if name == "ownedBy" else parent for child, parent in self._parents.items()
                       if (parent if name == "ownedBy" else child) == wanted}  # fmt: skip
            return lambda row: (row["id"] in related) is not negated
        if read is None:
            raise Refused("400", f"unknown filter {name}")
        if ".." in wanted and name.endswith("Date"):
            low, _, high = wanted.partition("..")
            if not all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) for day in (low, high)):
                raise Refused("400", f"{value} is no range of dates")
            return lambda row: any(low <= said[:10] <= high for said in read(row)) is not negated
        choices = {choice.strip().casefold() for choice in wanted.split(",")}
        if name in ("fulltext", "entity.legalName", "entity.names"):
            return lambda row: any(c in said.casefold() for said in read(row) for c in choices) is not negated
        return lambda row: any(said.casefold() in choices for said in read(row)) is not negated

    def _row(self, call: Call) -> Row:
        row = self.rows.get(call.params["lei"])
        if row is None:
            raise Refused("404", "no such LEI")
        return row

    def _acceptable(self, call: Call) -> None:
        accept = call.headers.get("accept", "*/*")
        if not any(kind in accept for kind in (_MEDIA, "*/*", "application/*")):
            raise Refused("406", f"only {_MEDIA} is offered")

    def _meta(self) -> Row:
        return {"goldenCopy": {"publishDate": iso(self.published)}}


def _names(row: Row) -> list[str]:
    entity = row["attributes"]["entity"]
    others = [*entity["otherNames"], *entity["transliteratedOtherNames"]]
    return [entity["legalName"]["name"], *(other["name"] for other in others)]


def _entity(name: str) -> Callable[[Row], list[str]]:
    return lambda row: [str(row["attributes"]["entity"][name] or "")]


_READERS: dict[str, Callable[[Row], list[str]]] = {
    "lei": lambda row: [row["id"]],
    "fulltext": lambda row: [*_names(row), row["id"], row["attributes"]["entity"]["registeredAs"]],
    "entity.legalName": lambda row: _names(row)[:1],
    "entity.names": _names,
    "entity.legalAddress.country": lambda row: [row["attributes"]["entity"]["legalAddress"]["country"]],
    "entity.registeredAt": lambda row: [row["attributes"]["entity"]["registeredAt"]["id"]],
    "entity.legalForm": lambda row: [row["attributes"]["entity"]["legalForm"]["id"]],
    "registration.status": lambda row: [row["attributes"]["registration"]["status"]],
    "registration.lastUpdateDate": lambda row: [row["attributes"]["registration"]["lastUpdateDate"]],
    **{f"entity.{name}": _entity(name) for name in _ENTITY},
}


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    name = sort.removeprefix("-")
    if name not in ("lei", "registration.lastUpdateDate"):
        raise Refused("400", f"cannot sort by {name}")
    by_id = sorted(rows, key=lambda row: str(row["id"])[::-1])  # ties come in an order of the service's own
    return sorted(by_id, key=lambda row: _READERS[name](row)[0], reverse=sort.startswith("-"))


def _answer(data: Row) -> Answer:
    return json_answer(data)._replace(content_type=_MEDIA.encode())
