"""The two databases of the landscape, legacy CRM and ERP, as SQLite files; and the people who keep editing them.

The files are made anew at every start. They are in WAL mode, so that live edits never wait for somebody reading.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goldbridge.simulators.world import Company, World
from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.legacy import Row
from goldbridge.simulators.world.moment import local_text, utc_text
from goldbridge.simulators.world.phone import fixed, write_fixed, write_mobile

TABLES: Mapping[str, tuple[str, ...]] = {
    "T_CUSTOMER": (
        "CUST_ID", "CUST_NAME", "CUST_TYPE", "CREDIT_CODE", "TEL", "MOBILE", "EMAIL", "WEBSITE", "PROVINCE", "CITY",
        "DISTRICT", "ADDRESS", "INDUSTRY", "CAPITAL", "CAPITAL_UNIT", "STATUS", "OWNER_NAME", "IS_DELETED",
        "CREATED_AT", "UPDATED_AT",
    ),
    "T_CONTACT": ("CONTACT_ID", "CUST_ID", "NAME", "MOBILE", "EMAIL", "TITLE", "IS_DELETED", "UPDATED_AT"),
    "T_CONTRACT": ("CONTRACT_NO", "CUST_ID", "KIND", "AMOUNT", "SIGNED_ON", "STATUS", "UPDATED_AT"),
    "BD_PARTNER": (
        "FNUMBER", "FNAME", "FTYPE", "FTAXNO", "FPHONE", "FADDRESS", "FCAPITAL", "FSTATUS", "FMODIFYTIME",
    ),
}  # fmt: skip
"""Columns by table; the first one is the key, the last one the time of modification."""

LEGACY_FILE = "legacy_crm.sqlite"
ERP_FILE = "erp.sqlite"


def write(world: World, folder: Path) -> tuple[Path, Path]:
    """Make both databases in `folder`, replacing what is there; returns their paths."""
    legacy, erp = folder / LEGACY_FILE, folder / ERP_FILE
    contracts = [contract.row for contract in world.contracts if contract.row is not None]
    _write(
        legacy,
        {
            "T_CUSTOMER": (entry.row for entry in world.legacy.entries),
            "T_CONTACT": (row for row, _ in world.legacy.contacts),
            "T_CONTRACT": contracts,
        },
    )
    _write(erp, {"BD_PARTNER": (entry.row for entry in world.erp)})
    return legacy, erp


def _write(path: Path, tables: Mapping[str, Iterable[Row]]) -> None:
    for leftover in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        leftover.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        with database:
            for table, rows in tables.items():
                columns = TABLES[table]
                spec = ", ".join(f"{column} TEXT" for column in columns[1:])
                database.execute(f"CREATE TABLE {table} ({columns[0]} TEXT PRIMARY KEY, {spec})")
                _insert(database, table, rows)
                database.execute(f"CREATE INDEX IX_{table} ON {table} ({columns[-1]}, {columns[0]})")
    path.chmod(0o600)


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    columns = TABLES[table]
    statement = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names are ours
    database.executemany(statement, ([row[column] for column in columns] for row in rows))


class Editors:
    """The people who go on working in the old systems; every call of `edit` is a burst of their work.

    What they do is chosen by seed and burst number, and by what they find: new telephone numbers, codes filled in,
    names typed again as on the licence, customers stopped or deleted, contracts closed, new contacts, and companies
    entered once more by somebody who did not search first.
    """

    def __init__(self, world: World, legacy: Path, erp: Path) -> None:
        self._world = world
        self._paths = {"legacy_crm": legacy, "erp": erp}
        self._burst = 0
        self.counts = {"legacy_crm": 0, "erp": 0}

    def edit(self, edits: int, at: datetime, seed: int | None = None) -> list[dict[str, str]]:
        """Make `edits` changes dated `at` (UTC); returns what was done: {"system", "stream", "key", "kind"}."""
        self._burst += 1
        dice = Dice(self._world.seed if seed is None else seed, "edit", self._burst)
        done: list[dict[str, str]] = []
        with (
            closing(sqlite3.connect(self._paths["legacy_crm"], timeout=30)) as legacy,
            closing(sqlite3.connect(self._paths["erp"], timeout=30)) as erp,
        ):
            desk = _Desk(self._world, dice, legacy, erp, at.astimezone(UTC))
            with legacy, erp:
                while len(done) < edits:
                    done.append(desk.work())
        for change in done:
            self.counts[change["system"]] += 1
        return done


class _Desk:
    """One burst of edits inside one transaction per database."""

    def __init__(
        self, world: World, dice: Dice, legacy: sqlite3.Connection, erp: sqlite3.Connection, at: datetime
    ) -> None:
        self._world, self._dice, self._legacy, self._erp = world, dice, legacy, erp
        self._local, self._utc = local_text(at), utc_text(at)
        self._day = self._local[:10]

    def work(self) -> dict[str, str]:
        draw = self._dice.random()
        if draw < 0.20:
            return self._erp_edit()
        if draw < 0.28:
            return self._new_customer()
        if draw < 0.38:
            return self._new_contact()
        if draw < 0.50:
            return self._contract_edit()
        return self._customer_edit()

    def _pick(self, database: sqlite3.Connection, table: str, stream: str) -> tuple[str, Company] | None:
        """A row by chance (in key order, so that the choice does not depend on how the file is laid out)."""
        key = TABLES[table][0]
        [total] = database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608
        if not total:
            return None
        [found] = database.execute(
            f"SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET ?", (self._dice.number(0, total - 1),)  # noqa: S608
        ).fetchone()  # fmt: skip
        return found, self._world.by_id[self._world.records[stream][found]]

    def _set(self, database: sqlite3.Connection, table: str, key: str, values: dict[str, str]) -> None:
        columns = TABLES[table]
        values[columns[-1]] = self._utc if table == "BD_PARTNER" else self._local
        spec = ", ".join(f"{column} = ?" for column in values)
        database.execute(f"UPDATE {table} SET {spec} WHERE {columns[0]} = ?", (*values.values(), key))  # noqa: S608

    def _customer_edit(self) -> dict[str, str]:
        found = self._pick(self._legacy, "T_CUSTOMER", "legacy_crm.account")
        if found is None:
            return self._new_customer()
        key, company = found
        dice = self._dice
        draw = dice.random()
        if draw < 0.35 and company.address:
            kind, values = "phone", {"TEL": write_fixed(dice, fixed(dice, company.address.place))}
        elif draw < 0.50 and company.credit_code:
            kind, values = "code", {"CREDIT_CODE": company.credit_code}
        elif draw < 0.65:
            kind, values = "name", {"CUST_NAME": company.name}
        elif draw < 0.80 and company.address:
            kind, values = "address", {"ADDRESS": company.address.text}
        elif draw < 0.90:
            kind, values = "owner", {"OWNER_NAME": dice.pick(self._world.owners)}
        elif draw < 0.96:
            kind, values = "status", {"STATUS": "0"}
        else:
            kind, values = "delete", {"IS_DELETED": "1"}
        self._set(self._legacy, "T_CUSTOMER", key, dict(values))
        return _done("legacy_crm", "account", key, kind)

    def _erp_edit(self) -> dict[str, str]:
        found = self._pick(self._erp, "BD_PARTNER", "erp.partner")
        if found is None:
            return self._new_customer()
        key, company = found
        draw = self._dice.random()
        if draw < 0.4 and company.credit_code:
            kind, values = "code", {"FTAXNO": company.credit_code}
        elif draw < 0.7:
            kind, values = "name", {"FNAME": company.name}
        elif draw < 0.9 and company.mobile:
            kind, values = "phone", {"FPHONE": write_mobile(self._dice, company.mobile)}
        else:
            kind, values = "status", {"FSTATUS": "F"}
        self._set(self._erp, "BD_PARTNER", key, dict(values))
        return _done("erp", "partner", key, kind)

    def _contract_edit(self) -> dict[str, str]:
        found = self._pick(self._legacy, "T_CONTRACT", "legacy_crm.contract")
        if found is None:
            return self._new_customer()
        self._set(self._legacy, "T_CONTRACT", found[0], {"STATUS": self._dice.pick("12")})
        return _done("legacy_crm", "contract", found[0], "status")

    def _new_contact(self) -> dict[str, str]:
        found = self._pick(self._legacy, "T_CUSTOMER", "legacy_crm.account")
        if found is None or not found[1].people:
            return self._new_customer()
        person = self._dice.pick(found[1].people)
        key = self._next("T_CONTACT", "L")
        self._add(
            "T_CONTACT", (key, found[0], person.name, person.mobile, person.email, person.title, "0", self._local)
        )
        self._world.records["legacy_crm.contact"][key] = person.id
        return _done("legacy_crm", "contact", key, "new")

    def _new_customer(self) -> dict[str, str]:
        """Somebody enters a company: one that nobody knew yet, or one that is there already."""
        companies = self._world.companies
        company = self._dice.pick(companies)
        key = self._next("T_CUSTOMER", "C")
        place = company.address.place if company.address else None
        line = write_fixed(self._dice, company.lines[0]) if company.lines else ""
        values: dict[str, Any] = dict.fromkeys(TABLES["T_CUSTOMER"], "")
        values |= {
            "CUST_ID": key,
            "CUST_NAME": company.name,
            "CUST_TYPE": "2" if "dealer" in company.roles else "1",
            "TEL": line,
            "MOBILE": company.mobile,
            "PROVINCE": place.province if place else "",
            "CITY": place.city_name if place else "",
            "ADDRESS": company.address.street if company.address else company.abroad,
            "STATUS": "1",
            "OWNER_NAME": self._dice.pick(self._world.owners),
            "IS_DELETED": "0",
            "CREATED_AT": self._local,
            "UPDATED_AT": self._local,
        }
        self._add("T_CUSTOMER", tuple(values.values()))
        self._world.records["legacy_crm.account"][key] = company.id
        return _done("legacy_crm", "account", key, "new")

    def _next(self, table: str, letter: str) -> str:
        key = TABLES[table][0]
        [last] = self._legacy.execute(f"SELECT MAX({key}) FROM {table}").fetchone()  # noqa: S608
        return f"{letter}{int((last or '0')[1:] or 0) + 1:06d}"

    def _add(self, table: str, values: tuple[Any, ...]) -> None:
        self._legacy.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608


def _done(system: str, stream: str, key: str, kind: str) -> dict[str, str]:
    return {"system": system, "stream": stream, "key": key, "kind": kind}
