"""What a call for a batch did to each of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from connectors.base import WriteResult
from connectors.kingdee.envelope import CHANGED, succeeded


class Refusal(NamedTuple):
    """Why one record was refused."""

    message: str
    field: str | None = None

    def result(self, external_id: str, key: str | None, where: str, code: str = "CON162") -> WriteResult:
        """A dead letter, or another try when somebody else was faster."""
        outcome: Any = "retry" if CHANGED in self.message else "rejected"
        text = f"{where} {external_id}: {self.message}"
        return WriteResult(external_id, outcome, key, code, text, self.field)


class Outcome(NamedTuple):
    """Ids by place in the batch for what was done, refusals by place for what was not; the rest is unknown."""

    done: Mapping[int, str]
    refused: Mapping[int, Refusal]


def by_place(response: Mapping[str, Any]) -> Outcome:
    """Of a batch that was saved: the server says for each answer which place it belongs to."""
    done = {int(each.get("DIndex") or 0): str(each["Id"]) for each in response.get("SuccessEntitys") or ()}
    refused = {at: refusal for at, refusal in _errors(response).items() if at not in done}
    return Outcome(done, refused)


def by_id(response: Mapping[str, Any], asked: Sequence[str]) -> Outcome:
    """Of a verb over ids: success is believed only for the ids that are named, since the server may act on a part."""
    named = {str(each.get("Id")) for each in response.get("SuccessEntitys") or ()}
    done = {at: key for at, key in enumerate(asked) if key in named}
    errors = _errors(response)
    if succeeded(response):
        return Outcome(done, {})
    whole = Refusal("; ".join(dict.fromkeys(each.message for each in errors.values())) or "refused without a reason")
    return Outcome(done, {at: errors.get(at, whole) for at in range(len(asked)) if at not in done})


def _errors(response: Mapping[str, Any]) -> dict[int, Refusal]:
    found: dict[int, Refusal] = {}
    for each in response.get("Errors") or ():
        at = int(each.get("DIndex") or 0)
        said, field = str(each.get("Message") or ""), each.get("FieldName") or None
        earlier = found.get(at)
        found[at] = Refusal(f"{earlier.message}; {said}", earlier.field) if earlier else Refusal(said, field)
    return found
