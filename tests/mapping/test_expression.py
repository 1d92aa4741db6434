"""CEL in mappings: what an expression reads, what missing fields mean, what it may not do."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from goldbridge.mapping import expression
from goldbridge.mapping.expression import Expression, Fault, compile_expression
from goldbridge.mapping.value import ABSENT, Invalid
from tests.mapping.small import notes, one, party, refused


def compiled(source: str, *known: str) -> Expression:
    made = compile_expression(source, frozenset(known) if known else None)
    assert isinstance(made, Expression), made
    return made


def faults(source: str, *known: str) -> list[Fault]:
    made = compile_expression(source, frozenset(known) if known else None)
    assert isinstance(made, list)
    return made


def value(source: str, **fields: Any) -> Any:
    made = compiled(source)
    row = dict(fields)
    return made.evaluate(tuple(row.get(name, ABSENT) for name in made.reads))


def test_an_expression_is_bound_only_to_what_it_reads() -> None:
    assert compiled("b == '1' && a > c.d").reads == ("a", "b", "c")
    assert compiled("items.exists(x, x.kind == kind)").reads == ("items", "kind")
    assert compiled("x.map(x, x + 1)").reads == ("x",)
    assert compiled("type(a) == string").reads == ("a",)
    assert compiled("'a' + \"b\" + string(1)").reads == ()
    assert compiled("row['客户名称'] == name").reads == ("name", "客户名称")
    assert compiled("a // b\n == 'c'").reads == ("a",)


def test_a_field_may_be_called_like_a_type_or_like_row() -> None:
    assert compiled("type == '1'", "type").reads == ("type",)
    assert compiled("row == 1", "row").reads == ("row",)


def test_missing_fields_are_null() -> None:
    assert value("level == null") is True
    assert value("level == '0' ? 'inactive' : 'active'") == "active"
    assert value("level == null", level=None) is True
    assert value("row['级别'] == null") is True


def test_an_expression_that_fails_for_want_of_a_value_gives_none() -> None:
    assert value("double(capital) * 2.0", capital=None) is None
    assert value("double(capital) * 2.0", capital="") is None
    assert value("double(capital) * 2.0") is ABSENT
    assert value("a + b", a="x", b=None) is None
    assert value("a + b", b=None) is None


def test_an_expression_that_fails_on_values_is_invalid_without_showing_them() -> None:
    for source, fields, reason in (
        ("double(a)", {"a": "secret words"}, "double(...) in the expression does not fit its value"),
        ("a + 1", {"a": "secret"}, "the expression computes string + int; convert with string(...), int(...)"),
        ("1 / a", {"a": 0}, "the expression divides by zero"),
        ("a + 9223372036854775807", {"a": 1}, "a number in the expression is too large"),
        ("a.b", {"a": {"c": 1}}, "the expression reads an entry that is not there; ask has(...) first"),
        ("a > 1", {"a": "secret"}, "an operation in the expression does not fit its values"),
        ("1.0 / a", {"a": 0.0}, "not a finite number"),
        ("b'ab'", {}, "a bytes is no value of a record"),
        ("duration('1h')", {}, "a timedelta is no value of a record"),
    ):
        found = value(source, **fields)
        assert isinstance(found, Invalid), source
        assert reason in found.reason
        assert "secret" not in found.reason


def test_results_are_json() -> None:
    assert value("timestamp('2026-03-01T08:00:00+08:00')") == "2026-03-01T00:00:00.000000Z"
    assert value("[1, 'a', {'b': [true, null]}]") == [1, "a", {"b": [True, None]}]
    assert isinstance(value("[1.0 / 0.0]"), Invalid)


def test_lengths_are_counted_in_characters() -> None:
    """The library counts the bytes of a text."""
    assert value("size('上海')") == 2
    assert value("name.size() > 2", name="上海") is False
    assert value("size([1, 2]) + size({'a': 1})") == 3
    assert value("'size(' + string(size(name))", name="甲") == "size(1"


def test_the_few_functions_of_our_own_never_raise(capfd: pytest.CaptureFixture[str]) -> None:
    assert value("trim(a) + upper(b) + c.lower()", a=" x ", b="y", c="Z") == "xYz"
    assert value("trim(a) == null", a=5) is True
    assert value("size(a) == null", a=5) is True
    assert capfd.readouterr() == ("", "")


def test_big_numbers_are_not_rounded_without_a_word() -> None:
    """F77: the library would turn an integer beyond 64 bits into a rounded number."""
    found = value("a == 1", a=12345678901234567890)
    assert isinstance(found, Invalid)
    assert "64 bits" in found.reason
    assert isinstance(value("a.b == 1", a={"b": [2**70]}), Invalid)
    assert value("a == 9007199254740993", a=9007199254740993) is True


def test_expressions_are_bounded() -> None:
    assert faults("+".join(["1"] * 600))[0].code == "MAP022"
    assert faults("[" * 33 + "]" * 33)[0].code == "MAP022"
    assert faults("a.map(x, b.map(y, c.map(z, z)))")[0].code == "MAP022"
    assert isinstance(value("size(a)", a="x" * 100_001), Invalid)
    assert isinstance(value("size(a)", a=[1] * 1_001), Invalid)
    assert isinstance(value("size(a)", a={str(n): n for n in range(1_001)}), Invalid)


def test_patterns_run_in_linear_time() -> None:
    assert value("a.matches('^(a+)+$')", a="a" * 50_000 + "!") is False


def test_faults_say_where() -> None:
    assert [(fault.code, fault.at, fault.name) for fault in faults("lvl == 1 || foo(levl)", "level")] == [
        ("MAP023", 12, "foo"),
        ("MAP021", 0, "lvl"),
        ("MAP021", 16, "levl"),
    ]
    assert [(fault.code, fault.at) for fault in faults("a ==\n  b c")] == [("MAP020", 9)]
    assert faults("a ? 1")[0].message == "in the expression, the expression ends too early"
    assert "'and' is not expected here; comparison is '=='" in faults("a and b")[0].message
    assert faults("row[a] == 1 || row == 2 || row.b == 3", "a", "b")[0].at == 0


def test_a_word_in_a_string_is_no_field() -> None:
    assert compiled("'levle' == level && r'\\levle' != \"it's levle\"", "level").reads == ("level",)
    assert compiled("'''levle ' levle''' == level", "level").reads == ("level",)


def test_a_panic_inside_the_library_concerns_one_record() -> None:
    class PanicException(BaseException):
        """Named like the library's, which no handler of Exception catches."""

    def panic(_: dict[str, Any]) -> Any:
        raise PanicException

    def interrupt(_: dict[str, Any]) -> Any:
        raise KeyboardInterrupt

    assert isinstance(Expression("a", ("a",), (), panic).evaluate(("x",)), Invalid)
    with pytest.raises(KeyboardInterrupt):
        Expression("a", ("a",), (), interrupt).evaluate(("x",))


def test_the_library_is_imported_only_when_there_is_an_expression() -> None:
    """It takes half a second and more."""
    code = (
        "import sys\n"
        "from tests.mapping.small import party\n"
        "party('phone: {from: tel}')\n"
        "assert 'cel' not in sys.modules\n"
        "party('listed: {expr: \"true\"}')\n"
        "assert 'cel' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_types_are_kept_apart_when_results_are_remembered() -> None:
    """1, 1.0 and True are one key of a dictionary, and three values."""
    mapping = party("short_name: {expr: \"type(a) == bool ? 'bool' : type(a) == int ? 'int' : 'other'\"}")
    rows = [{"id": str(n), "name": "甲", "a": a} for n, a in enumerate([True, 1, 1.0, "1", True, 1, 1.0])]
    found = [document["short_name"] for document in mapping.apply(rows).values if document]
    assert found == ["bool", "int", "other", "other", "bool", "int", "other"]


def test_an_invalid_expression_result_leaves_a_note_or_refuses_a_required_field() -> None:
    loose = party('capital_cny: {expr: "double(capital) * 10000.0"}')
    assert one(loose, capital="300") == {"name": "甲", "capital_cny": "3000000"}
    assert one(loose, capital="0.07") == {"name": "甲", "capital_cny": "700"}
    assert one(loose, capital=None) == {"name": "甲", "capital_cny": None}
    assert one(loose) == {"name": "甲"}
    assert one(loose, capital="三百") == {"name": "甲", "capital_cny": None}
    assert "invalid" in notes(loose, capital="三百")["capital_cny"]
    strict = party('capital_cny: {expr: "double(capital)", required: true}')
    assert refused(strict, capital="三百").startswith("MAP042 capital_cny: double(...)")
    assert refused(strict) == "MAP040 capital_cny: required, but absent in the source"


def test_a_result_goes_on_through_the_steps() -> None:
    mapping = party(
        'capital_cny: {expr: "unit == null ? amount : amount + unit", via: [money]}',
        'status: {expr: "level", lookup: {"0": inactive}, else: active}',
        'former_names: {expr: "a.filter(x, x != name)"}',
        "short_name: {expr: \"'固定'\"}",
    )
    found = one(mapping, amount="0.3", unit="万元", level="0", a=["甲", "乙"])
    assert found == {
        "name": "甲",
        "capital_cny": "3000",
        "status": "inactive",
        "former_names": ["乙"],
        "short_name": "固定",
    }


CALLS = {
    "contains": "'ab'.contains('a')",
    "double": "double('1') == 1.0",
    "duration": "duration('1h') > duration('1m')",
    "dyn": "dyn(1) == 1",
    "endsWith": "'ab'.endsWith('b')",
    "has": "has({'a': 1}.a)",
    "int": "int('1') == 1",
    "matches": "'ab'.matches('^a')",
    "size": "size('上') == 1",
    "startsWith": "'ab'.startsWith('a')",
    "string": "string(1) == '1'",
    "timestamp": "timestamp('2026-03-01T08:00:00Z') > timestamp('2026-02-01T08:00:00Z')",
    "type": "type(1) == int",
    "uint": "uint('1') == 1u",
}


@pytest.mark.parametrize("name", sorted(expression.NATIVE))
def test_every_function_that_is_let_through_is_there(name: str) -> None:
    call = CALLS.get(name, f"timestamp('2026-03-01T08:00:00Z').{name}() >= 0")
    assert value(call) is True
