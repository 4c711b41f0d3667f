"""DXF drawings: closed polylines as areas, the text inside them as their name, one layer a CAD layer."""

from __future__ import annotations

import re
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.read.contents import Place
from gridopt.read.encodings import drawing_encoding
from gridopt.read.vectors import read_drawing

_HEADER = re.compile(rb"SECTION\s+2\s+HEADER")
_PAGE = re.compile(rb"\$DWGCODEPAGE\s+3\s+(\S+)")
LINES = ("roads", "railways", "walls")
"""Layers of the project file in which a closed polyline is a line that comes back, not an area."""


def layer_names(place: Place) -> list[str]:
    """The CAD layers on which anything but text is drawn."""
    drawn = _entities(place)
    return sorted(set(drawn.loc[~_is_text(drawn), "Layer"]))


def encoding_of(place: Place) -> str:
    """The encoding of a drawing's text."""
    raw = place.read_bytes()
    page = _PAGE.search(raw)
    return drawing_encoding(raw, page[1].decode("ascii", "ignore") if page else "")


def read_layer(place: Place, layer: str, *, lines: bool = False) -> pd.DataFrame:
    """One CAD layer: ``name`` and geometry, without a CRS, which drawings do not tell.

    A polyline that ends where it begins is an area, unless ``lines``; open ones stay lines. An area's name
    is the text, on whichever layer, that stands in no smaller area of its layer, top to bottom.
    """
    drawn = _entities(place)
    texts = drawn[_is_text(drawn)]
    own = drawn[(drawn["Layer"] == layer).to_numpy() & ~_is_text(drawn)]
    shapes = own.geometry.to_numpy() if lines else _areas(own.geometry.to_numpy())
    table: pd.DataFrame = gpd.GeoDataFrame({"name": _names(shapes, texts)}, geometry=shapes)
    return table


def _entities(place: Place) -> gpd.GeoDataFrame:
    encoding = encoding_of(place)
    table = read_drawing(place, encoding)
    if _HEADER.search(place.read_bytes()) is None:
        # GDAL hands the text of a drawing without a header over byte for byte, whatever it is told.
        for name in ("Layer", "Text"):
            table[name] = table[name].map(partial(_decoded, encoding=encoding), na_action="ignore")
    placed = table[~table.geometry.isna()]
    return gpd.GeoDataFrame(placed.assign(Layer=placed["Layer"].fillna("0").astype("str")))


def _decoded(text: str, encoding: str) -> str:
    return text.encode("latin-1").decode(encoding, "replace")


def _is_text(drawn: pd.DataFrame) -> NDArray[np.bool_]:
    """Which entities are labels: text at a point."""
    written = drawn["Text"].fillna("").astype("str").str.strip() != ""
    result: NDArray[np.bool_] = written.to_numpy(bool) & (shapely.get_dimensions(drawn.geometry.to_numpy()) == 0)
    return result


def _areas(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Closed lines as polygons; all else as it is."""
    flat: NDArray[np.object_] = shapely.force_2d(shapes)
    closed = (shapely.get_type_id(flat) == 1) & shapely.is_closed(flat) & (shapely.get_num_points(flat) >= 4)
    flat[closed] = [shapely.Polygon(line.coords) for line in flat[closed]]
    return flat


def _names(shapes: NDArray[np.object_], texts: gpd.GeoDataFrame) -> list[str]:
    """The labels of each shape, joined; a label belongs to the smallest area that holds it."""
    points = texts.geometry.to_numpy()
    label, holder = shapely.STRtree(shapes).query(points, predicate="within")
    pairs = pd.DataFrame({"label": label, "shape": holder, "area": shapely.area(shapes)[holder]})
    pairs = pairs.sort_values(["area", "shape"], kind="stable").drop_duplicates("label")
    plain = texts["Text"].astype("str").str.split().str.join(" ").to_numpy(object)
    at = pairs["label"].to_numpy()
    pairs = pairs.assign(text=plain[at], y=-shapely.get_y(points)[at], x=shapely.get_x(points)[at])
    joined = pairs.sort_values(["y", "x", "text"], kind="stable").groupby("shape")["text"].agg(" ".join)
    return [str(joined.get(i, "")) for i in range(len(shapes))]
