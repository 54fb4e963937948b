"""Draws a report's plots as SVG text, by hand, so that a report needs no plotting library; decides no figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from nl2sql_tui.evaluation.scores import Scores, Share
from nl2sql_tui.evaluation.statistics import quantile
from nl2sql_tui.text import shortened

_WIDTH: Final = 760
_LABEL_WIDTH: Final = 230
_TEXT_WIDTH: Final = 150
_ROW: Final = 22
_MARGIN: Final = 10
_INK, _BAR, _PAPER, _LINE = "#222222", "#6f9fcf", "#ffffff", "#cccccc"
_BINS: Final = 24
_HISTOGRAM_HEIGHT: Final = 180
_PARTS_SHOWN: Final = 12
"""A split into more parts, such as one by many databases, is left to the tables."""
_LABEL_LETTERS: Final = 34


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    length: float
    """From 0 to 1."""
    text: str
    interval: tuple[float, float] | None = None
    heading: bool = False
    """Only the label, above the bars of a group."""


def accuracy_plot(scores: Scores) -> str:
    """Accuracy by the main measure, of all questions and of each part of each split, with 95 % intervals."""
    bars = [_share_bar("all questions", scores.accuracy)]
    for title, parts in scores.splits.items():
        if 1 < len(parts) <= _PARTS_SHOWN:
            bars.append(_Bar(title, 0.0, "", heading=True))
            bars += [_share_bar(label, share) for label, share in parts.items()]
    return _bars("Execution accuracy with 95 % intervals", bars)


def _share_bar(label: str, share: Share) -> _Bar:
    return _Bar(label, share.value, f"{share.value:.1%} of {share.total:,}", share.interval)


def categories_plot(scores: Scores) -> str:
    """How many answers fell into each category."""
    total = max(1, sum(scores.categories.values()))
    bars = [
        _Bar(category.value, count / total, f"{count:,} ({count / total:.1%})")
        for category, count in scores.categories.items()
    ]
    return _bars("What became of the answers", bars)


def _bars(title: str, bars: Sequence[_Bar]) -> str:
    width = _WIDTH - _LABEL_WIDTH - _TEXT_WIDTH - 2 * _MARGIN
    left = _MARGIN + _LABEL_WIDTH
    bottom = 2 * _MARGIN + _ROW * (len(bars) + 1)
    pieces = [_text(_MARGIN, _MARGIN + 14, title, bold=True)]
    pieces += [
        _line(left + width * quarter / 4, _MARGIN + _ROW, left + width * quarter / 4, bottom) for quarter in range(5)
    ]
    for number, bar in enumerate(bars):
        top = _MARGIN + _ROW * (number + 1)
        pieces.append(_text(_MARGIN, top + 15, shortened(bar.label, _LABEL_LETTERS), bold=bar.heading))
        if bar.heading:
            continue
        pieces.append(_box(left, top + 4, width * bar.length, _ROW - 8))
        if bar.interval is not None:
            low, high = (left + width * end for end in bar.interval)
            middle = top + _ROW / 2
            pieces.append(_line(low, middle, high, middle, _INK))
            pieces += [_line(end, middle - 4, end, middle + 4, _INK) for end in (low, high)]
        pieces.append(_text(left + width + 8, top + 15, bar.text))
    return _svg(title, bottom + _MARGIN, pieces)


def seconds_plot(scores: Scores) -> str:
    """A histogram of the seconds of answering; the last bin holds all above the 99th percentile."""
    title = "Seconds of answering"
    if not scores.seconds:
        return _svg(title, 40, [_text(_MARGIN, 24, f"{title}: not known for this run")])
    most = quantile(scores.seconds, 0.99)
    counts = [0] * _BINS
    for value in scores.seconds:
        counts[min(_BINS - 1, int(value / most * _BINS))] += 1
    width = (_WIDTH - 2 * _MARGIN - 40) / _BINS
    left, bottom = _MARGIN + 40, _MARGIN + _ROW + _HISTOGRAM_HEIGHT
    pieces = [_text(_MARGIN, _MARGIN + 14, title, bold=True)]
    for number, count in enumerate(counts):
        height = _HISTOGRAM_HEIGHT * count / max(counts)
        pieces.append(_box(left + number * width, bottom - height, width - 1, height))
    pieces.append(_line(left, bottom, _WIDTH - _MARGIN, bottom, _INK))
    pieces.append(_text(_MARGIN, bottom - _HISTOGRAM_HEIGHT + 14, f"{max(counts):,}"))
    for quarter in range(4):
        pieces.append(_text(left + quarter / 4 * _BINS * width, bottom + 16, f"{most * quarter / 4:.3g} s"))
    p50, p95 = quantile(scores.seconds, 0.5), quantile(scores.seconds, 0.95)
    summary = f"p50 {p50:.3g} s, p95 {p95:.3g} s, {len(scores.seconds):,} answers; the last bar holds all slower ones"
    pieces.append(_text(left, bottom + 36, summary))
    return _svg(title, bottom + 44, pieces)


def _svg(title: str, height: float, pieces: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" '
        f'height="{height:g}" role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>\n' + "\n".join(pieces) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" fill="{_INK}"{weight}>{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{_BAR}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = _LINE) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'
