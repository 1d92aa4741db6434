"""pyodata, a client of SAP's own make, gets along with the pretend S/4HANA."""

from __future__ import annotations

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.sap import ROOT, Sap
from tests.clients.environment import run

pytestmark = pytest.mark.client
PYODATA = ("pyodata==1.12.1", "requests==2.32.5")
SCRIPT = """
import json, sys
import requests, pyodata

url = sys.argv[1]
session = requests.Session()
session.trust_env = False
session.auth = ("sap-sandbox", "sap-sandbox-password")
client = pyodata.Client(url, session)
sets = client.entity_sets.A_BusinessPartner
found = {"count": sets.get_entities().count().execute()}

# requests writes spaces as +, which the system reads as a plus: no error, no rows
spaces = sets.get_entities().count(inline=True).filter("BusinessPartnerCategory eq '2'")
found["plus"] = spaces.execute().total_count
request = sets.get_entities().count(inline=True)
page, keys, total = request.execute(), [], None
while True:
    total = page.total_count if total is None else total
    keys += [one.BusinessPartner for one in page]
    if page.next_url is None:
        break
    page = sets.get_entities().next_url(page.next_url).execute()
found |= {"total": total, "keys": keys}

def attempt(work):
    try:
        work()
        return "done"
    except pyodata.exceptions.HttpError as error:
        return error.response.status_code

one = sets.get_entity("1003").execute()
found["etag"] = one.etag
found["date"] = one.CreationDate.isoformat()
found["without token"] = attempt(sets.update_entity("1003").set(Industry="1").execute)
token = session.get(url, headers={"X-CSRF-Token": "Fetch", "Accept": "application/json"}).headers["x-csrf-token"]
session.headers["X-CSRF-Token"] = token
found["without match"] = attempt(sets.update_entity("1003").set(Industry="1").execute)
update = sets.update_entity("1003").set(Industry="1")
update.add_headers({"If-Match": one.etag})
found["update"] = attempt(update.execute)
stale = sets.update_entity("1003").set(Industry="2")
stale.add_headers({"If-Match": one.etag})
found["stale"] = attempt(stale.execute)
created = sets.create_entity().set(
    BusinessPartnerCategory="2",
    OrganizationBPName1="新建有限公司",
    to_BusinessPartnerAddress=[{"AddressID": "1", "CityName": "无锡"}],
).execute()
found["created"] = created.BusinessPartner

batch = client.create_batch()
batch.add_request(sets.get_entity("1001"))
changes = client.create_changeset()
forced = sets.update_entity("1001").set(Industry="7")
forced.add_headers({"If-Match": "*"})
changes.add_request(forced)
batch.add_request(changes)
answers = batch.execute()
found["batch"] = [answers[0].BusinessPartner, len(answers)]
print(json.dumps(found))
"""


def test_pyodata_reads_pages_and_writes_with_token_and_etag() -> None:
    rows = [
        {"BusinessPartner": str(n), "BusinessPartnerCategory": "2", "CreationDate": "2026-01-05"}
        for n in range(1001, 1026)
    ]
    sim = Sap({"A_BusinessPartner": rows}, host="", page_cap=10)
    with Loopback(sim.app) as url:
        found = run(PYODATA, SCRIPT, f"{url}{ROOT}/API_BUSINESS_PARTNER/")
    assert found == {
        "count": 25,
        "plus": 0,
        "total": 25,
        "keys": [str(n) for n in range(1001, 1026)],
        "etag": "W/\"'00000000000001'\"",
        "date": "2026-01-05T00:00:00+00:00",
        "without token": 403,
        "without match": 428,
        "update": "done",
        "stale": 412,
        "created": "4000000",
        "batch": ["1001", 2],
    }
    assert [row["Industry"] for row in sim.rows("A_BusinessPartner")[:3]] == ["7", None, "1"]
    assert sim.rows("A_BusinessPartnerAddress")[0]["CityName"] == "无锡"
