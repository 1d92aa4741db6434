"""One OData service: where its sets are, how a page of them is asked for, and how a record is changed.

Queries are written by hand with `%20`: servers of this kind read `+` literally and answer 200 with no rows. Links that
a server hands out are followed as they are, only ever to the configured host: many a server believes in another name
for itself, so a link to the same path elsewhere is followed here, and any other one stops the run.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from urllib.parse import quote, unquote, urljoin, urlsplit

from goldbridge.errors import Halt, Misconfigured
from goldbridge.http.auth import Auth, Chain
from goldbridge.http.budget import Budget
from goldbridge.http.client import Client
from goldbridge.http.exchange import Reply
from goldbridge.http.factory import HttpFactory
from goldbridge.http.odata import login
from goldbridge.http.odata.fault import Dialect
from goldbridge.http.odata.metadata import EntitySet, Metadata, Unreadable, parse
from goldbridge.http.odata.value import KEY, decode_rows, plain
from goldbridge.ports import Json

_QUOTED = re.compile(r"'(?:[^']|'')*'")


@dataclass(slots=True)
class Feed:
    """One page of a set: its records, the links to more, and the keys of what was deleted (delta answers only)."""

    rows: list[dict[str, Json]]
    next: str = ""
    delta: str = ""
    gone: tuple[str, ...] = ()
    count: str = ""
    served_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Where a service is and what every call to it carries; `csrf` says that changes need a token with cookies,
    `json_batches` that a V4 service takes `$batch` as JSON."""

    base_url: str
    version: int | None = None
    auth: Auth = field(default_factory=Auth)
    dialect: Dialect = field(default_factory=Dialect)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    csrf: bool = False
    json_batches: bool = True
    timeout_s: float = 60.0
    zone: str | None = None


class Service:
    """Safe to use from several threads; the metadata is asked for once."""

    def __init__(self, factory: HttpFactory, system: str, access: Access, budget: Budget) -> None:
        self.system, self._access = system, access
        factory.client(system=system, base_url=access.base_url)  # the whole address is checked, query and all
        parts = urlsplit(access.base_url)
        self.root = parts.path.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.reads: Client = factory.client(
            system=system,
            base_url=self._origin,
            auth=access.auth,
            envelope=access.dialect.envelope(write=False),
            budget=budget,
            timeout_s=access.timeout_s,
        )
        guard = access.auth
        if access.csrf:
            session = login.csrf(factory, self.reads, (system, access.base_url), lambda: self.path(""))
            guard = Chain(access.auth, session)
        self.writes: Client = replace(self.reads, auth=guard, envelope=access.dialect.envelope(write=True))
        self._lock = Lock()
        self._metadata: Metadata | None = None

    # What the service is

    @property
    def version(self) -> int:
        return self._access.version or self.metadata().version

    @property
    def zone(self) -> str | None:
        return self._access.zone

    def metadata(self) -> Metadata:
        """Its own description; raises `Misconfigured` CON124 when there is none."""
        with self._lock:
            if self._metadata is None:
                headers = {**self._access.headers, "accept": "application/xml"}
                reply = self.reads.send("GET", self.path("$metadata"), headers=headers, about="$metadata", as_text=True)
                try:
                    self._metadata = parse(str(reply.data or ""))
                except Unreadable as error:
                    message = (
                        f"{self.system}: $metadata cannot be used: {error}; base_url must be the root of a service"
                    )
                    raise Misconfigured.one("CON124", message, self.reads.mark) from None
            return self._metadata

    def set(self, name: str) -> EntitySet:
        """An entity set by name; raises `Misconfigured` CON125 with the nearest one."""
        sets = self.metadata().sets
        if name in sets:
            return sets[name]
        close = difflib.get_close_matches(name, sets, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(sorted(sets)[:12])}"
        message = f"{self.system}: the service has no entity set '{name}'; {hint}"
        raise Misconfigured.one("CON125", message, self.reads.mark)

    def check(self, name: str, properties: Sequence[str], what: str) -> None:
        """Raise `Misconfigured` CON126 for properties the set does not have."""
        known = self.set(name).kinds
        for one in properties:
            if one not in known:
                close = difflib.get_close_matches(one, known, n=1)
                hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(sorted(known)[:12])}"
                message = f"{self.system} {name}: {what} names '{one}', which the set does not have; {hint}"
                raise Misconfigured.one("CON126", message, self.reads.mark)

    # Asking

    def path(self, name: str, options: Mapping[str, str] | None = None) -> str:
        """Where something is below the service root, with query options; those that are empty are left out."""
        pairs = [f"{key}={quote(value, safe='')}" for key, value in (options or {}).items() if value]
        pairs += [self._access.query] if self._access.query else []
        return f"{self.root}/{name}" + (f"?{'&'.join(pairs)}" if pairs else "")

    def feed(self, name: str, path: str, *, prefer: str = "") -> Feed:
        """A page of a set. A refused question is ours: it stops the run and blames no record."""
        headers = {**self._access.headers, "accept": self._accept()}
        if prefer:
            headers["prefer"] = prefer
        reply = self.reads.send("GET", path, headers=headers, about=name)
        return self._feed(self.set(name), reply, path)

    def follow(self, link: str, asked: str) -> str:
        """A link of the server as a path of ours; raises `Halt` CON128 when it leads to another place."""
        target = urlsplit(urljoin(self._origin + asked, link))
        foreign = f"{target.scheme}://{target.netloc}" != self._origin
        if foreign and not f"{target.path}/".startswith(f"{self.root}/"):
            message = f"{self.system}: the server's link leads to {target.netloc}{target.path}, outside of base_url"
            raise Halt("CON128", f"{message}; it is not followed")
        return target.path + (f"?{target.query}" if target.query else "")

    def _accept(self) -> str:
        return "application/json" if self.version == 2 else "application/json;IEEE754Compatible=true"

    def _feed(self, of: EntitySet, reply: Reply, asked: str) -> Feed:
        if self.version == 2:
            body = reply.unwrap("d")
            body = {"results": body} if isinstance(body, list) else body
            rows, link, delta, count = "results", "__next", "__delta", "__count"
        else:
            body, rows, link, delta, count = reply.data, "value", "@odata.nextLink", "@odata.deltaLink", "@odata.count"
            if isinstance(body, dict) and "@nextLink" in body:
                link = "@nextLink"
            if isinstance(body, dict) and "@deltaLink" in body:
                delta = "@deltaLink"
        found = body.get(rows) if isinstance(body, dict) else None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            message = (
                f"{self.system} {of.name}: the answer has no list of records; the API changed, or base_url is wrong"
            )
            raise Halt("CON019", message)
        records, gone = list[dict[str, Json]](), list[str]()
        for row in found:
            if (key := self._removed(of, row)) is not None:
                gone.append(key)
            else:
                records.append(row)
        feed = Feed(self.rows(of, records), served_at=reply.served_at, count=plain(body.get(count)), gone=tuple(gone))
        feed.next = self.follow(str(body[link]), asked) if body.get(link) else ""
        feed.delta = self.follow(str(body[delta]), asked) if body.get(delta) else ""
        return feed

    def rows(self, of: EntitySet, records: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
        """Records in our notation; sets with keys of several parts get one under `@key`."""
        rows = decode_rows(records, of.kinds)
        if len(of.keys) > 1:
            version = self.version
            for row in rows:
                row[KEY] = of.predicate(row, version)
        return rows

    def _removed(self, of: EntitySet, row: Mapping[str, Json]) -> str | None:
        """The key of a tombstone; None for a record."""
        if "@removed" in row:
            identity = row.get("@id") or row.get("@odata.id") or next((row[key] for key in of.keys if key in row), "")
        elif "@odata.context" in row and str(row["@odata.context"]).endswith("/$deletedEntity"):
            identity = row.get("id", "")
        else:
            return None
        return key_of(str(identity))

    # Changing

    def change(self, method: str, name: str, body: Json, *, about: str, headers: Mapping[str, str]) -> Reply:
        """One change; raises `OutcomeUnknown` when its answer is lost."""
        kind = "application/json" + (";IEEE754Compatible=true" if self.version == 4 else "")
        sent = {**self._access.headers, "accept": self._accept(), **headers}
        if body is not None:
            sent["content-type"] = kind
        return self.writes.send(method, self.path(name), json=body, write=True, about=about, headers=sent)

    def headers(self) -> dict[str, str]:
        """What every call to this service carries."""
        return dict(self._access.headers)

    @property
    def json_batches(self) -> bool:
        return self.version == 4 and self._access.json_batches

    @property
    def dialect(self) -> Dialect:
        return self._access.dialect


def key_of(identity: str) -> str:
    """The key in an entity's address, e.g. `…/accounts(1f…)` or `A_BusinessPartner('4711')`; a bare key as it is."""
    if not identity.endswith(")") or "(" not in identity:
        return identity
    inner = unquote(identity[identity.index("(") + 1 : -1])
    inner = inner[4:] if inner.startswith("guid'") else inner
    return inner[1:-1].replace("''", "'") if _QUOTED.fullmatch(inner) else inner
