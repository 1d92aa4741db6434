"""`search_query_info`: filters, order, projection and pages, with the vendor's limits on each.

A page is served by the index that leaves the fewest rows to look at (equality, id range or time range), so that deep
keyset walks and look-ups by external id cost the same in a full tenant as in an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, NamedTuple

from goldbridge.simulators.fxiaoke.field import Field, ObjectSchema
from goldbridge.simulators.fxiaoke.table import Row, Table
from goldbridge.simulators.kit import Refused

BAD_REQUEST = "32000"
BAD_OFFSET = "10013"
MAX_LIMIT = 100
MAX_OFFSET = 10_000

Test = Callable[[Row], bool]

_COMMON = frozenset(
    "EQ N GT GTE LT LTE LIKE NLIKE IS ISN IN NIN BETWEEN NBETWEEN STARTWITH ENDWITH".split()  # noqa: SIM905
)
_LISTS = {False: frozenset(("HASANYOF", "NHASANYOF")), True: frozenset(("CONTAINS",))}
"""By whether the object is custom: the two families of objects name list operators differently."""


class Filter(NamedTuple):
    field: Field
    operator: str
    values: list[Any]


class Order(NamedTuple):
    field: Field
    ascending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A checked `search_query_info`."""

    filters: tuple[Filter, ...]
    orders: tuple[Order, ...]
    limit: int
    offset: int
    projection: tuple[str, ...]

    def names(self, field: str) -> bool:
        """Whether a filter is about this field."""
        return any(each.field.name == field for each in self.filters)


def parse(schema: ObjectSchema, info: Any, *, max_offset: int = MAX_OFFSET) -> Query:
    """Check what the client asks for; raises `Refused` like the gateway does."""
    if not isinstance(info, dict):
        raise Refused(BAD_REQUEST, "search_query_info应为对象")
    limit, offset = info.get("limit", 20), info.get("offset", 0)
    if not _is_int(limit) or not 1 <= limit <= MAX_LIMIT:
        raise Refused(BAD_REQUEST, f"limit应为1到{MAX_LIMIT}的整数")
    if not _is_int(offset) or offset < 0 or offset % limit:
        raise Refused(BAD_OFFSET, f"offset must be a multiple of limit {limit}")
    if offset > max_offset:
        raise Refused(BAD_OFFSET, f"offset out of range {max_offset}")
    filters = tuple(_filter(schema, each) for each in _list(info, "filters"))
    orders = tuple(_order(schema, each) for each in _list(info, "orders"))
    projection = tuple(_list(info, "fieldProjection"))
    return Query(filters, orders, limit, offset, projection)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _list(info: dict[str, Any], name: str) -> list[Any]:
    value = info.get(name) or []
    if not isinstance(value, list):
        raise Refused(BAD_REQUEST, f"{name}应为列表")
    return value


def _field(schema: ObjectSchema, name: Any) -> Field:
    if not isinstance(name, str) or name not in schema.fields:
        raise Refused(BAD_REQUEST, f"字段不存在: {name}")
    return schema.fields[name]


def _filter(schema: ObjectSchema, data: Any) -> Filter:
    if not isinstance(data, dict):
        raise Refused(BAD_REQUEST, "filters的每一项应为对象")
    field = _field(schema, data.get("field_name"))
    operator = data.get("operator")
    if operator not in _COMMON and operator not in _LISTS[schema.custom]:
        raise Refused(BAD_REQUEST, f"操作符不支持: {operator}")
    values = data.get("field_values", [])
    if not isinstance(values, list):
        raise Refused(BAD_REQUEST, "field_values应为列表")
    if operator in ("IS", "ISN"):
        return Filter(field, operator, [])
    needed = 2 if operator in ("BETWEEN", "NBETWEEN") else 1
    if len(values) < needed:
        raise Refused(BAD_REQUEST, f"{operator}需要{needed}个值")
    return Filter(field, operator, [_cast(field, value) for value in values])


def _order(schema: ObjectSchema, data: Any) -> Order:
    if not isinstance(data, dict):
        raise Refused(BAD_REQUEST, "orders的每一项应为对象")
    if not isinstance(data.get("isAsc"), bool):
        raise Refused(BAD_REQUEST, "isAsc应为布尔值")
    return Order(_field(schema, data.get("fieldName")), data["isAsc"])


def _cast(field: Field, value: Any) -> Any:
    """A filter's value in the field's own type; clients send numbers and times as text or as numbers."""
    try:
        match field.kind:
            case "date" | "date_time" | "time":
                return int(value)
            case "number" | "currency" | "percentile":
                return Decimal(str(value))
            case "true_or_false":
                return str(value).lower() == "true"
            case _:
                return value if isinstance(value, str) else str(value)
    except (TypeError, ValueError, InvalidOperation):
        raise Refused(BAD_REQUEST, f"字段{field.name}的条件值不正确") from None


def _stored(field: Field, row: Row) -> Any:
    value = row.get(field.name)
    if value is not None and field.kind in ("number", "currency", "percentile"):
        return Decimal(value)
    return value


def predicate(condition: Filter) -> Test:
    """The filter as a function of a row. Negations also match empty values; a list matches by what is in it."""
    field, operator, values = condition
    many = field.kind in ("employee", "select_many")
    negated = operator in ("N", "NLIKE", "NIN", "NBETWEEN", "NHASANYOF", "IS")
    plain = {"N": "EQ", "NLIKE": "LIKE", "NIN": "IN", "NBETWEEN": "BETWEEN", "NHASANYOF": "IN", "HASANYOF": "IN"}
    matches = _matcher(plain.get(operator, operator), values)

    def check(row: Row) -> bool:
        value = _stored(field, row)
        if value is None:
            return negated
        hit = any(matches(each) for each in value) if many else matches(value)
        return hit != negated

    return check


def _matcher(operator: str, values: list[Any]) -> Callable[[Any], bool]:
    first = values[0] if values else None
    match operator:
        case "EQ":
            return lambda value: bool(value == first)
        case "GT":
            return lambda value: bool(value > first)
        case "GTE":
            return lambda value: bool(value >= first)
        case "LT":
            return lambda value: bool(value < first)
        case "LTE":
            return lambda value: bool(value <= first)
        case "IN" | "CONTAINS":
            wanted = frozenset(values)
            return lambda value: value in wanted
        case "BETWEEN":
            low, high = values[:2]
            return lambda value: bool(low <= value <= high)
        case "LIKE":
            return lambda value: str(first) in str(value)
        case "STARTWITH":
            return lambda value: str(value).startswith(str(first))
        case "ENDWITH":
            return lambda value: str(value).endswith(str(first))
        case _:  # IS and ISN: there is a value, and `negated` decides what that means
            return lambda _value: True


def run(table: Table, query: Query, visible: Test, *, count: bool) -> tuple[list[Row], int]:
    """The page's rows, and how many match in all (0 unless `count`)."""
    tests = [visible, *(predicate(each) for each in query.filters)]
    rows, ordered = _candidates(table, query)
    matching: Iterator[Row] = (row for row in rows if all(check(row) for check in tests))
    if not ordered:
        matching = iter(_sorted(matching, query.orders))
    page = list(islice(matching, query.offset, query.offset + query.limit))
    if not count:
        return page, 0
    if query.offset and not page:
        return page, sum(1 for row in _candidates(table, query)[0] if all(check(row) for check in tests))
    return page, query.offset + len(page) + sum(1 for _ in matching)


def _candidates(table: Table, query: Query) -> tuple[Iterator[Row], bool]:
    """The smallest set of rows that holds all matches, and whether it already comes in the order asked for."""
    equal = [each for each in query.filters if each.operator in ("EQ", "IN") and _indexed(each.field)]
    if equal:
        keys = min((_holding(table, each) for each in equal), key=len)
        return (table.rows[key] for key in sorted(keys)), False
    ids, times = _ranges(table, query)
    by_id = [(order.field.name, order.ascending) for order in query.orders][:1] == [("_id", True)]
    if by_id and (ids[1] - ids[0]) <= 8 * (times[1] - times[0]):
        return (table.rows[key] for key in islice(table.ids, *ids)), True
    by_time = [(order.field.name, order.ascending) for order in query.orders[:2]] in (
        [("last_modified_time", True), ("_id", True)],
        [("last_modified_time", True)],
    )
    if times[1] - times[0] <= ids[1] - ids[0]:
        return (table.rows[key] for _, key in islice(table.times, *times)), by_time
    return (table.rows[key] for key in islice(table.ids, *ids)), by_id


def _indexed(field: Field) -> bool:
    return field.kind not in ("number", "currency", "percentile", "employee", "select_many", "true_or_false")


def _holding(table: Table, condition: Filter) -> set[str]:
    values = condition.values[:1] if condition.operator == "EQ" else condition.values
    return set().union(*(table.holding(condition.field.name, value) for value in values))


def _ranges(table: Table, query: Query) -> tuple[tuple[int, int], tuple[int, int]]:
    low_id, high_id, low_time, high_time = None, None, None, None
    for field, operator, values in query.filters:
        if field.name == "_id" and operator == "GT":
            low_id = max(low_id or "", values[0])
        elif field.name == "_id" and operator == "LT":
            high_id = values[0] if high_id is None else min(high_id, values[0])
        elif field.name == "last_modified_time" and operator in ("GT", "GTE", "BETWEEN", "EQ"):
            low_time = values[0] if low_time is None else max(low_time, values[0])
        if field.name == "last_modified_time" and operator in ("LT", "LTE", "BETWEEN", "EQ"):
            top = values[1] if operator == "BETWEEN" else values[0]
            high_time = top if high_time is None else min(high_time, top)
    return table.id_range(low_id, high_id), table.time_range(low_time, high_time)


def _sorted(rows: Iterable[Row], orders: tuple[Order, ...]) -> list[Row]:
    """Rows in the order asked for; without one, the last modified first, as the vendor's own list shows them."""
    ordered = sorted(rows, key=lambda row: row["_id"])
    if not orders:
        return sorted(ordered, key=lambda row: row["last_modified_time"], reverse=True)
    for field, ascending in reversed(orders):
        ordered.sort(key=lambda row, field=field: _sortable(_stored(field, row)), reverse=not ascending)  # type: ignore[misc]
    return ordered


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
