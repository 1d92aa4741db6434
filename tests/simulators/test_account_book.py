"""The ERP as an account book says what the database says, and follows it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from goldbridge.simulators.account_book import AccountBook
from goldbridge.simulators.kingdee import Credentials
from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.landscape import Landscape
from goldbridge.simulators.world import World

SERVICE = "/kingdee/k3cloud/Kingdee.BOS.WebApi.ServicesStub."


class Asking:
    """A landscape, asked over its HTTP face."""

    def __init__(self, folder: Path) -> None:
        clock = SimClock()
        clock.freeze(1_795_000_000.0)
        self.landscape = Landscape(World(60, 5), folder, clock=clock)
        self.http = httpx.Client(transport=InProcess(self.landscape.app), base_url="http://landscape")
        known = Credentials()
        body = {"parameters": [known.acct_id, known.user, known.password, 2052]}
        login = self.http.post(f"{SERVICE}AuthService.ValidateUser.common.kdsvc", json=body).json()
        self.session = {"kdservice-sessionid": login["KDSVCSessionId"]}

    def rows(self, form: str, *keys: str) -> list[list[Any]]:
        data = {"FormId": form, "FieldKeys": ",".join(keys), "Limit": 2000}
        path = f"{SERVICE}DynamicFormService.ExecuteBillQuery.common.kdsvc"
        found: list[list[Any]] = self.http.post(path, json={"data": data}, headers=self.session).json()
        return found

    def partners(self, *columns: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.landscape.erp_path)) as database:
            return database.execute(f"SELECT {','.join(columns)} FROM BD_PARTNER ORDER BY FNUMBER").fetchall()


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    return Asking(tmp_path)


def test_every_partner_is_a_customer_or_a_supplier_of_the_book(asking: Asking) -> None:
    customers = asking.rows("BD_Customer", "FNumber", "FName", "FCUSTTYPE", "FForbidStatus")
    suppliers = asking.rows("BD_Supplier", "FNumber", "FName")
    partners = asking.partners("FNUMBER", "FNAME", "FTYPE", "FSTATUS")
    kinds = {"C": "普通销售客户", "A": "经销商"}
    expected = [
        [n, name, kinds[kind], "B" if status == "F" else "A"] for n, name, kind, status in partners if kind != "V"
    ]
    assert sorted(customers) == expected
    assert sorted(suppliers) == [[number, name] for number, name, kind, _ in partners if kind == "V"]
    assert suppliers


def test_the_truth_knows_every_record_by_its_internal_id(asking: Asking) -> None:
    truth = asking.http.get("/_control/truth").json()["records"]
    for stream, form, key in (
        ("erp.customer", "BD_Customer", "FCUSTID"),
        ("erp.supplier", "BD_Supplier", "FSupplierId"),
    ):
        numbers = {str(id): number for id, number in asking.rows(form, key, "FNumber")}
        assert {number: truth["erp.partner"][number] for number in numbers.values()} == {
            numbers[id]: company for id, company in truth[stream].items()
        }


def test_the_book_follows_the_people_who_work_in_the_erp(asking: Asking) -> None:
    before = {row[0]: row for row in asking.rows("BD_Customer", "FNumber", "FName", "FTEL", "FModifyDate")}
    done = asking.http.post("/_control/edit", json={"n": 60, "seed": 1}).json()["edits"]
    edited = {each["key"] for each in done if each["system"] == "erp"} & before.keys()
    after = {row[0]: row for row in asking.rows("BD_Customer", "FNumber", "FName", "FTEL", "FModifyDate")}
    changed = {number for number, row in after.items() if row != before[number]}
    assert changed == edited != set()
    at = datetime.fromtimestamp(asking.landscape.clock.now() + 8 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert {after[number][3] for number in changed} == {at}


def test_a_book_that_nobody_asks_reads_nothing(asking: Asking) -> None:
    book = asking.landscape.simulators["kingdee"]
    assert isinstance(book, AccountBook)
    fresh = AccountBook(Path("/nowhere/erp.sqlite"), clock=asking.landscape.clock, limits="roomy", seed=1)
    assert fresh.rows("BD_Customer") == []
    reads = []
    real = book._take
    book._take = lambda row: (reads.append(row), real(row))[1]  # type: ignore[method-assign,func-returns-value]
    asking.rows("BD_Customer", "FNumber")
    asking.rows("BD_Customer", "FNumber")
    assert reads == [], "a database that did not change is not read again"
