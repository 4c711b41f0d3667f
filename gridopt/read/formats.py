"""Opening one layer of a file: whatever the format, a table with the columns as they stand, and its CRS.

The formats are listed in `gridopt.read.contents`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridopt.errors import TableError, preview
from gridopt.read import dxf, osm
from gridopt.read.archives import members
from gridopt.read.contents import GEOGRAPHIC, RASTERS, SHEETS, WORKBOOKS, Place, check_content, check_file, kind_of
from gridopt.read.headers import Sheet
from gridopt.read.sheets import read_csv, read_sheet, sheet_names
from gridopt.read.vectors import named, read_kml, read_shapefile, read_vector, unreadable, vector_layers

__all__ = ["GEOGRAPHIC", "RASTERS", "SHEETS", "Source", "check_file", "layer_names", "open_layer"]

_SEVERAL = {
    ".gpkg": vector_layers,
    ".kml": vector_layers,
    ".kmz": vector_layers,
    ".pbf": osm.layer_names,
    ".osm": osm.layer_names,
    ".dxf": dxf.layer_names,
}
"""Endings of files that hold several layers -> their names."""


@dataclass(frozen=True, eq=False)
class Source:
    """A layer as it was found: ``table`` with its own column names, and how it had to be read.

    ``sheet_rows`` are the numbers that a spreadsheet shows beside the rows, None for any other file; ``shared``
    its rows, column by column, whose number is that of a merged cell, and ``notes`` the numbers of the rows
    below the table, and ``unsolved`` the cells whose formula was never calculated (`headers.Sheet`).
    """

    table: pd.DataFrame
    layer: str
    encoding: str = "utf-8"
    title_rows: int = 0
    sheet_rows: pd.Index | None = None
    shared: Mapping[str, Sequence[int]] = field(default_factory=dict)
    notes: tuple[int, ...] = ()
    unsolved: tuple[str, ...] = ()


def open_layer(file: Path, layer: str | None = None, *, path: str | None = None, role: str = "") -> Source:
    """Read one layer of a vector file, drawing, spreadsheet or zip archive.

    ``layer`` may be left out where the file has only one, or (OpenStreetMap) one that is named like the
    ``role``: the layer of the project file that it is read for. ``path`` is how the user wrote the
    file's name.

    Raises:
        TableError: no such file or layer (those that are there are listed), an unknown ending, content
            that is not what the ending says, or an archive that is refused (`archives.members`).
    """
    written = path or str(file)
    places = _layers_of(file, written)
    names = list(places)
    if layer is None and len(names) == 1:
        layer = names[0]
    if layer is None and role in names and kind_of(file) in (".pbf", ".osm"):
        layer = role
    if layer is None or layer not in names:
        raise _no_layer(layer, names, written)
    place, inner = places[layer]
    return _open(place, inner, written, role)


def layer_names(file: Path, *, path: str | None = None) -> list[str]:
    """The layers of a file, after checking that its content is what its ending says."""
    return list(_layers_of(file, path or str(file)))


def _layers_of(file: Path, written: str) -> dict[str, tuple[Place, str]]:
    """Name of a layer -> the file that holds it and its name there."""
    check_file(file, written)
    if kind_of(file) != ".zip":
        return {name: (file, name) for name in _names_in(file, written)}
    found: dict[str, tuple[Place, str]] = {}
    for own, member in members(file, written).items():
        check_content(member, f"{written}: {member.at}")
        inside = _names_in(member, written)
        found |= {own if len(inside) == 1 else f"{own}/{name}": (member, name) for name in inside}
    return found


def _names_in(place: Place, written: str) -> list[str]:
    if SHEETS.get(kind_of(place)) in WORKBOOKS:
        return sheet_names(place)
    if kind_of(place) in _SEVERAL:
        with named(written):
            return _SEVERAL[kind_of(place)](place)
    return [Path(place.name).stem]


def _no_layer(layer: str | None, names: list[str], written: str) -> TableError:
    if not names:
        return TableError(f"{written} holds no layer. Name another file.", zh=f"{written} 中没有图层。请改指其他文件。")
    asked = "needs a layer" if layer is None else f'has no layer "{layer}"'
    asked_zh = "含多个图层，须指明" if layer is None else f"没有图层“{layer}”"
    likely = [*get_close_matches(layer or "", names, 1), *names][:1] if layer else names[:3]
    lines = [f'layer = "{name}"' for name in likely]
    return TableError(
        f"{written} {asked}; it has: {preview(names, 20)}. Write {' or '.join(lines)}.",
        zh=f"{written} {asked_zh}；现有：{preview(names, 20)}。请写成 {' 或 '.join(lines)}。",
    )


def _sheet(sheet: Sheet, encoding: str, layer: str) -> Source:
    table = sheet.table.reset_index(drop=True)
    rows = sheet.title_rows, sheet.table.index, sheet.shared, sheet.notes, sheet.unsolved
    return Source(table, layer, encoding, *rows)


def _open(place: Place, layer: str, written: str, role: str) -> Source:
    kind = kind_of(place)
    if SHEETS.get(kind) == "CSV":
        return _sheet(*read_csv(place), layer)
    if SHEETS.get(kind) in WORKBOOKS:
        return _sheet(read_sheet(place, layer), "utf-8", layer)
    if GEOGRAPHIC[kind] == "GeoParquet":
        return Source(_parquet(place, written), layer)
    with named(written):
        if kind in (".shp", ".dbf"):
            table, encoding = read_shapefile(place)
            return Source(table, layer, encoding)
        if kind == ".dxf":
            drawing = dxf.read_layer(place, layer, lines=role in dxf.LINES)
            return Source(drawing, layer, dxf.encoding_of(place))
        return Source(_map_layer(place, layer), layer)


def _map_layer(place: Place, layer: str) -> pd.DataFrame:
    match GEOGRAPHIC[kind_of(place)]:
        case "KML" | "KMZ":
            return read_kml(place, layer)
        case "OSM PBF" | "OSM XML":
            return osm.read_layer(place, layer)
        case "GeoPackage":
            return read_vector(place, layer)
        case _:
            return read_vector(place)


def _parquet(place: Place, written: str) -> gpd.GeoDataFrame:
    try:
        with place.open("rb") as stream:
            table: gpd.GeoDataFrame = gpd.read_parquet(stream)
    except (ValueError, OSError) as error:
        raise unreadable(written, error) from error
    return table if table.geometry.name == "geometry" else table.rename_geometry("geometry")
