"""Two tables as one, to be linked: columns that mean the same come together, each under its name in the first file.

Told pairs come first, then equal names, then columns of one kind: alone on both sides, or by the values they share.
What only one file has is carried along and not compared. Every pairing is shown with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dedupe.plain import compact
from dedupe.table import engine
from dedupe.table.column import Guess
from dedupe.table.header import IGNORE
from goldbridge.cli.dedupe_table import Table, compared
from goldbridge.errors import Misconfigured, Problems

SOURCE = "source_file"
_LEAST_SHARED = 0.05
_TELLING = ("organisation", "phone", "email", "domain", "address", "identifier")


class Pairing(NamedTuple):
    """A column of each file, and why they are one."""

    first: str
    second: str
    reason: str


def combine(first: Table, second: Table, told: Iterable[str], name: str | None = None) -> tuple[Table, list[Pairing]]:
    """Both tables in one, with a last column that names the file; raises `Misconfigured` DED030 or DED038.

    `name` is the column that names the rows: one of that name in each file, whatever it was paired with.
    """
    both = name is not None and name in first.header and name in second.header
    pairs = pair(first, second, told, name if both else None)
    if not pairs:
        message = (
            f"no column means what one of {second.file.name} does; say which with --map COLUMN=COLUMN; "
            f"{second.file.name} has {', '.join(second.header[:20])}"
        )
        raise Misconfigured.one("DED038", message, first.mark)
    theirs = {each.second: each.first for each in pairs}
    added = [name for name in second.header if name not in theirs]
    renamed = {name: _free(name, first.header) for name in added}
    header = [*first.header, *renamed.values()]
    places = {theirs.get(name) or renamed[name]: at for at, name in enumerate(second.header)}
    source = _free(SOURCE, header)
    rows = [[*row, *[""] * len(added), first.file.name] for row in first.rows]
    order = [places.get(name) for name in header]
    other = second.file.name if second.file.name != first.file.name else str(second.file)
    rows += [[*("" if at is None else row[at] for at in order), other] for row in second.rows]
    matched = {each.first for each in pairs}
    missing = {name: f"only in {first.file.name}" for name in first.header if name not in matched}
    missing |= dict.fromkeys(renamed.values(), f"only in {other}")
    missing |= _numbering(first, second, pairs)
    errors = first.formula_errors + second.formula_errors
    made = Table(
        first.file, first.encoding, [*header, source], rows, errors, len(first.rows), second.file, missing
    )  # fmt: skip
    return made, pairs


def _numbering(first: Table, second: Table, pairs: Sequence[Pairing]) -> dict[str, str]:
    """Columns that number the rows of a file: the third row of one is not the third of the other."""
    found: dict[str, str] = {}
    for table, names in ((first, {each.first: each.first for each in pairs}), (
        second, {each.second: each.first for each in pairs})):  # fmt: skip
        for guess in engine.guess_columns(compared(table, names), {}):
            if guess.kind == IGNORE and "numbers them" in guess.reason:
                found[names[guess.column]] = f"numbers the rows of {table.file.name}"
    return found


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name = f"{name}_2"
    return name


def pair(first: Table, second: Table, told: Iterable[str], name: str | None = None) -> list[Pairing]:
    """Which columns mean the same, in the order of the first file; `name` does in both."""
    found = _told(first, second, told)
    if name is not None and _open(found, name, name):
        found.append(Pairing(name, name, "names the rows"))
    ours = {name: _folded(name) for name in first.header}
    for name in second.header:
        same = [each for each in ours if ours[each] == _folded(name) and _open(found, each, name)]
        if same:
            found.append(Pairing(same[0], name, "equal names" if same[0] == name else "names that mean the same"))
    one = [each for each in _guesses(first) if all(each.column != pair.first for pair in found)]
    two = [each for each in _guesses(second) if all(each.column != pair.second for pair in found)]
    found += _by_kind(first, second, one, two)
    order = {name: at for at, name in enumerate(first.header)}
    return sorted(found, key=lambda each: order[each.first])


_ALIKE = {
    word: words[0]
    for words in (
        ("first name", "given name", "forename", "名", "名字"),
        ("surname", "last name", "family name", "姓"),
        ("date of birth", "dob", "birth date", "birthday", "born", "生日", "出生日期"),
        ("city", "town", "城市"),
        ("postcode", "post code", "zip", "zip code", "postal code", "邮编", "邮政编码"),
        ("state", "province", "省", "省份"),
        ("year", "年份"),
        ("title", "标题"),
        ("authors", "author", "作者"),
    )
    for word in words
}


def _folded(name: str) -> str:
    """A header in the words that stand for all that mean the same."""
    plain = " ".join(name.strip().casefold().replace("_", " ").split())
    return _ALIKE.get(plain, plain)


def _open(found: Sequence[Pairing], one: str, two: str) -> bool:
    return all(each.first != one and each.second != two for each in found)


def _told(first: Table, second: Table, told: Iterable[str]) -> list[Pairing]:
    problems = Problems()
    found: list[Pairing] = []
    for entry in (part for item in told for part in item.split(",")):
        one, equals, two = entry.partition("=")
        if not equals:
            problems.note(first.mark, "DED030", f"--map: '{entry}' is not COLUMN=COLUMN, first file first")
            continue
        try:
            made = Pairing(first.find(one, "--map"), second.find(two, "--map"), "told")
        except Misconfigured as error:
            problems.extend(error.problems)
            continue
        if not _open(found, made.first, made.second):
            problems.note(first.mark, "DED030", f"--map: '{entry}' names a column that is mapped already")
        found.append(made)
    problems.raise_any()
    return found


def _guesses(table: Table) -> list[Guess]:
    return [each for each in engine.guess_columns(compared(table, table.header), {}) if each.kind != IGNORE]


def _by_kind(first: Table, second: Table, one: Sequence[Guess], two: Sequence[Guess]) -> list[Pairing]:
    """Columns of one kind: the pair that shares most values first; a telling kind alone on both sides needs none."""
    ranked = []
    for a, ours in enumerate(one):
        for b, theirs in enumerate(two):
            if _class(ours) != _class(theirs):
                continue
            alone = sum(_class(each) == _class(ours) for each in one) == 1
            alone &= sum(_class(each) == _class(ours) for each in two) == 1
            shared = _shared(first.cells(ours.column), second.cells(theirs.column))
            if shared >= _LEAST_SHARED or (alone and ours.kind in _TELLING):
                ranked.append((-shared, a, b))
    found: list[Pairing] = []
    for shared, a, b in sorted(ranked):
        if _open(found, one[a].column, two[b].column):
            kind = one[a].kind if _class(one[a]) == one[a].kind else _class(one[a]).replace("_", " ")
            reason = f"both {kind}, {-shared:.0%} of the values in common"
            found.append(Pairing(one[a].column, two[b].column, reason))
    return found


def _class(guess: Guess) -> str:
    """What must be equal for two columns to mean the same: an own name and a former one do not."""
    return (
        guess.part if guess.kind in ("organisation", "identifier", "address", "person") and guess.part else guess.kind
    )


def _shared(one: Sequence[str], two: Sequence[str]) -> float:
    """Of the values of the column with fewer, the share that the other has too."""
    ours, theirs = ({plain for cell in set(cells) if (plain := compact(cell[:200]))} for cells in (one, two))
    return len(ours & theirs) / max(1, min(len(ours), len(theirs)))
