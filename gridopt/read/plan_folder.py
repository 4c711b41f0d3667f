"""A plan folder back to bare tables: what `publish` wrote, and what a verifier judges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gridopt import contracts
from gridopt.errors import TableError, preview

SCHEMA = "gridopt.plan/1"
RUN_SCHEMA = "gridopt.run/1"
FILES = (
    "plan.gpkg",
    "grids.geojson",
    "plan.json",
    "tables.xlsx",
    "posts.csv",
    "reach.csv",
    "buildings.csv",
    "map.html",
    "report.html",
    "run.json",
)
FIGURES = "figures"
BUILDINGS = list(dict.fromkeys(["building_id", "name", "number", *contracts.BUILDINGS]))
_ROLL_UP = "n_communities n_grids households residents buildings area_m2 geometry".split()
LAYERS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "grids": contracts.GRIDS,
        "units": contracts.UNITS,
        "borders": contracts.BORDERS,
        "buildings": BUILDINGS,
        "communities": contracts.COMMUNITIES,
        "townships": ["township_id", "township", "county_id", *_ROLL_UP],
        "counties": ["county_id", "county", *_ROLL_UP],
        "posts": [*contracts.POSTS, *contracts.HELD],
        "reach": contracts.REACH,
        "events": contracts.EVENTS,
        "blind_spots": contracts.BLIND_SPOTS,
        "violations": contracts.VIOLATIONS,
        "repairs": contracts.REPAIRS,
        "disputes": contracts.DISPUTES,
        "codes": contracts.CODES,
        "facilities": contracts.FACILITIES,
        **contracts.SURROUNDINGS,
    }
)
"""Every layer of ``plan.gpkg`` and its columns, in order; those that end in ``geometry`` are shown on a map."""

INDEXES: Mapping[str, str] = MappingProxyType(
    {
        name: LAYERS[name][0]
        for name in (
            *("grids", "units", "buildings", "communities", "townships", "counties", "facilities"),
            *contracts.SURROUNDINGS,
        )
    }
)
SHEETS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "grids": "township community grid_code name scope bounds_text kind households residents buildings area_m2 "
        "walk_mean_m unmet".split(),
        "posts": [*contracts.POSTS, *contracts.HELD],
        "buildings": "grid_code grid building_id name number estate use floors households".split(),
        "violations": contracts.VIOLATIONS,
    }
)
"""The sheets of ``tables.xlsx`` in order, and their columns; above each stand a title row and a header row."""

FURTHER_SHEETS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "balance": "level place_id place role_name employment needed held short people surplus".split(),
        "events": contracts.EVENTS,
    }
)
"""The sheets behind them, each only where it has rows."""

SHEET_HEAD = 2
LISTS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "posts.csv": [*contracts.POSTS, *contracts.HELD],
        "reach.csv": contracts.REACH,
        "buildings.csv": [name for name in BUILDINGS if name != "geometry"],
    }
)
_INTEGERS = frozenset("seq buildings units n_grids n n_communities".split())
_REALS = frozenset(
    "households residents floor_area events workload deviation area_m2 cut_border_m unrecognised_border_share "
    "walk_mean_m walk_max_m polsby_popper neck_m label_x label_y metres objective bound gap value limit floors fte "
    "limit_m residents_reached households_reached share target area_before area_after width_m walk_m "
    "minutes_day width settled_grid settled_community settled_township settled_county settled_city expected "
    "ratio".split()
)
_FLAGS = frozenset({"people_known", "met", "is_hot"})
_OR_NULL = frozenset({"valid_from", "valid_to"})


class NoPlanFolderError(TableError):
    """The folder is not there or holds no plan."""


def is_plan_folder(folder: str | Path) -> bool:
    """True where the folder holds a ``plan.json`` of ours."""
    try:
        return str(read_record(folder).get("schema", "")).startswith("gridopt.plan/")
    except TableError:
        return False


def find_plan_folder(folder: str | Path) -> Path:
    """The folder as a path, if a plan or a good part of one is in it; `NoPlanFolderError` if not."""
    path = Path(folder)
    if is_plan_folder(path) or ((path / "plan.gpkg").is_file() and (path / "run.json").is_file()):
        return path
    raise NoPlanFolderError(
        f"{path} is no plan folder: it holds no plan.json written by gridopt. "
        "Name the folder that `gridopt draw --out` made.",
        zh=f"{path} 不是方案文件夹：其中没有 gridopt 写出的 plan.json。请指定 `gridopt draw --out` 生成的文件夹。",
    )


def read_record(folder: str | Path, name: str = "plan.json") -> dict[str, Any]:
    """``plan.json`` or ``run.json`` as a dict. `TableError` if it is missing, not JSON or holds NaN."""
    record = _json(Path(folder) / name)
    if not isinstance(record, dict):
        raise TableError(f"{name} holds no record.", zh=f"{name} 内容不是记录。")
    return record


def read_features(folder: str | Path) -> dict[str, Any]:
    """``grids.geojson`` as it stands. `TableError` if it is missing, not JSON or holds NaN."""
    return read_record(folder, "grids.geojson")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError) as fault:
        raise TableError(f"{path.name} cannot be read: {fault}.", zh=f"{path.name} 无法读取：{fault}。") from fault


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def layer_names(folder: str | Path) -> list[str]:
    """The layers that ``plan.gpkg`` holds. `TableError` if it is missing or no GeoPackage."""
    path = Path(folder) / "plan.gpkg"
    try:
        with path.open("rb") as file:
            head = file.read(15)
        if head != b"SQLite format 3":
            raise TableError("plan.gpkg is no GeoPackage.", zh="plan.gpkg 不是 GeoPackage 文件。")
        return [str(name) for name, _ in pyogrio.list_layers(path)]
    except (OSError, RuntimeError) as fault:
        raise TableError(f"plan.gpkg cannot be read: {fault}.", zh=f"plan.gpkg 无法读取：{fault}。") from fault


def read_layer(folder: str | Path, name: str, *, rows: slice = slice(None)) -> Any:
    """One layer of ``plan.gpkg``: typed by its contract, indexed by its ids, shapes of one part as Polygons.

    A GeoDataFrame where the layer has a geometry column, else a DataFrame. Columns that are not there are
    left out, so that a verifier can name them; further columns are kept. ``rows`` is a run of rows, all of them
    unless given.
    """
    first = rows.start or 0
    most = None if rows.stop is None else rows.stop - first
    try:
        path = Path(folder) / "plan.gpkg"
        raw = pyogrio.read_dataframe(path, layer=name, skip_features=first, max_features=most, use_arrow=True)
    except (OSError, RuntimeError, ValueError) as fault:
        raise TableError(
            f"plan.gpkg: layer {name} cannot be read: {fault}.", zh=f"plan.gpkg：图层 {name} 无法读取：{fault}。"
        ) from fault
    if isinstance(raw, gpd.GeoDataFrame) and raw.geometry.name != "geometry":
        raw = raw.rename_geometry("geometry")
    table = typed(raw, LAYERS.get(name, ()))
    if isinstance(table, gpd.GeoDataFrame):
        table = table.set_geometry(single_parts(table.geometry))
    index = INDEXES.get(name, "")
    return table.set_index(index) if index in table else table


def read_layers(folder: str | Path) -> dict[str, Any]:
    """Every layer of ``plan.gpkg`` that belongs to a plan, by name."""
    present = layer_names(folder)
    return {name: read_layer(folder, name) for name in LAYERS if name in present}


def read_list(folder: str | Path, name: str) -> pd.DataFrame:
    """One of the CSV files, every cell as text. `TableError` if it is missing or no such table."""
    try:
        return pd.read_csv(Path(folder) / name, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as fault:
        raise TableError(f"{name} cannot be read: {fault}.", zh=f"{name} 无法读取：{fault}。") from fault


def read_sheet(folder: str | Path, name: str) -> pd.DataFrame:
    """One sheet of ``tables.xlsx`` by its name in `SHEETS`, found by its place; cells as they stand."""
    import python_calamine

    columns = list(SHEETS[name])
    try:
        book = python_calamine.CalamineWorkbook.from_path(Path(folder) / "tables.xlsx")
        sheets = [book.get_sheet_by_index(place) for place in range(len(book.sheet_names))]
    except (OSError, python_calamine.CalamineError) as fault:
        raise TableError(f"tables.xlsx cannot be read: {fault}.", zh=f"tables.xlsx 无法读取：{fault}。") from fault
    if len(sheets) < len(SHEETS):
        raise TableError(
            f"tables.xlsx has {len(sheets)} sheets, not {len(SHEETS)}.",
            zh=f"tables.xlsx 有 {len(sheets)} 张表，应为 {len(SHEETS)} 张。",
        )
    given = sheets[list(SHEETS).index(name)].to_python(skip_empty_area=False)[SHEET_HEAD:]
    rows = [[None if value == "" else value for value in row[: len(columns)]] for row in given]
    return pd.DataFrame([[*row, *[None] * (len(columns) - len(row))] for row in rows], columns=columns, dtype=object)


def typed(table: pd.DataFrame, columns: Sequence[str]) -> Any:
    """A table with its contract's columns first and cast to their kinds; others follow as they are.

    Text is never null but for ``valid_from`` and ``valid_to``; whole-number ids become text. `TableError`
    names the columns that hold something else than their kind.
    """
    plain, cast, wrong = pd.DataFrame(table), {}, []
    for name in columns:
        if name in plain and name != "geometry":
            try:
                cast[name] = _cast(plain[name], name)
            except (ValueError, TypeError):
                wrong.append(name)
    if wrong:
        raise TableError(
            f"columns {preview(wrong)} hold text where numbers belong.", zh=f"列 {preview(wrong)} 应为数字，却含文字。"
        )
    rest = {name: plain[name] for name in plain.columns if name not in cast and name != "geometry"}
    ordered = pd.DataFrame({**cast, **rest}, index=plain.index)
    if "geometry" not in plain:
        return ordered
    return gpd.GeoDataFrame(ordered, geometry=plain["geometry"], crs=getattr(table, "crs", None))


def _cast(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    if name in _INTEGERS:
        return pd.to_numeric(column).fillna(0).round().astype("int64")
    if name in _REALS:
        return pd.to_numeric(column).astype("float64")
    if name in _FLAGS:
        flags = column.astype(object).map(_flag, na_action="ignore").astype("boolean")
        return flags if flags.isna().any() else flags.astype(bool)
    is_text = pd.api.types.is_string_dtype(column.dtype) and column.dtype != object
    text = column if is_text else column.astype(object).map(_text, na_action="ignore")
    if name in _OR_NULL:
        return text.astype(object).where(text.notna() & (text != ""), None)
    return text.fillna("").astype("str")


def _flag(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes"}
    return bool(value)


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def single_parts(shapes: Any) -> Any:
    """Shapes of a single part as plain ones, the others as they are; coordinates untouched."""
    given = shapes.to_numpy()
    lonely = (shapely.get_type_id(given) == shapely.GeometryType.MULTIPOLYGON) & (
        shapely.get_num_geometries(given) == 1
    )
    plain = np.array(given, object)
    plain[lonely] = shapely.get_geometry(plain[lonely], 0)
    return gpd.GeoSeries(plain, index=shapes.index, crs=shapes.crs)
