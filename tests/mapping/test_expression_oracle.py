"""Two implementations of CEL that share no code must agree on what mappings say.

Errors count as agreement when both fail; why they fail is theirs. Where they differ, the difference is listed here.
"""

from __future__ import annotations

import json
import math
from typing import Any

import celpy
import pytest
from celpy.adapter import json_to_cel

from goldbridge.mapping.expression import Expression, compile_expression
from goldbridge.mapping.value import Invalid

ROWS: list[dict[str, Any]] = [
    {"level": "0", "unit": "万元", "capital": "300", "flag": False, "count": 3, "rate": 0.5, "items": [1, 2, 3]},
    {"level": "1", "unit": "元", "capital": "0.07", "flag": True, "count": -7, "rate": -2.5, "items": []},
    {"level": None, "unit": "", "capital": None, "flag": None, "count": 0, "rate": 0.0, "items": ["a", "b"]},
    {"level": "上海", "unit": "x", "capital": "abc", "flag": True, "count": 10**15, "rate": 1e10, "items": [{"a": 1}]},
]
EXPRESSIONS = [
    "level == '0' ? 'inactive' : 'active'",
    "unit == '万元' ? double(capital) * 10000.0 : double(capital)",
    "!flag",
    "flag == true",
    "flag != true && count > 0",
    "level == null || level == ''",
    "level in ['0', '1']",
    "level == '0' && unit == '万元' || flag == true",
    "unit + '/' + level",
    "count + 1",
    "count * 2 - 3",
    "count / 2",
    "count % 4",
    "-count",
    "rate * 2.0 + 0.1",
    "rate < 0.0 ? -rate : rate",
    "double(count) / 4.0",
    "int(rate)",
    "int(capital)",
    "string(count)",
    "string(count) + unit",
    "count > 2 && count <= 3",
    "count >= -7 || 1 / 0 > 0",
    "count == 0 || 10 / count > 1",
    "unit.startsWith('万')",
    "unit.endsWith('元')",
    "unit.contains('元')",
    "unit.matches('^[万元]+$')",
    "capital.matches('^[0-9]+([.][0-9]+)?$')",
    "size(unit)",
    "size(items)",
    "unit.size() == 2",
    "items.size() > 1 ? items[0] : null",
    "items.exists(x, x == 2)",
    "items.all(x, x != 9)",
    "items.exists_one(x, x == 1)",
    "items.filter(x, x != 1)",
    "items.map(x, [x])",
    "[1, 2, 3].map(x, x * 2)",
    "[1, 2, 3].filter(x, x > 1).size()",
    "{'a': 1, 'b': 2}['a']",
    "'a' in {'a': 1}",
    "has({'a': 1}.a) && !has({'a': 1}.b)",
    "[1, 2] + [3]",
    "'it''s' == 'x'",
    "\"a\" + 'b'",
    "'\\u4e0a' == '上'",
    "r'\\d' == '\\\\d'",
    "type(count) == int",
    "type(level) == string",
    "null == level",
    "1 == 1 && 'a' < 'b'",
    "true ? 1 : 1 / 0",
    "timestamp('2026-03-01T08:00:00Z') > timestamp('2026-03-01T07:00:00Z')",
    "timestamp('2026-03-01T08:00:00Z').getFullYear()",
    "timestamp('2026-03-01T08:00:00Z').getMonth()",
    "duration('90s') > duration('1m')",
    "undefined_function(level)",
    "level.foo",
    "[1, 2][5]",
    "{'a': 1}['b']",
    "'a' + 1",
    "1 / 0",
    "9223372036854775807 + 1",
    "level ? 1 : 2",
]

_NULL_IS_NUMBER = "the other reads null as the number 0; the language has no such conversion, and we give null"
_MIXED = "the other refuses to compare values of two types; the language says they are not equal"
DIFFERENT: dict[str, str] = {
    "unit == '万元' ? double(capital) * 10000.0 : double(capital)": _NULL_IS_NUMBER,
    "int(capital)": _NULL_IS_NUMBER,
    "items.exists(x, x == 2)": _MIXED,
    "items.all(x, x != 9)": _MIXED,
    "items.exists_one(x, x == 1)": _MIXED,
    "items.filter(x, x != 1)": _MIXED,
}
"""Expression -> how the two differ and why ours is the one to follow."""


def ours(source: str, row: dict[str, Any]) -> Any:
    made = compile_expression(source, None)
    if not isinstance(made, Expression):
        return "failed"
    found = made.evaluate(tuple(row[name] for name in made.reads))
    return "failed" if isinstance(found, Invalid) else found


def theirs(source: str, row: dict[str, Any]) -> Any:
    environment = celpy.Environment()
    try:
        program = environment.program(environment.compile(source))
        found = program.evaluate({name: json_to_cel(value) for name, value in row.items()})
    except (celpy.CELParseError, celpy.CELEvalError, ValueError, KeyError, TypeError, IndexError, ZeroDivisionError):
        return "failed"
    return json.loads(json.dumps(found, cls=celpy.CELJSONEncoder))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return bool(one == other)


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_both_say_the_same(source: str) -> None:
    differences = []
    for at, row in enumerate(ROWS):
        mine, other = ours(source, row), theirs(source, row)
        # An expression that fails for want of a value is null with us: that is the mapping's rule, not CEL's.
        lacking = mine is None and other == "failed"
        if not same(mine, other) and not lacking:
            differences.append((at, mine, other))
    assert bool(differences) == (source in DIFFERENT), differences


def test_the_list_of_differences_is_not_stale() -> None:
    assert set(DIFFERENT) <= set(EXPRESSIONS)
