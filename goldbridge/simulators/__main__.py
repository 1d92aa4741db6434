"""`python -m goldbridge.simulators`: make a world, write its databases, serve its systems until told to stop.

Prints one JSON line when it is ready; everything else goes to standard error. Exit status 0 after SIGTERM or SIGINT,
2 when it cannot start.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import orjson
import uvicorn

from goldbridge.simulators.landscape import PREFIXES, Landscape
from goldbridge.simulators.world import AS_OF, World

HOST = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        listener = _listen(options.port)
    except OSError as error:
        return _refuse(
            f"SBX011 port {options.port} on {HOST} cannot be used ({error.strerror}); "
            "stop what uses it, or choose another one with --port"
        )
    with listener:
        try:
            options.dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            landscape = Landscape(
                World(options.customers, options.seed, options.as_of), options.dir, limits=options.limits
            )
            if options.truth_out is not None:
                options.truth_out.write_bytes(orjson.dumps(landscape.world.truth()))
        except OSError as error:
            return _refuse(f"SBX012 cannot write {error.filename}: {error.strerror}; choose another folder")
        except sqlite3.Error as error:
            return _refuse(f"SBX012 cannot write the databases in {options.dir}: {error}; choose another folder")
        _serve(landscape, listener)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m goldbridge.simulators", description=__doc__)
    parser.add_argument("--port", type=_port, default=18400, help="loopback port; 0 takes a free one (default 18400)")
    parser.add_argument("--customers", type=_positive, default=2000, help="companies in the world (default 2000)")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same world (default 7)")
    parser.add_argument("--dir", type=Path, required=True, help="folder for the two databases; made when missing")
    parser.add_argument("--limits", choices=("roomy", "sheet"), default="roomy", help="hold the vendors' rate limits?")
    parser.add_argument(
        "--as-of", type=_day, default=AS_OF, help="the world's present, YYYY-MM-DD (default 2026-09-30)"
    )
    parser.add_argument("--truth-out", type=Path, help="also write the truth to this file, as JSON")
    return parser.parse_args(arguments)


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=10, tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-09-30") from error


def _stop(number: int, frame: FrameType | None) -> None:
    """Before and after serving; while it serves, the server has handlers of its own and ends its calls first."""
    raise SystemExit(0)


def _listen(port: int) -> socket.socket:
    """Taken before the world is made, so that a busy port is known at once. Loopback only."""
    # The protocol is named because asyncio switches delayed packets off (40 ms a call) only for sockets that say TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _serve(landscape: Landscape, listener: socket.socket) -> None:
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    urls = {name: url + prefix for name, prefix in PREFIXES.items()}
    ready = {"ready": True, "url": url, "urls": urls, "control": f"{url}/_control", **landscape.health()}
    config = uvicorn.Config(
        landscape.app, log_level="critical", access_log=False, lifespan="off", date_header=False, server_header=False
    )
    sys.stdout.write(orjson.dumps(ready).decode() + "\n")
    sys.stdout.flush()
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
