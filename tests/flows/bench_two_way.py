"""Two systems that people work in at the same time: an SQL database that moves its cursor itself, and the tenant."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from flows.desk import Desk
from flows.hub import Hub
from flows.runner import Options, Result, run_flow
from goldbridge.clock import Clock
from mdm.steward import undo
from mdm.steward.choosing import choose
from tests.flows.bench_crm import CrmBench

MODEL = """
entities:
  account:
    fields:
      name: {type: text, required: true}
      phone: {type: phone}
      website: {type: url}
      credit_limit: {type: money}
      status: {enum: [active, inactive]}
"""
STREAM = '{table: CUSTOMER, key: ID, cursor: SEQ, external_id: GB_ID, deleted: {GONE: ["1"]}}'
SOURCES = f"""
sources:
  crm:
    connector: sql
    url: {{secret: CRM_URL}}
    zone: Asia/Shanghai
    overlap_s: 0
    writes: enabled
    streams: {{account: {STREAM}}}
  erp:
    connector: sql
    url: {{secret: ERP_URL}}
    zone: Asia/Shanghai
    overlap_s: 0
    writes: enabled
    streams: {{account: {STREAM}}}
  new_crm:
    connector: fxiaoke
    base_url: %s
    app_id: FSAID_sandbox
    app_secret: {{secret: CRM_SECRET}}
    permanent_code: {{secret: CRM_CODE}}
    budget: {{calls: 100000, per_s: 1}}
    writes: enabled
"""
FLOWS = """
flows:
  accounts:
    sync: {between: [crm.account, new_crm.AccountObj]}
    entity: account
    own: {crm: [credit_limit], new_crm: "*"}
    conflict: steward
"""
LEGACY = """
mapping: %s.account
target: account
key: ID
fields:
  name: {from: NAME, via: [blank, fold_width], required: true}
  phone: {from: TEL, via: [blank, phone]}
  website: {from: SITE, via: [trim, blank]}
  credit_limit: {from: CREDIT, via: [blank, money]}
  status: {from: STATUS, lookup: {A: active, I: inactive}}
drop: [SEQ, GONE, GB_ID]
"""
ACCOUNT = """
mapping: new_crm.AccountObj
target: account
key: _id
fields:
  name: {from: name, via: [blank, fold_width], required: true}
  phone: {from: tel, via: [blank, phone]}
  website: {from: url, via: [trim, blank]}
  credit_limit: {from: capital__c, via: [blank, money]}
  status: {from: account_status__c}
drop: [golden_id__c, last_modified_time, life_status]
"""
TABLE = """
CREATE TABLE CUSTOMER (ID INTEGER PRIMARY KEY, NAME TEXT, TEL TEXT, SITE TEXT, CREDIT TEXT, STATUS TEXT DEFAULT 'A',
                       GONE TEXT DEFAULT '0', GB_ID TEXT UNIQUE, SEQ INTEGER DEFAULT 0);
CREATE TRIGGER MADE AFTER INSERT ON CUSTOMER BEGIN
  UPDATE CUSTOMER SET SEQ = (SELECT MAX(SEQ) + 1 FROM CUSTOMER) WHERE ID = NEW.ID; END;
CREATE TRIGGER EDITED AFTER UPDATE OF NAME, TEL, SITE, CREDIT, STATUS, GONE, GB_ID ON CUSTOMER BEGIN
  UPDATE CUSTOMER SET SEQ = (SELECT MAX(SEQ) + 1 FROM CUSTOMER) WHERE ID = NEW.ID; END;
"""
COLUMNS = {"name": "NAME", "phone": "TEL", "website": "SITE", "credit_limit": "CREDIT", "status": "STATUS"}
TENANT = {"name": "name", "phone": "tel", "website": "url", "credit_limit": "capital__c",
          "status": "account_status__c"}  # fmt: skip


class Interrupted:
    """The tenant, where somebody may do something just before one of our looks at a row by our id is answered."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.act: Callable[[], None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first: list[Any] = []
        if scope["type"] == "http":
            first.append(await receive())
            if self.act is not None and b'"field_name":"golden_id__c"' in first[0].get("body", b""):
                act, self.act = self.act, None
                act()

        async def again() -> Any:
            return first.pop() if first else await receive()

        await self.app(scope, again, send)


class TwoWayBench(CrmBench):
    """The project with one flow, `accounts`; people are `type_in` (the database) and `edit_row` (the tenant)."""

    held: Hub | None = None

    def __init__(self, root: Path, state_url: str, clock: Clock, **more: Any) -> None:
        super().__init__(root, state_url, clock, **more)
        for path in [*(root / "mappings").rglob("*.yaml"), root / "config/survivorship.yaml"]:
            path.unlink()
        self.write("config/model.yaml", MODEL)
        self.write("config/sources.yaml", SOURCES % "http://127.0.0.1/fxiaoke")
        self.write("flows.yaml", FLOWS)
        self.write("mappings/new_crm/AccountObj.yaml", ACCOUNT)
        for system in ("crm", "erp"):
            self.write(f"mappings/{system}/account.yaml", LEGACY % system)
            with sqlite3.connect(self.database(system)) as conn:
                conn.executescript(TABLE)
        self.entity = "account"
        self.app: Any = Interrupted(self.app)

    def write(self, path: str, text: str) -> None:
        self.close()
        super().write(path, text)

    def edit(self, path: str, old: str, new: str) -> None:
        self.close()
        super().edit(path, old, new)

    def close(self) -> None:
        """Let the next use read the project anew."""
        held, self.held = getattr(self, "held", None), None
        if held is not None:
            held.__exit__(None, None, None)

    @contextmanager
    def open(self) -> Iterator[Hub]:
        """One hub for everything until a file changes: reading the project costs more than a round."""
        if self.held is None:
            self.held = self.hub()
        yield self.held

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.open() as hub, hub.store.read() as conn:
            yield conn

    # People

    def type_in(self, key: int, system: str = "crm", **fields: str | None) -> None:
        """Somebody works in the database: a new row, or fields of one that is there."""
        values = {COLUMNS[name]: value for name, value in fields.items()}
        with sqlite3.connect(self.database(system)) as conn:
            there = conn.execute("SELECT 1 FROM CUSTOMER WHERE ID = ?", (key,)).fetchone()
            if there:
                spec = ", ".join(f"{column} = ?" for column in values)
                conn.execute(f"UPDATE CUSTOMER SET {spec} WHERE ID = ?", (*values.values(), key))
            else:
                columns = ", ".join(("ID", *values))
                marks = ", ".join("?" * (len(values) + 1))
                conn.execute(f"INSERT INTO CUSTOMER ({columns}) VALUES ({marks})", (key, *values.values()))

    def edit_row(self, key: str, **fields: str | None) -> None:
        """Somebody works in the tenant."""
        self.tenant.edit("AccountObj", key, {TENANT[name]: value for name, value in fields.items()})

    # What is there

    def legacy(self, key: int = 1, system: str = "crm") -> dict[str, str | None]:
        """A row of the database by the names of our fields."""
        with sqlite3.connect(self.database(system)) as conn:
            found = conn.execute(f"SELECT {', '.join(COLUMNS.values())} FROM CUSTOMER WHERE ID = ?", (key,)).fetchone()
        return dict(zip(COLUMNS, found, strict=True))

    def table(self, system: str = "crm") -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.database(system)) as conn:
            return conn.execute("SELECT ID, SEQ FROM CUSTOMER ORDER BY ID").fetchall()

    def row(self) -> dict[str, Any]:
        (found,) = self.rows()
        return {name: found.get(column) for name, column in TENANT.items()} | {"_id": found["_id"]}

    # The flow

    def sync(self) -> dict[str, int]:
        """One round, a minute later: place -> rows written there."""
        self.clock.wait(60)
        done = self._run()
        assert done.counters.balanced(), done.counters
        assert min(done.counters.fates().values()) >= 0, done.counters
        self.counted = done.counters.other
        self.clock.wait(60)
        return {place: number for place, number in done.detail["written"].items() if number}

    def _run(self, **options: bool) -> Result:
        with self.open() as hub:
            return run_flow(hub, "accounts", options=Options(full=options.get("full", False)))

    def sync_fully(self) -> None:
        """One round that also finds what is gone."""
        self.clock.wait(60)
        self._run(full=True)

    def choose(self, side: str, **others: str) -> int:
        """The steward's answer to the one question; returns the decision."""
        (asked,) = self.tasks("two_way")
        with self.open() as hub, hub.store.begin() as conn:
            return choose(conn, Desk(hub, "anna")(conn, asked.entity), asked.id, side, others=others).decision

    def undo(self, number: int) -> None:
        with self.open() as hub, hub.store.begin() as conn:
            undo(conn, Desk(hub, "anna")(conn, self.entity), number)

    def settled(self, rounds: int = 2) -> None:
        """Nothing is written any more, whatever of ours comes back."""
        assert [self.sync() for _ in range(rounds)] == [{}] * rounds
