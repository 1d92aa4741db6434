"""How far a process was read: the start time up to which all is listed, and the approvals that were still running."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import Position, RawRow
from goldbridge.errors import Reject, Retry

ZONE = "Asia/Shanghai"
RUNNING = "RUNNING"


class Progress:
    """What a position says, and how it grows: `cursor` in epoch milliseconds, tie `step:lower:open`.

    `step` counts up while the cursor stands still, so that positions only ever grow. `lower` is where to list from when
    that is before the cursor. `open` are the running approvals as a JSON list, or `@` and the oldest start time when
    there are too many to name: everything since then is listed again.
    """

    def __init__(self, start: Position | None) -> None:
        self.base = int(start.cursor or "0") if start else 0
        step, lower, opened = start.tie.split(":", 2) if start and start.tie else ("0", "", "[]")
        self._step = int(step)
        self.lower = int(lower) if lower else self.base
        self.open: dict[str, int] = {}
        self._since = ""
        if opened.startswith("@"):
            self._since = opened
            self.lower = min(self.lower, int(opened[1:]) - 1)
        else:
            self.open = dict.fromkeys(json.loads(opened), 0)

    def rewound(self, overlap_ms: int) -> Position:
        lower = max(0, min(self.lower, self.base - overlap_ms))
        opened = self._since or json.dumps(sorted(self.open), separators=(",", ":"))
        return Position(str(self.base), f"{self._step:06d}:{lower}:{opened}")

    def note(self, instance_id: str, found: RawRow | Reject | Retry) -> None:
        """Keep what runs on, and what could not be served; drop what is over or gone."""
        if isinstance(found, dict) and found["status"] == RUNNING:
            self.open[instance_id] = started(found)
        elif not isinstance(found, Retry):
            self.open.pop(instance_id, None)
        else:
            self.open.setdefault(instance_id, 0)

    def reach(self, upper: int) -> None:
        """Everything up to `upper` is listed."""
        if upper > self.base:
            self.base, self._step, self._since = upper, 0, ""

    def position(self, follow: int) -> Position:
        self._step += 1
        return Position(str(self.base), f"{self._step:06d}::{self._since or self._named(follow)}")

    def _named(self, follow: int) -> str:
        known = [at for at in self.open.values() if at]
        if len(self.open) > follow and len(known) == len(self.open):
            return f"@{min(known)}"
        return json.dumps(sorted(self.open), separators=(",", ":"))


def started(row: RawRow) -> int:
    """Start of an approval in epoch milliseconds, 0 when it cannot be told."""
    try:
        at = datetime.fromisoformat(str(row["create_time"]))
    except ValueError:
        return 0
    return milliseconds(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(ZONE)))


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
