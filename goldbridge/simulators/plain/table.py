"""The records of the plain CRM: one table per object, each row with an id, a time of modification, and a flag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from goldbridge.simulators.kit import Refused, SimClock

_CHINA = timezone(timedelta(hours=8))
TIMES = ("iso", "epoch_s", "epoch_ms", "local")


class Table:
    """Rows of one object. Times are kept in milliseconds and shown as the option says."""

    def __init__(self, clock: SimClock, times: str) -> None:
        if times not in TIMES:
            raise ValueError(f"times are one of {', '.join(TIMES)}, not {times!r}")
        self._clock, self._times = clock, times
        self.rows: dict[int, dict[str, Any]] = {}
        self._next = 1

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows from before; `updated_ms` says when, else they are a second apart."""
        for row in rows:
            self._put(dict(row), int(row.get("updated_ms", self._clock.now_ms() - 10_000_000 + self._next * 1000)))

    def create(self, values: Mapping[str, Any]) -> dict[str, Any]:
        self._check(values)
        external = values.get("external_id")
        if external is not None and self.by_external(str(external)) is not None:
            raise Refused("duplicate", f"external_id {external} is taken", 409)
        return self._put(dict(values), self._clock.now_ms())

    def change(self, row: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        self._check({**row, **values})
        row.update({name: value for name, value in values.items() if name not in ("id", "updated_ms")})
        row["updated_ms"] = self._clock.now_ms()
        return row

    def by_external(self, external_id: str) -> dict[str, Any] | None:
        return next(
            (row for row in self.rows.values() if row.get("external_id") == external_id and not row["archived"]), None
        )

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as the API shows it."""
        return {**{name: value for name, value in row.items() if name != "updated_ms"}, "updated_at": self.time(row)}

    def time(self, row: Mapping[str, Any]) -> str | int:
        at = int(row["updated_ms"])
        if self._times == "epoch_ms":
            return at
        if self._times == "epoch_s":
            return at // 1000
        moment = datetime.fromtimestamp(at / 1000, UTC)
        if self._times == "local":
            return moment.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"

    def read_time(self, text: str) -> int:
        """A time as a caller writes it, in milliseconds."""
        try:
            if self._times in ("epoch_ms", "epoch_s"):
                return int(text) * (1 if self._times == "epoch_ms" else 1000)
            at = datetime.fromisoformat(text)
        except ValueError:
            raise Refused("bad_time", f"{text!r} is not a time", 400) from None
        return round((at if at.tzinfo else at.replace(tzinfo=_CHINA)).timestamp() * 1000)

    def grain(self) -> int:
        """Milliseconds that a shown time leaves out."""
        return 1000 if self._times in ("epoch_s", "local") else 1

    def _put(self, row: dict[str, Any], updated_ms: int) -> dict[str, Any]:
        row |= {"id": self._next, "archived": bool(row.get("archived")), "updated_ms": updated_ms}
        self.rows[self._next] = row
        self._next += 1
        return row

    def _check(self, values: Mapping[str, Any]) -> None:
        if not str(values.get("name") or "").strip():
            raise Refused("name_required", "name must not be empty", 422)
        if "@" not in str(values.get("email") or "@"):
            raise Refused("bad_email", "email is not an address", 422)
