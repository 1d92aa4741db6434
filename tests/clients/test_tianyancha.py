"""The pretend Tianyancha over real HTTP, asked by an independent client library."""

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.tianyancha import TOKEN, Tianyancha
from goldbridge.simulators.world import World
from tests.clients.environment import run

SCRIPT = """
import json, sys
from tianyancha import Tianyancha

client = Tianyancha(sys.argv[2])
client.base_url = sys.argv[1] + "/services/open/"
name = sys.argv[3]
stranger = Tianyancha("wrong")
stranger.base_url = client.base_url
print(json.dumps({
    "search": client.search(word=name),
    "face": client.ic_baseinfo_normal(keyword=name),
    "refused": stranger.search(word=name)["error_code"],
}))
"""


@pytest.mark.client
def test_a_client_searches_and_reads_a_company() -> None:
    world = World(30, 7)
    company = next(each for each in world.companies if each.credit_code and each.kind == "company")
    with Loopback(Tianyancha(world).app) as url:
        found = run(("tianyancha==0.2.1", "python-dotenv"), SCRIPT, url, TOKEN, company.name)
    first = found["search"]["result"]["items"][0]
    assert first["name"] == f"<em>{company.name}</em>"
    assert first["id"] == found["face"]["result"]["id"]
    assert found["face"]["result"]["creditCode"] == company.credit_code
    assert found["refused"] == 300009
