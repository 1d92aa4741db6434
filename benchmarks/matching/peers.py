"""The peers: each in an environment of its own, outside the repository, with the configuration in `peer/`."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

PEERS = {
    "splink": "splink==5.0.0",
    "goldenmatch": "goldenmatch==3.22.0",
    "recordlinkage": "recordlinkage==0.16",
    "dedupe": "dedupe==3.0.3 BTrees<6",  # later BTrees lack what its index calls
}
HERE = Path(__file__).parent


def default_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "goldbridge-peers"


def python(home: Path, peer: str) -> Path:
    """The interpreter of a peer's environment, made when it is not there."""
    where = home / peer
    found = where / "bin" / "python"
    if not (where / "ready").exists():
        venv.create(where, with_pip=True)
        subprocess.run([found, "-m", "pip", "install", "-q", *PEERS[peer].split()], check=True)
        (where / "ready").touch()
    return found


def command(home: Path, peer: str, table: Path, out: Path, name: str) -> list[str | Path]:
    """What finds the duplicates of `table` with a peer and writes `record,cluster` to `out`."""
    return [python(home, peer), HERE / "peer" / f"with_{peer}.py", table, out, name]
