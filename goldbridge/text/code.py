"""Credit codes of Chinese organisations, the codes before them, and the LEI.

`credit_code` is the 统一社会信用代码 of GB 32100-2015: 18 characters; positions 9-17 hold the older organisation code
(GB 11714) with a check character of its own. About one code in ten thousand in a public register fails its check
character, typed ones far more often: a code that fails is kept, marked, and never corrected in silence.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from operator import getitem
from typing import NamedTuple

from goldbridge.text.fold import fold_width

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""What a credit code is written in; I, O, S, V and Z are left out because they look like digits."""

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_WEIGHED = [{character: weight * value for character, value in _VALUE.items()} for weight in _WEIGHTS]
"""Place by place: what each character adds to the sum."""
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHED = [
    {character: weight * value for value, character in enumerate(_ORGANISATION_ALPHABET)}
    for weight in (3, 7, 9, 10, 5, 8, 4, 2)
]

# Registering department (position 1) -> kinds it registers (position 2).
_KINDS = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1239",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "123",
    "A": "19",
    "N": "1239",
    "Y": "1",
}
# First two region digits; 10 is the national office, 66 and 99 the production corps in Xinjiang.
_PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82"
_REGIONS = frozenset(["10", "66", "99", *_PROVINCES.split()])

# Letters that are not in the alphabet, and other scripts' letters, beside what was probably meant.
_LOOK_ALIKE = str.maketrans("IOSVZАВСЕНКМРТХУΑΒΕΗΚΜΝΡΤΧΥ", "10SU2ABCEHKMPTXYABEHKMNPTXY".replace("S", "5", 1))

_label = re.compile(
    r"^.*?(?:信用代码|机构代码|税务登记号|纳税人识别号|注册号|税号|USCC|USCI|TAX ?ID)[^0-9A-Z]*",
    re.IGNORECASE,
)
_noise = re.compile(r"[\s\-‐-―_.·'\"`‘’“”,:;()]+")
_scientific = re.compile(r"^\d(?:\.\d+)?E\+?\d{1,2}$")
_alphabet = re.compile(f"[{ALPHABET}]*")
_run = re.compile(r"(.)\1{9,}")


class CreditCode(NamedTuple):
    """What a cell for credit codes holds: `value` as typed but upper-case without blanks, never corrected.

    `valid` speaks of an 18-character credit code only. `reason` says what is wrong, or, for a valid code, what is odd.
    `kind` is credit_code, organisation, registration, tax, resident (a person's number) or
    unknown. `organisation` is the nine-character code inside
    (or alone), with `organisation_valid` for its own check character; `region` the six region digits of the registering
    office (a hint for province and city only). `suggestion` is a valid code that differs by look-alike characters.
    """

    value: str
    valid: bool
    reason: str
    kind: str = "credit_code"
    organisation: str = ""
    organisation_valid: bool = False
    region: str = ""
    suggestion: str = ""


class Lei(NamedTuple):
    """A legal entity identifier (ISO 17442) as typed, upper-case without blanks."""

    value: str
    valid: bool
    reason: str


def parse_credit_code(text: str) -> CreditCode | None:
    """Read one credit code, or an older code in its place; None for an empty cell or a placeholder."""
    value = _compact(text)
    size = len(value)
    whole = size == 18 and value.isalnum() and not value.isdecimal()  # so long, no placeholder has letters
    if not value or (not whole and is_placeholder(value)) or _run.search(value):
        return None
    if size == 18:
        return _credit_code(value)
    if _scientific.match(fold_width(text).strip().upper()):
        return CreditCode(value, False, "a spreadsheet turned it into a rounded number; the digits are lost", "unknown")
    if size == 15:
        return _fifteen(value)
    if size == 9:
        return _organisation_code(value)
    return CreditCode(value, False, f"{size} characters; a credit code has 18", "unknown")


def check_character(body: str) -> str:
    """The 18th character that belongs to the 17 of `body`; KeyError on characters outside the alphabet."""
    if len(body) != len(_WEIGHED):
        raise ValueError(f"{len(body)} characters instead of {len(_WEIGHED)}")
    return ALPHABET[-sum(map(getitem, _WEIGHED, body)) % 31]


def organisation_check_character(body: str) -> str:
    """The ninth character of an organisation code for the eight of `body`; KeyError outside 0-9 A-Z."""
    if len(body) != len(_ORGANISATION_WEIGHED):
        raise ValueError(f"{len(body)} characters instead of {len(_ORGANISATION_WEIGHED)}")
    return "0123456789X"[-sum(map(getitem, _ORGANISATION_WEIGHED, body)) % 11]


def registration_check_digit(body: str) -> str:
    """The 15th digit of a registration number of 2007-2015 for the 14 of `body` (ISO 7064 MOD 11,10)."""
    product = 10
    for digit in body:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def _compact(text: str) -> str:
    text = fold_width(text).upper()
    if not text.isalnum():
        text = _noise.sub("", _label.sub("", text))
    return text


@lru_cache(1 << 14)
def _credit_code(value: str) -> CreditCode:
    if not _alphabet.fullmatch(value):
        strange = sorted({character for character in value if character not in _VALUE})
        fixed = value.translate(_LOOK_ALIKE)
        valid = all(character in _VALUE for character in fixed) and not _wrong(fixed)
        reason = f"{_listed(strange)} cannot occur in a credit code"
        return CreditCode(value, False, reason, suggestion=fixed if valid else "")
    inner = value[8:17]
    inner_valid = organisation_check_character(inner[:8]) == inner[8]
    reason = _wrong(value)
    if reason and _is_resident_number(value):
        return CreditCode(value, False, "the identity number of a person, not a credit code", "resident")
    if reason:
        return CreditCode(value, False, reason, "credit_code", inner, inner_valid, value[2:8], _swap(value))
    odd = "" if inner_valid else f"the organisation code inside, {inner}, fails its own check character"
    return CreditCode(value, True, odd, "credit_code", inner, inner_valid, value[2:8])


def _wrong(value: str) -> str:
    """Why 18 characters of the alphabet are no credit code; empty when they are one."""
    kinds = _KINDS.get(value[0])
    if kinds is None:
        return f"no department registers under {value[0]} (position 1)"
    if value[1] not in kinds:
        return f"department {value[0]} has no kind {value[1]} (position 2)"
    if not value[2:8].isdecimal():
        return f"the region {value[2:8]} (positions 3-8) is not six digits"
    if value[2:4] not in _REGIONS:
        return f"no province has the code {value[2:4]} (positions 3-4)"
    expected = check_character(value[:17])
    if expected != value[17]:
        return f"the check character is {value[17]}, the other 17 ask for {expected}"
    return ""


def _is_resident_number(value: str) -> bool:
    """Whether this is a person's identity number (GB 11643): owners of small shops type theirs."""
    if not re.fullmatch(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", value):
        return False
    total = sum(int(digit) * (1 << (17 - at)) for at, digit in enumerate(value[:17]))
    return "10X98765432"[total % 11] == value[17]


def _swap(value: str) -> str:
    """The one valid code that differs by two exchanged neighbours inside the organisation code, if there is one.

    Only where both check characters then fit: one alone would fit by chance too often.
    """
    found = []
    for at in range(8, 16):
        if value[at] != value[at + 1]:
            other = value[:at] + value[at + 1] + value[at] + value[at + 2 :]
            if organisation_check_character(other[8:16]) == other[16] and not _wrong(other):
                found.append(other)
    return found[0] if len(found) == 1 else ""


def _fifteen(value: str) -> CreditCode:
    if value[:6].isdecimal() and value[:2] in _REGIONS:
        inner = value[6:]
        if re.fullmatch(r"[0-9A-Z]{8}[0-9X]", inner) and organisation_check_character(inner[:8]) == inner[8]:
            return CreditCode(value, False, "a tax number from before 2015", "tax", inner, True, value[:6])
        if value.isdecimal():
            reason = "a registration number from before 2015"
            if registration_check_digit(value[:14]) != value[14]:
                reason += ", its check digit fails"
            return CreditCode(value, False, reason, "registration", region=value[:6])
    return CreditCode(value, False, "15 characters; a credit code has 18", "unknown")


def _organisation_code(value: str) -> CreditCode:
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", value):
        return CreditCode(value, False, "9 characters; a credit code has 18", "unknown")
    fits = organisation_check_character(value[:8]) == value[8]
    reason = "an organisation code from before 2015" + ("" if fits else ", its check character fails")
    return CreditCode(value, False, reason, "organisation", value, fits)


def parse_lei(text: str) -> Lei | None:
    """Read one LEI: 18 letters and digits, two check digits, modulo 97 of the whole is 1; None for a placeholder."""
    value = _compact(text)
    if value.startswith("LEI") and len(value) == 23:
        value = value[3:]
    if not value or is_placeholder(value) or _run.fullmatch(value):
        return None
    if len(value) != 20:
        return Lei(value, False, f"{len(value)} characters; a LEI has 20")
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", value):
        return Lei(value, False, "a LEI has 18 letters or digits and two check digits")
    if int("".join(str(int(character, 36)) for character in value)) % 97 != 1:
        return Lei(value, False, "the check digits do not fit")
    return Lei(value, True, "")


def _listed(characters: list[str]) -> str:
    return ", ".join(repr(character) for character in characters)


_WORDS = r"""
无 暂无 没有 未知 不详 空 待定 待补 待补充 待完善 待查 待确认 未填 未填写 未提供 不清楚
测试 测试数据 测试公司 略 同上 保密 见附件
NA N/A N.A. NONE NULL NIL NAN TBD TBA TBC UNKNOWN UNDEFINED EMPTY BLANK TEST TESTING DUMMY ASDF QWERTY
#N/A #NULL! #REF! #VALUE! #NAME? <NULL> (NULL) [NULL] \N
"""
_PLACEHOLDERS = frozenset(_WORDS.split())
# How often one character must repeat, alone, to be no answer at all; 88 or AAA may be somebody's name.
_REPEATS = {"0": 1, "X": 1, **dict.fromkeys("无某啊测空零", 2), **dict.fromkeys("123456789", 3)}


_two_letters = re.compile("([A-Z])(?!\\1)[A-Z]|([\u4e00-\u9fa5])(?!\\2)[\u4e00-\u9fa5]")
_BEGINNINGS = frozenset(word[:2] for word in _PLACEHOLDERS)


def is_placeholder(text: str) -> bool:
    """Whether a cell holds something typed to get past a required field: 000, 123456, 无, N/A, dashes, nothing."""
    two = text[:2].upper()
    if two not in _BEGINNINGS and _two_letters.match(two):
        return False  # none of them begins so
    return _is_placeholder(text)


@lru_cache(1 << 14)
def _is_placeholder(text: str) -> bool:
    value = fold_width(text).strip().upper()
    if not value or value in _PLACEHOLDERS:
        return True
    if len(set(value)) > 12:
        return False  # neither one character again and again nor ten digits in their order
    bare = value if value.isalnum() else "".join(filter(str.isalnum, value))
    if not bare or (len(bare) > 2 and bare in _PLACEHOLDERS):
        return True
    if bare.count(bare[0]) == len(bare):
        return len(bare) >= _REPEATS.get(bare[0], 4 if bare[0].isascii() else 1 << 30)
    return len(bare) >= 6 and bare.isascii() and bare.isdecimal() and _counts(bare)


def _counts(digits: str) -> bool:
    """Whether digits only count up or only count down, wrapping at ten: 123456789012345678."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return steps in ({1}, {9})
