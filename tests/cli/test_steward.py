"""`goldbridge tasks` and `golden`, as a steward types them: what is decided holds, and its undo returns everything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldbridge.clock import FrozenClock
from goldbridge.state import crosswalk, decision, golden, landing, task
from mdm.identity import write_id
from tests.bad_input.desk import Said, hear
from tests.flows.bench import Bench, row
from tests.flows.bench_crm import credit_code

MATCHING = "party: {bands: {auto: 20 bits, review: 8 bits, margin: 2 bits}}\n"
JIA, YI, PAIR = "crm.account/1", "crm.account/2", ("crm.account/3", "erp.partner/3")
Type = Callable[..., Said]


@pytest.fixture
def town(tmp_path: Path, store_url: str, clock: FrozenClock) -> Bench:
    return settled(Bench(tmp_path / "project", store_url, clock))


@pytest.fixture
def sqlite_town(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Bench:
    return settled(Bench(tmp_path / "project", sqlite_url, clock))


def settled(bench: Bench) -> Bench:
    """Seven records and one doubt: the valve works in Wenzhou may be two."""
    bench.put(
        "crm",
        row("1", "杭州甲机械有限公司", tel="0571-87654321"), row("2", "宁波乙电子有限公司", tel="0574-87654321"),
        row("3", "温州丙阀门制造厂", tel="0577-88654321"), row("4", "绍兴丁纺织有限公司", tel="0575-88888888"),
    )  # fmt: skip
    bench.put(
        "erp",
        row("1", "杭州甲机械有限公司", tel="0571-87654321", code=credit_code(1)),
        row("2", "宁波乙电子有限公司", tel="0574-87654321"), row("3", "丙阀门有限公司", tel="0577-87123456"),
    )  # fmt: skip
    bench.write("config/matching.yaml", MATCHING)
    bench.run("crm", "erp", "parties")
    return bench


def bridged(bench: Bench) -> None:
    """A wrong credit code and a shared telephone make one company of two: only that pair holds them together."""
    for key, name, tel in (("1", "杭州甲机械有限公司", "0571-87654321"), ("2", "宁波乙电子有限公司", "0574-87654321")):
        bench.put("erp", row(key, name, tel=f"{tel}; 13800138000", code=credit_code(1), at="2026-02-02 08:00:00"))
    bench.run("erp", "parties")


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Type:
    """Type a command on a bench, hear what it says; the exit status must be the expected one."""

    def typed(bench: Bench, *words: str, status: int = 0) -> Said:
        said = hear(bench.root, capsys, *words)
        assert said.status == status, said
        return said

    return typed


def canonical(bench: Bench) -> dict[str, Any]:
    """Everything that other systems and stewards see, without the numbers that only count; an id that was issued and
    given up in between leads to its heir and is no record."""
    with bench.hub() as hub, hub.store.read() as conn:
        names = {r.id: f"{r.system}.{r.stream}/{r.key}" for r in landing.scan_all(conn)}
        heads = golden.scan(conn, "party")
        members = crosswalk.members(conn, [head.id for head in heads])
        return {
            "golden": {
                head.id: (head.values, head.lineage, sorted(names[r] for r in members.get(head.id, ())))
                for head in heads
            },
            "questions": sorted((one.kind, one.subject) for one in task.list_tasks(conn)),
            "assertions": decision.active_assertions(conn),
        }


def homes(bench: Bench, *sources: str) -> list[str]:
    """The golden ids of these records, as people see them."""
    found = []
    with bench.hub() as hub, hub.store.read() as conn:
        for source in sources:
            name, _, key = source.partition("/")
            system, _, stream = name.partition(".")
            found.append(write_id("party", crosswalk.resolve_keys(conn, system, stream, [key])[key]))
    return found


def asked(say: Type, bench: Bench, kind: str) -> int:
    """The number of the one open question of this kind."""
    (found,) = [one for one in json.loads(say(bench, "tasks", "--json").out) if one["kind"] == kind]
    return int(found["id"])


def bridge(say: Type, bench: Bench) -> int:
    """The number of the question about the pair of the ERP."""
    found = json.loads(say(bench, "tasks", "--json").out)
    (number,) = [one["id"] for one in found if {item["key"] for item in one["payload"]["labels"]} == {"1", "2"}]
    return int(number)


def decided(said: Said) -> str:
    """The number of the decision, taken from the sentence that says how to take it back."""
    assert "take it back with: goldbridge golden undo " in said.out
    return said.out.split()[-1]


@pytest.mark.parametrize("survivor", [None, YI], ids=["the older id", "the id that was chosen"])
def test_e27_the_undo_of_a_merge_returns_everything(town: Bench, say: Type, survivor: str | None) -> None:
    """Guard: mdm.identity:assign"""
    before = canonical(town)
    shown = say(town, "golden", "show", YI).out
    jia, yi = homes(town, JIA, YI)
    chosen = ["--survivor", survivor] if survivor else []
    made = decided(say(town, "golden", "merge", JIA, YI, *chosen, "-m", "renamed"))
    merged = homes(town, JIA, YI)
    assert len(set(merged)) == 1
    assert merged[0] in (jia, yi)
    assert not survivor or merged[0] == yi
    (gone,) = {jia, yi} - set(merged)
    assert f"{merged[0]}  party, active" in say(town, "golden", "show", gone).out  # who looks is led on
    assert say(town, "golden", "verify").out == "every invariant holds\n"
    town.run("parties")
    assert homes(town, JIA, YI) == merged  # it binds the next run

    say(town, "golden", "undo", made)
    assert canonical(town) == before
    version = re.compile(r", version \d+")
    assert version.sub("", say(town, "golden", "show", YI).out) == version.sub("", shown)
    town.run("parties")
    assert canonical(town) == before


def test_e27_the_undo_of_a_split_returns_everything(town: Bench, say: Type) -> None:
    """Guard: mdm.identity:assign"""
    before = canonical(town)
    made = decided(say(town, "golden", "split", JIA, "erp.partner/1", "-m", "another plant"))
    assert len(set(homes(town, JIA, "erp.partner/1"))) == 2
    town.run("parties")
    assert len(set(homes(town, JIA, "erp.partner/1"))) == 2
    assert say(town, "golden", "verify").out == "every invariant holds\n"
    say(town, "golden", "undo", made)
    assert canonical(town) == before


@pytest.mark.parametrize(("judgement", "golden_records"), [("same", 1), ("different", 2)])
def test_an_answer_binds_and_its_undo_opens_the_same_question(
    town: Bench, say: Type, judgement: str, golden_records: int
) -> None:
    before = canonical(town)
    number = asked(say, town, "match")
    assert "温州丙阀门制造厂" in say(town, "tasks", str(number)).out
    made = decided(say(town, "tasks", str(number), judgement, "-m", "I asked them"))
    assert len(set(homes(town, *PAIR))) == golden_records
    assert say(town, "tasks").out == "nothing waits for a steward\n"
    # New data about them: the answer holds, and nobody is asked again.
    town.put("erp", row("3", "丙阀门有限公司", tel="0577-87123457", at="2026-02-03 08:00:00"))
    town.run("erp", "parties")
    assert len(set(homes(town, *PAIR))) == golden_records
    assert say(town, "tasks").out == "nothing waits for a steward\n"
    town.put("erp", row("3", "丙阀门有限公司", tel="0577-87123456", at="2026-02-04 08:00:00"))
    town.run("erp", "parties")

    say(town, "golden", "undo", made)
    assert asked(say, town, "match") == number
    memberships = {id: record[-1] for id, record in before["golden"].items()}
    assert {id: record[-1] for id, record in canonical(town)["golden"].items()} == memberships


def test_unsure_closes_the_question_and_binds_nothing(sqlite_town: Bench, say: Type) -> None:
    before = canonical(sqlite_town)
    number = asked(say, sqlite_town, "match")
    assert say(sqlite_town, "tasks", str(number), "unsure").out == "closed without a decision\n"
    assert canonical(sqlite_town) == {**before, "questions": []}
    # The same evidence asks nobody again, another does.
    sqlite_town.put("crm", row("3", "温州丙阀门制造厂", tel="0577-88654321", address="温州市鹿城区示例路1号",
                               at="2026-02-03 08:00:00"))  # fmt: skip
    sqlite_town.run("crm", "parties")
    assert canonical(sqlite_town)["questions"] == []
    sqlite_town.put("erp", row("3", "丙阀门有限公司", at="2026-02-03 08:00:00"))
    sqlite_town.run("erp", "parties")
    assert asked(say, sqlite_town, "match") > number


def test_e41_the_second_answer_to_a_question_is_refused(sqlite_town: Bench, say: Type) -> None:
    """Guard: goldbridge.state.task:resolve"""
    number = str(asked(say, sqlite_town, "match"))
    made = decided(say(sqlite_town, "tasks", number, "same"))
    after = canonical(sqlite_town)
    for judgement in ("different", "same", "unsure"):
        said = say(sqlite_town, "tasks", number, judgement, status=1)
        assert said.error == (f"STA033 task {number} is closed already: done with 'same' (decision {made}); look again")
    assert canonical(sqlite_town) == after


def test_a_weak_cluster_that_is_two_companies_parts_along_its_weak_pair(town: Bench, say: Type) -> None:
    bridged(town)
    four = (JIA, "erp.partner/1", YI, "erp.partner/2")
    assert len(set(homes(town, *four))) == 1
    before = canonical(town)
    number = bridge(say, town)
    line = next(line for line in say(town, "tasks").out.splitlines() if line.split()[0] == str(number))
    assert "4 records hang together by this pair alone: " in line
    assert "杭州甲机械有限公司 (erp.partner/1)" in line
    assert "宁波乙电子有限公司 (erp.partner/2)" in line
    made = decided(say(town, "tasks", str(number), "different"))
    jia, jia_too, yi, yi_too = homes(town, *four)
    assert jia == jia_too != yi == yi_too
    assert say(town, "golden", "verify").out == "every invariant holds\n"
    say(town, "golden", "undo", made)
    assert canonical(town) == before
    assert bridge(say, town) == number


def test_a_weak_cluster_that_is_one_company_is_not_asked_about_again(sqlite_town: Bench, say: Type) -> None:
    bridged(sqlite_town)
    before = canonical(sqlite_town)
    number = bridge(say, sqlite_town)
    made = decided(say(sqlite_town, "tasks", str(number), "same"))
    others = canonical(sqlite_town)["questions"]
    assert len(others) == len(before["questions"]) - 1
    sqlite_town.put("crm", row("1", "杭州甲机械有限公司", tel="0571-87654321", address="杭州市余杭区示例路1号",
                               at="2026-02-03 08:00:00"))  # fmt: skip
    sqlite_town.run("crm", "parties")
    assert canonical(sqlite_town)["questions"] == others
    say(sqlite_town, "golden", "undo", made)
    assert bridge(say, sqlite_town) == number


def test_mdm011_who_decides_on_an_id_that_was_merged_away_is_refused(sqlite_town: Bench, say: Type) -> None:
    jia, yi, ding = homes(sqlite_town, JIA, YI, "crm.account/4")
    say(sqlite_town, "golden", "merge", jia, yi)
    (stays,) = set(homes(sqlite_town, JIA))
    (gone,) = {jia, yi} - {stays}
    after = canonical(sqlite_town)
    for words in (("merge", gone, ding), ("split", gone, "crm.account/2")):
        assert say(sqlite_town, "golden", *words, status=1).error == (
            f"MDM011 golden record {gone} is redirected to {stays}; "
            "look at that with `goldbridge golden show`, then decide"
        )
    assert canonical(sqlite_town) == after


def test_mdm011_a_golden_record_without_living_records_cannot_be_merged(sqlite_town: Bench, say: Type) -> None:
    (ding,) = homes(sqlite_town, "crm.account/4")
    sqlite_town.put("crm", row("4", "绍兴丁纺织有限公司", gone="1", at="2026-02-02 08:00:00"))
    sqlite_town.run("crm", "parties")
    assert say(sqlite_town, "golden", "merge", ding, JIA, status=1).error == (
        f"MDM011 golden record {ding} is retired: none of its records lives, so there is nothing to change"
    )


def test_mdm012_a_merge_of_one_with_itself(sqlite_town: Bench, say: Type) -> None:
    assert say(sqlite_town, "golden", "merge", JIA, "erp.partner/1", status=1).error == (
        "MDM012 a merge needs two different golden records or more; those named are one"
    )


def test_mdm017_only_one_of_those_merged_survives(sqlite_town: Bench, say: Type) -> None:
    before = canonical(sqlite_town)
    jia, yi, ding = homes(sqlite_town, JIA, YI, "crm.account/4")
    assert say(sqlite_town, "golden", "merge", jia, yi, "--survivor", ding, status=1).error == (
        f"MDM017 {ding} cannot survive: it is none of those to merge ({jia}, {yi})"
    )
    assert canonical(sqlite_town) == before


@pytest.mark.parametrize("way", ["an answer", "a split"])
def test_mdm018_an_earlier_decision_against_a_merge_is_named(sqlite_town: Bench, say: Type, way: str) -> None:
    if way == "an answer":
        number = str(asked(say, sqlite_town, "match"))
        made, pair = decided(say(sqlite_town, "tasks", number, "different")), PAIR
    else:
        made, pair = decided(say(sqlite_town, "golden", "split", JIA, "erp.partner/1")), (JIA, "erp.partner/1")
    after = canonical(sqlite_town)
    assert say(sqlite_town, "golden", "merge", *pair, status=1).error == (
        f"MDM018 decision {made} says that {pair[0]} and {pair[1]} are different; "
        f"take it back first: goldbridge golden undo {made}"
    )
    assert canonical(sqlite_town) == after
    say(sqlite_town, "golden", "undo", made)
    if way == "an answer":
        say(sqlite_town, "golden", "merge", *pair)
    assert len(set(homes(sqlite_town, *pair))) == 1


@pytest.mark.parametrize(
    ("leaving", "what"),
    [
        ((JIA, "erp.partner/1"), "must leave a record on each side"),
        ((YI,), "names a record that is not in it"),
    ],
    ids=["all", "a stranger"],
)
def test_mdm013_a_split_that_leaves_nothing(sqlite_town: Bench, say: Type, leaving: tuple[str, ...], what: str) -> None:
    (jia,) = homes(sqlite_town, JIA)
    assert say(sqlite_town, "golden", "split", jia, *leaving, status=1).error == (
        f"MDM013 the split of {jia} {what}; `goldbridge golden show {jia}` lists its records"
    )


def test_mdm015_what_was_taken_back_is_not_taken_back_again(sqlite_town: Bench, say: Type) -> None:
    made = decided(say(sqlite_town, "golden", "merge", JIA, YI))
    back = decided(say(sqlite_town, "golden", "undo", made))
    assert say(sqlite_town, "golden", "undo", made, status=1).error == (
        f"MDM015 decision {made} cannot be undone: decision {back} took it back already"
    )
    assert say(sqlite_town, "golden", "undo", back, status=1).error == (
        f"MDM015 decision {back} cannot be undone: it took another one back; decide anew instead"
    )


def test_e28_mdm016_decisions_that_build_on_one_are_taken_back_first(sqlite_town: Bench, say: Type) -> None:
    """Guard: mdm.steward.undoing:not_built_on"""
    before = canonical(sqlite_town)
    first = decided(say(sqlite_town, "golden", "merge", JIA, YI))
    second = decided(say(sqlite_town, "golden", "merge", JIA, "crm.account/4"))
    assert say(sqlite_town, "golden", "undo", first, status=1).error == (
        f"MDM016 decision {first} cannot be undone before the later ones that build on it: {second}; "
        f"take all of them back with: goldbridge golden undo {first} --stack"
    )
    say(sqlite_town, "golden", "undo", second)
    say(sqlite_town, "golden", "undo", first)
    assert canonical(sqlite_town) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("golden", "undo", "99"), "DECISION: there is no decision 99"),
        (("tasks", "99", "same"), "TASK: there is no task 99"),
        (("tasks", "1", "maybe"), "ANSWER: answer same, different or unsure"),
        (("golden", "show", "party-1"), "ID: 'party-1' is not a golden id; it looks like party-3k9m2x7q0b1c4"),
        (("golden", "split", JIA, "crm.account/99"), "RECORD: there is no record 'crm.account/99'"),
        (("golden", "merge", JIA, "party-3k9m2x7q0b1c4"), "ID: there is no golden record for 'party-3k9m2x7q0b1c4'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_of_the_steward(sqlite_town: Bench, say: Type, words: tuple[str, ...], message: str) -> None:
    assert message in say(sqlite_town, *words, status=2).errors[-1]


def test_programs_read_what_was_asked_and_decided(sqlite_town: Bench, say: Type) -> None:
    number = asked(say, sqlite_town, "match")
    shown = json.loads(say(sqlite_town, "tasks", str(number), "--json").out)
    assert {f"{one['source']}/{one['key']}" for one in shown["records"]} == set(PAIR)
    assert json.loads(say(sqlite_town, "tasks", str(number), "unsure", "--json").out) == {}
    made = json.loads(say(sqlite_town, "golden", "merge", JIA, YI, "--json").out)
    assert (made["moved"] > 0, made["versions"]) == (True, 2)
    shown = json.loads(say(sqlite_town, "golden", "show", YI, "--json").out)
    assert (shown["id"], len(shown["records"])) == (homes(sqlite_town, JIA)[0], 4)
    assert json.loads(say(sqlite_town, "golden", "undo", str(made["decision"]), "--json").out)["versions"] == 2
    assert json.loads(say(sqlite_town, "golden", "verify", "--json").out) == []
