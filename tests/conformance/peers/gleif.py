"""GLEIF: a pretend register that publishes every eight hours; a selection is read, and its companies are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from connectors.gleif import Gleif
from goldbridge.simulators.gleif import Gleif as Register
from goldbridge.simulators.gleif import holders, lei_of
from goldbridge.simulators.gleif.record import iso, record
from goldbridge.simulators.world import Company
from tests.conformance.peers.amap import world
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend

_PUBLISHES_S = 28_800
_COMPANY = next(company for company in world().companies if company.id in holders(world().companies))
_CALLS_BEFORE = 3
"""A run asks for the publication, for the number of records, and for its first page; a fault hits the second."""


class GleifPeer(Pretend):
    kind = Gleif
    stream = "lei_record"
    read_faults = ALL_READ_FAULTS - {"expire", "poison"}
    cannot: ClassVar = {"expire": "there is no key", "poison": "its other side does not play it"}
    settings: ClassVar = {
        "base_url": "http://127.0.0.1/api/v1",
        "filters": {"entity.legalAddress.country": _COMPANY.country},
    }
    small_pages: ClassVar = {"page_size": 3, "overlap_s": 10}  # days would hide a position that runs ahead of its rows
    read_path = "/api/v1/lei-records"
    question = ("record", {"lei": lei_of(_COMPANY)}, {"lei": lei_of(replace(_COMPANY, id="nobody"))})
    sim: Register

    def make(self) -> Register:
        """A register with one company, updated just now: a tie gives rows the time of the oldest."""
        self.count = 0
        made = Register(world(), **self.sim_options)
        made.rows.clear()
        self._update(made, _COMPANY)
        return made

    def keys(self) -> list[str]:
        return list(self.sim.rows)

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self._update(self.sim, replace(_COMPANY, id=f"added {self.count}"))
        self.clock.advance(_PUBLISHES_S)

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        lasting = options.get("count", 1) is None
        super().fault(kind, write=write, skip=0 if lasting else _CALLS_BEFORE, **options)

    def edit(self, key: str) -> None:
        self.sim.rows[key]["attributes"]["registration"]["lastUpdateDate"] = iso(self.clock.now())

    def _update(self, register: Register, company: Company) -> None:
        register.rows[lei_of(company)] = row = record(company)
        row["attributes"]["registration"]["lastUpdateDate"] = iso(self.clock.now())
