"""The same cleaned columns for the peers that come with no cleaning of their own; standard library only."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_FREE = re.compile(r"@(qq|163|126|sina|foxmail|gmail|outlook|yahoo|gmx|hotmail)\.")
_FORMS = re.compile(
    "有限责任公司|股份有限公司|有限公司|股份公司|公司|专业合作社|有限合伙|"
    r"\b(limited|ltd|plc|llp|inc|incorporated|llc|corporation|corp|company|co|gmbh|ag|kg|sarl|sas|sa|sl|slu|srl|spa|snc|bv"
    r"|nv|sp zoo|ab|aktiebolag|private limited|pvt ltd|pvt|ltda|limitada|kk|pte ltd|pte|sro|as)\b"
)
_SIGNS = re.compile(r"[\W_]+")


def read(table: str, name: str) -> tuple[list[str], list[dict[str, str]], list[str], list[str]]:
    """Keys, cleaned rows, sources and truth (for the peer that must be taught) of a table."""
    with Path(table).open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    key = "id" if name == "company" else "rid"
    keys = [row[key] for row in rows]
    sources = [row.get("src", "") for row in rows]
    truth = [row["cluster"] for row in rows]
    aside = {"id", "rid", "src", "cluster"}
    kept = [{k: v for k, v in row.items() if k not in aside} for row in rows]
    return keys, [company(row) for row in kept] if name == "company" else kept, sources, truth


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).lower()
    return "".join(each for each in plain if not unicodedata.combining(each))


def company(row: dict[str, str]) -> dict[str, str]:
    """The columns of a company: town and form off the name, digits of the telephone, the domain of an own e-mail."""
    city = folded(row["city"]).removesuffix("市")
    name = _FORMS.sub(" ", folded(row["name"]).replace(".", "").replace(",", ""))
    digits = "".join(each for each in folded(row["phone"]).split("转")[0] if each.isdigit())
    email = row["email"].lower()
    return {
        "name": _SIGNS.sub("", name.replace(city, "") if city else name),
        "code": row["credit_code"].upper(),
        "phone": digits[-10:],
        "email": email,
        "domain": "" if _FREE.search(email) else email.partition("@")[2],
        "address": _SIGNS.sub("", folded(row["address"])),
        "city": city,
        "contact": row["contact"],
    }


def write(target: str, keys: list[str], pairs: Iterable[tuple[int, int]], sources: list[str]) -> None:
    """Connected components of the pairs, or where two sources are linked the pairs as they are."""
    parent = list(range(len(keys)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for a, b in pairs:
        parent[root(a)] = root(b)
    with Path(target).open("w", encoding="utf-8") as out:
        out.writelines(f"{key},{root(at)}\n" for at, key in enumerate(keys))
