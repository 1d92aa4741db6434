"""The words of the dedupe report, in English and Chinese."""

from __future__ import annotations

from goldbridge.cli.page import Language

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Duplicates", "重复记录报告"),
    "summary": ("Summary", "概要"),
    "columns": ("Columns, as guessed", "列的识别"),
    "weights": ("Weights of the pairs", "匹配权重分布"),
    "threshold": ("What a threshold would do", "阈值曲线"),
    "keys": ("Blocking keys", "分块键"),
    "sizes": ("Sizes of the clusters", "簇的大小"),
    "examples": ("Why: pairs as examples", "示例：为什么"),
    "bridges": ("Weakest bridges", "最弱的连接"),
    "mistakes": ("Worst mistakes", "最严重的错误"),
    "rows": ("rows", "行数"),
    "things": ("things", "实体数"),
    "duplicates": ("duplicates by the best guess", "重复行（最佳估计）"),
    "auto_duplicates": ("duplicates without a steward", "重复行（无需人工）"),
    "questions": ("questions for a steward", "待人工确认的配对"),
    "review_rows": ("rows in them", "涉及的行"),
    "compared": ("pairs compared", "比较的配对"),
    "largest": ("largest cluster", "最大的簇"),
    "method": ("method", "方法"),
    "column": ("column", "列"),
    "kind": ("kind", "类型"),
    "sure": ("sure", "把握"),
    "fits": ("values that fit", "符合的值"),
    "reason": ("why", "依据"),
    "rival": ("or", "或者"),
    "key": ("key", "键"),
    "pairs": ("pairs", "配对数"),
    "recall": ("matches it finds", "找到的匹配"),
    "alone": ("matches only it finds", "仅由它找到"),
    "auto": ("auto", "自动"),
    "guess": ("guess", "估计"),
    "review": ("review", "人工"),
    "no": ("apart", "分开"),
    "share": ("pairs, as a share of all", "配对（占比）"),
    "estimated": ("estimated precision", "估计精确率"),
    "precision": ("precision", "精确率"),
    "recall_curve": ("recall", "召回率"),
    "f1": ("F1", "F1"),
    "clear_match": ("A clear match", "明确的匹配"),
    "border": ("At the border", "临界的配对"),
    "veto": ("A veto, or the strongest pair left apart", "被否决或未合并的最强配对"),
    "weight": ("weight in bits", "权重（比特）"),
    "left": ("row", "行"),
    "right": ("and row", "与行"),
    "size": ("rows in the cluster", "簇内行数"),
    "false_merges": ("joined wrongly", "误合并"),
    "missed": ("missed", "遗漏"),
    "best": ("best guess", "最佳估计"),
    "too_large": ("Not all compared", "未全部比较"),
    "groups": ("groups", "组"),
    "none": ("None.", "无。"),
    "cut": ("the first {shown} of {all}", "前 {shown} 个，共 {all} 个"),
    "cautious": ("Cautious", "谨慎"),
}  # fmt: skip


def word(key: str, language: Language) -> str:
    """A label; KeyError for one that nobody wrote."""
    english, chinese = _WORDS[key]
    return chinese if language == "zh" else english
