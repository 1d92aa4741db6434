"""Standard tables and the service's codes, as data."""

from __future__ import annotations

from collections.abc import Mapping

from goldbridge.http import CONFIG, RETRY, THROTTLE, Kind, Rule
from goldbridge.http.odata import Dialect

KEYS: Mapping[str, str] = {
    "accounts": "accountid",
    "contacts": "contactid",
    "leads": "leadid",
    "opportunities": "opportunityid",
    "quotes": "quoteid",
    "salesorders": "salesorderid",
    "invoices": "invoiceid",
    "products": "productid",
    "contracts": "contractid",
    "systemusers": "systemuserid",
}
"""Entity set -> primary key; set names are not the logical names (`opportunities`/`opportunity`)."""

INACTIVE: Mapping[str, Mapping[str, int]] = {
    "accounts": {"statecode": 1, "statuscode": 2},
    "contacts": {"statecode": 1, "statuscode": 2},
    "products": {"statecode": 1, "statuscode": 2},
}
FORBIDDEN_IN_KEYS = frozenset("/<>*%&:\\?+")

_KEY = Rule(Kind.CONFIG, "define the external_id column as an alternate key of the table and wait until it is active")
_DUPLICATE = Rule(Kind.RECORD, "another row has this key already; merge or link it, then replay")

DIALECT = Dialect(
    codes={
        **dict.fromkeys(("0x80072322", "0x80072321", "0x80072326"), THROTTLE),
        "0x80040237": _DUPLICATE,
        "0x80040333": _DUPLICATE,
        "0x80060891": _KEY,  # the key is not defined or its index is not active
    },
    refined=(
        ("*", "specified key properties are not defined", _KEY),
        ("*", "isn't enabled for change tracking", Rule(CONFIG.kind, "switch change tracking on for this table")),
        ("*", "duplicaterecord", _DUPLICATE),
    ),
    read={"HTTP 408*": RETRY},
)
