"""The vocabulary of `write`: a request per operation, how a record is found again, and what a batch answers."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from connectors.rest.part import Method, Part, RequestConfig
from connectors.rest.template import unknown

_RECORD = ("values", "key", "external_id")


class SendConfig(RequestConfig):
    """A request that writes one record, or many when its body holds {rows}."""

    method: Method = Field(description="POST, PUT, PATCH or DELETE")
    row: Any = Field("{values}", description="one item of {rows}, as a template")
    key: str = Field("", description="where the key of the record stands in the answer")

    @property
    def batched(self) -> bool:
        return "rows" in self.names()


class FindConfig(RequestConfig):
    """A request that finds records by our external id: one by {external_id}, or many by {external_ids}."""

    method: Method = Field("GET", description="POST where the API asks by it; it is repeated like a GET")
    rows: str = Field("", description="where the list or the single record stands; a ? behind it: may be missing")
    row: str = Field("", description="where the record stands within an item of the list")
    size: int = Field(50, ge=1, le=1000, description="how many {external_ids} fit into one call")
    absent: tuple[str, ...] = Field((), description="codes that say that no record has this id; HTTP 404 always does")


class BatchConfig(Part):
    """What an answer to {rows} says about each record."""

    size: int = Field(50, ge=1, le=1000, description="records per call")
    rows: str = Field("", description="where the list of results stands, dotted")
    id: str = Field("", description="where a result names our external id; left out: results come in the order sent")
    key: str = Field("", description="where a result names the record's key")
    error: str = Field(description="where a result has its error code; none there means written")
    message: str = Field("", description="where the sentence beside it stands")
    success: tuple[str, ...] = Field((), description="values of `error` that mean written")


class WriteConfig(Part):
    """How records of a stream are written."""

    external_id: str | None = Field(None, description="field that holds our id; it is added to what is written")
    create: SendConfig | None = Field(None, description="makes a record")
    update: SendConfig | None = Field(None, description="changes the record with this key")
    upsert: SendConfig | None = Field(None, description="makes or changes a record by our id, in place of the two")
    deactivate: SendConfig | None = Field(None, description="what a delete does in the target")
    read_back: FindConfig | None = Field(
        None, description="finds records by our id; without it nothing is sent once only"
    )
    batch: BatchConfig | None = Field(None, description="what an answer to {rows} says")

    @model_validator(mode="after")
    def _consistent(self) -> WriteConfig:
        if self.upsert is None and self.create is None and self.update is None:
            raise ValueError("`write` needs `create`, `update` or `upsert`")
        if self.upsert is not None and (self.create is not None or self.update is not None):
            raise ValueError("`upsert` stands in place of `create` and `update`; remove those")
        for name, send in self.requests().items():
            if send.batched and self.batch is None:
                raise ValueError(f"{name}: {{rows}} needs `batch`, which says what the answer tells about each record")
            send.check((*_RECORD, "rows"), name)
            if wrong := unknown(send.row, _RECORD):
                raise ValueError(f"{name}: row: {wrong}")
        if self.batch is not None and not any(send.batched for send in self.requests().values()):
            raise ValueError("`batch` needs a request whose body holds {rows}")
        if self.create is not None and "key" in self.create.names():
            raise ValueError("create: a record that is made has no {key} yet; did you mean {external_id}?")
        self._check_read_back()
        return self

    def requests(self) -> dict[str, SendConfig]:
        """The declared requests by operation."""
        named = (
            ("create", self.create),
            ("update", self.update),
            ("upsert", self.upsert),
            ("deactivate", self.deactivate),
        )
        return {name: send for name, send in named if send is not None}

    def _check_read_back(self) -> None:
        back = self.read_back
        if back is None:
            return
        if self.external_id is None:
            raise ValueError("read_back: needs `external_id`, the field that holds our id")
        back.check(("external_id", "external_ids", "limit"), "read_back")
        if len(back.names() & {"external_id", "external_ids"}) != 1:
            raise ValueError("read_back: needs {external_id} (one per call) or {external_ids} (many), one of the two")
