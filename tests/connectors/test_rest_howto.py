"""The how-to and the examples of the reference, typed as they stand, against the plain CRM."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Context, Reading, Window, Write
from connectors.rest import Rest, RestConfig
from goldbridge.clock import FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.settings.secret import Secrets
from goldbridge.settings.validate import validate
from goldbridge.settings.yaml import read
from goldbridge.simulators.kit.loopback import InProcess, Loopback
from goldbridge.simulators.plain import CLIENT_SECRET, KEY, SIGNING_KEY, Plain, private_key
from tests.bad_input.desk import Said, hear
from tests.connectors.rest_shape import account
from tests.connectors.rig import NOON, MemoryStore, sim_clock
from tests.docs.page import blocks

HOW_TO, REFERENCE = "docs/how-to/connect-a-rest-api.md", "docs/systems/rest.md"
HABITS: dict[str, dict[str, Any]] = {
    "pages": {"paging": "page", "auth": "basic", "times": "local"},
    "tokens": {"paging": "next_token", "auth": "client_credentials", "times": "epoch_ms", "envelope": "code"},
    "signed": {"paging": "keyset", "auth": "hmac"},
    "oldcrm": {"paging": "none", "auth": "session"},
    "service": {"paging": "none", "auth": "jwt"},
    "platform": {"paging": "none", "auth": "hash"},
    "partner": {"paging": "none", "auth": "rsa"},
}
COUNT = 8  # ten calls a second, as the page leaves it
SECRETS = {
    "PAGES_PASSWORD": KEY, "TOKENS_SECRET": CLIENT_SECRET, "SIGNED_KEY": SIGNING_KEY, "SHOP_KEY": KEY,
    "OLDCRM_PASSWORD": KEY, "SERVICE_PRIVATE_KEY": private_key(), "PLATFORM_KEY": SIGNING_KEY,
    "PARTNER_PRIVATE_KEY": private_key(),
}  # fmt: skip


class Reader:
    """Somebody who follows the page: the project in a folder, and the CRM it is about."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str], sim: Plain, url: str) -> None:
        self.root, self.sim, self._capsys = root, sim, capsys
        assert hear(root, capsys, "init", str(root)).status == 0
        (root / "config/survivorship.yaml").unlink()
        for path in (root / "mappings").iterdir():
            if path.name != "tables":
                shutil.rmtree(path)
        self.write("config/env/here.yaml", f"sources: {{sources: {{shop: {{base_url: '{url}'}}}}}}\n")
        self.write("config/secrets.env", f"SHOP_KEY={KEY}\n")
        (root / "config/secrets.env").chmod(0o600)

    def write(self, path: str, content: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")

    def type(self, *words: str) -> Said:
        return hear(self.root, self._capsys, *words, "--env", "here")

    def follow(self, parts: list[str]) -> list[tuple[str, Said]]:
        """Write the files and type the commands of these sections; returns what the commands said."""
        said = []
        for block in blocks(HOW_TO):
            if not any(block.text in part for part in parts):
                continue
            if block.language == "yaml":
                self.write(block.text.partition("\n")[0].removeprefix("# "), block.text)
            typed = [line for line in block.text.splitlines() if line.startswith("goldbridge ")]
            said += [(line, self.type(*line.split()[1:])) for line in typed]
        return said


@pytest.fixture
def reader(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    for name in ("GOLDBRIDGE_ENV", "GOLDBRIDGE_PROJECT", "GOLDBRIDGE_KEY", "SHOP_KEY"):
        monkeypatch.delenv(name, raising=False)
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    rows = [
        account(number, now_ms - 3_600_000 + number * 200_000, tel=f"0571-8765{number:04d}") for number in range(COUNT)
    ]
    sim = Plain({"account": rows}, auth="bearer")
    with Loopback(sim.app) as url:
        yield Reader(tmp_path / "shop", capsys, sim, url)


def sections() -> dict[str, str]:
    text = (Path(__file__).resolve().parents[2] / HOW_TO).read_text(encoding="utf-8")
    return {part[:1]: part for part in re.split(r"^## ", text, flags=re.M)}


@pytest.mark.slow
def test_the_how_to_works_as_it_is_written(reader: Reader) -> None:
    parts = sections()
    said = reader.follow([parts["2"]])
    assert [(line, one.status, one.errors) for line, one in said if one.status] == []
    assert "a row was read" in said[-1][1].out
    said = reader.follow([parts["3"]])
    assert [(line, one.status, one.errors) for line, one in said if one.status] == []
    assert said[1][1].out == f"shop_accounts: {COUNT} read = {COUNT} applied; proven\n"
    assert said[2][1].out.endswith("unchanged; proven\n")
    made = len(reader.sim.rows("account"))
    said = reader.follow([parts["4"]])
    assert [(line, one.status, one.errors) for line, one in said if one.status] == []
    assert "shop_publish: 0 read" in said[-1][1].out
    written = reader.sim.counters.writes
    assert reader.sim.rows("account")[0].get("external_id")
    assert len(reader.sim.rows("account")) == made, "the rows that were read are adopted, not doubled"
    reader.follow([parts["4"]])
    assert reader.sim.counters.writes == written


@pytest.mark.parametrize("name", HABITS)
def test_the_examples_of_the_reference_read_and_write(name: str) -> None:
    (block,) = [block for block in blocks(REFERENCE) if block.language == "yaml" and f"\n  {name}:\n" in block.text]
    document = Secrets(SECRETS).reveal(read(block.text, "config/sources.yaml"))
    config = validate(RestConfig, document, ("sources", name))
    clock = FrozenClock(NOON)
    rows = [account(number) for number in range(250)]
    sim = Plain({"account": rows}, clock=sim_clock(clock), **HABITS[name])
    factory = HttpFactory(clock, InProcess(sim.app), draw=lambda: 0.5)
    connector = Rest(config, Context(name, factory, MemoryStore(), clock))
    stream = connector.streams["account"]
    reading = Reading(connector.read(stream, Window(None, connector.bound(stream))))
    assert len({row["id"] for page in reading for row in page.rows}) == 250
    assert reading.completeness is not None
    assert reading.completeness.proven
    if stream.writable:
        batch = [Write("create", f"g{number}", {"name": f"新建{number}"}) for number in range(3)]
        assert {result.outcome for result in connector.write(stream, batch)} == {"written"}


def test_every_key_of_the_vocabulary_is_in_the_page_or_the_how_to() -> None:
    text = "".join(
        (Path(__file__).resolve().parents[2] / page).read_text(encoding="utf-8") for page in (HOW_TO, REFERENCE)
    )
    from connectors.rest.auth_config import AuthConfig
    from connectors.rest.config import CertificateConfig, EnvelopeConfig, StreamConfig
    from connectors.rest.read_config import ReadConfig
    from connectors.rest.write_config import WriteConfig

    for model in (AuthConfig, CertificateConfig, EnvelopeConfig, StreamConfig, ReadConfig, WriteConfig):
        told = {name for name in model.model_fields if not re.search(rf"\b{name}\b", text)}
        assert told <= {"fields", "volatile", "first_page"}, model.__name__
