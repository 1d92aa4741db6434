"""Starts and withdraws approvals, one call each.

A start carries a `uuid` made of the definition and our external id. It is unique on the other side, so a repeated start
is refused there and the first one is found by it; of two definitions each has its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from connectors.base import RawRow, Stream, Write, WriteResult
from connectors.feishu.client import FeishuClient
from connectors.feishu.config import FeishuConfig
from connectors.feishu.form import Form
from goldbridge.errors import GoldbridgeError, Halt, Mark, Misconfigured, OutcomeUnknown, Reject, Retry

RUNNING = "PENDING"
_OVER = ("CANCELED", "DELETED")


def uuid_of(code: str, external_id: str) -> str:
    """The id that an approval of ours carries; the same in every process, 1 to 64 characters whatever our id is."""
    return blake2b(f"{code}\n{external_id}".encode(), digest_size=16).hexdigest()


class ApprovalWriter:
    """Writes batches of one tenant."""

    def __init__(self, client: FeishuClient, config: FeishuConfig, system: str, zone: str) -> None:
        self._client, self._config, self._system, self._zone = client, config, system, zone

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write. What concerns the whole target is raised, but only while nothing was written yet."""
        if not self._config.applicant:
            message = f"{self._system}: set `applicant` to the user_id in whose name approvals are started"
            raise Misconfigured.one("CON257", message, Mark("config/sources.yaml"))
        form = self._form(stream.name, batch)
        broken: Halt | Misconfigured | None = None
        results: list[WriteResult] = []
        for write in batch:
            if broken is not None:
                results.append(_result(write, "retry", broken))
                continue
            try:
                results.append(self._one(stream.name, write, form))
            except OutcomeUnknown as error:
                results.append(_result(write, "unknown", error))
            except Reject as error:
                results.append(_result(write, "rejected", error))
            except Retry as error:
                results.append(_result(write, "retry", error))
            except (Halt, Misconfigured) as error:
                broken = error
                results.append(_result(write, "retry", error))
        if broken is not None and all(result.outcome == "retry" for result in results):
            raise broken
        return results

    def read_back(self, code: str, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Approvals by the id that they carry, a call each."""
        found: dict[str, RawRow] = {}
        for external_id in sorted(set(external_ids)):
            row = self._client.detail(code, uuid_of(code, external_id))
            if isinstance(row, Retry):
                raise row
            if isinstance(row, dict) and row["status"] not in _OVER:
                found[external_id] = row
        return found

    def _form(self, code: str, batch: Sequence[Write]) -> Form:
        try:
            controls = self._client.controls(code)
        except Reject as error:  # the question is ours, so no record can be blamed
            raise Halt(error.code, error.message) from None
        form = Form(controls, f"{self._system} {code}", self._zone, self._config.currency)
        form.check(sorted({name for write in batch if write.op == "create" for name in write.values}))
        return form

    def _one(self, code: str, write: Write, form: Form) -> WriteResult:
        about = f"{code} {write.external_id}"
        if write.op == "deactivate":
            return self._withdraw(code, write, about)
        if write.op == "update":
            message = f"{self._system} {about}: an approval cannot be changed once it is started; withdraw it and start"
            return WriteResult(write.external_id, "rejected", code="CON256", message=message + " a new one")
        text = form.encode(write.values, f"{self._system} {about}")
        try:
            key = self._client.start(code, text, uuid_of(code, write.external_id), about)
        except Reject:
            row = self._known(code, write)  # refused as a repetition: what the first one left is what was asked for
            if row is None:
                raise
            key = str(row["instance_code"])
        return WriteResult(write.external_id, "written", key=key)

    def _withdraw(self, code: str, write: Write, about: str) -> WriteResult:
        row = self._known(code, write)
        if row is None or row["status"] in _OVER:
            return WriteResult(write.external_id, "written", key=write.key, message="nothing to withdraw")
        self._client.cancel(code, str(row["instance_code"]), about)
        return WriteResult(write.external_id, "written", key=str(row["instance_code"]))

    def _known(self, code: str, write: Write) -> RawRow | None:
        row = self._client.detail(code, write.key or uuid_of(code, write.external_id))
        if isinstance(row, Retry):
            raise row
        return row if isinstance(row, dict) else None


def _result(write: Write, outcome: str, error: GoldbridgeError) -> WriteResult:
    field = error.field if isinstance(error, Reject) else None
    told: Mapping[str, str | None] = {"code": error.code, "message": error.message}
    return WriteResult(write.external_id, outcome, field=field, **told)  # type: ignore[arg-type]
