"""What a layer held, in a form that neither the order of its rows nor the type of its ids can change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

DECIMALS = 3
"""Decimals of a metre that count: projection libraries differ below that."""

_SINGLE = (0, 1, 3)
"""Type ids of points, lines and polygons."""


def fingerprint(table: pd.DataFrame, *, layer: str, crs: str | None) -> dict[str, Any]:
    """Layer and CRS as they were given, rows, column sums, and sha256 over the sorted normalised rows.

    ``table`` is a clean layer, indexed by text ids.
    """
    ordered = table.sort_index()
    plain = pd.DataFrame(ordered.drop(columns="geometry", errors="ignore"))
    # A column that the layer does not have must not change the mark when its contract grows.
    plain = plain.loc[:, [not _is_blank(plain[name]) for name in plain.columns]]
    numbers = plain.select_dtypes("number")
    names = sorted(str(name) for name in plain.columns)
    cells = [plain.index.astype("str").tolist(), *(_written(plain[name]) for name in names)]
    rows = ["\x1f".join(row) for row in zip(*cells, strict=True)]
    digest = hashlib.sha256("\x1e".join([*names, *rows]).encode())
    if isinstance(ordered, gpd.GeoDataFrame):
        for part in _outlines(ordered.geometry.to_numpy()):
            digest.update(part)
    sums = {str(name): float(np.round(numbers[name].sum(), 6)) for name in sorted(numbers.columns)}
    return {"layer": layer, "crs": crs, "rows": len(ordered), "sums": sums, "sha256": digest.hexdigest()}


def _is_blank(values: pd.Series) -> bool:
    return bool(values.isna().all()) or (not pd.api.types.is_numeric_dtype(values.dtype) and not (values != "").any())


def _written(values: pd.Series) -> list[str]:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return [f"{number:.6f}" for number in values.tolist()]
    return [str(text) for text in values.tolist()]


def _outlines(shapes: NDArray[np.object_]) -> Iterator[bytes]:
    """Rounded shapes as bytes. The kinds and the coordinates in a row say all of a shape with one ring or line."""
    kinds, sizes = shapely.get_type_id(shapes), shapely.get_num_coordinates(shapes)
    single = np.isin(kinds, _SINGLE) & (shapely.get_num_interior_rings(shapes) == 0)
    yield kinds.astype("<i1").tobytes()
    yield sizes.astype("<i4").tobytes()
    yield _round(shapely.get_coordinates(shapes[single])).astype("<f8").tobytes()
    yield b"".join(shapely.to_wkb(shapely.transform(shapes[~single & (kinds >= 0)], _round), byte_order=1))


def _round(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(points, DECIMALS) + 0.0
