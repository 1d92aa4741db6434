"""OdooRPC reads and writes in our pretend database."""

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.odoo import DATABASE, KEY, USER, Odoo
from tests.clients.environment import run

CLIENT = "OdooRPC==0.10.1"
SCRIPT = """
import json, sys
import odoorpc
port, database, user, key = sys.argv[1:]
odoo = odoorpc.ODOO("127.0.0.1", port=int(port), protocol="jsonrpc", timeout=10)
try:
    odoo.login(database, user, "wrong")
except odoorpc.error.RPCError as error:
    refused = str(error)
odoo.login(database, user, key)
partner = odoo.env["res.partner"]
made = partner.create({"name": "乙", "is_company": True, "parent_id": 1})
partner.write([made], {"phone": "0571-1"})
found = odoo.execute_kw("res.partner", "search_read", [[["id", ">", 0]]], {"fields": ["name", "vat", "parent_id"]})
try:
    partner.create({"name": "丙", "vat": "?"})
except odoorpc.error.RPCError as error:
    wrong = [error.info["data"]["name"], str(error)]
loaded = odoo.execute("res.partner", "load", ["id", "name"], [["gb.g1", "丁"]])
print(json.dumps([refused, odoo.version, made, found, partner.search([("phone", "!=", False)]), wrong, loaded]))
"""


@pytest.mark.client
def test_odoorpc_reads_and_writes() -> None:
    sim = Odoo({"res.partner": [{"name": "甲"}]})
    with Loopback(sim.app) as url:
        found = run((CLIENT,), SCRIPT, url.rpartition(":")[2], DATABASE, USER, KEY)
    refused, version, made, rows, phoned, wrong, loaded = found
    assert refused
    assert version == "19.0"
    assert made == 2
    assert rows[1] == {"id": 2, "name": "乙", "vat": False, "parent_id": [1, "甲"]}
    assert phoned == [2]
    assert wrong[0] == "odoo.exceptions.ValidationError"
    assert loaded == {"ids": [3], "messages": [], "nextrow": 0}
    assert sim.rows("ir.model.data")[0]["res_id"] == 3
