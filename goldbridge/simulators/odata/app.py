"""A pretend OData service, V2 or V4, over tables of rows; the pretend SAP and Dynamics stand on it.

It is strict where real servers are: a `+` in a query is a plus, literals and bodies have the notation of their version,
a change shows the ETag, links carry the host the server believes in, and change tracking forgets after a while.

Cooperative faults played here: duplicate_page, short_page, depth, partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

import copy
import hmac
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, unquote

import orjson

from goldbridge.simulators.kit import Answer, Call, Endpoint, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.odata import batch
from goldbridge.simulators.odata.ask import Ask, Said
from goldbridge.simulators.odata.change import Change
from goldbridge.simulators.odata.expression import Malformed, predicate
from goldbridge.simulators.odata.query import DAY_S, Query
from goldbridge.simulators.odata.table import EntitySet, Table, typed
from goldbridge.simulators.odata.wire import metadata

STATUSES = {
    "unauthorized": 401, "forbidden": 403, "csrf": 403, "not_found": 404, "no_delete": 405, "duplicate": 400,
    "exists": 412, "stale": 412, "no_match": 428, "delta_expired": 410, "not_tracked": 400, "internal": 500,
}  # fmt: skip


class Odata(Simulator):
    """`rows` are ISO-texted dicts by set. `host` is what the service believes its address to be (default: as asked).
    `offset` pages by number, `must_match` wants If-Match, `upsert` lets PATCH create."""

    name = "odata"
    codes: ClassVar[Mapping[str, tuple[str, int]]] = {}
    """The vendor's code and status for our words, where they differ from the plain ones."""
    user = "odata-sandbox"
    password = "odata-sandbox-password"  # noqa: S105 - a fixed, obviously fake word

    def __init__(
        self,
        sets: Sequence[EntitySet],
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        version: int = 4,
        root: str = "/odata",
        namespace: str = "demo",
        page_cap: int = 100,
        host: str = "",
        offset: bool = False,
        skip: bool = True,
        must_match: bool = True,
        upsert: bool = False,
        minimal: bool = False,
        json_batches: bool = True,
        delta_days: float = 7.0,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.version, self.root, self._namespace, self._host = version, root, namespace, host
        self._json_batches = json_batches
        self.tables = {of.name: Table(of, self.clock.now) for of in sets}
        for name, given in (rows or {}).items():
            self.tables[name].load(given)
        self.query = Query(
            version, page_cap, self.address, self.link, self.clock.now,
            offset=offset, skip=skip, delta_s=delta_days * DAY_S,
        )  # fmt: skip
        self._counted = 0
        self.fail: dict[str, int] = {}
        """A change whose body holds this word gets this status: how a test spoils one change of a batch."""
        self.changing = Change(self.tables, self.query, must_match=must_match, upsert=upsert, minimal=minimal)

    # For the control surface

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a set by key, as values; copies."""
        found = sorted(self.tables[name].rows.items())
        return [dict(row.values) for _, row in found]

    def edit(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        """Somebody edits a row in the system itself."""
        table = self.tables[name]
        row = table.rows[(key,)]
        new = {one: typed(table.of.properties[one], value) for one, value in values.items()}
        table.stamp(new, new=False)
        table.change(row, new)

    def remove(self, name: str, key: str) -> None:
        """Somebody deletes a row in the system itself."""
        self.tables[name].remove((key,))

    def edit_rows(self, call: Call, rows: int) -> None:
        table = self._named(call)
        for key in [*(table.rows if table else ())][:rows]:
            if table is not None:
                self.edit(table.of.name, key[0], {})

    def tie_rows(self, call: Call, rows: int) -> None:
        table = self._named(call)
        for row in [*(table.rows.values() if table else ())][:rows]:
            if table is not None:
                values: dict[str, Any] = {}
                table.stamp(values, new=False)
                table.change(row, values)

    def _named(self, call: Call) -> Table | None:
        return self.tables.get(call.path.removeprefix(f"{self.root}/").split("(")[0].split("/")[0])

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE", "MERGE"):
            for path in (self.root, f"{self.root}/{{path:path}}"):
                yield Endpoint(method, path, self.serve)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        status = status or self._status(code)
        return json_answer(self.error(code, message), status)

    def _status(self, code: str) -> int:
        if code in self.codes:
            return self.codes[code][1]
        return STATUSES.get(code) or (int(code) if code.isdigit() and 400 <= int(code) < 600 else 400)

    def error(self, code: str, message: str) -> dict[str, Any]:
        code = self.codes[code][0] if code in self.codes else code
        if self.version == 2:
            detail = {"code": code, "message": message, "propertyref": "", "severity": "error"}
            inner = {"transactionid": "SANDBOX0001", "errordetails": [detail]}
            return {"error": {"code": code, "message": {"lang": "en", "value": message}, "innererror": inner}}
        return {"error": {"code": code, "message": message}}

    # Serving

    def authorize(self, call: Call) -> None:
        """Raise `Refused` unless the call carries this system's credentials."""
        scheme, _, packed = call.headers.get("authorization", "").partition(" ")
        expected = f"{self.user}:{self.password}".encode()
        try:
            given = b64decode(packed) if scheme == "Basic" else b""
        except ValueError:
            given = b""
        if not hmac.compare_digest(given, expected):
            raise Refused("unauthorized", "Logon failed")

    def guard(self, call: Call) -> dict[str, str]:
        """Further checks of a call; headers that its answer gets on top."""
        return {}

    def serve(self, call: Call) -> Answer:
        self.authorize(call)
        extra = self.guard(call)
        path = call.path.removeprefix(self.root).lstrip("/")
        if (forbidden := call.fault("forbid")) and path.startswith(forbidden.key):
            raise Refused("forbidden", "No authorization for this service")
        if path == "$metadata":
            text = metadata([table.of for table in self.tables.values()], self._namespace, self.version)
            return Answer(200, text.encode(), b"application/xml;charset=utf-8", _headers(extra))
        if path == "$batch":
            return self._batch(call, extra)
        method = call.headers.get("x-http-method", call.method) if call.method == "POST" else call.method
        data = call.json if call.body else None
        ask = Ask(method, path, call.raw_query, call.headers, data, call)
        if method == "GET" and self.version == 2 and not path.endswith("/$count") and not _wants_json(ask):
            return Answer(200, b'<feed xmlns="http://www.w3.org/2005/Atom"/>', b"application/atom+xml;charset=utf-8")
        said = self.run(ask)
        self._count()
        return _answer(said, {**self.common(), **extra})

    def _count(self) -> None:
        self.counters.writes += self.changing.writes - self._counted
        self._counted = self.changing.writes

    def common(self) -> dict[str, str]:
        return {"OData-Version": "4.0"} if self.version == 4 else {"DataServiceVersion": "2.0"}

    def run(self, ask: Ask) -> Said:
        """One operation, alone or from a batch."""
        if not ask.path:
            names = list(self.tables)
            return Said(200, {"d": {"EntitySets": names}} if self.version == 2 else {"value": names})
        name, bracket, inner = ask.path.partition("(")
        name, _, tail = name.partition("/")
        table = self.tables.get(name)
        if table is None:
            raise Refused("not_found", f"Resource not found for the segment '{name}'")
        self.before(ask, table)
        if not bracket:
            if ask.method == "GET":
                return self.query.count(ask, table) if tail == "$count" else self.query.answer(ask, table)
            if ask.method == "POST" and not tail:
                return self.changing.create(ask, table, self.address)
            raise Refused("no_delete", f"{ask.method} is not allowed here")
        key = self._key(table, inner.rstrip(")"))
        match ask.method:
            case "GET":
                return self._one(ask, table, key)
            case "PATCH" | "MERGE":
                return self.changing.change(ask, table, key, self.address)
            case "DELETE":
                return self.changing.delete(ask, table, key)
        raise Refused("no_delete", f"{ask.method} is not allowed here")

    def before(self, ask: Ask, table: Table) -> None:
        """A system's own checks of one operation."""

    def _one(self, ask: Ask, table: Table, key: Mapping[str, Any]) -> Said:
        row = table.find(tuple(key), tuple(key.values()))
        if row is None:
            raise Refused("not_found", f"{table.of.type} does not exist")
        body = self.query.row(ask, table.of, row, ask.options.get("$select", ""))
        headers = {"ETag": self.query.etag(row)} if table.of.etags else {}
        return Said(200, {"d": body} if self.version == 2 else body, headers)

    def _key(self, table: Table, text: str) -> dict[str, Any]:
        of = table.of
        try:
            key = predicate(text, of.properties, of.keys, self.version)
        except Malformed as error:
            raise Refused("bad_query", str(error)) from None
        if set(key) == set(of.keys):
            return {name: key[name] for name in of.keys}
        if any(set(key) == set(names) for names in of.alternate):
            return key
        raise Refused("bad_query", "The specified key properties are not defined for this entity")

    def address(self, ask: Ask, path: str) -> str:
        host = self._host or f"http://{ask.call.headers.get('host', '127.0.0.1')}"
        return f"{host}{self.root}/{path}"

    def link(self, token: str) -> str:
        """A paging or delta token as it stands in an address."""
        return quote(token, safe="")

    # Batches

    def _batch(self, call: Call, extra: Mapping[str, str]) -> Answer:
        if call.method != "POST":
            raise Refused("no_delete", "a batch is posted")
        kind = call.headers.get("content-type", "")
        try:
            if kind.startswith("application/json") and self.version == 4 and self._json_batches:
                answers = [pair for items in batch.json_batch(call.json) for pair in self._set(call, items)[0]]
                self._count()
                return json_answer(batch.json_answer(self._cut(call, answers)), 200)
            parsed = batch.multipart(call.body.decode(), kind)
        except batch.Malformed as error:
            raise Refused("bad_query", str(error)) from None
        whole: list[Any] = []
        going = True
        for entry in parsed:
            if not going:
                break
            answers, good = self._set(call, entry if isinstance(entry, list) else [entry])
            whole.append(answers if isinstance(entry, list) and good else answers[0])
            going = good or self.version == 2 or "odata.continue-on-error" in call.headers.get("prefer", "")
        self._count()
        if short := call.fault("short_page"):
            whole = whole[: len(whole) - short.rows]
        text, content_type = batch.multipart_answer(whole)
        status = 202 if self.version == 2 else 200
        return Answer(status, text.encode(), content_type.encode(), _headers({**self.common(), **extra}))

    def _cut(self, call: Call, answers: list[tuple[batch.Item, Said]]) -> list[tuple[batch.Item, Said]]:
        """Fault `short_page` on a batch: the last answers are missing, the others come in another order."""
        short = call.fault("short_page")
        return answers[: len(answers) - short.rows][::-1] if short else answers

    def _set(self, call: Call, items: list[batch.Item]) -> tuple[list[tuple[batch.Item, Said]], bool]:
        """A change set: all of it, or one answer for what refused it and nothing done."""
        kept = copy.deepcopy({name: (table.rows, table.gone) for name, table in self.tables.items()})
        writes, answers = self.changing.writes, []
        for item in items:
            said = self._item(call, item)
            if said.status >= 400:
                for name, table in self.tables.items():
                    table.rows, table.gone = kept[name]
                self.changing.writes = writes
                return [(item, said)], False
            answers.append((item, said))
        return answers, True

    def _item(self, call: Call, item: batch.Item) -> Said:
        path, _, query = item.target.partition("?")
        path = unquote(path.removeprefix(self.root).lstrip("/"))
        partial = call.fault("partial")
        if partial and partial.rows > 0 and item.method != "GET":
            partial.rows -= 1
            return Said(400, self.error("bad_value", "refused by the sandbox"))
        for word, status in self.fail.items():
            if word in str(item.body):
                return Said(status, self.error(str(status), "refused by the sandbox"))
        method = item.headers.get("x-http-method", item.method) if item.method == "POST" else item.method
        try:
            return self.run(Ask(method, path, query, item.headers, item.body, call))
        except Refused as refusal:
            status = refusal.status or self._status(refusal.code)
            return Said(status, self.error(refusal.code, refusal.message))


def _wants_json(ask: Ask) -> bool:
    return "json" in ask.headers.get("accept", "") or "$format=json" in ask.query.replace("%24", "$")


def _headers(extra: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """A value that holds line breaks is sent as several headers of the same name (cookies)."""
    pairs = ((name, one) for name, value in extra.items() for one in value.split("\n"))
    return tuple((name.lower().encode(), one.encode()) for name, one in pairs)


def _answer(said: Said, extra: Mapping[str, str]) -> Answer:
    headers = _headers({**extra, **said.headers})
    if said.data is None:
        return Answer(said.status, b"", b"text/plain", headers)
    return Answer(said.status, orjson.dumps(said.data), b"application/json;charset=utf-8", headers)
