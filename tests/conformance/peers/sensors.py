"""Sensors Analytics: a pretend project that is written only, once by users and once by events."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.sensors import Sensors
from goldbridge.simulators.sensors import PROJECT, SECRET, TOKEN
from goldbridge.simulators.sensors import Sensors as Store
from tests.conformance.pretend import ALL_WRITE_FAULTS, Pretend


class SensorsPeer(Pretend):
    """Users are overwritten, and found again with the API secret."""

    kind = Sensors
    stream = "customer"
    write_faults = ALL_WRITE_FAULTS - {"expire"}
    cannot: ClassVar = {"expire": "the token of a project does not expire"}
    secrets = (TOKEN, SECRET)
    settings: ClassVar[dict[str, Any]] = {
        "project": PROJECT,
        "token": TOKEN,
        "api_secret": SECRET,
        "streams": {
            "customer": {"to": "profile", "numbers": ["capital"]},
            "payment": {"to": "event", "event": "PaymentReceived", "numbers": ["capital"]},
        },
    }
    write_path = "/sa"
    sim: Store

    def make(self) -> Store:
        return Store(**self.sim_options)

    def new(self, number: int, *, bad: bool = False) -> Write:
        return Write(
            "create", f"g{number}", {"company": f"新建{number}有限公司", "capital": "many" if bad else "1200.5"}
        )

    def rows_of(self, external_id: str) -> int:
        return sum(id == external_id for _, id in self.sim.project.profiles)


class SensorsEventPeer(SensorsPeer):
    """Events are appended and cannot be asked for: delivery is all that is promised."""

    kind = Sensors
    stream = "payment"

    def rows_of(self, external_id: str) -> int:
        return sum(event["distinct_id"] == external_id for event in self.sim.project.events)
