"""Approval templates: the form people fill in, who approves, and which values a form takes."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from goldbridge.simulators.kit import Refused

FormValue = dict[str, str]


class Component(NamedTuple):
    """One control of a form; `options` only for choices."""

    id: str
    label: str
    kind: str = "TextField"
    required: bool = False
    options: tuple[str, ...] = ()
    alias: str = ""


class Process(NamedTuple):
    """An approval template: its form, who approves one after the other, and whether the submitter may recall."""

    code: str
    name: str
    form: tuple[Component, ...]
    approvers: tuple[str, ...] = ("manager0001", "finance0001")
    recallable: bool = True


CONTRACT = Process(
    "PROC-CONTRACT",
    "合同审批",
    (
        Component("TextField-K2AD4O5B", "合同编号", required=True),
        Component("DDSelectField-K2AD4O5C", "合同类型", "DDSelectField", True, ("代理", "框架", "销售")),
        Component("TextField-K2AD4O5D", "客户编号"),
        Component("TextField-K2AD4O5E", "客户名称", required=True),
        Component("MoneyField-K2AD4O5F", "合同金额", "MoneyField", required=True),
        Component("DDDateField-K2AD4O5G", "签订日期", "DDDateField"),
    ),
)


def check_form(process: Process, values: Any) -> list[FormValue]:
    """The form as it is kept; every value is text, and controls go by their labels. Raises `Refused`."""
    if not isinstance(values, list) or len(values) > 150:
        raise Refused("invalidParameter", "formComponentValues不合法")
    given: dict[str, str] = {}
    for each in values:
        name, value = (each.get("name"), each.get("value")) if isinstance(each, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            raise Refused("formConverterError", f"表单数据校验失败，失败控件：{name}")
        given[name] = value
    labels = {component.label: component for component in process.form}
    wrong = [name for name, value in given.items() if name not in labels or not accepts(labels[name], value)]
    wrong += [each.label for each in process.form if each.required and not given.get(each.label)]
    if wrong:
        raise Refused("formConverterError", f"表单数据校验失败，失败控件：{'、'.join(wrong)}")
    return [form_value(component, given[component.label]) for component in process.form if component.label in given]


def accepts(component: Component, value: str) -> bool:
    if not value:
        return not component.required
    match component.kind:
        case "DDDateField":
            return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None
        case "MoneyField" | "NumberField":
            return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
        case "DDSelectField":
            return value in component.options
        case _:
            return True


def form_value(component: Component, value: str) -> FormValue:
    return {
        "id": component.id,
        "name": component.label,
        "value": value,
        "componentType": component.kind,
        "bizAlias": component.alias,
    }
