"""Qichacha: a pretend register over one world."""

from __future__ import annotations

from typing import ClassVar

from connectors.qichacha import Qichacha
from goldbridge.simulators.qichacha import KEY, SECRET
from goldbridge.simulators.qichacha import Qichacha as Register
from tests.conformance.peers.amap import world
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend

_NAME = next(company.name for company in world().companies if company.country == "CN" and company.credit_code)


class QichachaPeer(Pretend):
    kind = Qichacha
    read_faults = ALL_READ_FAULTS
    secrets = (KEY, SECRET)
    settings: ClassVar = {"key": KEY, "secret": SECRET}
    free_probe = False  # every question is billed
    question = ("company", {"keyword": _NAME}, {"keyword": "绝无此名有限公司"})

    def make(self) -> Register:
        return Register(world(), **self.sim_options)
