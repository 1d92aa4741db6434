"""Charts of the dedupe report as inline SVG: text and shapes, coloured by the page's own style, no script.

Every text that comes from a file goes through `text`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from goldbridge.cli.page import text

WIDTH, HEIGHT = 720, 220
_LEFT, _BOTTOM, _TOP = 56, 28, 14


class Line(NamedTuple):
    """A curve: its class in the style, what it is called, and y per x; y from 0 to 1."""

    style: str
    label: str
    points: Sequence[tuple[float, float]]


class Mark(NamedTuple):
    """A vertical line at a threshold."""

    at: float
    label: str


def histogram(bars: Sequence[tuple[float, float, int]], marks: Sequence[Mark], title: str) -> str:
    """Bars (from, to, count) over an axis of bits, with the bands as lines."""
    if not bars:
        return ""
    low, high = bars[0][0], bars[-1][1]
    most = max(count for *_, count in bars) or 1
    parts = []
    for start, end, count in bars:
        x, width = _x(start, low, high), _x(end, low, high) - _x(start, low, high)
        height = (HEIGHT - _BOTTOM - _TOP) * count / most
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{HEIGHT - _BOTTOM - height:.1f}" width="{max(width - 1, 1):.1f}" '
            f'height="{height:.1f}"><title>{start:.1f} - {end:.1f}: {count}</title></rect>'
        )
    parts.append(f'<text x="4" y="{_TOP + 6}">{most}</text>')
    return _svg(title, [*parts, *_axis(low, high), *_marks(marks, low, high)])


def curves(lines: Sequence[Line], marks: Sequence[Mark], title: str) -> str:
    """Curves from 0 to 1 over an axis of bits, with a legend."""
    points = [x for line in lines for x, _ in line.points]
    if not points:
        return ""
    low, high = min(points), max(points)
    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH}" y1="{_y(y):.1f}" y2="{_y(y):.1f}"/>'
        f'<text x="4" y="{_y(y) + 4:.1f}">{y:.0%}</text>'
        for y in (0.0, 0.5, 1.0)
    ]
    for at, line in enumerate(lines):
        path = " ".join(f"{_x(x, low, high):.1f},{_y(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline class="{line.style}" points="{path}"/>')
        parts.append(
            f'<text class="key {line.style}" x="{_LEFT + 8 + at * 210}" y="{HEIGHT - _BOTTOM - 8}">'
            f"{text(line.label)}</text>"
        )
    return _svg(title, [*parts, *_axis(low, high), *_marks(marks, low, high)])


def columns(bars: Sequence[tuple[str, int]], title: str) -> str:
    """One bar per name."""
    most = max((count for _, count in bars), default=0) or 1
    step = (WIDTH - _LEFT) / max(1, len(bars))
    parts = []
    for at, (name, count) in enumerate(bars):
        height = (HEIGHT - _BOTTOM - _TOP - 10) * count / most
        x = _LEFT + at * step
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{HEIGHT - _BOTTOM - height:.1f}" width="{step * 0.8:.1f}" '
            f'height="{height:.1f}"/><text x="{x:.1f}" y="{HEIGHT - 10}">{text(name)}</text>'
            f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM - height - 3:.1f}">{count}</text>'
        )
    return _svg(title, parts)


def waterfall(parts: Sequence[tuple[str, float]], marks: Sequence[Mark], total: str) -> str:
    """Evidence piece by piece, each bar from the sum before it to the sum behind it."""
    sums = [0.0]
    for _, bits in parts:
        sums.append(sums[-1] + bits)
    low, high = min(0.0, *sums), max(1.0, *sums, *(mark.at for mark in marks))
    row, label = 22, 260
    scale = (WIDTH - label - 90) / (high - low)
    height = row * (len(parts) + 1) + 18
    drawn = []
    for at, (name, bits) in enumerate(parts):
        start, width = min(sums[at], sums[at + 1]), abs(bits)
        y = at * row + 14
        drawn.append(
            f'<text x="0" y="{y + 13}">{text(_cut(name))}</text>'
            f'<rect class="{"plus" if bits >= 0 else "minus"}" x="{label + (start - low) * scale:.1f}" y="{y}" '
            f'width="{max(width * scale, 1):.1f}" height="{row - 6}"/>'
            f'<text class="end" x="{WIDTH}" y="{y + 13}">{bits:+.4f}</text>'
        )
    y = len(parts) * row + 14
    drawn.append(
        f'<text class="strong" x="0" y="{y + 13}">{text(total)}</text>'
        f'<text class="end strong" x="{WIDTH}" y="{y + 13}">{sums[-1]:+.4f}</text>'
    )
    for mark in marks:
        x = label + (mark.at - low) * scale
        drawn.append(
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="10" y2="{y}"/>'
            f'<text class="small" x="{x:.1f}" y="9">{text(mark.label)}</text>'
        )
    return _svg(total, drawn, height)


def _cut(name: str) -> str:
    return name if len(name) <= 36 else f"{name[:35]}…"


def _svg(title: str, parts: Sequence[str], height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text(title)}"><title>{text(title)}</title>'
        f"{''.join(parts)}</svg>"
    )


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (WIDTH - _LEFT) * (value - low) / ((high - low) or 1)


def _y(value: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value


def _axis(low: float, high: float) -> list[str]:
    found = [f'<line class="grid" x1="{_LEFT}" x2="{WIDTH}" y1="{HEIGHT - _BOTTOM}" y2="{HEIGHT - _BOTTOM}"/>']
    for at in range(6):
        value = low + (high - low) * at / 5
        style = ' class="end"' if at == 5 else ""
        found.append(f'<text{style} x="{_x(value, low, high):.1f}" y="{HEIGHT - 10}">{value:.0f}</text>')
    return found


def _marks(marks: Sequence[Mark], low: float, high: float) -> list[str]:
    return [
        f'<line class="mark" x1="{_x(mark.at, low, high):.1f}" x2="{_x(mark.at, low, high):.1f}" y1="{_TOP}" '
        f'y2="{HEIGHT - _BOTTOM}"/><text class="small" x="{_x(mark.at, low, high) + 3:.1f}" y="{_TOP + 8}">'
        f"{text(mark.label)}</text>"
        for mark in marks
        if low <= mark.at <= high
    ]
