"""Links lead somewhere, and every command that a page or a message tells people to type exists."""

from __future__ import annotations

import pytest

from tests.architecture.tree import PACKAGES, python
from tests.docs import page as reading
from tests.docs.page import Line, anchors, command_lines, exists, links, pages, spoken, target, trouble


@pytest.mark.parametrize("page", [path for path in pages() if not path.startswith("docs/errors/")])
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for link in links(page):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, anchor = target(page, link)
        if not exists(path) or (anchor and path.endswith(".md") and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_links_of_error_pages_lead_somewhere() -> None:
    broken = [
        (page, link)
        for page in pages()
        if page.startswith("docs/errors/")
        for link in links(page)
        if "://" not in link and not exists(target(page, link)[0])
    ]
    assert broken == []


def test_commands_in_pages_exist() -> None:
    found = [line for page in pages() for line in command_lines(page)]
    assert len(found) > 50
    assert [f"{line.where}: {wrong}: {' '.join(line.words)}" for line in found if (wrong := trouble(line))] == []


def test_commands_in_messages_exist() -> None:
    found = [line for path in python(*PACKAGES) for line in spoken(path)]
    assert len(found) > 10
    assert [f"{line.where}: {wrong}" for line in found if (wrong := trouble(line))] == []


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("goldbridge check mappings --no-secrets", ""),
        ("goldbridge --env sandbox run --all", ""),
        ("goldbridge run --all --env=sandbox", ""),
        ("goldbridge golden show legacy_crm.account/C1", ""),
        ("goldbridge sandbox up|down", ""),
        ("goldbridge explain CODE", ""),
        ("goldbridge ...", ""),
        ("goldbridge chek", "there is no command `goldbridge chek`"),
        ("goldbridge golden shw ID", "there is no command `goldbridge golden shw`"),
        ("goldbridge run --everything", "goldbridge run has no option --everything"),
        ("goldbridge golden --all", "goldbridge golden has no option --all"),
    ],
)
def test_what_is_wrong_with_a_command_line(words: str, wrong: str) -> None:
    assert trouble(Line("page", tuple(words.split()))) == wrong


def test_how_a_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = """# A page
Say `goldbridge check` or [look](b.md#part-two), not `[this](c.md)`.
## Part `two`!
## Part two
```
$ cd x && goldbridge run --all   # everything
goldbridge status | head
```
```yaml
goldbridge: not a command
```
"""
    monkeypatch.setattr(reading, "text", lambda path: content)
    assert links("docs/a.md") == ["b.md#part-two"]
    assert target("docs/x/a.md", "../b.md#part-two") == ("docs/b.md", "part-two")
    assert target("docs/x/a.md", "#here") == ("docs/x/a.md", "here")
    assert anchors("fake") == {"a-page", "part-two", "part-two-1"}
    assert [line.words for line in command_lines("docs/a.md")] == [
        ("goldbridge", "run", "--all"),
        ("goldbridge", "status"),
        ("goldbridge", "check"),
    ]
