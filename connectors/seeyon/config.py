"""Settings of a Seeyon A8 connection."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig

ListName = Literal["sentAffairs", "pendingAffairs", "doneAffairs", "waitSentAffairs"]


class SeeyonTemplate(BaseModel):
    """One form template of the site: a stream of its flows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str = Field(description="templateCode, as the form's flow template shows it")
    name: str = Field("", description="name of the template, by which the lists are narrowed")
    table: str = Field(pattern=r"^formmain_\d+$", description="main table of the form, formmain_NNNN")
    external_id: str = Field("", description="label of the form field that holds our id; needed for starting")
    subject: str = Field("", description="subject of a flow that we start, when the record has no `subject`")


class SeeyonConfig(ConnectorConfig):
    """One REST account, seeing with the eyes of one user."""

    base_url: str = Field(description="address of the OA, https://HOST; /seeyon/rest is added")
    user: str = Field(description="name of the REST account")
    password: SecretStr = Field(description="password of the REST account")
    login_name: str = Field(description="login name of the user whose lists are read and who starts")
    templates: dict[str, SeeyonTemplate] = Field(min_length=1, description="streams: name, and which template it is")
    lists: tuple[ListName, ...] = Field(("sentAffairs",), min_length=1, description="lists of the user that are read")
    sees_all: bool = Field(False, description="these lists hold every flow of these templates")
    key_field: str = Field("summaryId", description="field of a list's row with the id that state and form go by")
    moment_field: str = Field("startDate", description="field of a list's row with the time it came into the list")
    ended: tuple[int, ...] = Field((0, 5, 15), description="states in which a flow changes no more")
    export_type: Literal["", "0", "1"] = Field("", description="choices in forms: by value, by label (0), by id (1)")
    search: bool = Field(True, description="the server narrows a list by a part of the subject; else all is searched")
    token_s: float = Field(1200.0, gt=0, description="how long a token is used; it dies after about 23 idle minutes")
    page_size: int = Field(100, ge=1, le=10_000, description="rows per page of a list")
    follow: int = Field(500, ge=1, description="running flows kept by id; beyond that, by the oldest start time")
    budget: BudgetConfig = Field(BudgetConfig(calls=20, per_s=1.0, daily=None), description="calls to this OA")
    overlap_s: float = Field(300.0, ge=0, description="how far a run lists back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")
