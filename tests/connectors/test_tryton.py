"""The Tryton connector against a real Tryton server; the conversions also without one."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Context, Page, Position, RawRow, Reading, Stream, Window, Write, WriteResult
from connectors.tryton import Tryton, TrytonConfig
from connectors.tryton.party import commands
from connectors.tryton.value import unwrap, wrap_time
from goldbridge.clock import SYSTEM, iso
from goldbridge.errors import Halt, Misconfigured
from goldbridge.http import HttpFactory
from tests.tryton_server import DATABASE, PASSWORD, USER, NotInstalled, TrytonServer

FAR = "2999-01-01T00:00:00.000000Z"


class Memory:
    """Keeps tokens and quotas for the length of a test."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load(self, system: str, name: str) -> Any:
        return self._kept.get((system, name))

    def save(self, system: str, name: str, value: Any) -> None:
        self._kept[system, name] = value


class Wire(httpx.BaseTransport):
    """The network, with a look at what goes over it, and a scissors for answers."""

    def __init__(self) -> None:
        self._http = httpx.HTTPTransport()
        self.sent: list[str] = []
        self.lose: str = ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read().decode()
        self.sent.append(body)
        response = self._http.handle_request(request)
        if self.lose and self.lose in body:
            self.lose = ""
            response.read()
            raise httpx.ReadError("the answer is lost", request=request)
        return response

    def count(self, word: str) -> int:
        return sum(word in body for body in self.sent)


class Bench:
    """A server, and a connection to it."""

    def __init__(self, server: TrytonServer) -> None:
        self.server = server
        self.wire = Wire()
        self.tryton = self.connect()
        self.stream: Stream = self.tryton.streams["party"]

    def connect(self, **change: Any) -> Tryton:
        entry = {"connector": "tryton", "base_url": self.server.url, "database": DATABASE, "user": USER}
        entry |= {"password": PASSWORD, "writes": "enabled", "page_size": 40, "safety_delay_s": 0.0, **change}
        config = TrytonConfig.model_validate(entry)
        return Tryton(config, Context("erp", HttpFactory(SYSTEM, self.wire), Memory(), SYSTEM))

    def pages(self, start: Position | None = None, end: str = FAR) -> list[Page]:
        return list(Reading(self.tryton.read(self.stream, Window(start, end))))

    def rows(self, start: Position | None = None, end: str = FAR) -> dict[str, RawRow]:
        return {row["name"]: row for page in self.pages(start, end) for row in page.rows}

    def write(self, op: Any, external_id: str, values: dict[str, Any], key: str | None = None) -> WriteResult:
        return self.tryton.write(self.stream, [Write(op, external_id, values, key)])[0]

    def row(self, external_id: str) -> RawRow:
        return self.tryton.read_back(self.stream, [external_id])[external_id]

    def person(self, values: dict[str, Any]) -> int:
        """Somebody types a party."""
        return int(self.server.call("party.party.create", [values])[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    try:
        running = TrytonServer(tmp_path_factory.mktemp("tryton"))
    except NotInstalled as error:
        pytest.skip(str(error))
    with running:
        yield running


@pytest.fixture
def bench(server: TrytonServer) -> Iterator[Bench]:
    bench = Bench(server)
    if ids := server.call("party.party.search", [], 0, None, None):
        server.call("party.party.delete", ids)
    yield bench
    bench.tryton.close()


# Reading


@pytest.mark.tryton
def test_a_row_holds_the_party_and_what_hangs_on_it(bench: Bench) -> None:
    bench.person(
        {
            "name": "上海示例（集团）有限公司",
            "code": "C1",
            "addresses": [
                ["create", [{"street": "文三路1号", "city": "杭州", "postal_code": "310000"}, {"city": "宁波"}]]
            ],
            "identifiers": [["create", [{"code": "LEI1"}, {"type": "cn_vat", "code": "91330106MA2CG0001D"}]]],
            "contact_mechanisms": [
                ["create", [{"type": "email", "value": "a@example.invalid"}, {"type": "phone", "value": "0571-1"}]]
            ],
        }
    )
    (row,) = bench.rows().values()
    assert (row["code"], row["active"], row["lang"], row["replaced_by"]) == ("C1", True, None, None)
    assert (row["street"], row["city"], row["postal_code"], row["country"]) == ("文三路1号", "杭州", "310000", None)
    assert (row["email"], row["phone"], row["mobile"]) == ("a@example.invalid", "0571-1", None)
    assert row["identifier_cn_vat"] == "91330106MA2CG0001D"
    assert [item["city"] for item in row["addresses"]] == ["杭州", "宁波"]
    assert [item["code"] for item in row["identifiers"]] == ["LEI1", "91330106MA2CG0001D"]
    assert datetime.fromisoformat(row["write_date"]).tzinfo is not None
    assert isinstance(row["_timestamp"], str)


@pytest.mark.tryton
def test_f30_all_of_many_parties_with_one_and_the_same_time_are_read(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "companies.csv"
    path.write_text("lei,country,legal_name\n" + "".join(f"L{number:03d},DE,Firma {number}\n" for number in range(150)))
    ids = bench.server.load(path, 130, batch=130)
    pages = bench.pages()
    assert len({row["write_date"] for page in pages for row in page.rows}) == 1
    assert sorted(row["id"] for page in pages for row in page.rows) == sorted(ids)
    assert [len(page.rows) for page in pages] == [40, 40, 40, 10, 0]
    again = bench.pages(pages[1].at)  # from where the second page ended
    walked = [row["id"] for page in again if page.at for row in page.rows]
    assert walked == [row["id"] for page in pages[2:] for row in page.rows]


@pytest.mark.tryton
def test_inactive_parties_are_read_as_inactive(bench: Bench) -> None:
    key = bench.person({"name": "甲"})
    bench.server.call("party.party.write", [key], {"active": False})
    assert bench.rows()["甲"]["active"] is False


@pytest.mark.tryton
def test_a_change_of_an_address_brings_its_party(bench: Bench) -> None:
    changed = bench.person({"name": "甲", "addresses": [["create", [{"city": "杭州"}]]]})
    bench.person({"name": "乙", "addresses": [["create", [{"city": "宁波"}]]]})
    before = bench.rows()["甲"]
    address = before["addresses"][0]["id"]
    start = Position(iso(datetime.fromisoformat(bench.rows()["乙"]["write_date"]) + timedelta(microseconds=1)))
    assert bench.rows(start) == {}
    bench.server.call("party.address.write", [address], {"city": "温州"})
    after = bench.rows(start)
    assert {row["id"] for row in after.values()} == {changed}
    assert after["甲"]["city"] == "温州"
    assert after["甲"]["write_date"] == before["write_date"]  # which is why its own date would not do
    assert bench.pages(start)[-1].at == Position(FAR)


@pytest.mark.tryton
def test_the_window_is_closed(bench: Bench) -> None:
    bench.person({"name": "甲"})
    end = bench.rows()["甲"]["write_date"]
    bench.person({"name": "乙"})
    assert list(bench.rows(end=end)) == ["甲"]
    assert list(bench.rows(Position(end, str(bench.rows()["甲"]["id"])))) == ["乙"]


@pytest.mark.tryton
def test_without_an_end_what_was_just_written_is_read(bench: Bench) -> None:
    slow = bench.connect(safety_delay_s=100.0)
    bench.person({"name": "甲"})
    read = [row["name"] for page in Reading(slow.read(bench.stream, Window())) for row in page.rows]
    assert read == ["甲"]
    assert list(Reading(slow.read(bench.stream, Window(None, slow.bound(bench.stream)))))[-1].rows == []
    slow.close()


@pytest.mark.tryton
def test_the_bound_is_the_servers_time_less_the_delay(bench: Bench) -> None:
    slow = bench.connect(safety_delay_s=100.0)
    assert slow.bound(bench.stream) < iso(SYSTEM.now() - timedelta(seconds=99))
    assert bench.tryton.bound(bench.stream) <= iso(SYSTEM.now())
    assert "parties" in bench.tryton.probe()


@pytest.mark.tryton
def test_positions_rewind_and_ranges_are_whole_days(bench: Bench) -> None:
    at = "2026-03-01T08:00:00.000000Z"
    assert bench.tryton.rewind(bench.stream, Position(at, "7")) == Position("2026-03-01T07:59:00.000000Z")
    window = bench.tryton.slice(bench.stream, "2026-03-01", "2026-03-02")
    assert window == Window(Position("2026-03-01T00:00:00.000000Z"), "2026-03-02T23:59:59.999999Z")
    with pytest.raises(Halt, match="is no time") as caught:
        bench.pages(end="yesterday")
    assert caught.value.code == "CON099"


@pytest.mark.tryton
def test_long_answers_come_packed_and_bodies_have_three_keys(bench: Bench) -> None:
    bench.server.call("party.party.create", [{"name": f"公司{number}" * 20} for number in range(39)])
    assert len(bench.rows()) == 39
    assert all(body.startswith('{"id":1,"method":') and '"params":' in body for body in bench.wire.sent)
    assert bench.wire.count('"jsonrpc"') == 0


# Writing


@pytest.mark.tryton
def test_parties_are_created_in_one_call_and_read_back_by_our_id(bench: Bench) -> None:
    values = {"name": "甲", "city": "杭州", "phone": "+86 571 1", "identifier_cn_vat": "91330106MA2CG0001D"}
    results = bench.tryton.write(
        bench.stream, [Write("create", "G1", values), Write("create", "G2", {"name": "乙", "email": None})]
    )
    assert [(result.external_id, result.outcome) for result in results] == [("G1", "written"), ("G2", "written")]
    assert bench.wire.count("party.party.create") == 1
    found = bench.tryton.read_back(bench.stream, ["G1", "G2", "G3"])
    assert set(found) == {"G1", "G2"}
    assert str(found["G1"]["id"]) == results[0].key
    assert {name: found["G1"][name] for name in values} == values


@pytest.mark.tryton
def test_f40_one_bad_party_of_a_batch_costs_no_other(bench: Bench) -> None:
    batch = [
        Write("create", "G1", {"name": "甲"}),
        Write("create", "G2", {"name": "乙", "identifier_no_such_type": "1"}),
        Write("create", "G3", {"name": "丙"}),
    ]
    outcomes = {result.external_id: (result.outcome, result.code) for result in bench.tryton.write(bench.stream, batch)}
    assert outcomes == {"G1": ("written", ""), "G2": ("rejected", "CON094"), "G3": ("written", "")}
    assert set(bench.tryton.read_back(bench.stream, ["G1", "G2", "G3"])) == {"G1", "G3"}


@pytest.mark.tryton
def test_f28_f38_a_create_that_is_repeated_changes_what_the_first_one_left(bench: Bench) -> None:
    bench.wire.lose = "party.party.create"
    lost = bench.write("create", "G1", {"name": "甲", "city": "杭州"})
    assert lost.outcome == "unknown"
    assert bench.row("G1")["name"] == "甲"  # it did happen
    again = bench.write("create", "G1", {"name": "甲", "city": "宁波"})
    assert (again.outcome, again.key) == ("written", str(bench.row("G1")["id"]))
    assert len(bench.rows()) == 1
    assert [item["city"] for item in bench.row("G1")["addresses"]] == ["宁波"]


@pytest.mark.tryton
def test_f43_what_is_there_already_is_not_written_again(bench: Bench) -> None:
    values = {
        "name": "甲",
        "city": "杭州",
        "phone": "+86 571 1",
        "email": "A@example.invalid",
        "identifier_cn_vat": "91330106MA2CG0001D",
    }
    key = bench.write("create", "G1", values).key
    stamp = bench.row("G1")["_timestamp"]
    same = values | {"phone": "+86-571-1", "email": "a@example.invalid"}
    assert bench.write("update", "G1", same, key).outcome == "written"
    assert bench.row("G1")["_timestamp"] == stamp
    assert bench.wire.count("party.party.write") == 0


@pytest.mark.tryton
def test_what_people_added_stays(bench: Bench) -> None:
    key = bench.write("create", "G1", {"name": "甲", "phone": "111", "city": "杭州"}).key
    assert key is not None
    bench.server.call(
        "party.party.write",
        [int(key)],
        {
            "contact_mechanisms": [["create", [{"type": "phone", "value": "999"}]]],
            "addresses": [["create", [{"city": "手录"}]]],
        },
    )
    update = {"phone": "222", "city": "宁波", "contact_mechanisms": [{"type": "phone", "value": "333"}]}
    assert bench.write("update", "G1", update, key).outcome == "written"
    row = bench.row("G1")
    assert sorted(item["value"] for item in row["contact_mechanisms"]) == ["222", "333", "999"]
    assert [item["city"] for item in row["addresses"]] == ["宁波", "手录"]
    assert bench.write("update", "G1", {"phone": None}, key).outcome == "written"
    row = bench.row("G1")
    assert row["phone"] is None
    assert len(row["contact_mechanisms"]) == 3  # retired, not deleted


@pytest.mark.tryton
def test_f44_somebody_elses_edit_in_between_is_not_lost(bench: Bench) -> None:
    key = bench.write("create", "G1", {"name": "甲"}).key
    assert key is not None
    stale = bench.row("G1")["_timestamp"]
    bench.server.call("party.party.write", [int(key)], {"name": "手改"})
    refused = bench.write("update", "G1", {"name": "乙", "_timestamp": stale}, key)
    assert (refused.outcome, refused.code) == ("retry", "CON093")
    assert bench.row("G1")["name"] == "手改"
    assert bench.write("update", "G1", {"name": "乙"}, key).outcome == "written"
    assert bench.row("G1")["name"] == "乙"


@pytest.mark.tryton
def test_deactivating_and_what_is_gone(bench: Bench) -> None:
    key = bench.write("create", "G1", {"name": "甲"}).key
    assert key is not None
    assert bench.write("deactivate", "G1", {}, key).outcome == "written"
    assert bench.row("G1")["active"] is False
    assert bench.write("update", "G1", {"active": True}, key).outcome == "written"
    assert bench.row("G1")["active"] is True
    bench.server.call("party.party.delete", [int(key)])
    assert bench.write("deactivate", "G1", {}, key).outcome == "written"
    assert bench.write("update", "G1", {"name": "x"}, key).code == "CON098"


@pytest.mark.tryton
def test_a_party_typed_by_hand_is_adopted_by_its_id_and_keeps_its_code(bench: Bench) -> None:
    """Tryton lets nobody change a code while codes come from its own sequence."""
    key = bench.person({"name": "甲", "code": "HAND"})
    assert bench.write("update", "G1", {"name": "乙"}, str(key)) == WriteResult("G1", "written", str(key))
    assert (bench.row("HAND")["id"], bench.row("HAND")["name"]) == (key, "乙")


@pytest.mark.tryton
def test_unknown_names_and_countries_are_explained(bench: Bench) -> None:
    with pytest.raises(Misconfigured, match="did you mean 'name'") as caught:
        bench.write("create", "G1", {"nmae": "甲"})
    assert caught.value.code == "CON096"
    refused = bench.write("create", "G1", {"name": "甲", "country": "XX"})
    assert (refused.outcome, refused.code, refused.field) == ("rejected", "CON097", "country")
    country = bench.server.call("country.country.create", [{"name": "China", "code": "CN"}])
    try:
        assert bench.write("create", "G1", {"name": "甲", "country": "CN"}).outcome == "written"
        assert bench.row("G1")["country"] == "CN"
    finally:
        bench.server.call("party.party.delete", [int(str(bench.row("G1")["id"]))])
        bench.server.call("country.country.delete", country)


@pytest.mark.tryton
def test_writing_is_off_until_it_is_switched_on(bench: Bench) -> None:
    with pytest.raises(Misconfigured) as caught:
        bench.connect(writes="disabled").write(bench.stream, [Write("create", "G1", {"name": "甲"})])
    assert caught.value.code == "CON095"


# Sessions


@pytest.mark.tryton
def test_f17_an_ended_session_is_renewed_once_for_all_threads(bench: Bench) -> None:
    bench.person({"name": "甲"})
    bench.rows()
    before = bench.wire.count("common.db.login")
    bench.server.forget_sessions()
    threads = [threading.Thread(target=bench.rows) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.wire.count("common.db.login") == before + 1
    assert len(bench.rows()) == 1


@pytest.mark.tryton
def test_a_wrong_password_is_said_once_and_never_repeated(bench: Bench) -> None:
    wrong = bench.connect(password="not-the-word", user="nobody")
    with pytest.raises(Misconfigured, match="refused the login of 'nobody'") as caught:
        wrong.probe()
    assert caught.value.code == "CON090"
    assert "not-the-word" not in str(caught.value)
    assert bench.wire.count("common.db.login") == 1


@pytest.mark.tryton
def test_a_barred_login_stops_the_run(bench: Bench) -> None:
    bench.server.bar("barred")
    with pytest.raises(Halt, match="after too many wrong ones") as caught:
        bench.connect(user="barred").probe()
    assert caught.value.code == "CON091"
    assert bench.wire.count("common.db.login") == 1


@pytest.mark.tryton
def test_an_unknown_database_is_a_matter_of_configuration(bench: Bench) -> None:
    with pytest.raises(Misconfigured):
        bench.connect(database="nowhere").probe()


@pytest.mark.tryton
def test_a_field_that_the_database_does_not_have_is_a_matter_of_configuration(bench: Bench) -> None:
    bench.person({"name": "甲"})
    narrow = bench.connect(fields=["colour"])
    with pytest.raises(Misconfigured) as caught:
        list(narrow.read(bench.stream, Window(None, FAR)))
    assert caught.value.code == "CON092"


# Conversions


def test_typed_values_become_text() -> None:
    at = {
        "__class__": "datetime",
        "year": 2026,
        "month": 3,
        "day": 2,
        "hour": 1,
        "minute": 2,
        "second": 3,
        "microsecond": 4,
    }
    assert unwrap({"a": [at], "b": {"__class__": "Decimal", "decimal": "1E+3"}}) == {
        "a": ["2026-03-02T01:02:03.000004Z"],
        "b": "1000",
    }
    assert unwrap({"__class__": "date", "year": 2026, "month": 3, "day": 2}) == "2026-03-02"
    assert unwrap({"__class__": "bytes", "base64": "eA=="}) == "eA=="
    time = {"__class__": "time", "hour": 1, "minute": 2, "second": 3, "microsecond": 0}
    assert unwrap(time) == "01:02:03.000000"
    assert unwrap({"__class__": "timedelta", "seconds": "90.5"}) == "90.5"


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year > 1000))
def test_a_time_survives_the_way_there_and_back(at: datetime) -> None:
    text = iso(at)
    assert unwrap(wrap_time(text)) == text


_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from("甲乙"),
        "city": st.sampled_from(["杭州", "宁波", None]),
        "phone": st.sampled_from(["1", "2", None]),
        "identifier_cn_vat": st.sampled_from(["A", "B"]),
        "contact_mechanisms": st.lists(st.sampled_from([{"type": "phone", "value": "3"}]), max_size=1),
    },
)


@given(_VALUES, _VALUES)
def test_what_was_sent_is_not_sent_again(first: dict[str, Any], second: dict[str, Any]) -> None:
    """A model of the server: after the commands were carried out, the same values lead to no command."""

    def place(model: str, code: str) -> int:
        raise AssertionError(model)

    row: dict[str, Any] = {"addresses": [], "identifiers": [], "contact_mechanisms": []}
    for values in (first, second):
        sent = commands(values, row, place)
        for field in ("addresses", "identifiers", "contact_mechanisms"):
            for verb, *arguments in sent.pop(field, ()):
                if verb == "create":
                    for item in arguments[0]:
                        row[field].append({"id": len(row[field]) + 1, "active": True, "sequence": None, **item})
                else:
                    for held in [item for item in row[field] if item["id"] in arguments[0]]:
                        held.update(arguments[1])
        row.update(sent)
        assert commands(values, row, place) == {}
