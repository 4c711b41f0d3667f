"""Blanks under a name: what is left of merged cells in a table that tells no merges, as in CSV."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.read.headers import is_number

Flags = NDArray[np.bool_]


def filled_down(
    table: pd.DataFrame, totals: Flags, *, never: Collection[str] = ()
) -> tuple[pd.DataFrame, dict[str, Flags]]:
    """The table with each name of a grouping column repeated in the blanks below it, and which cells that filled.

    Only columns left of the first column of names without any blank are looked at. Such a column groups the rows
    where its first row has a name, at least half of its rows are blank, every name stands once inside its outer
    group, and each outer group begins with a name. Numbers are never repeated, rows of ``totals`` neither filled
    nor counted, and columns in ``never`` stay as they are.
    """
    begins = np.zeros(len(table), bool)
    columns: dict[str, pd.Series] = {}
    filled: dict[str, Flags] = {}
    for name in table.columns if table.columns.is_unique else ():
        cells = table[name]
        given = cells.notna().to_numpy(bool)
        if not given[~totals].any() or any(is_number(cell) for cell in cells[given & ~totals]):
            continue
        if given[~totals].all():
            break
        if name not in never and _groups(cells[~totals], begins[~totals]):
            filled[str(name)] = ~given & ~totals
            columns[name] = cells.where(given | totals, cells.mask(totals).ffill())
            begins |= given & ~totals
    return table.assign(**columns), filled


def _groups(cells: pd.Series, begins: Flags) -> bool:
    """Whether names and blanks stand as merged cells leave them; ``begins`` are the rows where outer groups begin."""
    given = cells.notna().to_numpy(bool)
    outer = np.cumsum(begins)
    once = not pd.DataFrame({"outer": outer[given], "name": cells[given].to_numpy(object)}).duplicated().any()
    return bool(given[0] and 2 * given.sum() <= len(cells) and given[begins].all() and once)
