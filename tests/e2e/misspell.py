"""Names as people type them from memory: the second source of the test on real systems, made of real names.

Knows nothing of how the product reads names. The same companies and the same seed give the same list.

    python -m tests.e2e.misspell tests/e2e/data/companies.csv list.csv
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

SEED = 82
KNOWN = 2000
"""How many of the companies, from the top, the ERP has; the list calls the others new."""
COLUMNS = ("customer_no", "name", "country", "state")

_FORMS = re.compile(
    r"[\s,]+(?:(?:public|private)\s+)?(?:limited(?:\s+liability\s+company)?|ltd\.?|llc|l\.l\.c\.|inc\.?|incorporated|"
    r"corp(?:oration|\.)?|plc\.?|llp|l\.?p\.?|gmbh(?:\s*&\s*co\.?\s*kg)?|ag|kg|b\.?v\.?|n\.?v\.?|s\.?a\.?|s\.?l\.?|"
    r"s\.r\.l\.|srl|s\.p\.a\.|spa|s\.?à\s?r\.?l\.?|sarl|sas|s\.a\.s\.|a/s|aps|as|asa|ab|oy|oyj|s\.r\.o\.|a\.s\.|"
    r"kft\.?|sp\.\s*z\s*o\.\s*o\.|lda|pte\.?\s+ltd\.?|pty\.?\s+ltd\.?|company)$",
    re.IGNORECASE,
)
_SHORT = {
    "limited": "Ltd", "private": "Pvt", "company": "Co", "corporation": "Corp", "incorporated": "Inc",
    "international": "Intl", "management": "Mgmt", "services": "Svcs", "holdings": "Hldgs", "holding": "Hldg",
    "investments": "Invs", "investment": "Inv", "technologies": "Tech", "technology": "Tech", "associates": "Assoc",
    "association": "Assn", "manufacturing": "Mfg", "development": "Dev", "industries": "Inds", "enterprises": "Ent",
    "brothers": "Bros", "partnership": "P'ship", "group": "Grp", "financial": "Fin", "university": "Univ",
    "and": "&", "saint": "St", "department": "Dept", "national": "Natl", "properties": "Props", "stichting": "St.",
    "beheer": "Beh.", "gesellschaft": "Ges.", "engineering": "Eng", "solutions": "Sol", "systems": "Sys",
}  # fmt: skip
_UNDONE = {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ł": "l", "Ł": "L", "đ": "d", "œ": "oe"}
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {
    key: [row[at] for at in (place - 1, place + 1) if 0 <= at < len(row)]
    for row in _KEYS
    for place, key in enumerate(row)
}
_word = re.compile(r"\w+")

Slip = Callable[[str, Random], str]


def typo(name: str, dice: Random) -> str:
    """One letter wrong, missing, doubled, or exchanged with the next; not the first one of a word."""
    words = [found for found in _word.finditer(name) if len(found[0]) >= 4 and found[0].isalpha()]
    if not words:
        return name
    found = dice.choice(words)
    at = dice.randrange(found.start() + 1, found.end() - 1)
    letter = name[at]
    match dice.randrange(4):
        case 0:
            near = dice.choice(_NEAR.get(letter.lower(), [letter]))
            return name[:at] + (near.upper() if letter.isupper() else near) + name[at + 1 :]
        case 1:
            return name[:at] + name[at + 1 :]
        case 2:
            return name[:at] + letter + name[at:]
    return name[:at] + name[at + 1] + letter + name[at + 2 :]


def without_form(name: str, dice: Random) -> str:
    """The legal form left out."""
    bare = _FORMS.sub("", name)
    return bare if len(bare) >= 3 else name


def other_case(name: str, dice: Random) -> str:
    """All capitals, all small, or every word with a capital."""
    return dice.choice((str.upper, str.lower, str.title))(name)


def shortened(name: str, dice: Random) -> str:
    """One word abbreviated."""
    words = [found for found in _word.finditer(name) if found[0].lower() in _SHORT]
    if not words:
        return name
    found = dice.choice(words)
    return name[: found.start()] + _SHORT[found[0].lower()] + name[found.end() :]


def swapped(name: str, dice: Random) -> str:
    """Two neighbouring words exchanged."""
    words = name.split(" ")
    if len(words) < 3:
        return name
    at = dice.randrange(len(words) - 1)
    words[at : at + 2] = [words[at + 1], words[at]]
    return " ".join(words)


def plain_letters(name: str, dice: Random) -> str:
    """Accents and other signs of a foreign keyboard lost."""
    text = "".join(_UNDONE.get(letter, letter) for letter in name)
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def other_points(name: str, dice: Random) -> str:
    """Full stops and commas left out, or the blanks around words doubled."""
    bare = re.sub(r"[.,]", "", name)
    return bare if bare != name else name.replace(" ", "  ", 1)


# How often each is tried, per hundred.
_SLIPS: Sequence[tuple[Slip, int]] = (
    (typo, 34), (without_form, 18), (shortened, 14), (other_case, 12), (plain_letters, 8), (other_points, 8),
    (swapped, 6),
)  # fmt: skip


def misspell(name: str, dice: Random) -> str:
    """The name with one to three slips; never the same as before."""
    wrong, left = name, dice.choices((1, 2, 3), (60, 30, 10))[0]
    while left or wrong == name:
        (slip,) = dice.choices([slip for slip, _ in _SLIPS], [often for _, often in _SLIPS])
        if plain_letters(name, dice) != name and dice.random() < 0.5:
            slip = plain_letters
        wrong = slip(wrong, dice)
        left = max(left - 1, 0)
    return wrong


def write_list(companies: Sequence[dict[str, str]], path: Path, seed: int = SEED) -> dict[str, str]:
    """Write the list: every company under a number of the list's own, in an order of its own, every second one
    misspelt. Returns number -> LEI, which the list itself does not hold."""
    dice = Random(seed)
    order = list(range(len(companies)))
    dice.shuffle(order)
    truth: dict[str, str] = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for place, at in enumerate(order):
            company, number = companies[at], f"K{place + 1:05}"
            name = misspell(company["legal_name"], dice) if place % 2 else company["legal_name"]
            truth[number] = company["lei"]
            rows.writerow((number, name, company["country"], "known" if at < KNOWN else "new"))
    return truth


def read_companies(path: Path) -> list[dict[str, str]]:
    """The rows of companies.csv."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    write_list(read_companies(Path(sys.argv[1])), Path(sys.argv[2]))
