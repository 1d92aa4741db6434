"""Evidence about companies that no division table and no check digit knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from dedupe.table import engine
from tests.dedupe.world import Judging, bits_of, level_of

NAME = "Corsa Lorinfin Elektronika Sp. z o.o."


def seen(city: str, line: str, **more: Any) -> dict[str, Any]:
    return {"name": NAME, "address": {"city": city, "line": line}, **more}


def test_namesakes_in_two_towns_do_not_join(judge: Judging) -> None:
    one, two = seen("Lodz", "ul. Oltora 15, 73858 Lodz"), seen("Poznan", "ul. Marmoa 236, 33651 Poznan")
    assert level_of(judge(one, two), "place") == "another town"
    assert judge(one, two).band == "no"
    assert judge(one, {**one, "address": {"city": "Łódź", "line": "Oltora 15, Lodz"}}).band == "auto"


def test_a_town_may_stand_in_the_other_ones_address_only(judge: Judging) -> None:
    assert level_of(judge(seen("Lodz", ""), seen("", "ul. Oltora 15, 73858 Lodz, Polska")), "place") == "town"
    assert level_of(judge(seen("Lodz", ""), seen("", "ul. Marmoa 236, 33651 Poznan")), "place") == "another town"


def test_a_name_alone_does_not_join_where_the_rest_contradicts(judge: Judging) -> None:
    one = {"name": NAME, "phones": ["+48 22 555 01 23"], "website": "lorinfin.pl"}
    two = {"name": NAME, "phones": ["+48 61 812 34 56"], "website": "corsa-lorinfin.eu"}
    assert judge({"name": NAME}, {"name": NAME}).band == "auto"
    assert judge(one, two).band == "review"
    assert judge({**one, "emails": ["a@x.pl"]}, {**two, "emails": ["a@x.pl"]}).band == "auto"
    assert judge(one, two) == judge(two, one)


def test_numbers_of_other_registers_count_without_a_check(judge: Judging) -> None:
    def weight(left: str, right: str) -> float:
        return bits_of(judge({"name": NAME, "credit_code": left}, {"name": NAME, "credit_code": right}), "credit_code")

    assert weight("PL449252420", "PL449252420") == 24
    assert weight("PL449252420", "PL449252402") == 6
    assert weight("PL449252420", "PL771003518") == -12
    assert weight("PL449252420", "DE771003518") == 0


def test_a_telephone_number_abroad_counts_whatever_its_plan_says(judge: Judging) -> None:
    one, two = {"name": NAME, "phones": ["+65-873-780-8865"]}, {"name": NAME, "phones": ["0065 873 780 8865"]}
    assert level_of(judge(one, two), "phone") == "equal"


def test_nothing_that_fits_both_ties_two_relatives_together() -> None:
    names = ["成都凯亢光伏发电有限公司", "成都凯亢消防工程有限公司", "成都凯亢"]
    cells = {"name": names, "phone": ["028-39046456"] * 3, "address": ["成都市武侯区悟琨西路924号"] * 3}
    found = engine.resolve(cells, engine.guess_columns(cells, {"name": "organisation"}))
    for labels in (found.labels, found.auto_labels):
        assert np.unique(labels[:2]).size == 2
