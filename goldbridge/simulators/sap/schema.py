"""The entity sets of the two services, with the properties that matter here."""

from __future__ import annotations

from goldbridge.simulators.odata import EntitySet

_TEXT, _DATE, _TIME, _FLAG = "Edm.String", "Edm.DateTime", "Edm.Time", "Edm.Boolean"

PARTNER = EntitySet(
    "A_BusinessPartner",
    "A_BusinessPartnerType",
    ("BusinessPartner",),
    {
        "BusinessPartner": _TEXT, "BusinessPartnerCategory": _TEXT, "BusinessPartnerFullName": _TEXT,
        "OrganizationBPName1": _TEXT, "OrganizationBPName2": _TEXT, "SearchTerm1": _TEXT, "Industry": _TEXT,
        "LegalForm": _TEXT, "Customer": _TEXT, "Supplier": _TEXT, "BusinessPartnerIDByExtSystem": _TEXT,
        "BusinessPartnerIsBlocked": _FLAG, "IsMarkedForArchiving": _FLAG, "CreationDate": _DATE,
        "LastChangeDate": _DATE, "LastChangeTime": _TIME, "ETag": _TEXT,
    },
    changed=("LastChangeDate", "LastChangeTime"),
    created=("CreationDate",),
    numbered="4000000",
    required=("BusinessPartnerCategory",),
    longest={"BusinessPartnerIDByExtSystem": 20, "OrganizationBPName1": 40, "BusinessPartner": 10},
    children={
        "to_BusinessPartnerAddress": ("A_BusinessPartnerAddress", "BusinessPartner"),
        "to_BusinessPartnerTax": ("A_BusinessPartnerTaxNumber", "BusinessPartner"),
    },
    deletable=False,
)  # fmt: skip
ADDRESS = EntitySet(
    "A_BusinessPartnerAddress",
    "A_BusinessPartnerAddressType",
    ("BusinessPartner", "AddressID"),
    {
        "BusinessPartner": _TEXT, "AddressID": _TEXT, "CityName": _TEXT, "StreetName": _TEXT, "HouseNumber": _TEXT,
        "PostalCode": _TEXT, "Region": _TEXT, "Country": _TEXT,
    },
)  # fmt: skip
TAX = EntitySet(
    "A_BusinessPartnerTaxNumber",
    "A_BusinessPartnerTaxNumberType",
    ("BusinessPartner", "BPTaxType"),
    {"BusinessPartner": _TEXT, "BPTaxType": _TEXT, "BPTaxNumber": _TEXT},
)
ORDER = EntitySet(
    "A_SalesOrder",
    "A_SalesOrderType",
    ("SalesOrder",),
    {
        "SalesOrder": _TEXT, "SalesOrderType": _TEXT, "SalesOrganization": _TEXT, "SoldToParty": _TEXT,
        "TotalNetAmount": "Edm.Decimal", "TransactionCurrency": _TEXT, "PurchaseOrderByCustomer": _TEXT,
        "ExternalDocumentID": _TEXT, "SenderBusinessSystemName": _TEXT, "CreationDate": _DATE,
        "LastChangeDateTime": "Edm.DateTimeOffset",
    },
    changed=("LastChangeDateTime",),
    created=("CreationDate",),
    numbered="100",
    required=("SalesOrderType",),
    children={"to_Item": ("A_SalesOrderItem", "SalesOrder")},
)  # fmt: skip
ITEM = EntitySet(
    "A_SalesOrderItem",
    "A_SalesOrderItemType",
    ("SalesOrder", "SalesOrderItem"),
    {"SalesOrder": _TEXT, "SalesOrderItem": _TEXT, "Material": _TEXT, "RequestedQuantity": "Edm.Decimal"},
)
SERVICES = {
    "API_BUSINESS_PARTNER": (PARTNER, ADDRESS, TAX),
    "API_SALES_ORDER_SRV": (ORDER, ITEM),
}
