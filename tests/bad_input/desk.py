"""An engineer's desk: a small project, the command line, and what it says when something is wrong."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from goldbridge import cli

FILES = {
    "config/model.yaml": """
        entities:
          party:
            mastered: true
            fields:
              name: {type: text, required: true}
              credit_code: {type: credit_code, identifier: hard}
              phones: {type: phone, many: true, identifier: soft}
        """,
    "config/sources.yaml": """
        sources:
          crm:
            connector: sql
            url: {secret: CRM_URL}
            streams:
              account: {table: ACCOUNT, key: ID}
          drop:
            connector: file
            root: inbox
            streams:
              customers: {path: customers.csv, key: 编号, settle_s: 0}
          new_crm:
            connector: fxiaoke
            base_url: http://127.0.0.1:9/fxiaoke
            app_id: FSAID_sandbox
            app_secret: {secret: FXIAOKE_SECRET}
            permanent_code: {secret: FXIAOKE_CODE}
            timeout_s: 2
        """,
    "flows.yaml": """
        flows:
          crm: {ingest: crm.account, every: 1 h}
          files: {ingest: drop.customers}
          accounts: {ingest: new_crm.AccountObj}
          parties: {master: [party], after: [crm, files]}
        """,
    "mappings/crm/account.yaml": """
        mapping: crm.account
        target: party
        key: ID
        fields:
          name: {from: NAME, via: [trim], required: true}
          credit_code: {from: CODE, via: [blank, credit_code]}
        """,
    "mappings/drop/customers.yaml": """
        mapping: drop.customers
        target: party
        key: 编号
        fields:
          name: {from: 名称, via: [blank], required: true}
          phones: {from: 电话, via: [blank, phones]}
        """,
    "mappings/new_crm/AccountObj.yaml": """
        mapping: new_crm.AccountObj
        target: party
        key: _id
        fields:
          name: {from: name, required: true}
        """,
}
SECRETS = {"FXIAOKE_SECRET": "fx-sandbox-app-secret", "FXIAOKE_CODE": "fx-sandbox-permanent-code"}


@dataclass
class Said:
    """What a command left: its exit status, its output, and the lines on stderr that are no log lines."""

    status: int
    out: str
    errors: list[str]

    @property
    def error(self) -> str:
        """The one message; fails when there are none or several."""
        assert len(self.errors) == 1, self
        return self.errors[0]


def hear(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    """Run a command on the project in `root` and hear what it says."""
    capsys.readouterr()
    status = cli.main([*words, "--project", str(root)])
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if line and "[info " not in line and "[warning " not in line]
    return Said(status, out, [line.replace(f"{os.path.relpath(root)}/", "") for line in lines])


class Desk:
    """The project in `root`; commands are typed there."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        for path, text in FILES.items():
            self.write(path, dedent(text))
        (root / "inbox").mkdir()
        self.write("config/secrets.env", "")
        self.secrets(CRM_URL=f"sqlite:///{root / 'crm.sqlite'}", **SECRETS)
        with sqlite3.connect(root / "crm.sqlite") as conn:
            conn.execute("CREATE TABLE ACCOUNT (ID TEXT PRIMARY KEY, NAME TEXT, CODE TEXT)")

    def write(self, path: str, content: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file; fails when there is nothing to change."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def secrets(self, **values: str) -> None:
        """Set secrets in the secrets file; an empty value takes one out."""
        path = self.root / "config/secrets.env"
        kept = dict(line.split("=", 1) for line in path.read_text().splitlines())
        kept.update(values)
        path.write_text("".join(f"{name}={value}\n" for name, value in kept.items() if value))
        path.chmod(0o600)

    def account(self, *rows: tuple[str, str, str]) -> None:
        with sqlite3.connect(self.root / "crm.sqlite") as conn:
            conn.executemany("INSERT INTO ACCOUNT VALUES (?, ?, ?)", rows)

    def type(self, *words: str) -> Said:
        """Run a command and hear what it says."""
        return hear(self.root, self._capsys, *words)

    def result(self, *words: str) -> dict[str, Any]:
        """The result of the one flow that a `run ... --json` ran."""
        said = self.type(*words, "--json")
        (result,) = json.loads(said.out)
        return {**result, "status": said.status}
