"""A project with a target: two SQL sources, and a pretend CRM in process that people work in too."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.routing import Mount
from stdnum.cn import uscc

from flows.hub import Hub
from flows.master import rules_in_force
from flows.runner import Options, Result, run_flow
from goldbridge.clock import Clock, FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.settings.project import load_project
from goldbridge.simulators.fxiaoke import Fxiaoke as Tenant
from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.state import crosswalk, dead, delivery, golden, landing, task
from goldbridge.state.audit import Audit
from goldbridge.state.golden import Golden
from goldbridge.state.vault import derive
from mdm.identity import write_id
from mdm.steward import Steward
from mdm.verify import violations
from tests.flows.bench import Bench

MODEL = """
entities:
  party:
    mastered: true
    roles: {customer: {}, dealer: {}}
    fields:
      name: {type: text, required: true}
      former_names: {type: text, many: true}
      credit_code: {type: credit_code, identifier: hard}
      phones: {type: phone, many: true, identifier: soft}
      address: {type: address}
      capital_cny: {type: money}
      status: {enum: [active, inactive]}
  contact:
    mastered: true
    parent: party
    fields:
      party: {reference: party, required: true}
      name: {type: text, required: true}
      mobile: {type: phone, identifier: soft}
      title: {type: text}
  contract:
    parent: party
    fields:
      customer: {reference: party, required: true}
      number: {type: text, required: true, identifier: hard}
      amount_cny: {type: money}
"""
SOURCES = """
sources:
  crm:
    connector: sql
    url: {secret: CRM_URL}
    zone: Asia/Shanghai
    streams:
      account: {table: ACCOUNT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
      contact: {table: CONTACT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
      contract: {table: CONTRACT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
  erp:
    connector: sql
    url: {secret: ERP_URL}
    zone: UTC
    streams:
      partner: {table: ACCOUNT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
      contract: {table: CONTRACT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
  new_crm:
    connector: fxiaoke
    base_url: %s
    app_id: FSAID_sandbox
    app_secret: {secret: CRM_SECRET}
    permanent_code: {secret: CRM_CODE}
    budget: {calls: 100000, per_s: 1}
    writes: enabled
"""
SURVIVORSHIP = """
party:
  name: {order: [source_rank: [new_crm, erp, crm], recency]}
  address: {order: [source_rank: [new_crm, erp, crm], recency]}
  capital_cny: {order: [source_rank: [new_crm, erp, crm], recency]}
  status: {order: [source_rank: [new_crm, erp, crm], recency]}
contract: {amount_cny: {order: [source_rank: [erp, crm], recency]}}
"""
FLOWS = """
flows:
  crm: {ingest: crm.account}
  erp: {ingest: erp.partner}
  people: {ingest: crm.contact}
  typed: {ingest: new_crm.AccountObj}
  typed_people: {ingest: new_crm.ContactObj}
  parties: {master: [party], after: [crm, erp, typed]}
  everyone: {master: [party, contact], after: [parties, people]}
  accounts:
    {publish: party, when: "has_role('customer')", to: new_crm.AccountObj, mapping: new_crm.account.out,
     after: [everyone]}
  partners:
    {publish: party, when: "has_role('dealer')", to: new_crm.PartnerObj, mapping: new_crm.partner.out,
     after: [everyone]}
  contacts: {publish: contact, to: new_crm.ContactObj, mapping: new_crm.contact.out, after: [accounts, partners]}
  contracts:
    sync: {from: crm.contract, to: new_crm.SaleContractObj}
    mapping: crm.contract
    references: {customer: party}
    after: [accounts, partners]
  orders:
    sync: {from: erp.contract, to: new_crm.SaleContractObj}
    mapping: erp.contract
    references: {customer: party}
    after: [accounts, partners]
  check:
    reconcile: [accounts, partners, contacts, contracts, orders]
    sums: {new_crm.SaleContractObj: [contract_amount], new_crm.AccountObj: [capital__c]}
    after: [contacts, contracts, orders]
"""
PARTY = """
mapping: %s
target: party
key: ID
fields:
  name: {from: NAME, via: [blank, organisation], required: true}
  role: {from: KIND, lookup: {C: customer, D: dealer}, else: reject}
  credit_code: {from: CODE, via: [blank, credit_code]}
  phones: {from: [TEL], via: [blank, phones]}
  address: {from: ADDRESS, via: [blank, address]}
  capital_cny: {from: CAPITAL, via: [blank, money]}
  status: {from: STATUS, lookup: {A: active, I: inactive}}
drop: [AT, GONE]
"""
CONTACT = """
mapping: crm.contact
target: contact
key: ID
fields:
  party: {from: COMPANY, ref: crm.account}
  name: {from: NAME, via: [blank], required: true}
  mobile: {from: MOBILE, via: [blank, phone]}
  title: {from: TITLE, via: [blank]}
drop: [AT, GONE]
"""
CONTRACT = """
mapping: %s.contract
target: contract
key: ID
fields:
  customer: {from: COMPANY, ref: %s}
  number: {from: NUMBER, via: [blank], required: true}
  amount_cny: {from: AMOUNT, via: [blank, money]}
drop: [AT, GONE]
"""
ACCOUNT_IN = """
mapping: new_crm.AccountObj
target: party
key: _id
fields:
  role: {value: customer}
  name: {from: name, via: [blank, organisation], required: true}
  credit_code: {from: uniform_social_credit_code, via: [blank, credit_code]}
  phones: {from: tel, via: [blank, phones]}
  address.line: {from: address, via: [blank]}
  capital_cny: {from: capital__c, via: [blank, money]}
  status: {from: account_status__c}
drop: [golden_id__c, last_modified_time, life_status]
"""
CONTACT_IN = """
mapping: new_crm.ContactObj
target: contact
key: _id
fields:
  party: {first_of: [{from: account_id, ref: new_crm.AccountObj}, {from: partner_id, ref: new_crm.PartnerObj}]}
  name: {from: name, via: [blank], required: true}
  mobile: {from: mobile, via: [blank, phone]}
  title: {from: job_title, via: [blank]}
drop: [golden_id__c, last_modified_time, life_status]
"""
PARTY_OUT = """
mapping: new_crm.%s.out
source: party
target: new_crm.%s
fields:
  golden_id__c: {from: id}
  name: {from: name, via: [truncate: 100], required: true}
  uniform_social_credit_code: {from: credit_code}
  tel: {from: phones, via: [first]}
  address: {from: address.line}
  capital__c: {from: capital_cny, via: [decimals: 2]}
  account_status__c: {from: status}
"""
CONTACT_OUT = """
mapping: new_crm.contact.out
source: contact
target: new_crm.ContactObj
fields:
  golden_id__c: {from: id}
  name: {from: name, required: true}
  mobile: {from: mobile}
  job_title: {from: title}
  account_id: {from: party, resolve: AccountObj}
  partner_id: {from: party, resolve: PartnerObj}
"""
CONTRACT_OUT = """
mapping: new_crm.contract.out
source: contract
target: new_crm.SaleContractObj
fields:
  golden_id__c: {from: id}
  name: {from: number, required: true}
  account_id: {from: customer, resolve: AccountObj}
  partner_id: {from: customer, resolve: PartnerObj}
  contract_amount: {from: amount_cny, via: [decimals: 2]}
"""
TABLES = {
    "ACCOUNT": ("ID", "NAME", "CODE", "TEL", "ADDRESS", "CAPITAL", "KIND", "STATUS", "GONE", "AT"),
    "CONTACT": ("ID", "COMPANY", "NAME", "MOBILE", "TITLE", "GONE", "AT"),
    "CONTRACT": ("ID", "COMPANY", "NUMBER", "AMOUNT", "GONE", "AT"),
}
DEFAULTS = {"KIND": "C", "GONE": "0", "AT": "2026-02-01 08:00:00"}
INGESTS = ("crm", "erp", "people", "typed", "typed_people")
PUBLISHES = ("accounts", "partners", "contacts", "contracts", "orders")
ROUND = (*INGESTS, "parties", "everyone", *PUBLISHES, "check")
"""Everything once, in the order that flows.yaml asks for."""


def credit_code(number: int) -> str:
    """A valid one, a different one for each number."""
    head = f"91330110MA2{number:06d}"
    return head + uscc.calc_check_digit(head)


class CrmBench(Bench):
    """The project, its sources, and the tenant; `http` is the network in which only the tenant is."""

    def __init__(self, root: Path, state_url: str, clock: Clock, *, url: str = "http://127.0.0.1/fxiaoke") -> None:
        super().__init__(root, state_url, clock)
        for system in ("crm", "erp"):
            with sqlite3.connect(self.database(system)) as conn:
                conn.execute("DROP TABLE ACCOUNT")
                for table, columns in TABLES.items():
                    conn.execute(f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY (ID))")
        self.write("config/model.yaml", MODEL)
        self.write("config/sources.yaml", SOURCES % url)
        self.write("config/survivorship.yaml", SURVIVORSHIP)
        self.write("flows.yaml", FLOWS)
        for name, text in {
            "crm/account": PARTY % "crm.account",
            "crm/contact": CONTACT,
            "crm/contract": CONTRACT % ("crm", "crm.account"),
            "erp/partner": PARTY % "erp.partner",
            "erp/contract": CONTRACT % ("erp", "erp.partner"),
            "new_crm/AccountObj": ACCOUNT_IN,
            "new_crm/PartnerObj": ACCOUNT_IN.replace("AccountObj", "PartnerObj").replace("customer", "dealer"),
            "new_crm/ContactObj": CONTACT_IN,
            "new_crm/account.out": PARTY_OUT % ("account", "AccountObj"),
            "new_crm/partner.out": PARTY_OUT % ("partner", "PartnerObj"),
            "new_crm/contact.out": CONTACT_OUT,
            "new_crm/contract.out": CONTRACT_OUT,
        }.items():
            self.write(f"mappings/{name}.yaml", text)
        with (root / "config/secrets.env").open("a") as secrets:
            secrets.write("CRM_SECRET=fx-sandbox-app-secret\nCRM_CODE=fx-sandbox-permanent-code\n")
        frozen = isinstance(clock, FrozenClock)
        time = SimClock(now=lambda: clock.now().timestamp(), wait=clock.wait) if frozen else SimClock()
        self.tenant = Tenant(clock=time)
        self.app = Starlette(routes=[Mount("/fxiaoke", app=self.tenant.app)])

    # The world around

    def accounts(self, system: str, *rows: dict[str, str | None]) -> None:
        """Rows made by `company`."""
        self._fill(system, "ACCOUNT", rows)

    def people(self, *rows: dict[str, str | None]) -> None:
        """Rows made by `person`."""
        self._fill("crm", "CONTACT", rows)

    def contracts(self, system: str, *rows: dict[str, str | None]) -> None:
        """Rows made by `contract`."""
        self._fill(system, "CONTRACT", rows)

    def _fill(self, system: str, table: str, rows: Sequence[dict[str, str | None]]) -> None:
        columns = TABLES[table]
        with sqlite3.connect(self.database(system)) as conn:
            conn.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(columns))})",
                [tuple({**DEFAULTS, **row}.get(column) for column in columns) for row in rows],
            )

    def fault(self, kind: str, path: str = "*/data/create", **more: Any) -> None:
        """The tenant's next fitting call goes wrong."""
        self.tenant.faults.add(Fault(kind, path, **more))

    def rows(self, object: str = "AccountObj") -> list[dict[str, Any]]:
        """The valid rows of the tenant, in the order of their ids."""
        return [row for row in self.tenant.rows(object) if row["life_status"] != "invalid"]

    @property
    def writes(self) -> int:
        """How often the tenant changed something for us."""
        return self.tenant.counters.writes

    # The hub

    def hub(self) -> Hub:
        return Hub(load_project(self.root), self.clock, HttpFactory(self.clock, InProcess(self.app), draw=lambda: 0.5))

    def go(self, *names: str, **options: Any) -> dict[str, Result]:
        """Run flows in one hub; every account must add up, with nothing below zero."""
        found: dict[str, Result] = {}
        with self.hub() as hub:
            for name in names:
                found[name] = run_flow(hub, name, options=Options(**options))
        for name, result in found.items():
            counters = result.counters
            assert counters.balanced(), (name, counters)
            assert min(counters.fates().values()) >= 0, (name, counters)
        return found

    def round(self) -> dict[str, Result]:
        """Everything once, a minute later."""
        self.clock.wait(60)
        return self.go(*ROUND)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.hub() as hub, hub.store.read() as conn:
            yield conn

    @contextmanager
    def steward(self, name: str = "anna", entity: str = "party") -> Iterator[tuple[Connection, Steward]]:
        """One transaction of a steward."""
        with self.hub() as hub, hub.store.begin() as conn:
            core = rules_in_force(conn, hub.project, hub.survivorship, entity)
            yield conn, Steward(name, core, Audit(derive(hub.key, "audit")))

    def goldens(self, entity: str = "party", states: Collection[Any] = ("active",)) -> list[Golden]:
        with self.reading() as conn:
            return golden.scan(conn, entity, states=states)

    def home(self, source: str, key: str) -> int:
        """The golden id of a source record; `source` is system.stream."""
        system, _, stream = source.partition(".")
        with self.reading() as conn:
            return crosswalk.resolve_keys(conn, system, stream, [key])[key]

    def record(self, source: str, key: str) -> landing.Record:
        system, _, stream = source.partition(".")
        with self.reading() as conn:
            number = landing.find(conn, system, stream, [key])[key]
            return landing.load(conn, [number])[number]

    def letters(self) -> list[dead.DeadLetter]:
        with self.reading() as conn:
            return dead.list_letters(conn)

    def deliveries(self, *states: Any) -> list[delivery.Delivery]:
        with self.reading() as conn:
            return delivery.list_deliveries(conn, states=states, limit=10_000)

    def tasks(self, *kinds: str) -> list[task.Task]:
        with self.reading() as conn:
            return task.list_tasks(conn, kinds=kinds)

    def broken(self) -> list[str]:
        """Every broken invariant of the golden store."""
        with self.hub() as hub, hub.store.read() as conn:
            return violations(conn, hub.project.model)


def company(key: str, name: str | None, **more: str | None) -> dict[str, str | None]:
    """One company as a source has it; columns by their names in lower case."""
    return {"ID": key, "NAME": name, **{column.upper(): value for column, value in more.items()}}


def person(key: str, company: str, name: str, **more: str | None) -> dict[str, str | None]:
    return {"ID": key, "COMPANY": company, "NAME": name, **{column.upper(): value for column, value in more.items()}}


def contract(key: str, company: str, amount: str, **more: str | None) -> dict[str, str | None]:
    more = {"number": key, **more}
    return {"ID": key, "COMPANY": company, "AMOUNT": amount, **{name.upper(): value for name, value in more.items()}}


def written(number: int, entity: str = "party") -> str:
    """A golden id as the target carries it."""
    return write_id(entity, number)
