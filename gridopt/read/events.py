"""A file of events, of any maker: what each row says of its place, its time and its kind, and nothing lost.

A row may say where it was by coordinates, by a building's id, by an address or by its community. None of its faults
stops the file: dates that cannot be read and numbers that are none stand in the row's ``faults``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import from_offset, offset_name, parse_crs
from gridopt.errors import TableError, preview
from gridopt.read.columns import codes, parse_numbers, texts
from gridopt.read.formats import open_layer
from gridopt.read.places import LATITUDES, LONGITUDES
from gridopt.read.repair import kinds_of, range_fault
from gridopt.read.synonyms import SYNONYMS, plain_name

COLUMNS: Mapping[str, str] = {
    "building": "building_id bid 楼栋编码 楼栋编号 楼栋代码 建筑物编码",
    "address": "address location place 地址 详细地址 标准地址 地点 事发地址 事发地点 发生地址 发生地点 位置 住址",
    "community": f"{SYNONYMS['community']} village village_code district_village 村级 所属村社区 事发社区",
    "township": SYNONYMS["township"],
    "date": f"{SYNONYMS['date']} reported created_at 发生日期 发生时间 上报日期 上报时间 事发时间 受理时间 登记时间",
    "time": "time clock 时刻 时点",
    "kind": f"{SYNONYMS['kind']} type 事件类别 事项 事项类别 案件类型 问题类型",
    "number": "n count 数量 件数 次数 事件数 起数",
    "settled": "settled settled_at level settled_level 办结层级 处置层级 办理层级 解决层级 结案层级",
}
"""What a row may say -> the columns that may say it, the surest first."""

FACTS = ("building", "address", "community", "township", "date", "kind", "number", "settled", "faults")
_DATE = re.compile(r"(\d{2,4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[t\s].*|\d{1,2}[:时].*)?", re.I)
_SOLID = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_REPUBLIC = 1911
"""Years of the Republic's calendar, as on forms in Taiwan, count from here: 104 is 2015."""


@dataclass(frozen=True, eq=False)
class EventRows:
    """The rows of a file and what they say, all on the file's own index.

    ``facts`` has the columns of `FACTS`: texts "" where nothing is said, ``date`` NaT, ``number`` 1 where the file
    counts nothing, ``faults`` the names of what could not be read. ``points`` is None where the file has no
    coordinates at all; ``repeated`` marks rows that say again, letter by letter, what an earlier one said, of one
    time and one place; ``columns`` tells which column each fact was read from.
    """

    table: pd.DataFrame
    facts: pd.DataFrame
    points: gpd.GeoSeries | None
    repeated: NDArray[np.bool_]
    columns: Mapping[str, str]


def read_events(path: str | Path, *, crs: str = "") -> EventRows:
    """The rows of a file of events or points; ``crs`` says what its coordinates are in, where the file does not.

    Raises `TableError` where the file is missing, its shapes are no points, the CRS is missing, or nothing in it says
    where anything was.
    """
    return event_rows(open_layer(Path(path), path=str(path)).table, where=str(path), crs=crs)


def event_rows(table: pd.DataFrame, *, where: str = "events", crs: str = "") -> EventRows:
    """The rows of a table of events; columns are found by their usual names (`COLUMNS`).

    ``crs`` is the CRS of the coordinates ("EPSG:4549"), or "GCJ-02" or "BD-09", whose offset is undone; by default the
    layer's own, WGS84 for columns of longitude and latitude.
    """
    names = {key: _column(words, table) for key, words in COLUMNS.items()}
    columns = {key: name for key, name in names.items() if name}
    points = _points(table, where, crs)
    if points is None and not {"building", "address", "community"} & columns.keys():
        raise TableError(
            f"{where} has no points: no geometry, no columns for longitude and latitude, building, address or "
            f"community among {preview(table.columns, 20)}. Name them lon and lat, building_id, address or community.",
            zh=f"{where} 中没有点：既无几何，也没有经纬度、楼栋编码、地址或村（社区）列；"
            f"现有列：{preview(table.columns, 20)}。请命名为 lon 和 lat、building_id、address 或 community。",
        )
    if points is not None and points.isna().all() and not {"building", "address", "community"} & columns.keys():
        raise TableError(
            f"{where}: none of its {len(table)} rows has coordinates. Fill them in, or name another file.",
            zh=f"{where}：{len(table)} 行都没有坐标。请补全，或指定其他文件。",
        )
    return EventRows(table, _facts(table, columns), points, _repeated(table, points, columns), columns)


def parse_date(text: str) -> pd.Timestamp | None:
    """A day as 2015-01-06, 2015/1/6 8:15, 20150106, 2015年1月6日, 104.1.6 or a spreadsheet's 42010; None if none."""
    plain = text.strip()
    found = _DATE.fullmatch(plain) or _SOLID.fullmatch(plain)
    try:
        if found:
            year, month, day = (int(part) for part in found.groups())
            return pd.Timestamp(year + _REPUBLIC if 80 <= year < 200 else year, month, day)
        if _SERIAL.fullmatch(plain):
            return pd.Timestamp("1899-12-30") + pd.Timedelta(days=int(float(plain)))
    except ValueError:
        return None
    return None


def _column(words: str, table: pd.DataFrame) -> str:
    plain = {plain_name(str(name)): str(name) for name in reversed(list(table.columns)) if name != "geometry"}
    return next((plain[word] for word in words.split() if word in plain), "")


def _facts(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    facts = pd.DataFrame({name: pd.Series("", table.index, dtype="str") for name in FACTS})
    for key in ("building", "address", "community", "township", "kind", "settled"):
        if key in columns:
            values = table[columns[key]]
            facts[key] = codes(values) if key in ("building", "community", "township") else texts(values)
    facts["date"], date_unread = _dates(table, columns)
    facts["number"], number_unread = _numbers(table, columns)
    facts["faults"] = np.char.add(np.where(date_unread, "date;", ""), np.where(number_unread, "number;", ""))
    return facts


def _dates(table: pd.DataFrame, columns: Mapping[str, str]) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The day of each row, and which rows have something else there."""
    if "date" not in columns:
        return pd.Series(pd.NaT, table.index, dtype="datetime64[ns]"), np.zeros(len(table), bool)
    given = table[columns["date"]]
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        return given.dt.tz_localize(None).dt.normalize().astype("datetime64[ns]"), np.zeros(len(table), bool)
    written = texts(given)
    known = {text: parse_date(text) for text in set(written)}
    days = pd.Series([known[text] for text in written], index=table.index, dtype="datetime64[ns]")
    return days, np.asarray((written != "") & days.isna(), bool)


def _numbers(table: pd.DataFrame, columns: Mapping[str, str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How many events each row stands for; a cell that is no number, or below 0, is one and a fault."""
    if "number" not in columns:
        return np.ones(len(table)), np.zeros(len(table), bool)
    numbers, unread, _ = parse_numbers(table[columns["number"]])
    unread = unread | (numbers < 0) | np.isinf(numbers)
    return np.where(unread | np.isnan(numbers), 1.0, numbers), unread


def _repeated(table: pd.DataFrame, points: gpd.GeoSeries | None, columns: Mapping[str, str]) -> NDArray[np.bool_]:
    """Rows alike in every column with an earlier one; only where a day and a place finer than a community tell them."""
    if "date" not in columns or (points is None and not {"building", "address"} & columns.keys()):
        return np.zeros(len(table), bool)
    plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    if isinstance(table, gpd.GeoDataFrame):
        plain = plain.assign(geometry=shapely.to_wkb(table.geometry.to_numpy()))
    return np.asarray(plain.astype(object).duplicated(), bool)


def _points(table: pd.DataFrame, where: str, crs: str) -> gpd.GeoSeries | None:
    """The rows' points in the CRS they came in, None where a row has none; None for a table without any."""
    if isinstance(table, gpd.GeoDataFrame) and table.geometry.notna().any():
        return _checked(_declared(table.geometry, crs), where)
    found = {str(name).strip().lower(): name for name in table.columns}
    x = next((found[name] for name in LONGITUDES if name in found), None)
    y = next((found[name] for name in LATITUDES if name in found), None)
    if x is None or y is None:
        return None
    east, north = (parse_numbers(table[name])[0] for name in (x, y))
    known = np.isfinite(east) & np.isfinite(north)
    places = np.full(len(table), None, object)
    places[known] = shapely.points(east[known], north[known])
    points = _declared(gpd.GeoSeries(places, index=table.index, crs="EPSG:4326"), crs)
    if points.crs != pyproj.CRS(4326):
        return _checked(points, where)
    is_in_range = (np.abs(east[known]) <= 180) & (np.abs(north[known]) <= 90)
    if known.any() and not is_in_range.any() and (fault := range_fault(points.total_bounds, pyproj.CRS(4326))):
        raise TableError(f"{where}: {fault[0]}.", zh=f"{where}：{fault[1]}。")
    return points


def _declared(points: gpd.GeoSeries, crs: str) -> gpd.GeoSeries:
    """The points in the CRS they are said to be in; the offset of GCJ-02 or BD-09 undone."""
    if not crs:
        return points
    offset = offset_name(crs)
    if not offset:
        return points.set_crs(parse_crs(crs, "--crs"), allow_override=True)
    moved = shapely.transform(
        points.to_numpy(), lambda xy: np.column_stack(from_offset(offset, xy[:, 0], xy[:, 1])), include_z=False
    )
    return gpd.GeoSeries(moved, index=points.index, crs="EPSG:4326")


def _checked(points: gpd.GeoSeries, where: str) -> gpd.GeoSeries:
    if points.crs is None:
        raise TableError(
            f"{where} has no coordinate reference system; set it in your GIS (or save it as GeoPackage) and try again.",
            zh=f"{where} 没有坐标系；请在 GIS 软件中设定（或另存为 GeoPackage）后重试。",
        )
    kinds = kinds_of(points.to_numpy())
    strange = ~np.isin(kinds, ("point", "")) | (points.geom_type == "MultiPoint").to_numpy()
    if strange.any():
        raise TableError(
            f"{where}: {int(strange.sum())} of {len(points)} rows are no single points. "
            "Name a layer of points, one a row.",
            zh=f"{where}：{len(points)} 行中有 {int(strange.sum())} 行不是单点。请指定点图层，每行一点。",
        )
    crs = pyproj.CRS(points.crs)
    if crs.is_projected and (fault := range_fault(points.total_bounds, crs)):
        raise TableError(f"{where}: {fault[0]}.", zh=f"{where}：{fault[1]}。")
    return points
