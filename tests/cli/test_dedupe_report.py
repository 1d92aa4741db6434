"""`--report`: one page that needs nothing else, in two languages, and in which a file's text stays text."""

import re
from html.parser import HTMLParser

import pytest

from tests.cli.test_dedupe import COMPANIES, PEOPLE, run

EVIL = "<script>alert(1)</script>\"'&<b>"


class Page(HTMLParser):
    """The elements of a page and what they refer to; raises when they do not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.references = [], set(), []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.references += [
            value for name, value in attrs if name in ("src", "href", "srcset", "action") or name[:2] == "on"
        ]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def companies(tmp_path):
    file = tmp_path / "c.csv"
    branch = "5,上海华信供应链,,,\n6,杭州示例电子有限公司上海分公司,,0571-87654321,\n"
    file.write_text(COMPANIES + branch, encoding="utf-8")
    return file


def page(path):
    return path.read_text(encoding="utf-8")


def section(text, key):
    return re.search(rf'<section id="{key}">(.*?)</section>', text, re.S)[1]


def test_a_page_of_its_own(companies, tmp_path):
    out = tmp_path / "r.html"
    assert run(companies, "--report", out) == 0
    text = page(out)
    found = Page(text)
    assert found.tags & {"script", "link", "img", "iframe", "object"} == set()
    assert found.references == []
    assert "http" not in text
    assert "prefers-color-scheme:dark" in text
    assert re.findall(r'<section id="(\w+)"', text) == [
        "summary", "columns", "weights", "threshold", "keys", "sizes", "examples", "bridges",
    ]  # fmt: skip
    assert "<dt>rows</dt><dd>6</dd>" in section(text, "summary")
    assert "<dt>duplicates without a steward</dt><dd>1</dd>" in section(text, "summary")
    assert "estimated precision" in section(text, "threshold")
    assert "<td>core</td>" in section(text, "keys")
    examples = section(text, "examples")
    assert "a veto keeps them apart: a branch and its head office" in examples
    assert examples.count("<svg") == 3
    assert "row 3</td><td>row 5</td>" in section(text, "bridges")


def test_in_chinese_and_with_a_truth(tmp_path):
    file, out = tmp_path / "people.csv", tmp_path / "r.html"
    file.write_text(PEOPLE, encoding="utf-8")
    assert run(file, "--report", out, "--lang", "zh", "--truth", "true") == 0
    text = page(out)
    Page(text)
    assert '<html lang="zh-CN">' in text
    assert "<h2>阈值曲线</h2>" in text
    assert "召回率" in section(text, "threshold")
    assert "估计精确率" not in text
    assert "<h2>最严重的错误</h2>" in text
    assert not re.search(r"<h2>[ -~]+</h2>", text)


def test_text_of_a_file_stays_text(tmp_path):
    file, out = tmp_path / "p.csv", tmp_path / "r.html"
    lines = PEOPLE.splitlines()
    header = lines[0].replace("surname", '"surname <i>"')
    cell = EVIL.replace('"', '""')
    for at in (1, 2):
        parts = lines[at].split(",")
        parts[2] = f'"{cell}"'
        lines[at] = ",".join(parts)
    file.write_text("\n".join([header, *lines[1:]]) + "\n", encoding="utf-8")
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("a,b\n3,1\n", encoding="utf-8")
    assert run(file, "--report", out, "--id", "id", "--truth", pairs, "--columns", "ignore=true") == 0
    text = page(out)
    assert Page(text).tags & {"script", "i", "b"} == set()
    assert "surname &lt;i&gt;" in text
    assert "<script" not in text


def test_nothing_to_show_is_said(tmp_path):
    file, out = tmp_path / "p.csv", tmp_path / "r.html"
    file.write_text("name,town\nann,rome\n", encoding="utf-8")
    assert run(file, "--report", out) == 0
    assert section(page(out), "weights").endswith("<p>None.</p>")


def test_the_same_run_gives_the_same_page(companies, tmp_path):
    found = []
    for name in ("a.html", "b.html"):
        assert run(companies, "--report", tmp_path / name, "--force") == 0
        found.append(page(tmp_path / name))
    assert found[0] == found[1]
