"""One run of a Goldbridge project over the API, by its command line, then what its landing store holds."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml

from benchmarks.beside_dlt import child
from benchmarks.beside_dlt.child import Done
from goldbridge.simulators.plain import CLIENT_ID, CLIENT_SECRET
from goldbridge.state import landing
from goldbridge.state.engine import open_store

_MAPPING = """\
mapping: shop.account
target: party
key: id
fields:
  name: {from: name, required: true}
"""
_FLOWS = "flows:\n  shop: {ingest: shop.account}\n"
_STEP = {
    "next_token": {"paging": "next_token", "next": "next_cursor", "more": "has_more"},
    "offset": {"paging": "offset", "more": "has_more"},
}
_PARAMS = {"next_token": {"cursor": "{next}"}, "offset": {"offset": "{offset}"}}


class Outcome(NamedTuple):
    """What one run left behind: `rows` are id -> 'name|note', `failed` is why it said it did not succeed."""

    rows: dict[str, str]
    failed: str
    cpu_s: float
    peak_mib: float


def project(folder: Path, url: str, *, paging: str, envelope: str, auth: str, page: int, depth: int | None) -> None:
    """A project with one source and one flow."""
    goldbridge(folder, "init")
    for name in ("config/survivorship.yaml", "config/sources.yaml"):
        (folder / name).unlink()
    shutil.rmtree(folder / "mappings")
    (folder / "mappings" / "shop").mkdir(parents=True)
    (folder / "mappings" / "shop" / "account.yaml").write_text(_MAPPING)
    (folder / "flows.yaml").write_text(_FLOWS)
    data = "data." if envelope == "code" else ""
    step: dict[str, Any] = {name: f"{data}{at}" if name != "paging" else at for name, at in _STEP[paging].items()}
    if depth:
        step["depth"] = depth
    params = {"since": "{after}", "until": "{until}", "limit": "{limit}", **_PARAMS[paging]}
    source: dict[str, Any] = {
        "connector": "rest", "base_url": url, "page_size": page, "budget": {"calls": 1000, "per_s": 1},
        "envelope": {"code": "error.code", "message": "error.message"} if envelope == "status" else
        {"code": "code", "message": "message", "success": ["0"], "classes": {"locked": "retry"}},
        "streams": {"account": {
            "key": "id", "cursor": "updated_at",
            "read": {"path": "/account", "params": params, "rows": f"{data}items", **step},
        }},
    }  # fmt: skip
    if auth != "none":
        source["auth"] = {
            "kind": "client_credentials", "token_url": "/oauth/token", "client_id": CLIENT_ID,
            "client_secret": {"secret": "SHOP_SECRET"},
        }  # fmt: skip
    (folder / "config" / "sources.yaml").write_text(yaml.safe_dump({"sources": {"shop": source}}))


def run(folder: Path) -> Outcome:
    """One run of the flow."""
    done = goldbridge(folder, "run", "shop", "--json")
    store = open_store(f"sqlite:///{folder}/.goldbridge/state.sqlite", migrate=False)
    try:
        with store.read() as conn:
            rows = {
                record.key: f"{(record.raw or {}).get('name')}|{(record.raw or {}).get('note') or ''}"
                for record in landing.scan_all(conn, raw=True)
            }
    finally:
        store.close()
    return Outcome(rows, _trouble(done), done.cpu_s, done.peak_mib)


def _trouble(done: Done) -> str:
    if done.status:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return f"exit {done.status}: {said[-1][:160] if said else ''}"
    result = orjson.loads(done.stdout.strip().splitlines()[-1])[0]
    return "" if result["completeness"] == "proven" else f"said to be {result['completeness']}"


def goldbridge(folder: Path, *arguments: str) -> Done:
    """The command line, in `folder`."""
    return child.run([sys.executable, "-m", "goldbridge", *arguments], folder, {"SHOP_SECRET": CLIENT_SECRET})
