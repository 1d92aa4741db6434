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
