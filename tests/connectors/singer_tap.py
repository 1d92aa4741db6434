"""A tap that does as it is told, well or badly: a program of its own, of nothing but the standard library.

Its settings name a folder. There it finds what to say to `--discover` (catalog.json) and what to do otherwise
(steps.json, one list of steps), and notes how it was called (calls.jsonl).
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> None:
    discover = "--discover" in argv
    options = {"--config": argv[2]} if discover else dict(zip(argv[1::2], argv[2::2], strict=False))
    settings = Path(options["--config"])
    config = json.loads(settings.read_text())
    home = Path(config["home"])
    called = {"argv": argv[1:], "env": dict(os.environ), "cwd": str(Path.cwd()), "config": config}
    called["modes"] = [oct(path.stat().st_mode & 0o777) for path in (settings, settings.parent)]
    for flag in ("--state", "--catalog", "--properties"):
        if flag in options:
            called[flag] = Path(options[flag]).read_text()
    with (home / "calls.jsonl").open("a") as file:
        file.write(json.dumps(called) + "\n")
    if discover:
        sys.stdout.write((home / "catalog.json").read_text())
        return
    for step in json.loads((home / "steps.json").read_text()):
        ((what, value),) = step.items()
        do(what, value, called, settings)


def do(what: str, value: Any, called: dict[str, Any], settings: Path) -> None:
    if what == "say":
        say(json.dumps(value, ensure_ascii=False))
    elif what == "raw":
        sys.stdout.write(value)
        sys.stdout.flush()
    elif what == "bytes":
        sys.stdout.buffer.write(bytes.fromhex(value))
        sys.stdout.flush()
    elif what == "complain":
        sys.stderr.write(value + "\n")
        sys.stderr.flush()
    elif what == "exit":
        sys.exit(value)
    elif what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "hang":
        signal.pause()
    elif what == "live":  # whoever reads the other end learns when the last of us is gone
        pipe = os.open(Path(called["config"]["home"]) / "alive", os.O_WRONLY)
        os.set_inheritable(pipe, True)
        os.write(pipe, b"x")
    elif what == "spawn":
        code = "import signal; signal.pause()"
        subprocess.Popen([sys.executable, "-S", "-c", code], close_fds=False)
    elif what == "configure":
        settings.write_text(json.dumps({**called["config"], **value}))
    elif what == "incremental":
        walk(value, called)


def walk(told: dict[str, str], called: dict[str, Any]) -> None:
    """Rows of a file by (at, id) from its STATE on, with a STATE after every second one, as careful taps do it."""
    rows = json.loads(Path(told["rows"]).read_text())
    since = json.loads(called.get("--state", "{}")).get("bookmarks", {}).get("thing", {}).get("at", "")
    text = {"type": "string"}
    schema = {"properties": {"id": text, "name": text, "at": {**text, "format": "date-time"}}}
    say(json.dumps({"type": "SCHEMA", "stream": "thing", "schema": schema, "key_properties": ["id"]}))
    broken = Path(told["fault"])
    fault = broken.read_text() if broken.exists() else ""
    broken.unlink(missing_ok=True)  # it happens once
    found = sorted((row for row in rows if row["at"] >= since), key=lambda row: (row["at"], row["id"]))
    for number, row in enumerate(found):
        if number == 3 and fault:
            say('{"type": "RECORD", "stream": "thing", "rec' if fault == "cut" else "<html>sign in</html>")
            sys.exit(1 if fault == "cut" else 0)
        say(json.dumps({"type": "RECORD", "stream": "thing", "record": row}))
        if number % 2:
            say(json.dumps({"type": "STATE", "value": {"bookmarks": {"thing": {"at": row["at"]}}}}))
    if rows:
        last = max(row["at"] for row in rows)
        say(json.dumps({"type": "STATE", "value": {"bookmarks": {"thing": {"at": last}}}}))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv)
