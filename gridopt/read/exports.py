"""Files of an export read back: the rows as they stand, their shapes, whatever the format."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gridopt.errors import TableError, preview

_KML = "{http://www.opengis.net/kml/2.2}"
NAMES_ENDINGS = (".json", ".toml", ".csv")


def read_export(path: Path) -> pd.DataFrame:
    """The rows of an exported file, with a column ``geometry`` where it holds shapes.

    Text is as it stands in the file; numbers in KML and CSV are still text. `TableError` where the file
    cannot be read.
    """
    try:
        table: pd.DataFrame = _READERS.get(path.suffix.lower(), _shapes)(path)
    except (OSError, RuntimeError, ValueError, KeyError) as fault:
        raise TableError(f"{path.name} cannot be read: {fault}.", zh=f"{path.name} 无法读取：{fault}。") from fault
    return table


def _shapes(path: Path) -> Any:
    return pyogrio.read_dataframe(path)


def _features(path: Path) -> Any:
    features = json.loads(path.read_text("utf-8"))["features"]
    shapes = shapely.from_geojson([json.dumps(one["geometry"]) for one in features])
    return gpd.GeoDataFrame([one["properties"] for one in features], geometry=shapes, crs="EPSG:4326")


def _list(path: Path) -> Any:
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if "wkt" not in table:
        return table
    return gpd.GeoDataFrame(table.drop(columns="wkt"), geometry=shapely.from_wkt(table["wkt"]))


def _sheet(path: Path) -> pd.DataFrame:
    return pd.read_excel(path, dtype=object, keep_default_na=False, engine="calamine")


def _placemarks(path: Path) -> Any:
    """Extended data and polygons of a KML file under the names that people are shown."""
    rows, shapes = [], []
    for place in ElementTree.fromstring(path.read_bytes()).iter(f"{_KML}Placemark"):
        rows.append({_shown(one): one.findtext(f"{_KML}value") for one in place.iter(f"{_KML}Data")})
        parts = [
            shapely.Polygon(
                _points(one.find(f"{_KML}outerBoundaryIs")),
                [_points(hole) for hole in one.findall(f"{_KML}innerBoundaryIs")],
            )
            for one in place.iter(f"{_KML}Polygon")
        ]
        shapes.append(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts))
    return gpd.GeoDataFrame(rows, geometry=shapes)


def _shown(data: ElementTree.Element) -> str:
    return data.findtext(f"{_KML}displayName") or data.get("name") or ""


def _points(ring: ElementTree.Element | None) -> list[tuple[float, ...]]:
    text = "" if ring is None else ring.findtext(f".//{_KML}coordinates") or ""
    return [tuple(float(value) for value in point.split(",")[:2]) for point in text.split()]


_READERS = {".kml": _placemarks, ".geojson": _features, ".csv": _list, ".xlsx": _sheet}


def read_names(path: Path) -> dict[str, str]:
    """A mapping of columns to names from a JSON or TOML file, or a CSV file of two columns."""
    ending = path.suffix.lower()
    if ending not in NAMES_ENDINGS or not path.is_file():
        raise TableError(
            f'names: "{path}" is neither en, zh nor a file of names ({", ".join(NAMES_ENDINGS)}) that is there.',
            zh=f"名称：“{path}”既不是 en、zh，也不是已有的名称对照文件（{'、'.join(NAMES_ENDINGS)}）。",
        )
    try:
        text = path.read_text("utf-8-sig")
        given = _parsed(text, ending)
    except TableError:
        raise
    except (OSError, ValueError) as fault:
        raise TableError(f"{path} cannot be read: {fault}.", zh=f"{path} 无法读取：{fault}。") from fault
    if not isinstance(given, Mapping):
        raise TableError(
            f'{path} holds no table of columns and names, such as {{"households": "户数"}}.',
            zh=f'{path} 中没有“列名 = 名称”的对照表，例如 {{"households": "户数"}}。',
        )
    return dict(given)


def _parsed(text: str, ending: str) -> Any:
    if ending == ".json":
        return json.loads(text)
    if ending == ".toml":
        return tomllib.loads(text)
    rows = [line.replace("，", ",").split(",") for line in text.splitlines() if line.strip()]
    odd = [str(i) for i, row in enumerate(rows, 1) if len(row) != 2]
    if odd:
        raise TableError(
            f"{len(odd)} rows of names are not a column and its name: rows {preview(odd)}. Write households,户数.",
            zh=f"名称对照表有 {len(odd)} 行不是“列名,名称”：第 {preview(odd)} 行。请写成 households,户数。",
        )
    pairs = [(column.strip(), name.strip()) for column, name in rows]
    return dict(pairs[1:] if pairs and pairs[0][0] in ("column", "列", "列名") else pairs)
