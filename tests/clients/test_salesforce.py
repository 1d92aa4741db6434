"""The pretend Salesforce org over real HTTP, driven by an independent client library.

The library speaks https only, so its session gets an adapter that takes every call to loopback.
"""

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.salesforce import Salesforce
from tests.clients.environment import run

SCRIPT = """
import json, sys
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceMalformedRequest
from simple_salesforce.exceptions import SalesforceMoreThanOneRecord

class Loop(HTTPAdapter):
    def send(self, request, **options):
        parts = urlsplit(request.url)
        request.url = sys.argv[1] + parts.path + ("?" + parts.query if parts.query else "")
        return super().send(request, **options)

def session():
    made = requests.Session()
    made.mount("https://", Loop())
    return made

def connect(secret):
    return Salesforce(consumer_key="sf-sandbox-consumer-key", consumer_secret=secret, domain="gb.my", version="59.0",
                      session=session())

found = {}
org = connect("sf-sandbox-consumer-secret")
rows = list(org.query_all_iter("SELECT Id,Name,Golden_Id__c,SystemModstamp FROM Account ORDER BY SystemModstamp, Id"))
found["names"] = [row["Name"] for row in rows]
found["created"] = org.Account.upsert("Golden_Id__c/G-77", {"Name": "客户端"})
found["updated"] = org.Account.upsert("Golden_Id__c/G-77", {"Phone": "0571"})
found["phone"] = org.query("SELECT Phone FROM Account WHERE Golden_Id__c = 'G-77'")["records"][0]["Phone"]
found["fields"] = len(org.Account.describe()["fields"])
org.Account.delete(rows[1]["Id"])
now = datetime.now(timezone.utc)
gone = org.Account.deleted(now - timedelta(hours=1), now + timedelta(minutes=2))
found["deleted"] = [each["id"] for each in gone["deletedRecords"]] == [rows[1]["Id"]]
parts = org.bulk2.Account.query("SELECT Id,Name FROM Account", max_records=2)
found["bulk"] = sum(part.count("\\n") - 1 for part in parts)
try:
    org.query("SELECT Nothing FROM Account")
except SalesforceMalformedRequest as error:
    found["refused"] = error.content[0]["errorCode"]
try:
    org.Account.upsert("Golden_Id__c/G-0", {"Phone": "1"})
except SalesforceMoreThanOneRecord:
    found["twins"] = True
try:
    connect("wrong")
except SalesforceAuthenticationFailed as error:
    found["login"] = str(error)
print(json.dumps(found))
"""


@pytest.mark.client
def test_a_client_logs_in_reads_upserts_deletes_and_runs_a_job() -> None:
    rows = [{"Name": f"示例{number}号", "Golden_Id__c": f"G-{number}"} for number in range(5)]
    sim = Salesforce({"Account": rows}, page_rows=2, polls=0, log_lag_s=0)
    sim.org.copy("Account", sim.rows("Account")[0]["Id"])
    with Loopback(sim.app) as url:
        found = run(("simple-salesforce==1.12.10",), SCRIPT, url)
    assert sorted(found["names"]) == ["示例0号", *(f"示例{number}号" for number in range(5))]
    assert (found["created"], found["updated"], found["phone"]) == (201, 200, "0571")
    assert found["fields"] > 20
    assert (found["deleted"], found["bulk"], found["twins"]) == (True, 6, True)
    assert found["refused"] == "INVALID_FIELD"
    assert "invalid_client" in found["login"]
