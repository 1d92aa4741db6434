"""Reads all customers: a person once, with every member who follows it.

The pages of many members come with a cursor that nobody promises to stand still, and a customer comes once per member.
So they are put together first, and then each member's own list, which is one answer, says whether one was left out; it
is fetched by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from connectors.base import PROVEN, Completeness, Page, Pages, RawRow
from connectors.wecom.client import WecomClient
from goldbridge.errors import Halt, Reject

_MEMBERS = 100


class Customers:
    """One reading; holds what was met until all members are through."""

    def __init__(self, client: WecomClient, members: Sequence[str], *, page_size: int, threads: int) -> None:
        self._client, self._members = client, list(dict.fromkeys(members))
        self._asked = frozenset(self._members)
        self._page_size, self._threads = page_size, threads
        self._contacts: dict[str, RawRow] = {}
        self._follows: dict[str, dict[str, RawRow]] = {}
        self._unlicensed: set[str] = set()

    def read(self) -> Pages:
        for start in range(0, len(self._members), _MEMBERS):
            self._walk(self._members[start : start + _MEMBERS])
        rejects, unlisted = self._complete()
        keys = sorted(self._contacts)
        for start in range(0, len(keys), self._page_size):
            yield Page([self._row(key) for key in keys[start : start + self._page_size]])
        if rejects:
            yield Page([], rejects=rejects)
        doubts = []
        if self._unlicensed:
            doubts.append(f"{len(self._unlicensed)} members have no licence, so their customers are not told")
        if unlisted:
            doubts.append(f"the customers of {unlisted} members could not be listed")
        if rejects:
            doubts.append(f"{len(rejects)} customers could not be read")
        return Completeness(False, "; ".join(doubts)) if doubts else PROVEN

    def _row(self, key: str) -> RawRow:
        followers = self._follows[key]
        return {**self._contacts[key], "follow": [followers[member] for member in sorted(followers)]}

    def _walk(self, members: Sequence[str]) -> None:
        cursor, cursors = "", {""}
        while True:
            rows, unlicensed, cursor = self._client.batch(members, cursor)
            self._unlicensed.update(unlicensed)
            for row in rows:
                self._keep(row["external_contact"], [row["follow_info"]])
            if not cursor:
                return
            if cursor in cursors:
                raise Halt("CON267", f"{self._client.http.system} customer: paging loop: the pages do not go on")
            cursors.add(cursor)

    def _keep(self, contact: RawRow, followers: Sequence[RawRow]) -> None:
        key = str(contact["external_userid"])
        self._contacts[key] = contact
        met = self._follows.setdefault(key, {})
        for each in followers:
            if (member := str(each.get("userid"))) in self._asked:
                met[member] = each

    def _complete(self) -> tuple[list[tuple[str, Reject]], int]:
        """Fetch what the pages left out; returns what could not be had, and how many members could not be asked."""
        members = [member for member in self._members if member not in self._unlicensed]
        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            lists = list(pool.map(self._listed, members))
        missing = sorted(
            {
                key
                for member, keys in zip(members, lists, strict=True)
                for key in keys or ()
                if member not in self._follows.get(key, {})
            }
        )
        rejects = []
        for key in missing:
            try:
                self._keep(*self._client.customer(key))
            except Reject as error:
                rejects.append((key, error))
        return rejects, sum(keys is None for keys in lists)

    def _listed(self, member: str) -> list[str] | None:
        try:
            return self._client.customers_of(member)
        except Reject:
            return None
