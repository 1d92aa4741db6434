"""One question is paid for once, until its answer is too old."""

from __future__ import annotations

from goldbridge.state import cache
from goldbridge.state.cache import CachedAnswer
from goldbridge.state.engine import Store


def answer(found: bool = True, at: str = "2026-03-01", **terms: str) -> CachedAnswer:
    return CachedAnswer(terms, found, "geocode", "k", {"point": "1,2"}, "" if found else "nothing there", at)


def test_answers_come_back_by_their_terms(store: Store) -> None:
    known, unknown = answer(address="a", city="x"), answer(False, address="b")
    with store.begin() as conn:
        cache.save(conn, "map", "geocode", [known, unknown])
        cache.save(conn, "map", "geocode", [])
        asked = [{"city": "x", "address": "a"}, {"address": "b"}, {"address": "c"}]
        found = cache.load(conn, "map", "geocode", asked)
        assert found == {cache.terms_hash(asked[0]): known, cache.terms_hash(asked[1]): unknown}
        assert cache.load(conn, "map", "reverse", asked) == {}
        assert cache.load(conn, "map", "geocode", []) == {}


def test_a_newer_answer_replaces_an_older_and_old_ones_do_not_count(store: Store) -> None:
    with store.begin() as conn:
        cache.save(conn, "map", "geocode", [answer(False, at="2026-01-01", address="a")])
        assert cache.load(conn, "map", "geocode", [{"address": "a"}], not_before="2026-02-01") == {}
        cache.save(conn, "map", "geocode", [answer(at="2026-02-02", address="a")])
        (found,) = cache.load(conn, "map", "geocode", [{"address": "a"}], not_before="2026-02-01").values()
        assert found.found
        assert cache.prune(conn, "2026-02-02") == 0
        assert cache.prune(conn, "2026-02-03") == 1
