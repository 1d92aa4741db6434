"""The words of the reconciliation report, in English and Chinese."""

from __future__ import annotations

from goldbridge.cli.page import Language

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Reconciliation", "对账报告"),
    "agree": ("Both sides agree, row by row and field by field.", "两侧逐行逐字段一致。"),
    "differ": ("The two sides differ; every difference is named below.", "两侧不一致，差异逐条列出。"),
    "nothing": ("No flow reconciles anything.", "没有配置对账流程。"),
    "run": ("Run", "运行"),
    "expected_rows": ("rows expected", "应有行数"),
    "found_rows": ("rows found", "实有行数"),
    "differences": ("differences", "差异"),
    "waiting": ("waiting for another record", "等待关联记录"),
    "fields": ("Fields", "字段"),
    "field": ("field", "字段"),
    "filled": ("filled", "非空"),
    "min": ("least", "最小"),
    "max": ("most", "最大"),
    "sum": ("sum", "合计"),
    "rows": ("rows", "行数"),
    "by": ("By", "按"),
    "empty": ("(empty)", "（空）"),
    "kind": ("what", "类型"),
    "golden": ("golden record", "主数据"),
    "row": ("row", "目标行"),
    "expected": ("expected", "应为"),
    "found": ("found", "实为"),
    "records": ("source records", "来源记录"),
    "missing": ("missing", "缺失"),
    "undelivered": ("never delivered", "未送达"),
    "extra": ("one too many", "多余"),
    "double": ("twice", "重复"),
    "no_number": ("no number", "不是数字"),
    "cut": ("the first {shown} of {all}", "前 {shown} 条，共 {all} 条"),
    "fingerprint": ("Fingerprint of all that was compared", "全部比对内容的指纹"),
    "signature": ("Signature", "签字"),
    "name": ("Name", "姓名"),
    "date": ("Date", "日期"),
}  # fmt: skip


def word(key: str, language: Language) -> str:
    """A label; KeyError for one that nobody wrote."""
    english, chinese = _WORDS[key]
    return chinese if language == "zh" else english
