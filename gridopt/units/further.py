"""Counts beyond the contract that a rule names: shops, old people living alone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gridopt.city import City
from gridopt.contracts import COUNTED, UNITS
from gridopt.errors import TableError, preview
from gridopt.formula import counted_columns, require_columns
from gridopt.units.counts import Places
from gridopt.units.record import Record


def with_further(city: City, units: gpd.GeoDataFrame, places: Places | None, record: Record) -> gpd.GeoDataFrame:
    """The units with every column that a rule names: their own, else the sum over their buildings.

    A missing count stays NaN and weighs nothing, on record. Raises `TableError` for names that are no column, and
    for counts below 0 or that are no numbers.
    """
    wanted = [name for name in city.named_columns if name not in COUNTED]
    buildings = city.layer("buildings") if places is not None else None
    held = [] if buildings is None else counted_columns(buildings)
    own = [str(name) for name in units.columns if name not in UNITS]
    require_columns(wanted, [*COUNTED, *own, *held], "rules")
    for name in wanted:
        if name in own:
            units = units.assign(**{name: _own_counts(units[name], record)})
        elif buildings is not None and places is not None:
            sums = buildings[name].groupby(places.unit_ids.reindex(buildings.index)).sum()
            units = units.assign(**{name: sums.reindex(units.index).fillna(0.0).astype(float)})
    return units


def _own_counts(column: pd.Series, record: Record) -> pd.Series:
    counts = pd.to_numeric(column, errors="coerce").astype(float)
    bad = column.index[(counts.isna() & column.notna()) | (counts < 0) | np.isinf(counts)]
    if len(bad):
        raise TableError(
            f'units: column "{column.name}" has {len(bad)} counts that are no numbers of 0 or more: {preview(bad)}. '
            "Correct them in the layer.",
            zh=f"划分单元图层：列“{column.name}”有 {len(bad)} 个数不是非负数：{preview(bad)}。请在图层中改正。",
        )
    missing = column.index[counts.isna()]
    if len(missing):
        record.add(
            "units",
            (f"{column.name} missing", f"缺少 {column.name}"),
            ids=missing,
            action=("weighs 0", "计为 0"),
        )
    return counts
