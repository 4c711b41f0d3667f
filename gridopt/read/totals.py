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

WORDS = ("合计", "合計", "总计", "總計", "小计", "小計", "共计", "共計", "total", "subtotal", "grand total", "sum")
_ENDINGS = ("合计", "合計", "总计", "總計", "小计", "小計", "共计", "共計")
_NARROW = ("小计", "小計", "subtotal")
_LONGEST = 20
_BLANKS = re.compile(r"[\s:：]+")

Flags = NDArray[np.bool_]


def rows_of_totals(table: pd.DataFrame) -> Flags:
    """Which rows are totals: one of their cells is such a word, or ends with one ("天宁街道小计")."""
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
    return plain in WORDS or closed in WORDS or (len(closed) <= _LONGEST and closed.endswith(_ENDINGS))


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
    """What a total may sum: the rows since the total before it, or up to the next; a wide one all rows as well."""
    others = np.flatnonzero(totals)
    before, after = others[others < place], others[others > place]
    start = int(before[-1]) + 1 if len(before) else 0
    end = int(after[0]) if len(after) else len(totals)
    spans = [(start, place), (place + 1, end)]
    words = [_BLANKS.sub("", str(cell)).lower() for cell in row if isinstance(cell, str) and is_total(cell)]
    if not any(word.endswith(_NARROW) for word in words):
        spans += [(0, place), (place + 1, len(totals)), (0, len(totals))]
    return [float(details[first:last].sum()) for first, last in spans if (~totals[first:last]).any()]
