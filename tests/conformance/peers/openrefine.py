"""OpenRefine: a pretend reconciliation service that wants a key."""

from __future__ import annotations

from typing import ClassVar

from connectors.openrefine import OpenRefine
from goldbridge.simulators.openrefine import API_KEY
from goldbridge.simulators.openrefine import OpenRefine as Service
from tests.conformance.peers.amap import world
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend

_COMPANY = next(company for company in world().companies if "customer" in company.roles and company.credit_code)


class OpenRefinePeer(Pretend):
    kind = OpenRefine
    read_faults = ALL_READ_FAULTS
    secrets = (API_KEY,)
    settings: ClassVar = {
        "base_url": "http://127.0.0.1/reconcile",
        "api_key": API_KEY,
        "properties": {"credit_code": "uscc"},
    }
    question = (
        "entity",
        {"name": _COMPANY.name, "credit_code": _COMPANY.credit_code, "address": "", "city": ""},
        {"name": "绝无此名有限公司", "credit_code": "", "address": "", "city": ""},
    )

    def make(self) -> Service:
        return Service(world(), locked=True, **self.sim_options)
