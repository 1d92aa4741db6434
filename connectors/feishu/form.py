"""Our values as the text of a form.

The other side does not check what is missing, and takes numbers as JSON numbers, so both are done here: digits are
written into the text as they are, never through a float.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from connectors.feishu.client import dumps
from goldbridge.errors import Mark, Misconfigured, Reject
from goldbridge.ports import Json

_NUMBERS = ("number", "amount")
_ONE_OF = ("radio", "radioV2")
_SOME_OF = ("checkbox", "checkboxV2")
_TEXTS = ("input", "textarea")


class Form:
    """The controls of one definition, by id and by label."""

    def __init__(self, controls: Sequence[Mapping[str, Json]], subject: str, zone: str, currency: str) -> None:
        self._controls = {str(each.get("id")): each for each in controls}
        self._subject, self._zone, self._currency = subject, ZoneInfo(zone), currency
        self._ids: dict[str, str] = {}
        for control_id, each in self._controls.items():
            self._ids.setdefault(str(each.get("name")), control_id)
        self._ids |= {control_id: control_id for control_id in self._controls}

    def check(self, names: Sequence[str]) -> None:
        """All names that are neither an id nor a label of a control, in one message."""
        unknown = [name for name in names if name not in self._ids]
        if not unknown:
            return
        close = difflib.get_close_matches(unknown[0], self._ids, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "look at the form of the definition"
        message = f"{self._subject}: the form has no control {', '.join(map(repr, unknown))}; {hint}"
        raise Misconfigured.one("CON255", message, Mark("mappings"))

    def encode(self, values: Mapping[str, Json], about: str) -> str:
        """The form as the text that a start takes; `Reject` for a value that its control cannot hold."""
        given = {self._ids[name]: value for name, value in values.items() if value is not None and value != ""}
        for control_id, control in self._controls.items():
            if control.get("required") is True and control_id not in given:
                raise _bad(about, control, "is required, and the vendor would not notice that it is missing")
        return "[" + ",".join(self._one(self._controls[each], value, about) for each, value in given.items()) + "]"

    def _one(self, control: Mapping[str, Json], value: Json, about: str) -> str:
        kind = str(control.get("type"))
        head = f'{{"id":{dumps(str(control["id"]))},"type":{dumps(kind)},"value":'
        if kind in _NUMBERS:
            tail = f',"currency":{dumps(self._currency)}}}' if kind == "amount" else "}"
            return head + _digits(control, value, about) + tail
        if kind in _TEXTS:
            value = value if isinstance(value, str) else dumps(value)
        elif kind == "date":
            value = self._moment(control, value, about)
        elif kind in _ONE_OF:
            value = _option(control, value, about)
        elif kind in _SOME_OF:
            value = [_option(control, each, about) for each in (value if isinstance(value, list) else [value])]
        return head + dumps(value) + "}"

    def _moment(self, control: Mapping[str, Json], value: Json, about: str) -> str:
        """RFC 3339; a day alone is its midnight in the zone of the system."""
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            raise _bad(about, control, "takes a date") from None
        if at.tzinfo is None:
            at = at.replace(tzinfo=self._zone) if "T" in str(value) else datetime.combine(at, time(), self._zone)
        return at.isoformat(timespec="seconds")


def _digits(control: Mapping[str, Json], value: Json, about: str) -> str:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _bad(about, control, "takes a number") from None
    if not number.is_finite() or isinstance(value, bool):
        raise _bad(about, control, "takes a number")
    return format(number, "f")


def _option(control: Mapping[str, Json], value: Json, about: str) -> str:
    """The key of an option, given by its key or its label."""
    options = control.get("option")
    keys = {str(each.get("value")): str(each.get("text")) for each in options} if isinstance(options, list) else {}
    if str(value) in keys:
        return str(value)
    for key, label in keys.items():
        if label == str(value):
            return key
    close = difflib.get_close_matches(str(value), keys.values(), n=1)
    raise _bad(about, control, "has no such option" + (f"; did you mean {close[0]!r}?" if close else ""))


def _bad(about: str, control: Mapping[str, Json], why: str) -> Reject:
    name = str(control.get("name") or control.get("id"))
    return Reject("CON254", f"{about}: control {name!r} {why}", field=str(control.get("id")))
