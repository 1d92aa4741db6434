"""What labels are worth: `goldbridge dedupe label` and `train` with a labeller who knows the truth and never errs.

DIR holds fake1000, hist50k and dblpacm as .csv.gz, as for `python -m benchmarks.matching`. Questions are those that a
person would be asked, one after the other; after some of them, what `train` would propose is measured on the whole
table.
The truth answers questions and measures; it is never compared.

    python -m benchmarks.labels DIR [--only fake1000 ...] [--after 25 50 100 200]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from dedupe import price
from dedupe.choose import Thresholds
from dedupe.evaluate import pair_metrics
from dedupe.label import Label, label
from dedupe.learn import KEPT, WEIGHTS, Learned
from dedupe.table.course import Course
from dedupe.table.resolution import Resolution, Wish
from goldbridge.cli import dedupe_table

SETS = ("fake1000", "hist50k", "dblpacm")
TRUTH, SOURCE, RECORD = "cluster", "src", "rid"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.labels")
    options.add_argument("dir", type=Path)
    options.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    options.add_argument("--after", nargs="+", type=int, default=[25, 50, 100, 200])
    chosen = options.parse_args()
    print(
        f"{'table':10}{'labels':>8}{'P':>8}{'R':>8}{'F1':>8}{'auto P':>8}{'auto R':>8}{'asked':>8}  "
        f"{'moved':10}{'gain':>14}{'change':>8}{'auto band':>12}{'CPU s/label':>12}"
    )
    for name in chosen.only:
        measure(chosen.dir / f"{name}.csv.gz", sorted(chosen.after))


def measure(file: Path, after: Sequence[int]) -> None:
    """One table, a line per number of labels."""
    table = dedupe_table.read(file, None)
    guesses = dedupe_table.choose(table, (), (TRUTH, SOURCE, RECORD))
    sources = table.cells(SOURCE)
    linked = sources if len(set(sources)) > 1 else None
    truth = table.cells(TRUTH)
    name = file.name.partition(".")[0]

    def resolve(wish: Wish) -> Resolution:
        return dedupe_table.resolve(table, guesses, linked, wish=wish)[0]

    def line(count: int, found: Resolution, rest: str = "") -> None:
        guess = pair_metrics(truth, found.labels, sources=linked)
        auto = pair_metrics(truth, found.auto_labels, sources=linked)
        print(
            f"{name:10}{count:8}{guess.precision:8.4f}{guess.recall:8.4f}{guess.f1:8.4f}{auto.precision:8.4f}"
            f"{auto.recall:8.4f}{int(found.questions().sum()):8}  {rest}",
            flush=True,
        )

    found = resolve(Wish())
    line(0, found)
    course = Course(found)
    said: list[Label] = []
    spent = 0.0
    for count in range(1, after[-1] + 1):
        start = time.process_time()
        asked = course.next()
        if asked is None:
            break
        verdict = "same" if truth[asked.left] == truth[asked.right] else "different"
        said.append(label(asked.left, asked.right, verdict, count, asked.why))
        course.heed(said)
        standing = course.standing
        spent += time.process_time() - start
        if count in after:
            learned = course.learn()
            wish, bands = proposed(course, learned)
            tested, right = course.tested(learned.belief, bands)
            trial = next(each for each in learned.trials if each.name == learned.choice)
            line(
                count,
                resolve(wish),
                f"{learned.choice:10}{trial.gain:7.1f} ±{trial.error:5.1f}{standing.change:8.1%}"
                f"{f'{right}/{tested}':>12}{spent / count:12.2f}",
            )


def proposed(course: Course, learned: Learned) -> tuple[Wish, Thresholds]:
    """What `goldbridge dedupe train` writes into its file."""
    believed = price.trusted(learned)
    bands = price.bands(learned.belief.model.even, course.before, believed)
    if learned.choice == KEPT and bands == course.before:
        return Wish(), bands
    names = [each.name for each in course.found.model.rules.comparisons] if course.found.model else []
    weights = dict(zip(names, learned.belief.model.weights, strict=False)) if learned.choice == WEIGHTS else {}
    return Wish(auto=bands.auto, review=bands.review, guess=bands.even, weights=weights), bands


if __name__ == "__main__":
    main()
