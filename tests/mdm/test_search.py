"""Search before create: what online says is what mastering says, and nothing is written."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from flows.hub import Hub
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Reject
from goldbridge.state import crosswalk, feature, landing, match
from goldbridge.state.erase import erase
from goldbridge.state.tables import match_feature, match_key, metadata, task
from mdm.identity import write_id
from mdm.search import Found, Search, likely
from tests.dedupe.world import credit_code, crowd
from tests.flows.bench import Bench, row

KEY = b"k" * 32


def town(bench: Bench, number: int = 90) -> list[tuple[str, tuple[str | None, ...]]]:
    """Companies seen through slips, spread over two sources."""
    rows = []
    for record in crowd()[:number]:
        system = "crm" if record["id"] % 3 else "erp"
        phones = record.get("phones")
        said = row(str(record["id"]), record["name"], tel=phones[0] if phones else None, code=record.get("credit_code"))
        rows.append((system, said))
    return rows


def offer(bench: Bench, rows: Sequence[tuple[str, tuple[str | None, ...]]]) -> None:
    for system in ("crm", "erp"):
        bench.put(system, *(said for place, said in rows if place == system))


def edges(conn: Connection, rev: int) -> set[tuple[Any, ...]]:
    records = [record.id for record in landing.scan_all(conn)]
    return {
        (e.a, e.b, e.weight, e.band, str(e.parts), tuple(e.vetoes)) for e in match.edges_touching(conn, rev, records)
    }


def index(conn: Connection) -> dict[str, set[tuple[Any, ...]]]:
    return {table.name: {tuple(found) for found in conn.execute(select(table))} for table in (match_key, match_feature)}


def search(hub: Hub) -> Search:
    return Search(hub.project.model, KEY, hub.clock)


def ask(bench: Bench, **values: Any) -> Found:
    with bench.hub() as hub, hub.store.read() as conn:
        return search(hub).match(conn, "party", values)


def test_online_says_what_the_batch_says_to_the_last_digit(bench: Bench) -> None:
    offer(bench, town(bench))
    bench.run("crm", "erp", "parties")
    with bench.hub() as hub, hub.store.read() as conn:
        asking = search(hub)
        core = asking.core(conn, "party")
        told = edges(conn, core.rev)
        said = set()
        for record in landing.scan_all(conn):
            found, narrowed = likely(conn, core, asking.asked(conn, core, record.canonical or {}), without={record.id})
            assert not narrowed
            for other, judged in found.items():
                a, b = sorted((record.id, other))
                said.add((a, b, judged.weight, judged.band, str(judged.parts_json()), judged.vetoes))
    assert said == told
    assert len(told) > 60
    assert {band for _, _, _, band, _, _ in told} == {"auto", "review"}


def test_a_record_that_arrives_gets_the_edges_it_was_told(bench: Bench) -> None:
    rows = town(bench)
    offer(bench, rows[1:])
    bench.run("crm", "erp", "parties")
    with bench.hub() as hub, hub.store.read() as conn:
        values = {"name": str(rows[0][1][1]), "phones": ["+86" + str(rows[0][1][3]).replace("-", "")[1:]]}
        asking = search(hub)
        core = asking.core(conn, "party")
        found, _ = likely(conn, core, asking.asked(conn, core, values))
        told = {other: (judged.weight, judged.band, judged.vetoes) for other, judged in found.items()}
    assert told
    offer(bench, rows[:1])
    bench.run("crm", "erp", "parties")
    with bench.hub() as hub, hub.store.read() as conn:
        system = rows[0][0]
        mine = landing.find(conn, system, "partner" if system == "erp" else "account", [str(rows[0][1][0])])
        (record,) = mine.values()
        got = match.edges_touching(conn, core.rev, [record])
    assert {e.a + e.b - record: (e.weight, e.band, tuple(e.vetoes)) for e in got} == told


@pytest.mark.parametrize("seed", [1, 2])
def test_g7_any_order_and_any_batches_leave_the_index_of_one_batch(bench: Bench, seed: int) -> None:
    rows = town(bench)
    offer(bench, rows[:20])
    bench.run("crm", "erp", "parties")  # the rules, and their statistics, are from here on fixed
    rest = rows[20:]
    random.Random(seed).shuffle(rest)
    while rest:
        cut = random.Random(len(rest) + seed).randint(1, 40)
        offer(bench, rest[:cut])
        bench.run("crm", "erp", *(["parties"] if len(rest) % 2 else []))
        rest = rest[cut:]
    bench.run("parties")
    with bench.hub() as hub:
        with hub.store.read() as conn:
            core = search(hub).core(conn, "party")
            kept, found = index(conn), edges(conn, core.rev)
        with hub.store.begin() as conn:
            from mdm.index import reindex

            every = [record.id for record in landing.scan_all(conn)]
            match.replace_keys(conn, "party", dict.fromkeys(every, ()))
            match.replace_edges(conn, core.rev, every, [])
            feature.forget(conn, every)
            reindex(conn, core, every)
            assert index(conn) == kept
            assert edges(conn, core.rev) == found
            assert len(found) > 60


def test_what_landed_is_found_before_it_is_mastered(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司", tel="0571-87654321"))
    bench.run("crm", "parties")
    bench.put("erp", row("9", "宁波乙电子有限公司", tel="0574-87654321"))
    bench.run("erp")
    found = ask(bench, name="宁波乙电子有限公司")
    assert [(one.golden, one.band) for one in found.candidates] == [(None, "auto")]
    assert found.verdict == "known"
    bench.run("parties")
    (one,) = ask(bench, name="宁波乙电子有限公司").candidates
    assert one.golden is not None


def test_a_record_that_goes_leaves_the_index_with_its_row(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司"), row("2", "宁波乙电子有限公司"))
    bench.run("crm", "parties")
    assert ask(bench, name="宁波乙电子有限公司").candidates
    bench.put("crm", row("2", "宁波乙电子有限公司", gone="1", at="2026-02-03 08:00:00"))
    bench.run("crm")
    assert ask(bench, name="宁波乙电子有限公司").verdict == "new"


def test_a_page_that_dies_leaves_no_half_of_a_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司"))
    bench.run("crm", "parties")
    with bench.hub() as hub, hub.store.read() as conn:
        before = index(conn)
    bench.put("crm", row("2", "宁波乙电子有限公司"))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flows.ingest.cursor.advance", die)
        with pytest.raises(KeyboardInterrupt):
            bench.run("crm")
    with bench.hub() as hub, hub.store.read() as conn:
        assert index(conn) == before
        assert landing.find(conn, "crm", "account", ["2"]) == {}
    bench.run("crm")
    assert ask(bench, name="宁波乙电子有限公司").candidates


def test_a_new_record_changes_only_its_own_neighbourhood(bench: Bench) -> None:
    rows = town(bench)
    offer(bench, rows)
    bench.run("crm", "erp", "parties")
    with bench.hub() as hub, hub.store.read() as conn:
        core = search(hub).core(conn, "party")
        before, held = edges(conn, core.rev), index(conn)
    bench.put("crm", row("new", rows[0][1][1], tel=rows[0][1][3], at="2026-02-03 08:00:00"))
    bench.run("crm", "parties")
    with bench.hub() as hub, hub.store.read() as conn:
        (new,) = landing.find(conn, "crm", "account", ["new"]).values()
        after, kept = edges(conn, core.rev), index(conn)
    assert before <= after
    assert after - before
    assert all(new in (a, b) for a, b, *_ in after - before)
    for name, found in kept.items():
        assert held[name] <= found
        assert all(new in one for one in found - held[name])


def test_e86_an_erased_record_is_found_by_nobody(bench: Bench) -> None:
    """Guard: goldbridge.state.erase:erase"""
    bench.put("crm", row("1", "杭州甲机械有限公司", tel="0571-87654321"), row("2", "宁波乙电子有限公司"))
    bench.run("crm", "parties")
    with bench.hub() as hub, hub.store.begin() as conn:
        (gone,) = landing.find(conn, "crm", "account", ["1"]).values()
        lost = erase(conn, b"e" * 32, [gone], author="officer", run=0)
        assert lost["match_feature"] == 1
        assert lost["match_key"] > 1
        assert not any(gone in found for rows in index(conn).values() for found in rows)
    assert ask(bench, name="杭州甲机械有限公司", phones=["+8657187654321"]).candidates == ()


def test_candidates_are_golden_records_the_likeliest_first_with_parts_that_add_up(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲乙机械有限公司", tel="0571-87654321"), row("2", "宁波丙电子有限公司"))
    bench.put("erp", row("1", "杭州甲乙机械有限公司", code=credit_code(1)), row("3", "甲乙机械", tel="0571-87654321"))
    bench.run("crm", "erp", "parties")
    found = ask(bench, name="杭州甲乙机械有限公司", phones=["+8657187654321"])
    assert found.candidates[0].band == "auto"
    assert list(found.candidates) == sorted(found.candidates, key=lambda one: (one.band, -one.weight))
    for one in found.candidates:
        assert sum(part.weight for part in one.parts) == one.weight
    with bench.hub() as hub, hub.store.read() as conn:
        homes = crosswalk.golden_of(conn, [r for one in found.candidates for r in one.records])
    assert {homes[r] for r in found.candidates[0].records} == {found.candidates[0].golden}
    assert len({one.golden for one in found.candidates}) == len(found.candidates)
    with bench.hub() as hub, hub.store.read() as conn:
        short = search(hub).match(conn, "party", {"name": "杭州甲乙机械有限公司"}, limit=1)
    assert len(short.candidates) == 1


def test_what_a_member_forbids_the_golden_record_forbids(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲乙机械有限公司", tel="0571-87654321"))
    bench.put("erp", row("1", "杭州甲乙机械有限公司", code=credit_code(1)))
    bench.run("crm", "erp", "parties")
    found = ask(bench, name="杭州甲乙机械有限公司", phones=["+8657187654321"], credit_code=credit_code(2))
    (one,) = found.candidates
    assert (one.band, one.vetoes, found.verdict) == ("review", ("different_hard_id",), "review")


def test_e15_two_that_both_take_it_are_a_question(bench: Bench) -> None:
    """Guard: mdm.search:_verdict"""
    bench.put("crm", row("1", "杭州甲乙机械有限公司", code=credit_code(1)))
    bench.put("erp", row("1", "杭州甲乙机械有限公司", code=credit_code(2)))
    bench.run("crm", "erp", "parties")
    found = ask(bench, name="杭州甲乙机械有限公司")
    assert found.verdict == "review"
    assert len(found.candidates) == 2


def test_a_search_writes_nothing(bench: Bench) -> None:
    offer(bench, town(bench, 30))
    bench.run("crm", "erp", "parties")

    def everything() -> dict[str, int]:
        with bench.hub() as hub, hub.store.read() as conn:
            return {
                table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
            }

    before = everything()
    for record in crowd()[:10]:
        ask(bench, name=record["name"])
    assert everything() == before
    assert before[task.name] >= 0


def test_mdm021_there_is_nothing_to_search_before_the_first_master_run(sqlite_bench: Bench) -> None:
    with pytest.raises(Halt, match="MDM021 no party can be searched yet; run a master flow for party first"):
        ask(sqlite_bench, name="杭州甲机械有限公司")


def test_an_index_of_another_version_is_read_from_what_landed(bench: Bench) -> None:
    offer(bench, town(bench, 40))
    bench.run("crm", "erp", "parties")
    name = crowd()[0]["name"]
    before = ask(bench, name=name)
    with bench.hub() as hub, hub.store.begin() as conn:
        conn.execute(match_feature.update().values(rev=0))
    again = ask(bench, name=name)
    assert again.candidates == before.candidates
    assert before.candidates


def test_a_crowded_key_is_answered_by_its_companions_and_named(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司"))
    bench.run("crm", "parties")
    with bench.hub() as hub, hub.store.begin() as conn:
        crowd_of = {n: ["hub", "other hub"] if n == 17 else ["hub"] for n in range(10, 60)}
        match.replace_keys(conn, "party", {**crowd_of, 5: ["rare"], 6: ["hub", "rare"]})
        match.replace_keys(conn, "party", {n: ["other hub"] for n in range(100, 150)})
        found, crowded = feature.near(conn, "party", 1, ["hub", "rare", "other hub"], 20)
        assert {one.record for one in found} == {5, 6, 17}
        assert crowded == {"hub": 21, "other hub": 21}
        whole, none = feature.near(conn, "party", 1, ["hub", "rare"], 50)
        assert (len(whole), none) == (52, {})
        assert feature.near(conn, "party", 1, [], 5) == ([], {})


class TestToken:
    def ask(self, bench: Bench, **values: Any) -> Found:
        return ask(bench, **values)

    def test_it_lets_the_record_be_created_that_was_searched_for(self, bench: Bench) -> None:
        bench.put("crm", row("1", "杭州甲机械有限公司", tel="0571-87654321"))
        bench.run("crm", "parties")
        values = {"name": "杭州甲机械有限公司", "phones": ["+8657187654321"]}
        found = self.ask(bench, **values)
        with bench.hub() as hub, hub.store.begin() as conn:
            shown = search(hub).redeem(conn, "party", {**values, "credit_code": None}, found.token)
        (one,) = found.candidates
        assert (shown.verdict, shown.shown) == ("known", ((one.golden, one.weight, "auto"),))

    def test_mdm020_it_is_worth_nothing_changed_late_or_for_another(self, sqlite_bench: Bench) -> None:
        bench = sqlite_bench
        bench.put("crm", row("1", "杭州甲机械有限公司"))
        bench.run("crm", "parties")
        found = self.ask(bench, name="杭州甲机械有限公司")
        head, _, tail = found.token.partition(".")
        for token, why in (
            (f"{head[:-2]}AA.{tail}", "no proof of a search of ours"),
            ("", "no proof of a search of ours"),
            ("a.b.c", "no proof"),
        ):
            self.refused(bench, token, why, name="杭州甲机械有限公司")
        self.refused(bench, found.token, "of a search for another record", name="宁波乙电子有限公司")
        with bench.hub() as hub, hub.store.read() as conn, pytest.raises(Reject, match="no proof of a search"):
            Search(hub.project.model, b"x" * 32, hub.clock).redeem(
                conn, "party", {"name": "杭州甲机械有限公司"}, found.token
            )
        assert isinstance(bench.clock, FrozenClock)
        bench.clock.advance(1800)
        self.refused(bench, found.token, "more than 30 minutes old", name="杭州甲机械有限公司")

    def test_mdm020_who_came_meanwhile_must_be_looked_at(self, bench: Bench) -> None:
        bench.put("crm", row("1", "温州丙阀门制造厂"))
        bench.run("crm", "parties")
        found = self.ask(bench, name="杭州甲机械有限公司")
        assert found.verdict == "new"
        bench.put("crm", row("2", "杭州甲机械有限公司"))
        bench.run("crm", "parties")
        with bench.hub() as hub, hub.store.read() as conn:
            (golden,) = crosswalk.resolve_keys(conn, "crm", "account", ["2"]).values()
        self.refused(bench, found.token, write_id("party", golden), name="杭州甲机械有限公司")

    def refused(self, bench: Bench, token: str, why: str, **values: Any) -> None:
        with bench.hub() as hub, hub.store.read() as conn, pytest.raises(Reject, match=why) as caught:
            search(hub).redeem(conn, "party", values, token)
        assert caught.value.code == "MDM020"
