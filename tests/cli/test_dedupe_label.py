"""`goldbridge dedupe label` from a pipe and on a real terminal: nothing said is lost, what is wrong has its place."""

import csv
import os
import pty
import re
import select
import subprocess
import sys
from io import StringIO

import pytest

from goldbridge import cli
from goldbridge.cli import dedupe_ask, dedupe_table, dedupe_verdict
from goldbridge.cli.dedupe_row import Names
from tests.cli.test_dedupe import COMPANIES, PEOPLE, refused
from tests.dedupe.table.people import families, people

KEYS = {"same": "s", "different": "d", "unsure": "u"}


def write(file, cells, more=()):
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([*cells, *(name for name, _ in more)])
        writer.writerows(zip(*cells.values(), *(values for _, values in more), strict=True))
    return file


@pytest.fixture
def table(tmp_path):
    cells, _ = people(40, 15)
    return write(tmp_path / "people.csv", cells)


def label(monkeypatch, file, typed, *options):
    monkeypatch.setattr("sys.stdin", StringIO(typed))
    return cli.main(["dedupe", "label", str(file), "--by", "王芳", *map(str, options)])


def kept(file):
    with file.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def questions(text):
    """The rows of each question, by its heading."""
    return re.findall(r"question \d+: .*?(?:row|') ?'?(\S+?)'? .*?(?:row|') ?'?(\S+?)'? ", text, re.S)


def test_answers_are_kept_one_by_one(table, monkeypatch, capsys):
    assert label(monkeypatch, table, "s\ndifferent\nU\nq\ns\n") == 0
    out = capsys.readouterr().out
    found = kept(table.with_name("people.labels.csv"))
    assert [each["verdict"] for each in found] == ["same", "different", "unsure"]
    assert {each["by"] for each in found} == {"王芳"}
    assert {each["named_by"] for each in found} == {"row"}
    assert [each["asked"] for each in found] == ["unsure", "auto", "unsure"]
    assert all(re.fullmatch(r"-?\d+\.\d{4}", each["weight"]) for each in found)
    assert all(re.fullmatch(r"2\d{3}-\d\d-\d\dT[\d:.]+Z", each["at"]) for each in found)
    assert "3 labelled: 1 same, 1 different, 1 unsure" in out
    assert "what joins unasked is not tested yet" in out
    assert "of what joins unasked 0 of 1 drawn are right" in out
    assert f"labels are kept in {table.with_name('people.labels.csv')}" in out


def test_the_reasons_add_up_to_the_weight(table, monkeypatch, capsys):
    label(monkeypatch, table, "s\nd\ns\nd\nq\n")
    blocks = capsys.readouterr().out.split("weight ")[1:]
    assert len(blocks) == 5
    for block in blocks:
        weight, *rest = block.splitlines()
        parts = [line.split()[0] for line in rest if re.match(r" +[+-]\d+\.\d{4} ", line)]
        assert parts
        assert sum(round(float(part) * 10_000) for part in parts) == round(float(weight.split(":")[0]) * 10_000)


def test_the_next_sitting_goes_on_where_this_one_ended(table, monkeypatch, capsys):
    label(monkeypatch, table, "s\nd\ns\n")  # the pipe ends: so does the sitting
    label(monkeypatch, table, "u\nq\n")
    apart = kept(table.with_name("people.labels.csv"))
    table.with_name("people.labels.csv").unlink()
    label(monkeypatch, table, "s\nd\ns\nu\nq\n")
    whole = kept(table.with_name("people.labels.csv"))
    assert [(each["left"], each["right"], each["asked"]) for each in apart] == [
        (each["left"], each["right"], each["asked"]) for each in whole
    ]
    assert "question 4:" in capsys.readouterr().out


def test_undo_is_written_and_the_question_comes_back(table, monkeypatch, capsys):
    assert label(monkeypatch, table, "b\ns\nd\nb\nb\nd\nq\n") == 0
    out = capsys.readouterr().out
    found = kept(table.with_name("people.labels.csv"))
    assert [each["verdict"] for each in found] == ["same", "different", "undo", "undo", "different"]
    assert [found[2]["undoes"], found[3]["undoes"]] == [found[1]["at"], found[0]["at"]]
    assert (found[4]["left"], found[4]["right"]) == (found[0]["left"], found[0]["right"])
    assert "there is nothing to take back in this sitting" in out
    assert "1 labelled: 0 same, 1 different, 0 unsure" in out


def test_a_word_that_is_no_answer_gets_the_keys_again(table, monkeypatch, capsys):
    assert label(monkeypatch, table, "yes\n\nq\n") == 0
    assert capsys.readouterr().out.count(dedupe_ask.HELP) == 3
    assert not table.with_name("people.labels.csv").exists()


def test_labels_follow_their_rows_when_the_file_is_sorted_anew(table, monkeypatch, capsys):
    label(monkeypatch, table, "s\nd\ns\nq\n")
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([lines[0], *sorted(lines[1:])]) + "\n", encoding="utf-8")
    capsys.readouterr()
    label(monkeypatch, table, "q\n")
    out = capsys.readouterr().out
    assert "3 labelled: 2 same, 1 different" in out
    assert "no longer" not in out
    file = table.with_name("people.labels.csv")
    meant = {frozenset((lines[int(each["left"])], lines[int(each["right"])])) for each in kept(file)}
    names = Names(dedupe_table.read(table, None), None)
    found, _ = dedupe_verdict.Rows(names).labels(dedupe_verdict.read(file), file)
    assert {frozenset(",".join(names.table.rows[row]) for row in (each.a, each.b)) for each in found} == meant


def test_a_record_that_is_gone_is_named_with_its_line(table, monkeypatch, capsys):
    label(monkeypatch, table, "s\nd\nq\n")
    gone = int(kept(table.with_name("people.labels.csv"))[0]["left"])
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(line for at, line in enumerate(lines) if at != gone) + "\n", encoding="utf-8")
    capsys.readouterr()
    label(monkeypatch, table, "q\n")
    out = capsys.readouterr().out
    assert f"line 2: {gone} is no longer in the file as it was labelled; its label is left aside" in out
    assert "1 labelled: " in out


def test_ids_name_the_rows_and_survive_an_edit(tmp_path, monkeypatch, capsys):
    cells, _ = people(40, 15)
    file = write(tmp_path / "p.csv", {"编号": [f"=A{row}" for row in range(55)], **cells})
    label(monkeypatch, file, "s\nd\nq\n", "--id", "编号")
    first = kept(tmp_path / "p.labels.csv")[0]
    assert first["left"].startswith("'=A")  # no spreadsheet runs it
    assert first["named_by"] == "编号"
    cells["town"][0] = "elsewhere"
    write(file, {"编号": [f"=A{row}" for row in range(55)], **cells})
    capsys.readouterr()
    label(monkeypatch, file, "q\n", "--id", "编号")
    assert "2 labelled: 1 same, 1 different" in capsys.readouterr().out
    assert label(monkeypatch, file, "q\n") == 2
    err = capsys.readouterr().err
    assert "p.labels.csv:2:1: DED046 these labels name rows by column '编号'; say --id 编号" in err


def test_a_label_that_contradicts_others_is_told_at_once(table, monkeypatch, capsys):
    label(monkeypatch, table, "s\nq\n")
    file = table.with_name("people.labels.csv")
    said = kept(file)[0]
    with file.open("a", encoding="utf-8") as out:
        out.write(f"{said['right']},{said['left']},different,x,li,1,,row,,,")  # by hand, with no line end
    capsys.readouterr()
    label(monkeypatch, table, "s\nq\n")
    out = capsys.readouterr().out
    assert "are said to be different, but the same by" in out
    assert "none of these counts" in out
    assert len(kept(file)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", ":1:1: DED046 not a file of labels: its header lacks left, right, verdict"),
        ("left,right,verdict\n1,2,smae\n", ":2:3: DED046 no verdict 'smae'; did you mean 'same'?"),
        (
            "left,right,verdict\n1,2,same\n1,2\n",
            ":3:1: DED046 2 cells, the header has 3; remove the line if it was cut",
        ),
        ("left,right,verdict\n1,2,undo\n", ":2:1: DED046 undo, and no time in `undoes`"),
        ("left,right,verdict,asked\n1,2,same,often\n", ":2:4: DED046 asked: 'often' is none of unsure, auto, no"),
    ],
)
def test_a_wrong_line_has_its_place(table, monkeypatch, capsys, text, message):
    file = table.with_name("people.labels.csv")
    file.write_text(text, encoding="utf-8")
    assert label(monkeypatch, table, "s\n") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{file}{message}" in err
    assert file.read_text(encoding="utf-8") == text


def test_a_file_with_nothing_to_ask_is_refused(tmp_path, monkeypatch, capsys):
    file = tmp_path / "one.csv"
    file.write_text("公司名称,电话\n上海凌云管道工程有限公司,\n成都天成科技有限公司,028-61234567\n", encoding="utf-8")
    assert label(monkeypatch, file, "s\n") == 2
    assert "DED047 no two rows have a key in common" in capsys.readouterr().err


def test_a_file_called_like_the_command_is_named_by_its_path(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "label").write_text(PEOPLE, encoding="utf-8")
    assert cli.main(["dedupe", "./label", "--truth", "true", "--out", "out.csv"]) == 0
    assert cli.main(["dedupe", "label"]) == 2
    assert "Missing argument" in capsys.readouterr().err


def test_rules_for_companies_are_asked_about_and_wide_characters_stay_aligned(tmp_path, monkeypatch, capsys):
    file = tmp_path / "c.csv"
    file.write_text(COMPANIES, encoding="utf-8")
    assert label(monkeypatch, file, "s\nq\n", "--id", "编号") == 0
    out = capsys.readouterr().out
    from rich.cells import cell_len

    rows = [line for line in out.splitlines() if line.startswith(("│", "┃"))]
    assert any("杭州示例电子有限公司" in line for line in rows)
    assert len({cell_len(line.rstrip()) for line in rows}) <= 2  # one table, or one and the end of another
    assert re.search(r"企业名称 .*≠ │", out)


def test_nothing_in_a_cell_steers_the_terminal(tmp_path, monkeypatch, capsys):
    cells, _ = people(20, 10)
    cells["name"] = [f"\x1b[2J{name} [red]x[/red]\x07" for name in cells["name"]]
    file = write(tmp_path / "p.csv", cells)
    label(monkeypatch, file, "q\n")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[red]x[/red]" in out


def test_it_stops_by_itself_when_the_rule_says_enough(tmp_path, monkeypatch, capsys):
    cells, truth = people(60, 30)
    file = write(tmp_path / "p.csv", cells)

    class Knows:
        """Somebody who knows, and reads the question before answering."""

        def isatty(self):
            return False

        def readline(self):
            text = capsys.readouterr().out
            self.said = getattr(self, "said", "") + text
            one, other = re.findall(r"row (\d+) .*?row (\d+) ", text)[-1]
            return "s\n" if truth[int(one) - 1] == truth[int(other) - 1] else "d\n"

    knows = Knows()
    monkeypatch.setattr("sys.stdin", knows)
    assert cli.main(["dedupe", "label", str(file)]) == 0
    last = capsys.readouterr().out
    assert "enough; run again to go on all the same" in last or "every pair worth asking about was answered" in last
    found = kept(file.with_name("p.labels.csv"))
    assert len(found) < 400


def spawn(file, *options):
    main, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40", "PYTHONUNBUFFERED": "1"}
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; from goldbridge.cli import main; sys.exit(main())",
         "dedupe", "label", str(file), *options],
        stdin=side, stdout=side, stderr=side, env=environment, start_new_session=True, close_fds=True,
        preexec_fn=_own_terminal,
    )  # fmt: skip
    os.close(side)
    return child, main


def _own_terminal():
    import fcntl
    import signal
    import termios

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs in the background is started deaf to it
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches the child as it would reach a person's shell


def until(main, wanted, seconds=90):
    """What a terminal shows up to a text; fails when it does not come."""
    text = ""
    while wanted not in text:
        ready, _, _ = select.select([main], [], [], seconds)
        assert ready, text
        try:
            block = os.read(main, 65536)
        except OSError:
            block = b""
        assert block, text
        text += block.decode("utf-8", "replace")
    return text


def test_single_keys_on_a_terminal_and_ctrl_c_loses_nothing(table):
    child, main = spawn(table)
    try:
        until(main, "not tested yet")
        os.write(main, b"s")
        until(main, "1 labelled: 1 same")
        os.write(main, b"x")
        until(main, dedupe_ask.HELP)
        os.write(main, b"d")
        until(main, "2 labelled: 1 same, 1 different")
        os.write(main, b"\x1b[B")  # an arrow is no answer, though B would be
        until(main, dedupe_ask.HELP)
        os.write(main, b"\x7f")
        until(main, "1 labelled: 1 same, 0 different")
        os.write(main, b"\x03")
        until(main, "labels are kept in")
        assert child.wait(60) == 130
    finally:
        child.kill()
        child.wait()
        os.close(main)
    found = kept(table.with_name("people.labels.csv"))
    assert [each["verdict"] for each in found] == ["same", "different", "undo"]


def test_two_files_are_asked_about_across(tmp_path, monkeypatch, capsys):
    cells, truth = people(60, 30)
    left = write(tmp_path / "a.csv", {name: values[:60] for name, values in cells.items()})
    right = write(tmp_path / "b.csv", {name: values[60:] for name, values in cells.items()})
    monkeypatch.setattr("sys.stdin", StringIO("s\nd\nq\n"))
    assert cli.main(["dedupe", "label", str(left), str(right)]) == 0
    assert "row " in (out := capsys.readouterr().out)
    assert " of a.csv" in out
    assert " of b.csv" in out
    assert len(kept(tmp_path / "a-b.labels.csv")) == 2
    assert len(truth) == 90


def test_families_are_a_hard_case_that_can_be_asked(tmp_path, monkeypatch, capsys):
    cells, _ = families(30, 0.3)
    assert label(monkeypatch, write(tmp_path / "f.csv", cells), "u\nu\nq\n") == 0
    assert "2 labelled: 0 same, 0 different, 2 unsure" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_told(table, monkeypatch, capsys):
    assert label(monkeypatch, table, "s\n", "--labels", table.parent / "no" / "l.csv") == 2
    assert "CFG092 cannot be written" in capsys.readouterr().err


def test_the_options_of_dedupe_hold(table, capsys, monkeypatch):
    assert label(monkeypatch, table, "q\n", "--columns", "ignore=fone") == 2
    assert "there is no column 'fone'; did you mean 'phone'?" in capsys.readouterr().err
    assert "DED030 one file or two" in refused(capsys, "label", table, table, table)
