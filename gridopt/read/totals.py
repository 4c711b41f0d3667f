"""Rows of totals in a spreadsheet (合计, 小计, 总计): told from the rest, left out, and checked against its sum."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.read.columns import parse_numbers
from gridopt.read.findings import Findings, row_name

WORDS = ("合计", "合計", "总计", "總計", "小计", "小計", "共计", "共計", "总数", "總數", "汇总", "彙總",
         "total", "subtotal", "grand total", "sum")  # fmt: skip
_ENDINGS = ("合计", "合計", "总计", "總計", "小计", "小計", "共计", "共計")
_NARROW = ("小计", "小計", "subtotal")
_LONGEST = 20
_BLANKS = re.compile(r"[\s:：]+")
_STATED = re.compile(rf"(?:{'|'.join(_ENDINGS)})\d")

Flags = NDArray[np.bool_]


def rows_of_totals(table: pd.DataFrame) -> Flags:
    """Which rows are totals: one of their cells is such a word, or ends with one ("天宁街道小计"), or states one."""
    found = np.zeros(len(table), bool)
    for i in range(table.shape[1]):
        values = table.iloc[:, i]
        words = {value: is_total(value) for value in values.unique() if isinstance(value, str)}
        if any(words.values()):
            found |= values.map(lambda value, known=words: known.get(value, False)).to_numpy(bool)
    return found


def is_total(cell: str) -> bool:
    """Whether a cell says that its row is a total."""
    plain = unicodedata.normalize("NFKC", cell).strip().lower()
    closed = _BLANKS.sub("", plain)
    ends = len(closed) <= _LONGEST and closed.endswith(_ENDINGS)
    return plain in WORDS or closed in WORDS or ends or bool(_STATED.match(closed))


def check_totals(
    table: pd.DataFrame, totals: Flags, columns: Iterable[str], rows: pd.Index, findings: Findings
) -> None:
    """Put every total that differs from its sum on record, with the difference.

    A total may stand below its rows or above them, and a grand total sums all rows; the sum nearest to it
    counts. ``rows`` are the numbers that the sheet shows.
    """
    if not totals.any():
        return
    for column in columns:
        numbers, unread, _ = parse_numbers(table[column])
        details = np.where(totals | np.isnan(numbers) | unread, 0.0, numbers)
        for place in np.flatnonzero(totals & ~np.isnan(numbers)):
            sums = _sums(table.iloc[place], int(place), totals, details)
            if not sums:
                continue
            nearest = sums[int(np.argmin(np.abs(np.array(sums) - numbers[place])))]
            if abs(nearest - numbers[place]) > 1e-6 * max(abs(nearest), 1):
                figures = (column, numbers[place], nearest, numbers[place] - nearest)
                findings.repair("totals_differ", [row_name(rows[int(place)])], values=figures)


def _sums(row: pd.Series, place: int, totals: Flags, details: NDArray[np.float64]) -> list[float]:
    """What a total may sum: the rows above it or below it, up to the next of its level; a wide one all rows as well."""
    rows = len(totals)
    start, end = _reach(totals[:place]), rows - _reach(totals[place + 1 :][::-1])
    spans = [(start, place), (place + 1, end)]
    words = [_BLANKS.sub("", str(cell)).lower() for cell in row if isinstance(cell, str) and is_total(cell)]
    if not any(word.endswith(_NARROW) for word in words):
        spans += [(0, place), (place + 1, rows), (0, rows)]
    return [float(details[first:last].sum()) for first, last in spans if (~totals[first:last]).any()]


def _reach(before: Flags) -> int:
    """Where the rows begin that a total after ``before`` sums.

    A total right after another stands a level above it (社区小计, 街道小计, 合计), and reaches over those below
    its own level.
    """
    level = _run(before)
    for place in range(len(before) - 1 - level, -1, -1):
        if before[place] and _run(before[:place]) >= level:
            return place + 1
    return 0


def _run(before: Flags) -> int:
    """How many totals stand one after another at the end."""
    run = 0
    while run < len(before) and before[len(before) - 1 - run]:
        run += 1
    return run
