"""The pretend Salesforce org over real HTTP, driven by independent client libraries of two languages.

simple-salesforce speaks https only, so its session gets an adapter that takes every call to loopback; jsforce takes
any address. A Singer tap, which others run against the real thing, reads the org as well.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.salesforce import Salesforce
from tests.clients.environment import run, run_node

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

JSFORCE = """
const { Connection } = require("@jsforce/jsforce-node");
const url = process.argv[1];
const connect = (secret) => new Connection({
  version: "59.0", loginUrl: url, oauth2: { clientId: "sf-sandbox-consumer-key", clientSecret: secret, loginUrl: url },
});
const refusal = async (ask) => {
  try { await ask(); } catch (error) { return error.errorCode || error.name; }
};
(async () => {
  const found = {}, org = connect("sf-sandbox-consumer-secret");
  await org.authorize({ grant_type: "client_credentials" });
  const account = org.sobject("Account");
  const ask = "SELECT Id, Name FROM Account ORDER BY Name";
  const rows = await org.query(ask).execute({ autoFetch: true, maxFetch: 100 });
  found.names = rows.records.map((row) => row.Name);
  found.objects = (await org.describeGlobal()).sobjects.map((each) => each.name).includes("Account");
  found.fields = (await account.describe()).fields.length;
  const typed = await account.create({ Name: "手工" });
  found.typed = [typed.success, (await account.retrieve(typed.id)).attributes];
  found.id = typed.id;
  found.upserts = [];
  for (const values of [{ Name: "客户端" }, { Phone: "0571" }]) {
    found.upserts.push((await account.upsert({ ...values, Golden_Id__c: "G-77" }, "Golden_Id__c")).created);
  }
  const records = [{ Name: "成批", Golden_Id__c: "G-78" }, { Phone: "1", Golden_Id__c: "G-79" }];
  const many = await account.upsert(records, "Golden_Id__c");
  found.many = many.map((each) => [each.success, each.errors.map((error) => error.errorCode)]);
  const changed = await account.update([{ Id: typed.id, Phone: "2" }, { Id: "001000000000000AAA", Phone: "3" }]);
  found.changed = changed.map((each) => each.success);
  found.phone = (await account.retrieve(typed.id)).Phone;
  await account.destroy(typed.id);
  const hour = 3600000, at = (shift) => new Date(Date.now() + shift).toISOString();
  found.deleted = (await account.deleted(at(-hour), at(hour / 30))).deletedRecords.map((each) => each.id);
  const gone = await org.query("SELECT Id FROM Account WHERE IsDeleted = true", { scanAll: true });
  found.gone = gone.records.map((each) => each.Id);
  const job = await org.bulk2.query("SELECT Id, Name FROM Account", { pollInterval: 20, pollTimeout: 20000 });
  found.bulk = (await job.toArray()).length;
  found.refused = await refusal(() => org.query("SELECT Nothing FROM Account"));
  const wrong = connect("wrong");
  found.login = await refusal(() => wrong.authorize({ grant_type: "client_credentials" }));
  console.log(JSON.stringify(found));
})();
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


@pytest.mark.client
def test_a_client_of_another_language_does_the_same() -> None:
    rows = [{"Name": f"示例{number}号", "Golden_Id__c": f"G-{number}"} for number in range(5)]
    sim = Salesforce({"Account": rows}, page_rows=2, polls=0, log_lag_s=0)
    with Loopback(sim.app) as url:
        found = run_node(("@jsforce/jsforce-node@3.6.2",), JSFORCE, url)
    typed = found["id"]
    assert found == {
        "names": [f"示例{number}号" for number in range(5)],
        "objects": True,
        "fields": 24,
        "id": typed,
        "typed": [True, {"type": "Account", "url": f"/services/data/v59.0/sobjects/Account/{typed}"}],
        "upserts": [True, False],
        "many": [[True, []], [False, ["REQUIRED_FIELD_MISSING"]]],
        "changed": [True, False],
        "phone": "2",
        "deleted": [typed],
        "gone": [typed],
        "bulk": 7,
        "refused": "INVALID_FIELD",
        "login": "invalid_client",
    }
    kept = {row["Name"]: row for row in sim.rows("Account")}
    assert (len(kept), kept["客户端"]["Phone"]) == (7, "0571")


TAP = ("tap-salesforce==2.8.1",)
TAP_SCRIPT = """
import json, sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit
from requests.adapters import HTTPAdapter
import tap_salesforce

send = HTTPAdapter.send
org, here, step = sys.argv[1], Path(sys.argv[2]), sys.argv[3]

def loop(self, request, **options):
    parts = urlsplit(request.url)
    request.url = org + parts.path + ("?" + parts.query if parts.query else "")
    return send(self, request, **options)

HTTPAdapter.send = loop
sys.argv = ["tap-salesforce", "--config", str(here / "config.json")]
if step == "discover":
    sys.argv += ["--discover"]
else:
    sys.argv += ["--properties", str(here / "catalog.json"), "--state", str(here / "state.json")]
said = StringIO()
try:
    with redirect_stdout(said):
        tap_salesforce.main_impl()
    print(json.dumps({"said": said.getvalue()}))
except Exception as error:
    print(json.dumps({"error": str(error)}))
"""


class Tap:
    """A Singer tap of others, reading the pretend org; what it may keep of a run lies in one folder."""

    def __init__(self, home: Path, url: str, secret: str = "sf-sandbox-consumer-secret") -> None:
        self.home, self.url = home, url
        config = {
            "client_id": "sf-sandbox-consumer-key", "client_secret": secret, "api_type": "REST",
            "refresh_token": "sf-sandbox-refresh-token-0", "start_date": "2020-01-01T00:00:00Z",
        }  # fmt: skip
        (home / "config.json").write_text(json.dumps(config))
        (home / "state.json").write_text("{}")

    def call(self, step: str) -> dict[str, Any]:
        said: dict[str, Any] = run(TAP, TAP_SCRIPT, self.url, str(self.home), step)
        return said

    def choose(self, name: str) -> list[str]:
        """Discovers, asks for one object with all its fields, and says what was found."""
        catalog = json.loads(self.call("discover")["said"])
        for entry in catalog["streams"]:
            for item in entry["metadata"] if entry["stream"] == name else ():
                item["metadata"]["selected"] = True
                if not item["breadcrumb"]:
                    item["metadata"].update({"replication-method": "INCREMENTAL", "replication-key": "SystemModstamp"})
        (self.home / "catalog.json").write_text(json.dumps(catalog))
        return [entry["stream"] for entry in catalog["streams"]]

    def read(self) -> list[dict[str, Any]]:
        told = self.call("sync")
        assert "said" in told, told
        messages = [json.loads(line) for line in told["said"].splitlines()]
        states = [message["value"] for message in messages if message["type"] == "STATE"]
        (self.home / "state.json").write_text(json.dumps(states[-1]))
        return [message["record"] for message in messages if message["type"] == "RECORD"]


@pytest.mark.client
def test_a_singer_tap_of_others_reads_all_and_then_what_changed_while_its_token_rotates(tmp_path: Path) -> None:
    start = 1_760_000_000_000
    rows = [{"Name": f"示例{number}号", "SystemModstamp": start + number * 60_000} for number in range(5)]
    sim = Salesforce({"Account": rows}, page_rows=2)
    with Loopback(sim.app) as url:
        tap = Tap(tmp_path, url)
        assert "Account" in tap.choose("Account")
        assert sorted(row["Name"] for row in tap.read()) == [f"示例{number}号" for number in range(5)]
        changed, gone = (row["Id"] for row in sim.rows("Account")[:2])
        last = max(sim.rows("Account"), key=lambda row: row["SystemModstamp"])["Id"]
        sim.edit("Account", changed, {"Phone": "0571"})
        sim.remove("Account", gone)
        again = {row["Id"]: row for row in tap.read()}
        assert (again[changed]["Phone"], again[gone]["IsDeleted"]) == ("0571", True)
        assert set(again) == {changed, gone, last}  # where it left off is asked for once more
        (tmp_path / "refused").mkdir()
        assert "invalid client credentials" in Tap(tmp_path / "refused", url, secret="wrong").call("discover")["error"]
