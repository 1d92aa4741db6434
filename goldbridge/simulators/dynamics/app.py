"""A pretend Dataverse (Dynamics 365): OAuth, paging cookies, change tracking, upsert by alternate key, service limits.

A paging link is followed as it is or not at all: decoding and encoding its query again breaks the cookie in it. `$skip`
does not exist, `$top` switches paging off, a count ends at 5,000, and a bare PATCH creates what is not there.

Cooperative faults: those of the OData service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, json_answer
from goldbridge.simulators.odata import EntitySet, Odata, Table
from goldbridge.simulators.odata.ask import Ask, Said

ROOT = "/api/data/v9.2"
TOKEN_S = 3599
_TEXT, _GUID, _TIME, _CHOICE = "Edm.String", "Edm.Guid", "Edm.DateTimeOffset", "Edm.Int32"


def entity(name: str, kind: str, key: str, title: str, **more: str) -> EntitySet:
    """A table as every Dataverse has it, with a column for our id that is an alternate key."""
    columns = {
        key: _GUID, title: _TEXT, "new_goldenid": _TEXT, "statecode": _CHOICE, "statuscode": _CHOICE,
        "createdon": _TIME, "modifiedon": _TIME, "versionnumber": "Edm.Int64", **more,
    }  # fmt: skip
    return EntitySet(
        name, kind, (key,), columns, changed=("modifiedon", "versionnumber"), created=("createdon",), numbered="guid",
        alternate=(("new_goldenid",),), longest={title: 160},
    )  # fmt: skip


ACCOUNT = entity(
    "accounts", "account", "accountid", "name", accountnumber=_TEXT, telephone1=_TEXT, revenue="Edm.Decimal",
    numberofemployees=_CHOICE, creditonhold="Edm.Boolean", _primarycontactid_value=_GUID,
)  # fmt: skip
CONTACT = entity("contacts", "contact", "contactid", "fullname", emailaddress1=_TEXT, _parentcustomerid_value=_GUID)
OPPORTUNITY = entity("opportunities", "opportunity", "opportunityid", "name", estimatedvalue="Edm.Decimal")


class Dynamics(Odata):
    """One organisation. `rows` by table, as ISO-texted dicts; `untracked`: tables without change tracking."""

    name = "dynamics"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"data": Limit(6000, 300.0, shared=False)}
    tenant = "sandbox-tenant"
    client_id = "11111111-2222-3333-4444-555555555555"
    client_secret = "dynamics-sandbox-secret"  # noqa: S105 - a fixed, obviously fake word
    codes: ClassVar[Mapping[str, tuple[str, int]]] = {
        "unauthorized": ("0x80072560", 401),
        "forbidden": ("0x80040220", 403),
        "not_found": ("0x80040217", 404),
        "bad_query": ("0x80060888", 400),
        "bad_value": ("0x80048d19", 400),
        "duplicate": ("0x80040237", 412),
        "exists": ("0x80060892", 412),
        "stale": ("0x80060882", 412),
        "DuplicateRecord": ("0x80040333", 412),
        "no_delete": ("0x80040227", 405),
        "delta_expired": ("0x80044352", 400),
        "not_tracked": ("0x80044354", 400),
        "internal": ("0x80044150", 500),
        **{code: (code, 429) for code in ("0x80072322", "0x80072321", "0x80072326")},
    }

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        page_cap: int = 5000,
        delta_days: float = 7.0,
        untracked: tuple[str, ...] = (),
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
    ) -> None:
        sets = (ACCOUNT, CONTACT, OPPORTUNITY)
        super().__init__(
            sets, rows, version=4, root=ROOT, namespace="Microsoft.Dynamics.CRM", page_cap=page_cap, skip=False,
            must_match=False, upsert=True, minimal=True, json_batches=False, delta_days=delta_days, clock=clock,
            limits=limits, seed=seed,
        )  # fmt: skip
        self._untracked = untracked
        self._tokens: dict[str, float] = {}
        self._links: set[str] = set()
        self.issued = 0

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", f"/{self.tenant}/oauth2/v2.0/token", self._token, "token")
        for endpoint in super().endpoints():
            yield endpoint._replace(limit="data")

    def throttled(self, after_s: float) -> Answer:
        answer = self.refuse(
            "0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
        )
        return answer._replace(headers=((b"retry-after", str(int(after_s) + 1).encode()),))

    def _token(self, call: Call) -> Answer:
        form = call.form
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            text = "AADSTS7000215: Invalid client secret provided."
            return json_answer({"error": "invalid_client", "error_description": text}, 401)
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return json_answer({"error": "invalid_scope", "error_description": "AADSTS70011: scope is not valid."}, 400)
        self.issued += 1
        token = f"eyJ0eXAi.sandbox.{self.issued:06d}"
        self._tokens[token] = self.clock.now() + TOKEN_S
        return json_answer({"token_type": "Bearer", "expires_in": TOKEN_S, "access_token": token})

    def authorize(self, call: Call) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) <= self.clock.now():
            raise Refused("unauthorized", "ExpiredAuthTicket")

    def before(self, ask: Ask, table: Table) -> None:
        if ask.headers.get("odata-version", "4.0") != "4.0":
            raise Refused("bad_query", "OData-Version")
        if "odata.track-changes" in ask.headers.get("prefer", "") and table.of.name in self._untracked:
            raise Refused("not_tracked", f"Entity: {table.of.type} isn't enabled for change tracking")
        if ask.method == "GET" and ("skiptoken" in ask.query or "deltatoken" in ask.query):
            if ask.query not in self._links:
                raise Refused("bad_query", "Malformed XML in the Paging Cookie")
        elif ask.method != "GET" and (bad := re.search(r"\(\w+='[^']*[/<>*%&:\\?+]", ask.path)):
            raise Refused("bad_query", f"the key value {bad[0]!r} holds a character that does not work")

    def run(self, ask: Ask) -> Said:
        said = super().run(ask)
        if isinstance(said.data, dict):
            for name in ("@odata.nextLink", "@odata.deltaLink"):
                if name in said.data:
                    self._links.add(said.data[name].partition("?")[2])
            if isinstance(said.data.get("@odata.count"), int):
                said.data["@odata.count"] = min(said.data["@odata.count"], 5000)
        return said

    def link(self, token: str) -> str:
        """A cookie is encoded twice, and lower-case hex shows whether somebody encoded it anew."""
        once = re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote(token, safe=""))
        return quote(once, safe="")
