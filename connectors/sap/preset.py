"""The entity sets we know, as data: where they live, how they are read, and what holds our id in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goldbridge.errors import Halt
from goldbridge.http import CONFIG, Kind, Rule
from goldbridge.http.odata import KEY, TIMES, Cursor, Dialect, literal

_BP, _SO = "API_BUSINESS_PARTNER", "API_SALES_ORDER_SRV"
_LOCKED = Rule(Kind.THROTTLE, "somebody has it open in the GUI; it is sent again later", alone=True)

DIALECT = Dialect(
    codes={
        "/IWFND/MED/170": Rule(CONFIG.kind, "activate the service, or correct base_url"),
        "/IWFND/MED/172": Rule(CONFIG.kind, "activate the service, or correct base_url"),
    },
    refined=tuple(("*", words, _LOCKED) for words in ("locked by", "is locked", "gesperrt", "being processed by")),
    busy=frozenset({503}),
)


@dataclass(frozen=True)
class Preset:
    """`changed` is a date-time, or a date and a time; `created` the date that stands in until the first change."""

    service: str
    key: str
    changed: tuple[str, ...] = ()
    created: str = ""
    external_id: str | None = None
    deactivate: Mapping[str, Any] = field(default_factory=dict)
    deleted: tuple[str, frozenset[str]] | None = None
    volatile: tuple[str, ...] = ()


PRESETS: Mapping[str, Preset] = {
    "A_BusinessPartner": Preset(
        _BP,
        "BusinessPartner",
        ("LastChangeDate", "LastChangeTime"),
        "CreationDate",
        "BusinessPartnerIDByExtSystem",
        {"BusinessPartnerIsBlocked": True},
        ("IsMarkedForArchiving", frozenset({"True"})),
        ("LastChangeTime", "LastChangedByUser", "ETag"),
    ),
    "A_SalesOrder": Preset(_SO, "SalesOrder", ("LastChangeDateTime",), "CreationDate", "PurchaseOrderByCustomer"),
    **dict.fromkeys(
        (
            "A_BusinessPartnerAddress",
            "A_BusinessPartnerRole",
            "A_BusinessPartnerContact",
            "A_BusinessPartnerTaxNumber",
            "A_BuPaIdentification",
            "A_CustomerSalesArea",
            "A_CustomerCompany",
        ),
        Preset(_BP, KEY),
    ),
    "A_Customer": Preset(_BP, "Customer"),
    "A_Supplier": Preset(_BP, "Supplier"),
    "A_SalesOrderItem": Preset(_SO, KEY),
}


@dataclass(frozen=True)
class ChangeCursor(Cursor):
    """The last change of a row, in one property or in a date and a time; until the first change the day of creation.

    A time knows whole seconds, so the second of the lower bound is read again, and so is its day for what was only
    created.
    """

    clock_time: str = ""
    created: str = ""

    @property
    def kind(self) -> str:
        own = self.of.kinds[self.name]
        return "Edm.DateTimeOffset" if own in TIMES else own

    def between(self, lower: str, upper: str) -> str:
        changed = [self._side("g", lower)] if lower else []
        changed += [self._side("l", upper)] if upper else []
        window = " and ".join(changed)
        if not window:
            return self.extra
        days = [f"{self.created} ge {self._day(lower)}"] if lower else []
        days += [f"{self.created} le {self._day(upper)}"] if upper else []
        window = f"({window}) or ({self.name} eq null and {' and '.join(days)})"
        return f"({window}) and ({self.extra})" if self.extra else window

    def _side(self, way: str, bound: str) -> str:
        if not self.clock_time:
            return f"{self.name} {way}e {self._literal(bound)}"
        day, second = self._day(bound), literal(self._local(bound)[11:19], "Edm.Time", 2)
        return f"({self.name} {way}t {day} or ({self.name} eq {day} and {self.clock_time} {way}e {second}))"

    def _day(self, bound: str) -> str:
        return literal(self._local(bound)[:10] + "T00:00:00", "Edm.DateTime", 2)

    def _local(self, bound: str) -> str:
        """A bound on the server's own clock."""
        try:
            return self.local(bound)
        except ValueError:
            message = f"{self.service.system} {self.of.name}: the position '{bound}' is no time"
            raise Halt("CON129", f"{message}; read everything instead, with --full") from None
