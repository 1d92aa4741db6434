"""TencentMaps: a pretend map over one world."""

from __future__ import annotations

from typing import ClassVar

from connectors.tencent_maps import TencentMaps
from goldbridge.simulators.tencent_maps import KEY
from goldbridge.simulators.tencent_maps import TencentMaps as MapService
from tests.conformance.peers.amap import world
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend


class TencentMapsPeer(Pretend):
    kind = TencentMaps
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
