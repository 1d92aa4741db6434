"""Tianyancha: a pretend register over one world."""

from __future__ import annotations

from typing import ClassVar

from connectors.tianyancha import Tianyancha
from goldbridge.simulators.tianyancha import TOKEN
from goldbridge.simulators.tianyancha import Tianyancha as Register
from tests.conformance.peers.amap import world
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend

_NAME = next(company.name for company in world().companies if company.credit_code and company.kind == "company")


class TianyanchaPeer(Pretend):
    kind = Tianyancha
    read_faults = ALL_READ_FAULTS
    secrets = (TOKEN,)
    settings: ClassVar = {"token": TOKEN, "base_url": "http://127.0.0.1/services/open"}
    free_probe = False  # every question is billed
    question = ("company", {"keyword": _NAME}, {"keyword": "绝无此名有限公司"})

    def make(self) -> Register:
        return Register(world(), **self.sim_options)
