"""Starts what runs its course elsewhere and is not changed from outside: approvals of an OA.

Each is looked for before it is started. Our id stands at the end of its title, by which it is found, and in a form
field, by which it is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.base import ConnectorConfig, Stream, Write, WriteResult
from goldbridge.errors import Halt, Mark, Misconfigured, OutcomeUnknown, Reject, Retry

OURS = "external_id"


def check_may_start(config: ConnectorConfig, stream: Stream, where: str, code: str, kind: str) -> None:
    """Raises `Misconfigured` when nothing may be started here; `kind` is what the OA calls a kind of approval."""
    if config.writes != "enabled":
        what = "writing is switched off; set `writes: enabled` to let flows start approvals here"
    elif not stream.writable:
        what = f"there is no form field for our id; set `external_id` of this {kind}"
    else:
        return
    raise Misconfigured.one(code, f"{where}: {what}", Mark("config/sources.yaml"))


def start_each(
    batch: Sequence[Write], there: Callable[[str], str | None], start: Callable[[Write], str], refusal: tuple[str, str]
) -> list[WriteResult]:
    """One result per write; what concerns the whole OA is raised while nothing was started yet.

    `there` gives the key of what carries our id already, `start` that of a new one; `refusal` is code and message for
    a write that would change one.
    """
    results: list[WriteResult] = []
    touched = False
    for write in batch:
        ours = write.external_id
        if write.op != "create":
            results.append(WriteResult(ours, "rejected", code=refusal[0], message=refusal[1]))
            continue
        try:
            results.append(WriteResult(ours, "written", there(ours) or start(write)))
            touched = True
        except Reject as error:
            results.append(WriteResult(ours, "rejected", code=error.code, message=error.message))
        except OutcomeUnknown as error:
            results.append(WriteResult(ours, "unknown", code=error.code, message=error.message))
            touched = True
        except (Retry, Halt, Misconfigured) as error:
            if not touched:
                raise
            results.append(WriteResult(ours, "retry", code=error.code, message=str(error)))
    return results


def mark(external_id: str) -> str:
    """How our id stands at the end of a title."""
    return f"[{external_id}]"


def text(value: Any) -> str:
    """As an OA keeps it: everything is text, a tick is 1 or 0."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
