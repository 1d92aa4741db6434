"""Settings of a Fxiaoke connection; the defaults are the vendor's own limits.

What no source states for certain (how approvals are read, whether formulas are worked out while reading) is a setting.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from connectors.base import BudgetConfig, ConnectorConfig

OBJECTS = ("AccountObj", "PartnerObj", "ContactObj", "SaleContractObj")
APPROVALS = "ApprovalInstanceObj"
READ_ONLY = frozenset({APPROVALS, "ApprovalTaskObj"})
LONG_ID = "FSUID_"


class FxiaokeConfig(ConnectorConfig):
    """One tenant, called as one employee: rows that this employee may not see are silently missing."""

    base_url: str = Field("https://open.fxiaoke.com", description="API host of the tenant's cloud, not the web site")
    style: Literal["header", "body"] = Field(
        "header", description="where a call proves itself: in headers, or, as older applications do, in its body"
    )
    app_id: str = Field(description="id of the self-built application, FSAID_...")
    app_secret: SecretStr = Field(description="secret of the application")
    permanent_code: SecretStr = Field(description="permanent code of the tenant for this application")
    user_id: str = Field(
        "1000", description="employee the calls run as; use a CRM administrator. FSUID_... with style body"
    )
    user_mobile: str = Field("", description="with style body: mobile number of that employee, in place of the FSUID_")
    convert_user_id: bool | None = Field(
        None, description="whether employees are FSUID_... in rows; left out, the style decides (body: yes)"
    )
    convert_media_id: bool | None = Field(
        None, description="whether files are named by mediaId in rows; left out, the style decides"
    )
    external_id: str = Field("golden_id__c", description="unique text field that holds our id in every written object")
    objects: tuple[str, ...] = Field(OBJECTS, description="API names of the objects to offer as streams")
    live_formulas: bool = Field(
        True, description="whether formulas are worked out while reading; false reads what was last stored (findSimple)"
    )
    approvals: Literal["calls", "object"] = Field(
        "calls", description="how ApprovalInstanceObj is read: by the calls for approvals, or as an object like others"
    )
    approval_days: int = Field(
        30, ge=0, description="how far back a run lists approvals again, by calls, to see how they ended"
    )
    page_size: int = Field(100, ge=1, le=100, description="rows per query; the vendor allows 100")
    write_batch: int = Field(50, ge=1, le=100, description="records per batch; they are looked up in one query")
    trigger_approval: bool = Field(False, description="whether a write starts the tenant's approval flows")
    trigger_workflow: bool = Field(False, description="whether a write starts the tenant's workflows")
    on_delete: Literal["invalidate", "delete"] = Field(
        "invalidate", description="what a deactivation does: invalidate, or invalidate and delete for good"
    )
    budget: BudgetConfig = Field(
        BudgetConfig(calls=100, per_s=20.0, daily=None), description="calls per endpoint; the vendor allows 100 in 20 s"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @model_validator(mode="after")
    def _one_style(self) -> FxiaokeConfig:
        long = self.user_id.startswith(LONG_ID)
        if self.style == "body" and not (long or self.user_mobile):
            raise ValueError(f"style body needs the employee as user_id {LONG_ID}... or as user_mobile")
        if self.style == "header" and (long or self.user_mobile):
            raise ValueError("style header takes the employee as a short user_id, e.g. 1000, and no user_mobile")
        if (urlsplit(self.base_url).hostname or "").startswith("www."):
            raise ValueError("base_url is the web site; the API host is open. and the domain of the login page")
        return self
