"""The pretend analytics store over real HTTP, fed by the vendor's own client; ours writes the same records."""

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.sensors import PROJECT, TOKEN, Sensors
from tests.clients.environment import run

SCRIPT = """
import contextlib, io, json, sys
import sensorsanalytics as sdk

url = sys.argv[1]
client = sdk.SensorsAnalytics(sdk.BatchConsumer(url, max_size=50))
client.profile_set("party-1", {"company": "样本仪表", "grade": "A", "capital": 12800.5}, is_login_id=True)
client.track("party-1", "PaymentReceived", {"amount": 12800.5, "order_no": "SO-9"}, is_login_id=True)
client.item_set("product", "P-1", {"name": "泵"})
client.profile_set("party-2", {"company": "b"}, is_login_id=True)
client.profile_delete("party-2", is_login_id=True)
client.flush()
said = []
for grade in ("B", 1):
    dry = sdk.SensorsAnalytics(sdk.DebugConsumer(url, write_data=False))
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            dry.profile_set("party-1", {"grade": grade}, is_login_id=True)
            said.append("valid")
        except sdk.SensorsAnalyticsDebugException:
            said.append("invalid")
try:
    sdk.SensorsAnalytics(sdk.DefaultConsumer(url.replace("token=", "token=x"))).profile_set("a", {"b": "c"})
    refused = False
except sdk.SensorsAnalyticsNetworkException:
    refused = True
print(json.dumps({"said": said, "refused": refused}))
"""


@pytest.mark.client
def test_the_vendors_client_writes_profiles_events_and_items_and_validates() -> None:
    sim = Sensors()
    with Loopback(sim.app) as url:
        found = run(("SensorsAnalyticsSDK==1.11.0",), SCRIPT, f"{url}/sa?project={PROJECT}&token={TOKEN}")
    assert sim.project.dropped == []
    assert sim.project.profiles == {(True, "party-1"): {"company": "样本仪表", "grade": "A", "capital": 12800.5}}
    assert sim.project.items == {("product", "P-1"): {"name": "泵"}}
    [event] = sim.project.events
    assert event["event"] == "PaymentReceived"
    assert {"amount": 12800.5, "order_no": "SO-9"}.items() <= event["properties"].items()
    assert found == {"said": ["valid", "invalid"], "refused": True}
