"""Tables of made-up people for the tests: the truth is known, the slips are seeded."""

from __future__ import annotations

import random

Cells = dict[str, list[str]]


class Maker:
    """Draws words, dates and phones from one seed."""

    def __init__(self, seed: int = 7) -> None:
        self.draw = random.Random(seed)

    def word(self) -> str:
        return "".join(self.draw.choice("bklmnrst") + self.draw.choice("aeiou") for _ in range(3))

    def name(self) -> str:
        return f"{self.word()} {self.word()}"

    def day(self) -> str:
        return f"19{self.draw.randint(10, 60)}-{self.draw.randint(1, 12):02}-{self.draw.randint(1, 28):02}"

    def phone(self) -> str:
        return f"555-{self.draw.randint(100, 999)}-{self.draw.randint(1000, 9999)}"

    def slip(self, text: str) -> str:
        """Two neighbours exchanged."""
        at = self.draw.randrange(len(text) - 1)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def people(count: int, again: int, seed: int = 7) -> tuple[Cells, list[int]]:
    """`count` people, the first `again` of them a second time with slips; the cells and who each row is."""
    make = Maker(seed)
    cells: Cells = {"name": [], "born": [], "phone": [], "town": []}
    towns = [make.word() for _ in range(12)]
    for _ in range(count):
        cells["name"].append(make.name())
        cells["born"].append(make.day())
        cells["phone"].append(make.phone())
        cells["town"].append(make.draw.choice(towns))
    truth = list(range(count))
    for who in range(again):
        cells["name"].append(make.slip(cells["name"][who]))
        cells["born"].append(cells["born"][who] if who % 3 else "")
        cells["phone"].append(cells["phone"][who] if who % 4 else make.phone())
        cells["town"].append(cells["town"][who])
        truth.append(who)
    return cells, truth


def families(count: int, again: float, seed: int = 7) -> tuple[Cells, list[int]]:
    """`count` families of four under one name, one roof and one phone, told apart by their first names alone, a share
    of the people twice. Without labels a family looks like one person: most pairs that agree are relatives."""
    make = Maker(seed)
    pool = [make.word() for _ in range(60)]
    cells: Cells = {"first": [], "family": [], "street": [], "phone": []}
    truth: list[int] = []
    for family in range(count):
        name, street, phone = make.word(), f"{make.word()} {make.draw.randint(1, 90)}", make.phone()
        for at, first in enumerate(make.draw.sample(pool, 4)):
            for again_ in range(2 if make.draw.random() < again else 1):
                cells["first"].append(make.slip(first) if again_ else first)
                cells["family"].append(name)
                cells["street"].append(make.slip(street) if make.draw.random() < 0.25 else street)
                cells["phone"].append(make.phone() if make.draw.random() < 0.2 else phone)
                truth.append(4 * family + at)
    return cells, truth


FAMILY = {"first": "name", "family": "name", "street": "text", "phone": "code"}
