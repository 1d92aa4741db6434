"""Reading a set: filter, order, pages with links, counts, and change tracking with delta links and tombstones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from goldbridge.simulators.kit import Refused
from goldbridge.simulators.odata.ask import Ask, Said
from goldbridge.simulators.odata.expression import Malformed, parse
from goldbridge.simulators.odata.table import EntitySet, Row, Table
from goldbridge.simulators.odata.wire import identity, shown

DAY_S = 86_400


class Query:
    """Answers questions about sets; `link` makes an address of a page that follows, `etag` a row's ETag.

    `offset` pages by number, which skips rows when others leave the set meanwhile; otherwise a link remembers the row
    it stopped at. `delta_s` is how long a delta link lives.
    """

    def __init__(
        self,
        version: int,
        page_cap: int,
        address: Callable[[Ask, str], str],
        link: Callable[[str], str],
        now: Callable[[], float],
        *,
        offset: bool,
        skip: bool,
        delta_s: float,
    ) -> None:
        self.version, self.page_cap, self._address, self._link, self._now = version, page_cap, address, link, now
        self._offset, self._skip, self._delta_s = offset, skip, delta_s
        self._last: dict[str, Said] = {}

    def answer(self, ask: Ask, table: Table) -> Said:
        options, wanted = ask.options, ask.preferences
        if ask.call.fault("duplicate_page") and table.of.name in self._last:
            return self._last[table.of.name]
        if "$skip" in options and not self._skip:
            raise Refused("bad_query", "$skip is not supported")
        token = _token(options["$skiptoken"]) if "$skiptoken" in options else {}
        if "$deltatoken" in options:
            token = {"delta": _token(options["$deltatoken"])}
        tracking = "track-changes" in wanted
        if tracking and not table.of.tracked:
            raise Refused("not_tracked", f"Entity: {table.of.name} isn't enabled for change tracking")
        if tracking and set(options) & {"$filter", "$orderby", "$expand", "$top"}:
            raise Refused("bad_query", "The query parameters are not supported with change tracking")
        if tracking:
            token = {"first": table.sequence}
        said = self._changes(ask, table, token) if token.get("delta") else self._page(ask, table, options, token)
        if not ask.call.fault("duplicate_page"):
            self._last[table.of.name] = said
        return said

    def count(self, ask: Ask, table: Table) -> Said:
        return Said(200, len(self._matching(table, ask.options)))

    def _matching(self, table: Table, options: Mapping[str, str]) -> list[Row]:
        text = options.get("$filter", "")
        rows = list(table.rows.values())
        if not text:
            return rows
        try:
            test = parse(text, table.of.properties, self.version)
        except Malformed as error:
            if "+" in text:  # read literally, the words are one unknown value: no row has it
                return []
            raise Refused("bad_query", str(error)) from None
        return [row for row in rows if test(row.values)]

    def _sorted(self, table: Table, rows: list[Row], order: str) -> list[Row]:
        terms = [term.split() for term in order.split(",") if term.strip()]
        for term in terms:
            if term[0] not in table.of.properties:
                raise Refused("bad_query", f"there is no property '{term[0]}'")
        rows = sorted(rows, key=lambda row: table.key(row.values))
        for name, *way in reversed(terms):
            rows.sort(key=lambda row, name=name: _rank(row.values[name]), reverse=way == ["desc"])  # type: ignore[misc]
        return rows

    def _page(self, ask: Ask, table: Table, options: Mapping[str, str], token: dict[str, Any]) -> Said:
        rows = self._sorted(table, self._matching(table, options), options.get("$orderby", ""))
        total, start = len(rows), int(token.get("offset", options.get("$skip", 0) if not token else 0))
        if self._offset:
            rows = rows[start:]
        else:
            rows = rows[0 if token else start :]
            if "after" in token:
                names = [term.split()[0] for term in options.get("$orderby", "").split(",") if term.strip()]
                rows = [row for row in rows if self._place(table, row, names) > token["after"]]
        if (depth := ask.call.fault("depth")) and start >= depth.rows:
            raise Refused("bad_query", f"nothing beyond {depth.rows} rows")
        asked = int(token.get("top", options.get("$top", "0")) or 0)
        size = int(ask.preferences.get("maxpagesize", token.get("size", self.page_cap)))
        size = min(size, self.page_cap)
        limit = min(asked, size) if asked else size
        page, more = rows[:limit], len(rows) > limit and (not asked or asked > limit)
        if (short := ask.call.fault("short_page")) and page:
            more = more or bool(asked) is False
            page = page[: max(0, len(page) - short.rows)]
        if any(ask.call.poisoned(*table.key(row.values)) for row in page):
            raise Refused("internal", "An unexpected error occurred", 500)
        body = [self.row(ask, table.of, row, options.get("$select", "")) for row in page]
        link, delta = "", ""
        if more:
            following: dict[str, Any] = {"size": size}
            if asked:
                following["top"] = asked - len(page)
            if self._offset:
                following["offset"] = start + len(page)
            elif page:
                names = [term.split()[0] for term in options.get("$orderby", "").split(",") if term.strip()]
                following["after"] = self._place(table, page[-1], names)
            elif "after" in token:
                following["after"] = token["after"]
            if "first" in token:
                following["first"] = token["first"]
            link = self._following(ask, table, following)
        elif "first" in token:
            delta = self._delta_link(ask, table, token["first"])
        counted = options.get("$count") == "true" or options.get("$inlinecount") == "allpages"
        return Said(200, self._collection(ask, table.of, body, link, delta, total if counted else None))

    def _place(self, table: Table, row: Row, names: Sequence[str]) -> list[Any]:
        return [_rank(row.values[name]) for name in names] + [[1, str(part)] for part in table.key(row.values)]

    def _following(self, ask: Ask, table: Table, token: Mapping[str, Any]) -> str:
        kept = [pair for pair in ask.query.split("&") if pair]
        kept = [pair for pair in kept if not pair.replace("%24", "$").startswith(("$skiptoken", "$skip=", "$top="))]
        query = "&".join([*kept, "$skiptoken=" + self._link(json.dumps(token, separators=(",", ":")))])
        return self._address(ask, f"{table.of.name}?{query}")

    def _delta_link(self, ask: Ask, table: Table, sequence: int) -> str:
        token = json.dumps([sequence, int(self._now())], separators=(",", ":"))
        select = ask.options.get("$select")
        chosen = f"$select={select}&" if select else ""
        return self._address(ask, f"{table.of.name}?{chosen}$deltatoken={self._link(token)}")

    def _changes(self, ask: Ask, table: Table, token: Mapping[str, Any]) -> Said:
        """What changed since a link was made: rows first, then tombstones; net state, not events."""
        since, made_at, *rest = token["delta"]
        if self._now() - made_at > self._delta_s:
            raise Refused("delta_expired", "The delta link is no longer valid; start anew")
        until = rest[0] if rest else table.sequence
        start = rest[1] if rest else 0
        rows = sorted((row for row in table.rows.values() if row.sequence > since), key=lambda row: row.sequence)
        select = ask.options.get("$select", "")
        entries: list[Any] = [self.row(ask, table.of, row, select) for row in rows]
        base = self._address(ask, f"$metadata#{table.of.name}/$deletedEntity")
        for sequence, key in table.gone:
            if sequence > since and key not in table.rows:
                entries.append({"@odata.context": base, "id": ",".join(map(str, key)), "reason": "deleted"})
        size = min(int(ask.preferences.get("maxpagesize", self.page_cap)), self.page_cap)
        page, link, delta = entries[start : start + size], "", ""
        if start + size < len(entries):
            following = json.dumps([since, made_at, until, start + size], separators=(",", ":"))
            link = self._address(ask, f"{table.of.name}?$deltatoken={self._link(following)}")
        else:
            delta = self._delta_link(ask, table, until)
        return Said(200, self._collection(ask, table.of, page, link, delta, None))

    def _collection(
        self, ask: Ask, of: EntitySet, rows: list[Any], link: str, delta: str, total: int | None
    ) -> dict[str, Any]:
        if self.version == 2:
            body: dict[str, Any] = {"results": rows}
            if total is not None:
                body["__count"] = str(total)
            if link:
                body["__next"] = link
            return {"d": body}
        body = {"@odata.context": self._address(ask, f"$metadata#{of.name}")}
        if total is not None:
            body["@odata.count"] = total
        body["value"] = rows
        if link:
            body["@odata.nextLink"] = link
        if delta:
            body["@odata.deltaLink"] = delta
        return body

    def row(self, ask: Ask, of: EntitySet, row: Row, select: str = "") -> dict[str, Any]:
        names = [name.strip() for name in select.split(",") if name.strip()] or list(of.properties)
        for name in names:
            if name not in of.properties and name not in of.children:
                raise Refused("bad_query", f"there is no property '{name}'")
        names = [name for name in names if name in of.properties]
        if self.version == 4:
            names += [key for key in of.keys if key not in names]
        values = {name: shown(of.properties[name], row.values[name], self.version, exact=ask.exact) for name in names}
        if self.version == 4:
            return {**({"@odata.etag": self.etag(row)} if of.etags else {}), **values}
        uri = self._address(ask, identity(of, row.values, 2))
        about = {"id": uri, "uri": uri, "type": of.type} | ({"etag": self.etag(row)} if of.etags else {})
        links = {name: {"__deferred": {"uri": f"{uri}/{name}"}} for name in of.children} if not select else {}
        return {"__metadata": about, **values, **links}

    def etag(self, row: Row) -> str:
        return f"W/\"'{row.version:014d}'\"" if self.version == 2 else f'W/"{row.version}"'


def _token(text: str) -> Any:
    """What a link of ours carries, encoded once or twice."""
    return json.loads(text if text[:1] in ("{", "[") else unquote(text))


def _rank(value: Any) -> list[Any]:
    """A value as it sorts, nulls first; text, so that a link can carry it."""
    if value is None:
        return [0, ""]
    if isinstance(value, bool | int):
        return [1, f"{value:020d}"]
    return [1, value.isoformat() if hasattr(value, "isoformat") else str(value)]
