"""Short ways over whole columns of texts: one pass of a pattern over all of them, instead of a call for each.

Each gives cell by cell what the function it stands for gives: texts of the usual form are done together, any other is
handed to that function. Tests hold the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any

from goldbridge.mapping.quick import EMAIL, fixed_area, is_registered, moment_end, settled_name, utc_hour
from goldbridge.mapping.value import Texts, marked
from goldbridge.text.code import ALPHABET
from goldbridge.text.fold import fold_width

Whole = Callable[..., list[Any]]


class Form:
    """A form that texts may have, looked for in a whole column at once. Its pattern must not match a line end."""

    def __init__(self, pattern: str) -> None:
        self._one = re.compile(pattern)
        self._run = re.compile(f"(?:(?:{pattern})\n)*+")

    def others(self, texts: Sequence[str], joined: str = "") -> list[int]:
        """The numbers of the texts that have another form; `joined` are the same texts with a line end behind each."""
        joined = joined or "\n".join(texts) + "\n"
        if joined.count("\n") != len(texts):  # a text of several lines would pass for several texts
            return [row for row, text in enumerate(texts) if self._one.fullmatch(text) is None]
        found: list[int] = []
        row = start = 0
        while (end := self._after(joined, start)) < len(joined):
            row += joined.count("\n", start, end)
            found.append(row)
            row, start = row + 1, joined.index("\n", end) + 1
        return found

    def _after(self, joined: str, start: int) -> int:
        """Where the texts of this form end that begin at `start`."""
        match = self._run.match(joined, start)
        return match.end() if match else start

    def kept(self, function: Callable[..., Any]) -> Whole:
        """Does `function` to a column, where it makes of texts of this form what they are."""

        def whole(texts: Texts, *argument: Any) -> list[Any]:
            others = self.others(texts)
            if not others:
                return texts
            made: list[Any] = list(texts)
            for row in others:
                made[row] = function(texts[row], *argument)
            return made

        return whole


def parted(
    texts: Sequence[str],
    others: Collection[int],
    usual: Callable[[Sequence[str]], Sequence[Any]],
    other: Callable[[str], Any],
) -> list[Any]:
    """What `usual` makes of a column, and `other` of each of the texts whose numbers are in `others`."""
    if not others:
        return list(usual(texts))
    apart = frozenset(others)
    done = iter(usual([text for row, text in enumerate(texts) if row not in apart]))
    return [other(text) if row in apart else next(done) for row, text in enumerate(texts)]


def always(function: Callable[[str], str]) -> Whole:
    """Does to a column a function that makes a text of every text."""
    return lambda texts: marked(list(map(function, texts)))


_settled = Form(settled_name)


def folded(function: Callable[[str], str]) -> Whole:
    """`quick.fold`, for a column of names that need nothing but round brackets."""

    def whole(texts: Texts) -> list[str]:
        joined = "\n".join(texts) + "\n"
        bare = joined.replace("（", "(").replace("）", ")")
        if bare.count("\n") != len(texts):
            return list(map(function, texts))
        made: list[str] = texts if bare == joined else bare.split("\n")[:-1]
        others = _settled.others(made, bare)
        if others:
            made = list(made)
            for row in others:
                made[row] = fold_width(made[row])
        return marked(made)

    return whole


_code = Form("[0-9A-HJ-NP-RTUWXY]{18}")
_places = [
    bytes(max(0, ALPHABET.find(chr(code))) * pow(3, place, 31) % 31 for code in range(256)) for place in range(17)
]
_places.append(bytes(max(0, ALPHABET.find(chr(code))) for code in range(256)))
_modulo = bytes(code % 31 for code in range(256))


def _check_sums(codes: Sequence[str]) -> bytes:
    """Per credit code the sum that must be 0 modulo 31 with its check character, a byte for each.

    The characters of one place are weighed and added for all codes at once, as the bytes of one number; 8 places fit
    a byte (8 x 30) before they have to be reduced.
    """
    joined = "".join(codes).encode("ascii")
    total = 0
    for place, weighed in enumerate(_places):
        if place % 7 == 0:
            total = int.from_bytes(_bytes(total, codes).translate(_modulo), "little")
        total += int.from_bytes(joined[place::18].translate(weighed), "little")
    return _bytes(total, codes).translate(_modulo)


def _bytes(total: int, codes: Sequence[str]) -> bytes:
    return total.to_bytes(len(codes), "little")


def credit_codes(function: Callable[[str], Any]) -> Whole:
    """A credit code's `function`, which keeps a valid one as it is."""

    def usual(codes: Sequence[str]) -> list[Any]:
        return [
            code if rest == 0 and is_registered(code[:10]) else function(code)
            for code, rest in zip(codes, _check_sums(codes), strict=True)
        ]

    return lambda texts: parted(texts, _code.others(texts), usual, function)


def emails(function: Callable[[str], Any]) -> Whole:
    """An e-mail address's `function`, which keeps a plain one in small letters as it is."""
    return Form(EMAIL).kept(function)


_dialled = Form(
    "1[3-9][0-9](?!00000000|12345678)[0-9]{8}"  # a mobile number, but none typed to get past a required field
    "|0(?:10|2[0-9]|[3-9][0-9]{2})-?[2-8][0-9]{6,7}"
)


def phones(function: Callable[..., Any]) -> Whole:
    """A telephone number's `function`: what it makes of plain Chinese numbers is their digits behind +86."""

    def whole(texts: Texts, region: str = "CN") -> list[Any]:
        if region != "CN":
            return [function(text, region) for text in texts]
        others = _dialled.others(texts)
        unknown = {start for start in {text[:4] for text in texts if text[0] == "0"} if not fixed_area(start)}
        if unknown:
            others = [*others, *(row for row, text in enumerate(texts) if text[:4] in unknown)]
        return parted(texts, others, _in_full, function)

    return whole


def _in_full(numbers: Sequence[str]) -> list[str]:
    joined = "".join(f"\n{number}" for number in numbers)
    return joined.replace("-", "").replace("\n0", "\n").replace("\n", "\n+86").split("\n")[1:]


_MOMENT = len("2026-03-01T00:00:00.000000Z")
_LEARNT = 1 << 15


class _Learnt(dict[str, str]):
    """What a function makes of texts, remembered; bounded, and safe to lose."""

    def __init__(self, function: Callable[[str], str]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str) -> str:
        if len(self) >= _LEARNT:
            self.clear()
        made = self[text] = self._function(text)
        return made


_ends = _Learnt(moment_end)


@cache
def _hours(zone: str) -> _Learnt:
    return _Learnt(lambda text: utc_hour(text, zone))


def moments(function: Callable[[str, str], Any]) -> Whole:
    """A moment's `function`: of a local time to the second it makes the hour in UTC and the rest as it is."""

    def whole(texts: Texts, zone: str) -> list[Any]:
        hours, ends = _hours(zone), _ends
        made = [hours[text[:13]] + ends[text[13:]] for text in texts]
        if len("".join(made)) == _MOMENT * len(made):
            return Texts(made)
        return [one if len(one) == _MOMENT else function(text, zone) for one, text in zip(made, texts, strict=True)]

    return whole


_digits = Form("[0-9]{1,17}")


def integers(function: Callable[[str], Any]) -> Whole:
    """A whole number's `function`."""
    return lambda texts: parted(texts, _digits.others(texts), lambda usual: list(map(int, usual)), function)
