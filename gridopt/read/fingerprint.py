"""What a layer held, in a form that neither the order of its rows nor the type of its ids can change."""

from __future__ import annotations

import hashlib
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

DECIMALS = 3
"""Decimals of a metre that count: projection libraries differ below that."""


def fingerprint(table: pd.DataFrame, *, layer: str, crs: str | None) -> dict[str, Any]:
    """Layer and CRS as they were given, rows, column sums, and sha256 over the sorted normalised rows.

    ``table`` is a clean layer, indexed by text ids.
    """
    ordered = table.sort_index()
    plain = pd.DataFrame(ordered.drop(columns="geometry", errors="ignore"))
    # A column that the layer does not have must not change the mark when its contract grows.
    plain = plain.loc[:, [not _is_blank(plain[name]) for name in plain.columns]]
    numbers = plain.select_dtypes("number")
    written = pd.DataFrame({str(name): _written(plain[name]) for name in sorted(plain.columns)}, index=plain.index)
    rows = ["\x1f".join(row) for row in written.itertuples(index=True, name=None)]
    digest = hashlib.sha256("\x1e".join([*written.columns, *rows]).encode())
    if isinstance(ordered, gpd.GeoDataFrame):
        for outline in shapely.to_wkb(_rounded(ordered.geometry.to_numpy())):
            digest.update(outline or b"\0")
    sums = {str(name): float(np.round(numbers[name].sum(), 6)) for name in sorted(numbers.columns)}
    return {"layer": layer, "crs": crs, "rows": len(ordered), "sums": sums, "sha256": digest.hexdigest()}


def _is_blank(values: pd.Series) -> bool:
    return bool((values.isna() | (values.astype("str") == "")).all())


def _written(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.map(lambda number: f"{number:.6f}")
    return values.astype("str")


def _rounded(shapes: Any) -> Any:
    return shapely.transform(shapes, lambda points: np.round(points, DECIMALS) + 0.0)
