from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.bad_input.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("GOLDBRIDGE_ENV", "GOLDBRIDGE_PROJECT", "GOLDBRIDGE_KEY", "CRM_URL", "FXIAOKE_SECRET", "FXIAOKE_CODE"):
        monkeypatch.delenv(name, raising=False)
    made = Desk(tmp_path / "project", capsys)
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture(scope="module")
def landscape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of running simulators."""
    command = [
        sys.executable, "-m", "goldbridge.simulators", "--port", "0", "--customers", "10", "--seed", "1",
        "--dir", str(tmp_path_factory.mktemp("landscape")), "--limits", "roomy",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


@pytest.fixture
def html_server() -> Iterator[str]:
    """An address where somebody's login page answers everything with 200."""

    class Page(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = "<!DOCTYPE html><html><title>统一登录</title><body>session=do-not-print-me</body></html>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server asks for

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
