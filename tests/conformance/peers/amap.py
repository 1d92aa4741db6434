"""Amap: a pretend map over one world."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from connectors.amap import Amap
from goldbridge.simulators.amap import KEY
from goldbridge.simulators.amap import Amap as MapService
from goldbridge.simulators.world import World
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend


@cache
def world() -> World:
    return World(customers=20, seed=7)


class AmapPeer(Pretend):
    kind = Amap
    read_faults = ALL_READ_FAULTS
    secrets = (KEY,)
    settings: ClassVar = {"key": KEY}
    question = (
        "geocode",
        {"address": "浙江省杭州市余杭区文一西路969号", "city": ""},
        {"address": "绝无此地", "city": ""},
    )

    def make(self) -> MapService:
        return MapService(world(), **self.sim_options)
