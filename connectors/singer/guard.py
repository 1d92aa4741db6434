"""Stands between the hub and a tap: when the hub goes, however it goes, the tap goes too, and with it its folder.

A program of its own: `guard.py FOLDER COMMAND...`, first of its process group, its standard input a pipe that only the
hub holds open and never writes to. The tap's exit status is left in FOLDER/exit, because at the end the whole group is
killed, this process included: whatever the tap has started and left behind is gone before anyone reads the status.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path


def main(folder: Path, command: list[str]) -> None:
    try:
        tap = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - allowed by the operator, no shell
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        _leave(folder, 126 if isinstance(error, PermissionError) else 127)
        return
    ending = threading.Lock()
    threading.Thread(target=_watch, args=(folder, tap, ending), daemon=True).start()
    status = tap.wait()
    with ending:  # whoever ends the group does all of it: a tap that the watcher killed is not one that ended
        _leave(folder, status)


def _watch(folder: Path, tap: "subprocess.Popen[bytes]", ending: threading.Lock) -> None:
    os.read(0, 1)  # comes back when the hub's end of the pipe is closed, also when it was killed
    with ending:
        tap.kill()
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


def _leave(folder: Path, status: int) -> None:
    new = folder / "exit.new"
    new.write_text(str(status))
    new.replace(folder / "exit")  # it is there whole or not at all
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
