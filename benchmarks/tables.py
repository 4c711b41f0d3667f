"""Markdown tables, and the places in a page that they belong to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: names on the left, figures on the right."""
    lines = [list(head), ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ratio(figure: float, base: float) -> str:
    """A figure relative to another, as 0.781; an empty cell where one of them is missing."""
    return "-" if math.isnan(figure) or math.isnan(base) or base == 0 else f"{figure / base:.3f}"


def number(figure: float | None, digits: int = 1) -> str:
    """A figure with thousands separated; a dash where it is missing."""
    return "-" if figure is None or math.isnan(figure) else f"{figure:,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in per cent; a dash where it is missing."""
    return "-" if share is None or math.isnan(share) else f"{share:.{digits}%}"


def median(figures: Sequence[float]) -> float:
    """The median, not a number of nothing."""
    return float(np.median(figures)) if len(figures) else math.nan


def geometric_mean(cells: Iterable[str]) -> str:
    """The geometric mean of a column of ratios as they are shown; a dash for a column without any."""
    known = [math.log(float(cell)) for cell in cells if cell != "-"]
    return f"{math.exp(sum(known) / len(known)):.3f}" if known else "-"


def put(page: Path, part: str, text: str) -> None:
    """Put a part's text between its markers in a page; a page without them gets them at its end."""
    start, end = f"<!-- benchmarks: {part} -->", f"<!-- end of {part} -->"
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    if start not in old:
        old = f"{old.rstrip()}\n\n{start}\n{end}\n".lstrip()
    before, rest = old.split(start)
    page.write_text(f"{before}{start}\n\n{text.strip()}\n\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")
