"""BaiduMaps: a pretend map over one world."""

from __future__ import annotations

from typing import ClassVar

from connectors.baidu_maps import BaiduMaps
from goldbridge.simulators.baidu_maps import AK
from goldbridge.simulators.baidu_maps import BaiduMaps as MapService
from tests.conformance.peers.amap import world
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend


class BaiduMapsPeer(Pretend):
    kind = BaiduMaps
    read_faults = ALL_READ_FAULTS
    secrets = (AK,)
    settings: ClassVar = {"ak": AK}
    question = (
        "geocode",
        {"address": "浙江省杭州市余杭区文一西路969号", "city": ""},
        {"address": "绝无此地", "city": ""},
    )

    def make(self) -> MapService:
        return MapService(world(), **self.sim_options)
