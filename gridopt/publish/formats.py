"""The files of an export: GeoJSON, GeoPackage, FlatGeobuf, KML, Shapefile, CSV and XLSX, by their ending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from gridopt.errors import TableError
from gridopt.publish.atomic import write_bytes
from gridopt.publish.geojson import feature_collection
from gridopt.publish.geopackage import write_geopackage
from gridopt.publish.kml import as_written, kml_document
from gridopt.publish.properties import KEY, cut_to_bytes
from gridopt.publish.tables import harmless
from gridopt.publish.workbooks import Workbook

_DBF_TEXT = 254
_WIDTH = 14
"""Width of the columns of a workbook, in characters."""


@dataclass(frozen=True, eq=False)
class Layer:
    """What one file holds: rows under their final names, a shape in the platform's degrees for each, their CRS.

    ``table`` has the column `KEY`. ``short`` maps its names to those of ten letters; ``colours`` is an index
    for each row; ``columns`` has the column of grids behind each name; ``shapes_in_csv`` adds a column ``wkt`` to a
    CSV file.
    """

    table: pd.DataFrame
    shapes: np.ndarray[Any, Any]
    crs: pyproj.CRS
    colours: list[int]
    short: Mapping[str, str]
    columns: Mapping[str, str]
    shapes_in_csv: bool = False

    def where(self, flags: np.ndarray[Any, Any]) -> Layer:
        """The rows that are flagged."""
        colours = [colour for colour, flag in zip(self.colours, flags, strict=True) if flag]
        return replace(self, table=self.table[flags], shapes=self.shapes[flags], colours=colours)

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """Rows and shapes together; null counts are NaN, as files of shapes know them."""
        return gpd.GeoDataFrame(_columns(self.table), geometry=self.shapes, crs=self.crs)


def check_ending(path: Path) -> str:
    """The ending of a file's name; `TableError` where no format goes by it."""
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise TableError(
            f'{path}: the ending "{path.suffix}" is not offered; choose one of {", ".join(WRITERS)}.',
            zh=f"{path}：不支持以“{path.suffix}”结尾的文件；可选：{'、'.join(WRITERS)}。",
        )
    return ending


def write_layer(layer: Layer, path: Path) -> list[Path]:
    """Write a layer in the format of the name's ending and return every file that was made, the named one first."""
    WRITERS[check_ending(path)](layer, path)
    beside = sorted(path.parent.glob(f"{path.stem}.*")) if path.suffix.lower() == ".shp" else []
    return [path, *[one for one in beside if one != path]]


def cut_texts(layer: Layer) -> list[str]:
    """Columns in which a Shapefile, which holds 254 bytes a cell, cannot keep every text whole."""
    return [
        str(name)
        for name in _texts(layer.table)
        if any(isinstance(text, str) and cut_to_bytes(text, _DBF_TEXT) != text for text in layer.table[name])
    ]


def _texts(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table if not pd.api.types.is_numeric_dtype(_column(table[name]))]


def _columns(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: _column(table[name]) for name in table}).reset_index(drop=True)


def _column(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column of numbers as numbers where blanked cells made it one of objects."""
    given = values.dropna()
    if values.dtype != object:
        return values
    if len(given) and all(isinstance(value, int | float | np.number) for value in given):
        return values.astype("float64")
    return values.astype("str") if len(given) == len(values) else values


def _geojson(layer: Layer, path: Path) -> None:
    table = layer.table.astype(object).where(layer.table.notna(), None)
    write_bytes(path, feature_collection(layer.table[KEY].tolist(), table, layer.shapes))


def _geopackage(layer: Layer, path: Path) -> None:
    write_geopackage({"grids": layer.frame}, path)


def _flatgeobuf(layer: Layer, path: Path) -> None:
    pyogrio.write_dataframe(
        layer.frame, path, layer="grids", driver="FlatGeobuf", geometry_type="MultiPolygon", promote_to_multi=True
    )


def _kml(layer: Layer, path: Path) -> None:
    names = [str(name) if str(name).isascii() else layer.columns[str(name)] for name in layer.table]
    write_bytes(path, kml_document(layer.table, layer.shapes, key=KEY, plain=names, colours=layer.colours))


def _shapefile(layer: Layer, path: Path) -> None:
    frame = layer.frame
    for name in _texts(layer.table):
        frame[name] = [cut_to_bytes(text, _DBF_TEXT) if isinstance(text, str) else None for text in frame[name]]
    pyogrio.write_dataframe(
        frame.rename(columns=dict(layer.short)),
        path,
        driver="ESRI Shapefile",
        encoding="GB18030",
        promote_to_multi=True,
    )


def _csv(layer: Layer, path: Path) -> None:
    table = layer.table.astype(object).where(layer.table.notna(), None)
    for name in table:
        mend = harmless if name in _texts(layer.table) else as_written
        table[name] = table[name].map(mend, na_action="ignore")
    if layer.shapes_in_csv:
        table["wkt"] = shapely.to_wkt(layer.shapes, rounding_precision=7)
    write_bytes(path, table.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))


def _workbook(layer: Layer, path: Path) -> None:
    book = Workbook()
    sheet = book.sheet("grids", [_WIDTH] * len(layer.table.columns), frozen=(1, 1))
    sheet.add_plain([str(name) for name in layer.table], bold=True)
    for row in layer.table.astype(object).itertuples(index=False, name=None):
        sheet.add_plain(row)
    write_bytes(path, book.finished())


WRITERS: Mapping[str, Callable[[Layer, Path], None]] = MappingProxyType(
    {
        ".geojson": _geojson,
        ".gpkg": _geopackage,
        ".fgb": _flatgeobuf,
        ".kml": _kml,
        ".shp": _shapefile,
        ".csv": _csv,
        ".xlsx": _workbook,
    }
)
"""What writes the files of each ending."""
