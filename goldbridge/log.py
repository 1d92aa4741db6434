"""Structured logs with every known secret blacked out, to the console or as JSON lines, always on stderr.

structlog, which brings a tenth of a second of imports with it, is loaded with the first line: most commands write none.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any

_MASK = "[secret]"
_secrets: set[str] = set()
_in_text = re.compile(
    r"(?i)\b((?:access_?token|app_?secret|client_?secret|secret|password|passwd|permanentcode|token|key|sig|authorization)"
    r"[\"']?\s*[=:]\s*[\"']?)(?:bearer\s+|session\s+|basic\s+)?[^\s\"'&,;)}]+"
)
_in_url = re.compile(r"(?<=://)([^/\s:@]+):([^@\s]+)@")


def remember_secret(value: str) -> None:
    """From now on `value` never reaches a log line or a message; called when one is resolved or issued."""
    if len(value) >= 4:
        _secrets.add(value)


def redact(text: str) -> str:
    """Black out remembered secrets, credentials in URLs and `key=...` pairs."""
    return _in_text.sub(rf"\1{_MASK}", hide(text))


def hide(text: str) -> str:
    """Black out remembered secrets and credentials in URLs: for messages of ours, where `token: ...` is no pair."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return _in_url.sub(rf"\1:{_MASK}@", text)


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {key: redact(value) if isinstance(value, str) else _redact_value(value) for key, value in event.items()}


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redact_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_value(item) for item in value]
    if isinstance(value, BaseException):
        return redact(str(value))
    return value


class _RedactingFilter(logging.Filter):
    """Foreign libraries log through `logging`; their lines pass the same redaction."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


def configure(*, json: bool = False, verbose: bool = False, quiet: bool = False) -> None:
    """Set up logging: console lines for people, JSON lines for machines; `quiet` keeps warnings only."""
    global _pending
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    _pending = partial(_configure, json=json, level=level)
    if "structlog" in sys.modules:
        _settle()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_RedactingFilter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


_pending: Callable[[], None] | None = None
"""What `configure` asked for and structlog has not been told."""


def _settle() -> None:
    global _pending
    if _pending is not None:
        _pending()
        _pending = None


def _configure(*, json: bool, level: int) -> None:
    import structlog

    render: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Asked for when a line is written: a caller may have put another stderr in place since.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Logger:
    def __init__(self, part: str) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        import structlog

        _settle()
        return getattr(structlog.get_logger(part=self._part), name)


def get(name: str) -> Any:
    """A logger bound to the part of the house that speaks; made at import, it still follows a later `configure`."""
    return _Logger(name)
