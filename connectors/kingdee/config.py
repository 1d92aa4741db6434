"""Settings of a Kingdee K/3 Cloud connection, and the forms it offers as streams.

Field keys differ between forms and between tenants, so every form is data here. What the vendor does not publish (how
fast it may be called, how long a session lives, how the generic operation is spelt) is a setting, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.base import BudgetConfig, ConnectorConfig


class KingdeeForm(BaseModel):
    """One form of the account book as a stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    form: str = Field(description="form id, e.g. BD_Customer")
    key: str = Field("FID", description="field of the internal id; `ENTRY_FEntryID` reads one row per line")
    number: str = Field("FBillNo", description="field of the code that people see; unique within the form")
    fields: tuple[str, ...] = Field((), description="field keys to read; `FCustId.FNumber` is the code of a reference")
    times: tuple[str, ...] = Field(
        ("FModifyDate", "FApproveDate"), description="times of change; auditing sets only its own"
    )
    flag: str = Field("FCancelStatus", description="field that is B when the record is forbidden or cancelled")
    external_id: str = Field("", description="tenant-defined text field for our id; without it the number holds our id")
    filter: str = Field("", description="further condition, e.g. FUseOrgId.FNumber = '100'")
    life_cycle: Literal["save", "submit", "audit"] = Field("audit", description="how far a written record is taken")
    reopen: bool = Field(True, description="whether an audited record is un-audited to be changed")
    deactivate: Literal["Forbid", "Cancel"] = Field("Cancel", description="operation that takes a record out of use")


_BASE = {"number": "FNumber", "fields": ("FName",), "flag": "FForbidStatus", "deactivate": "Forbid"}
_LINE = ("FID", "FDate", "FCustId.FNumber", "FMaterialId.FNumber", "FQty", "FTaxPrice")
_FORMS: Mapping[str, Mapping[str, Any]] = {
    "customer": {"form": "BD_Customer", "key": "FCUSTID", **_BASE},
    "supplier": {"form": "BD_Supplier", "key": "FSupplierId", **_BASE},
    "material": {"form": "BD_MATERIAL", "key": "FMATERIALID", **_BASE},
    "order": {"form": "SAL_SaleOrder", "fields": ("FDate", "FCustId.FNumber")},
    "order_line": {"form": "SAL_SaleOrder", "key": "FSaleOrderEntry_FEntryID", "fields": _LINE},
    "receivable": {"form": "AR_receivable", "fields": ("FDATE", "FENDDATE_H", "FCUSTOMERID.FNumber")},
    "receipt": {"form": "AR_RECEIVEBILL", "fields": ("FDATE",)},
}
FORMS = {name: KingdeeForm.model_validate(entry) for name, entry in _FORMS.items()}
"""The streams of every connection; an entry in `forms` changes one or adds another."""


class KingdeeConfig(ConnectorConfig):
    """One account book, called as one user."""

    base_url: str = Field(description="address of the customer's server, ends in /k3cloud")
    acct_id: str = Field(description="id of the account book (data centre)")
    user: str = Field(description="user the calls run as")
    auth: Literal["signed", "sign_login", "secret_login", "password_login"] = Field(
        "signed", description="signed headers with every call, or a session opened by signature, secret or password"
    )
    app_id: str = Field("", description="id of the application, CLIENT_32 characters; for all but password_login")
    app_secret: SecretStr = Field(SecretStr(""), description="secret of the application; for all but password_login")
    password: SecretStr = Field(SecretStr(""), description="password of the user; for password_login only")
    lcid: int = Field(2052, description="language of the answers; messages are classed by their Chinese wording")
    organisation: str = Field("0", description="code of the organisation that signed calls work in; 0: the user's own")
    login_digest: Literal["sha256", "sha1"] = Field("sha256", description="sha1 for builds before 8.0.0.202205")
    operation: Literal["ExcuteOperation", "ExecuteOperation"] = Field(
        "ExcuteOperation", description="spelling of the generic operation; the other one is tried when it is not there"
    )
    plain_http: bool = Field(False, description="allow http:// inside a network that is protected otherwise")
    forms: dict[str, KingdeeForm] = Field(
        default_factory=lambda: dict(FORMS), description="forms by stream name; an entry changes or adds one"
    )
    page_size: int = Field(1000, ge=1, le=2000, description="rows per query; 2000 are documented")
    write_batch: int = Field(50, ge=1, le=500, description="records per call that saves, submits or audits")
    zone: str | None = Field("Asia/Shanghai", description="time zone of the server")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=20, per_s=1.0, daily=None), description="calls per window; the vendor publishes no limit"
    )
    overlap_s: float = Field(60.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(5.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @field_validator("forms", mode="before")
    @classmethod
    def _with_known_forms(cls, given: Any) -> Any:
        """An entry for a known stream states only what differs."""
        if not isinstance(given, dict):
            return given
        known = {name: form.model_dump() for name, form in FORMS.items()}
        merged = {name: form for name, form in known.items() if name not in given}
        return merged | {
            name: {**known.get(name, {}), **entry} if isinstance(entry, dict) else entry
            for name, entry in given.items()
        }
