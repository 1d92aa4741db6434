"""What an answer means, as data: a table from the vendor's code to the class that decides who acts.

Many vendors answer 200 with an error inside, so the envelope looks into the body before anyone sees a row. A code that
no table knows is never taken for success and never for an empty page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from goldbridge.ports import Json


class Kind(StrEnum):
    """The class of an error; the first three are ours to solve, the others need a person."""

    REFRESH = "refresh-token"
    RETRY = "retry"
    THROTTLE = "throttle"
    RECORD = "fatal-record"
    CONFIG = "fatal-config"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one code means and what follows.

    `wait_s` is the vendor's own waiting time; `day` parks the tenant until its quota resets; `alone` throttles this one
    question only, not the tenant; after `tries` repeats the error ends in `then`; `alarm` makes the log line an error.
    """

    kind: Kind
    remedy: str = ""
    wait_s: float | None = None
    day: bool = False
    alone: bool = False
    tries: int | None = None
    then: Kind | None = None
    alarm: bool = False


class Complaint(NamedTuple):
    """An error as the vendor words it: its code, its sentence, and the trace id its support asks for."""

    code: str
    text: str = ""
    trace: str = ""


RETRY = Rule(Kind.RETRY)
THROTTLE = Rule(Kind.THROTTLE)
RECORD = Rule(Kind.RECORD)
CONFIG = Rule(Kind.CONFIG)

_STATUSES: Mapping[int, Rule] = {
    401: Rule(Kind.REFRESH, "check the credentials of this system"),
    403: Rule(Kind.CONFIG, "grant this application access to what it asked for"),
    404: Rule(Kind.CONFIG, "check base_url and the name of the stream"),
    408: RETRY,
    425: RETRY,
    429: THROTTLE,
    501: Rule(Kind.CONFIG, "this server does not offer the call"),
    505: CONFIG,
}
_RECORD_STATUSES = frozenset({400, 409, 410, 412, 413, 414, 422, 423, 428})


def status_rule(status: int) -> Rule | None:
    """What a bare HTTP status means when the body says nothing; None for success."""
    if 200 <= status < 300:
        return None
    if rule := _STATUSES.get(status):
        return rule
    if status in _RECORD_STATUSES:
        return RECORD
    return RETRY if status >= 500 else CONFIG


def no_complaint(_status: int, _body: Json) -> Complaint | None:
    """For services that speak through the HTTP status alone."""
    return None


def no_notice(_status: int, _headers: Mapping[str, str]) -> Complaint | None:
    """For services that say nothing in their headers."""
    return None


def no_sentence(_status: int, _text: str) -> Complaint | None:
    """For services that never complain in plain text."""
    return None


@dataclass(frozen=True)
class Envelope:
    """How one vendor wraps its answers.

    `find` gets the HTTP status and the parsed body and returns the complaint in it, or None when the answer is good.
    `rules` maps codes to rules; a key that ends in `*` covers every code with that beginning, the longest one wins.
    `refined` narrows a code by a word of its sentence: (code or "*", word, rule). `statuses` is what a bare HTTP status
    means to this vendor, where that differs from the usual. `page` is what an HTML page in place of JSON means, `names`
    puts the vendor's own error codes on a class, `charset` overrules what the server declares.
    `hear` gets the HTTP status and the text of an answer that is no JSON, for vendors whose faults are bare sentences;
    `notice` gets the status and the headers (names in lower case) before the body is looked at.
    `wait_header` is the vendor's own name for what HTTP calls Retry-After.
    """

    find: Callable[[int, Json], Complaint | None] = no_complaint
    rules: Mapping[str, Rule] = field(default_factory=dict)
    refined: tuple[tuple[str, str, Rule], ...] = ()
    statuses: Mapping[int, Rule] = field(default_factory=dict)
    page: Rule = Rule(Kind.HALT)
    names: Mapping[Kind, str] = field(default_factory=dict)
    charset: str | None = None
    hear: Callable[[int, str], Complaint | None] = no_sentence
    notice: Callable[[int, Mapping[str, str]], Complaint | None] = no_notice
    wait_header: str = ""

    def bare(self, status: int) -> Rule | None:
        """What an HTTP status means when the body says nothing; None for success."""
        return self.statuses.get(status) or status_rule(status)

    def rule(self, complaint: Complaint) -> Rule | None:
        """The rule for a complaint, or None when no table knows its code."""
        for code, word, rule in self.refined:
            if code in ("*", complaint.code) and word in complaint.text.casefold():
                return rule
        if rule_ := self.rules.get(complaint.code):
            return rule_
        for length in range(len(complaint.code), 0, -1):
            if rule_ := self.rules.get(complaint.code[:length] + "*"):
                return rule_
        return None
