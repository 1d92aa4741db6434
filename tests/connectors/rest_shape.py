"""Entries of sources.yaml for every habit of the plain CRM, and the two of them put in front of each other."""

from __future__ import annotations

from typing import Any

from connectors.base import Write
from connectors.rest import Rest
from goldbridge.clock import FrozenClock
from goldbridge.simulators.plain import (
    AUDIENCE,
    CLIENT_ID,
    CLIENT_SECRET,
    KEY,
    REFRESH_TOKEN,
    SIGNING_KEY,
    USER,
    Plain,
    private_key,
)
from tests.connectors.rig import NOON, NOON_MS, MemoryStore, connect, sim_clock

AUTHS: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "basic": {"kind": "basic", "user": USER, "password": KEY},
    "header": {"kind": "header", "name": "X-Api-Key", "key": KEY},
    "query": {"kind": "query", "name": "api_key", "key": KEY},
    "bearer": {"kind": "bearer", "key": KEY},
    "client_credentials": {
        "kind": "client_credentials", "token_url": "/oauth/token", "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    },
    "refresh_token": {
        "kind": "refresh_token", "token_url": "/oauth/token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
    },
    "hmac": {
        "kind": "hmac", "key": SIGNING_KEY, "key_id": CLIENT_ID, "sign": "{method}\n{path}\n{timestamp}\n{body_sha256}",
        "headers": {"X-Key": "{key_id}", "X-Time": "{timestamp}", "X-Signature": "{signature}"},
    },
    "session": {
        "kind": "session", "token_url": "/login", "user": USER, "password": KEY, "send": "json", "name": "X-Session",
        "params": {"user": "{user}", "pass": "{password}"}, "token_at": "session", "lives_at": "lives",
    },
    "cookie": {
        "kind": "session", "token_url": "/login", "user": USER, "password": KEY, "name": "Cookie",
        "params": {"user": "{user}", "pass": "{password}"},
    },
    "jwt": {
        "kind": "jwt", "token_url": "/oauth/token", "key": private_key(), "claims": {"iss": CLIENT_ID, "aud": AUDIENCE},
    },
    "own_jwt": {
        "kind": "jwt", "algorithm": "HS256", "key": SIGNING_KEY, "claims": {"iss": CLIENT_ID, "aud": AUDIENCE},
    },
    "hash": {
        "kind": "hash", "key": SIGNING_KEY, "digest": "md5", "output": "HEX", "sign": "{key}{joined_params}{key}",
        "params": {"ts": "{timestamp_ms}", "sign": "{signature}"},
    },
    "rsa": {
        "kind": "rsa", "key": private_key(), "sign": "{timestamp}\n{path}\n{body}",
        "headers": {"X-Time": "{timestamp}", "X-Signature": "{signature}"},
    },
}  # fmt: skip
PAGINGS: dict[str, dict[str, Any]] = {
    "keyset": {"paging": "keyset", "more": "has_more"},
    "next_token": {"paging": "next_token", "next": "next_cursor", "more": "has_more"},
    "next_url": {"paging": "next_url", "next": "next"},
    "link": {"paging": "next_url"},
    "page": {"paging": "page", "more": "has_more"},
    "offset": {"paging": "offset", "more": "has_more"},
    "none": {"paging": "none"},
}
_STEP = {
    "keyset": {"since_id": "{after_tie}"},
    "next_token": {"cursor": "{next}"},
    "page": {"page": "{page}"},
    "offset": {"offset": "{offset}"},
}
_FORMATS = {"iso": "iso", "epoch_s": "epoch_s", "epoch_ms": "epoch_ms", "local": "%Y-%m-%d %H:%M:%S"}
CLASSES = {
    "unauthorized": "refresh-token", "forbidden": "fatal-config", "not_found": "fatal-record", "expired": "expired",
    "duplicate": "fatal-record", "name_required": "fatal-record", "bad_*": "fatal-record", "poison": "retry",
    "too_deep": "fatal-config", "throttled": "throttle", "quota": "throttle-day", "locked": "retry",
}  # fmt: skip
ENVELOPES: dict[str, dict[str, Any]] = {
    "status": {"code": "error.code", "message": "error.message"},
    "code": {"code": "code", "message": "message", "trace": "trace_id", "success": ["0"], "classes": CLASSES},
}
WRITE: dict[str, Any] = {
    "external_id": "external_id",
    "create": {"method": "POST", "path": "/account", "body": "{values}", "key": "id"},
    "update": {"method": "PATCH", "path": "/account/{key}", "body": "{values}"},
    "deactivate": {"method": "POST", "path": "/account/{key}/archive"},
    "read_back": {
        "method": "POST", "path": "/account/find", "body": {"external_ids": "{external_ids}"}, "rows": "items"
    },
}  # fmt: skip
BATCH: dict[str, Any] = {
    "external_id": "external_id",
    "upsert": {"method": "POST", "path": "/account/batch", "body": {"records": "{rows}"}},
    "deactivate": WRITE["deactivate"],
    "read_back": WRITE["read_back"],
    "batch": {
        "size": 20, "rows": "results", "id": "external_id", "key": "id", "error": "error.code",
        "message": "error.message",
    },
}  # fmt: skip


def reading(paging: str = "keyset", envelope: str = "status", **more: Any) -> dict[str, Any]:
    """`read` of the stream `account` for a habit of the simulator."""
    data = "data." if envelope == "code" else ""
    how = {name: f"{data}{at}" if name in ("next", "more") else at for name, at in PAGINGS[paging].items()}
    window = {"since": "{after}", "until": "{until}", "limit": "{limit}"}
    return {"path": "/account", "params": {**window, **_STEP.get(paging, {})}, "rows": f"{data}items", **how, **more}


def source(
    paging: str = "keyset",
    *,
    envelope: str = "status",
    auth: str = "none",
    times: str = "iso",
    stream: dict[str, Any] | None = None,
    read: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An entry of sources.yaml."""
    account = {
        "key": "id",
        "cursor": "updated_at",
        "cursor_format": _FORMATS[times],
        "deleted": {"archived": ["True"]},
        "read": reading(paging, envelope, **(read or {})),
        **(stream or {}),
    }
    entry = {
        "auth": AUTHS[auth],
        "envelope": ENVELOPES[envelope],
        "zone": "Asia/Shanghai",
        "writes": "enabled",
        "budget": {"calls": 1000, "per_s": 1},
        "streams": {"account": account},
        **more,
    }
    return {name: value for name, value in entry.items() if value is not None}


def account(number: int, at_ms: int | None = None, **more: Any) -> dict[str, Any]:
    updated = NOON_MS - 1_000_000 + number * 1000 if at_ms is None else at_ms
    return {"name": f"示例{number:04d}号有限公司", "updated_ms": updated, **more}


class Case:
    """A plain CRM with rows, and connectors in front of it."""

    def __init__(
        self, count: int = 0, paging: str = "keyset", *, rows: Any = None, habits: dict[str, Any] | None = None,
        **entry: Any,
    ) -> None:  # fmt: skip
        self.clock = FrozenClock(NOON)
        self.paging, self.entry = paging, entry
        signs = {name: entry[name] for name in ("envelope", "auth", "times") if name in entry}
        given = [account(number) for number in range(count)] if rows is None else rows
        self.sim = Plain({"account": given}, clock=sim_clock(self.clock), paging=paging, **signs, **(habits or {}))
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Rest:
        return connect(Rest, self.sim, self.clock, store=self.store, **source(self.paging, **{**self.entry, **more}))

    def ids(self) -> list[int]:
        return [row["id"] for row in self.sim.rows("account")]


def write(connector: Rest, *batch: Write) -> list[Any]:
    results = connector.write(connector.streams["account"], batch)
    assert [result.external_id for result in results] == [each.external_id for each in batch]
    return results


def new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"name": f"新建{number}有限公司", **values})
