"""The pretend GLEIF over real HTTP, asked by an independent client library with strict models."""

import pytest

from goldbridge.simulators.gleif import Gleif, holders, lei_of
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.world import World
from tests.clients.environment import run

SCRIPT = """
import json, sys
from pygleif.v2.base import Transport
from pygleif.v2 import client as module
from pygleif.v2.error import PyGLEIFNotFoundError

Client = next(kind for kind in vars(module).values() if isinstance(kind, type) and hasattr(kind, "fuzzy_completions"))
client = Client(Transport(base_url=sys.argv[1] + "/api/v1"))
lei, child, name = sys.argv[2:5]
page = client.search(filters={"entity.legalAddress.country": "CN"}, sort="registration.lastUpdateDate", page_size=50)
try:
    client.get_lei_record("549300AAAAAAAAAAAA00")
    missing = False
except PyGLEIFNotFoundError:
    missing = True
print(json.dumps({
    "name": client.get_lei_record(lei).data.attributes.entity.legal_name.name,
    "rows": len(page.data),
    "total": page.meta.pagination.total,
    "parent": client.direct_parent(child).data.id,
    "names": [each.attributes.value for each in client.fuzzy_completions(name, field="entity.legalName").data],
    "exception": client.direct_parent_reporting_exception(lei).data.attributes.lei,
    "missing": missing,
}))
"""


@pytest.mark.client
def test_a_client_with_strict_models_reads_records_pages_parents_and_completions() -> None:
    world = World(300, 7)
    known = [company for company in world.companies if company.id in holders(world.companies)]
    abroad = next(company for company in known if company.country not in ("CN", "HK"))
    child = next(company for company in known if company.group)
    with Loopback(Gleif(world).app) as url:
        found = run(("pygleif==2026.7.1",), SCRIPT, url, lei_of(abroad), lei_of(child), abroad.name)
    chinese = sum(company.country == "CN" for company in known)
    assert found["name"] == abroad.name
    assert (found["rows"], found["total"]) == (min(50, chinese), chinese)
    assert found["parent"] == lei_of(world.by_id[child.group])
    assert found["names"][0] == abroad.name
    assert found["exception"] == lei_of(abroad)
    assert found["missing"]
