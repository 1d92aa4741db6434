"""A process that lands pages until it is killed: `python -m tests.state.landing_child URL`.

Each page is one transaction: fence, rows, versions, events, cursor. The number of a page is printed after its commit.
"""

from __future__ import annotations

import sys

from goldbridge.state import cursor
from goldbridge.state import run as runs
from goldbridge.state.engine import Store, open_store
from tests.state.samples import land

PAGES, ROWS = 400, 200


def rows(page: int) -> dict[str, dict[str, str]]:
    """What the pretend source has on one page."""
    return {f"C{page:04d}-{row:03d}": {"name": f"{page} {row}", "remark": "x" * 200} for row in range(ROWS)}


def work(store: Store, until: int = PAGES) -> None:
    """Carry on at the committed cursor, up to page `until`."""
    with store.begin() as conn:
        lease = runs.acquire(conn, "crm", holder="child", ttl_s=0)
        left = cursor.load(conn, "crm")
    for page in range(int(left.value) + 1 if left else 0, until):
        with store.begin() as conn:
            runs.check_fence(conn, lease)
            land(conn, rows(page))
            cursor.advance(conn, "crm", str(page), "", 1)
        print(page, flush=True)


if __name__ == "__main__":
    work(open_store(sys.argv[1]))
