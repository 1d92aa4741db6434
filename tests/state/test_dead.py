"""A record set aside keeps its reason, its place in the rules and its first time, once."""

from __future__ import annotations

from goldbridge.clock import FrozenClock
from goldbridge.errors import Mark, Reject, Retry
from goldbridge.state import dead
from goldbridge.state.dead import Letter
from goldbridge.state.engine import Store

FLOW = "crm"


def letter(key: str = "C1", message: str = "role: no lookup entry for '9'", **more: object) -> Letter:
    code = str(more.pop("code", "MAP050"))
    return Letter("legacy_crm", "account", key, "map", code, message, **more)  # type: ignore[arg-type]


def put(store: Store, *letters: Letter, flow: str = FLOW, run: int = 1) -> None:
    with store.begin() as conn:
        dead.put(conn, flow, letters, run)


def listed(store: Store, **which: object) -> list[dead.DeadLetter]:
    with store.read() as conn:
        return dead.list_letters(conn, **which)  # type: ignore[arg-type]


def test_a_letter_says_where_what_and_with_which_payload(store: Store) -> None:
    error = Reject("MAP050", "role: no lookup entry for '9'", field="role", mark=Mark("m/account.yaml", 9, 20))
    put(
        store,
        dead.letter(error, "legacy_crm", "account", "C1", "map", source={"type": "9\0\ud800"}, out={"role": None}),
    )
    (found,) = listed(store, payloads=True)
    assert (found.flow, found.system, found.stream, found.key, found.stage) == (
        FLOW,
        "legacy_crm",
        "account",
        "C1",
        "map",
    )
    assert (found.code, found.error_class, found.field, found.rule) == (
        "MAP050",
        "Reject",
        "role",
        Mark("m/account.yaml", 9, 20),
    )
    assert (found.payload_src, found.payload_out, found.attempts) == ({"type": "9\0\ud800"}, {"role": None}, 1)
    assert listed(store)[0].payload_src is None
    with store.read() as conn:
        assert dead.load(conn, [found.id]) == {found.id: found}
        assert dead.load(conn, []) == {}


def test_an_error_without_a_field_makes_a_letter_too() -> None:
    made = dead.letter(Retry("CON031", "slow"), "s", "t", "k", "write")
    assert (made.error_class, made.field, made.rule) == ("Retry", "", None)


def test_the_same_record_again_counts_up_and_keeps_its_first_time(store: Store, clock: FrozenClock) -> None:
    put(store, letter(), letter(message="twice in one page, the last reason counts"))
    clock.advance(60)
    put(store, letter(message="another reason"), run=2)
    (found,) = listed(store)
    assert (found.attempts, found.message, found.run) == (2, "another reason", 2)
    assert found.first_at < found.last_at


def test_what_applies_after_all_is_cleared(store: Store) -> None:
    put(store, letter("C1"), letter("C2"), letter("a\0b"))
    put(store, letter("C1"), flow="other")
    with store.begin() as conn:
        assert dead.clear(conn, FLOW, "legacy_crm", "account", ["C1", "a\0b", "C9"]) == 2
        assert dead.clear(conn, FLOW, "legacy_crm", "account", []) == 0
    assert [(one.flow, one.key) for one in listed(store)] == [(FLOW, "C2"), ("other", "C1")]


def test_f22_keys_no_column_can_hold_are_shown_as_escapes(store: Store) -> None:
    put(store, letter("a\0b"), letter("\ud800"), letter("x" * 900))
    assert [one.key for one in listed(store)] == ["a\\u0000b", "\\ud800", "x" * 500]


def test_rows_without_a_key_do_not_hide_each_other(store: Store) -> None:
    put(store, letter("", payload_src={"name": "a"}), letter("", payload_src={"name": "b"}))
    assert len(listed(store)) == 2


def test_f72_letters_with_one_cause_share_a_fingerprint(store: Store) -> None:
    put(
        store, *(letter(f"C{n}", f"role: no lookup entry for '{n}'") for n in range(3)), letter("D", "name is required")
    )
    with store.read() as conn:
        groups = dead.groups(conn)
        assert [(code, number) for _, code, _, number in groups] == [("MAP050", 3), ("MAP050", 1)]
        assert dead.groups(conn, "other") == []
        assert dead.count(conn) == {(FLOW, "MAP050"): 4}
        assert len(dead.list_letters(conn, fingerprint=groups[0][0])) == 3


def test_letters_are_listed_by_what_is_asked(store: Store) -> None:
    put(store, letter("C1"), Letter("erp", "partner", "P1", "read", "STA020", "no key"))
    first = listed(store)[0]
    assert [one.key for one in listed(store, system="erp")] == ["P1"]
    assert [one.key for one in listed(store, code="STA020", stream="partner", flow=FLOW)] == ["P1"]
    assert [one.key for one in listed(store, after=first.id)] == ["P1"]
    assert [one.key for one in listed(store, limit=1)] == ["C1"]


def test_secrets_are_not_kept_in_messages(store: Store) -> None:
    put(store, letter(message="GET http://u:pass1234@host/x failed"))
    assert "pass1234" not in listed(store)[0].message


def test_a_payload_is_shown_by_its_shape() -> None:
    payload = {"name": "上海示例", "role": "9", "tels": ["1", ""], "n": 5, "b": True, "x": None, "deep": {"role": "7"}}
    assert dead.redacted(payload, "role") == {
        "name": "text of 4",
        "role": "9",
        "tels": ["text of 1", "empty text"],
        "n": "number",
        "b": True,
        "x": None,
        "deep": {"role": "7"},
    }
    assert dead.redacted({"token": "access_token=abc123", "n": 5}, "token") == {
        "token": "access_token=[secret]",
        "n": "number",
    }
    assert dead.redacted({"n": 5}, "n") == {"n": 5}


def test_letters_are_found_by_their_place_and_by_their_record(store: Store) -> None:
    put(store, letter("C1"), letter("C2", code="MAP051"))
    put(store, letter("C1"), Letter("oa", "form", "C1", "write", "CON050", "no"), flow="other")
    first, second, third, fourth = [one.id for one in listed(store)]
    with store.read() as conn:
        assert dead.places(conn) == {
            (FLOW, "legacy_crm", "account"): [first, second],
            ("other", "legacy_crm", "account"): [third],
            ("other", "oa", "form"): [fourth],
        }
        assert dead.places(conn, flow=FLOW, code="MAP051") == {(FLOW, "legacy_crm", "account"): [second]}
        assert dead.places(conn, ids=[third, 99]) == {("other", "legacy_crm", "account"): [third]}
        assert [one.id for one in dead.about(conn, "legacy_crm", "account", "C1")] == [first, third]
        assert dead.flows(conn) == [FLOW, "other"]
        assert (dead.streams(conn, "oa", "C1"), dead.streams(conn, "oa", "C2")) == (["form"], [])
    with store.begin() as conn:
        assert dead.drop(conn, [first, fourth]) == 2
    assert [one.id for one in listed(store)] == [second, third]


def test_what_could_not_be_read_goes_when_a_later_run_read_it(store: Store) -> None:
    mine = [Letter("s", "t", key, "read", "CON087", "no") for key in ("a", "b", "c\0")]
    put(store, *mine, letter("C1"), run=3)
    with store.begin() as conn:
        assert dead.unread(conn, FLOW, "s", "t") == {"a", "b", "c\\u0000"}
        assert dead.outlive(conn, FLOW, "s", "t", 3) == 0  # they were met in this very run
        assert dead.outlive(conn, FLOW, "s", "t", 4, ["b", "c\0"]) == 2
        assert dead.outlive(conn, FLOW, "s", "t", 4) == 1
    assert [one.key for one in listed(store)] == ["C1"]
