"""F2, F3: a process killed at any moment leaves whole pages and a cursor that says which; the next one carries on."""

from __future__ import annotations

import random
import subprocess
import sys
import time

from sqlalchemy import func, select

from goldbridge.state import cursor, landing, outbox
from goldbridge.state.engine import Store, open_store
from goldbridge.state.tables import source_version
from tests.state import landing_child

KILLS = 3


def check(store: Store) -> int:
    """Nothing is missing, torn or doubled; returns the number of pages that are there."""
    with store.read() as conn:
        left = cursor.load(conn, "crm")
        pages = int(left.value) + 1 if left else 0
        expected = {key: row for page in range(pages) for key, row in landing_child.rows(page).items()}
        assert {one.key: one.raw for one in landing.scan_all(conn, raw=True)} == expected
        assert conn.execute(select(func.count()).select_from(source_version)).scalar_one() == len(expected)
        events = outbox.read(conn, limit=10**6)
        assert sorted(event.subject for event in events) == sorted(one.id for one in landing.scan_all(conn))
    return pages


def test_f2_f3_killed_pages_are_whole_or_absent(store_url: str) -> None:
    chance = random.Random(store_url[:6])
    done = 0
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.state.landing_child", store_url], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        told = done - 1
        for _ in range(chance.randint(1, 8)):
            told = int(child.stdout.readline())
        # Somewhere inside the transaction of the next page or the one after.
        deadline = time.perf_counter() + chance.uniform(0, 0.03)
        while time.perf_counter() < deadline:
            pass
        child.kill()
        child.communicate()
        store = open_store(store_url)
        pages = check(store)
        assert told < pages, "a page that was announced is there"
        assert pages > done
        done = pages
        store.close()
    store = open_store(store_url)
    landing_child.work(store, until=done + 2)
    assert check(store) == done + 2
    store.close()
