"""The pretend Amap over real HTTP, asked by an independent client library."""

import pytest

from goldbridge.simulators.amap import KEY, Amap
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.world import World
from tests.clients.environment import run

SCRIPT = """
import json, sys
from amap import Amap
from amap.exceptions import AmapAPIError

class Here(Amap):
    BASE_URL = sys.argv[1]

client, stranger = Here(sys.argv[2]), Here("wrong")
geocode = client.georegeo.geo("浙江省杭州市余杭区示例路1号", city="杭州")["geocodes"][0]
place = client.georegeo.regeo(tuple(map(float, geocode["location"].split(","))))["regeocode"]
try:
    stranger.georegeo.geo("杭州市")
    refused = ""
except AmapAPIError as error:
    refused = str(error)
print(json.dumps({"adcode": geocode["adcode"], "back": place["addressComponent"]["adcode"], "refused": refused}))
"""


@pytest.mark.client
def test_a_client_finds_an_address_its_place_and_the_refusal_of_a_wrong_key() -> None:
    with Loopback(Amap(World(30, 7)).app) as url:
        found = run(("amap-python-sdk==0.1.5",), SCRIPT, url, KEY)
    assert (found["adcode"], found["back"]) == ("330110", "330110")
    assert "INVALID_USER_KEY" in found["refused"]
