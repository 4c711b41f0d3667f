"""What an export says of each grid, and under which names: English, Chinese, or the reader's own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.contracts import GRIDS
from gridopt.errors import RuleError, preview
from gridopt.grids import Plan
from gridopt.publish.colours import colour_numbers, neighbours
from gridopt.terms import label, labels

KEY = "grid_code"
"""The column that every export has, under this name whatever the others are called."""

STAFF = ("chief", "full_time", "part_time", "adviser")
PROPERTIES = (
    "grid_code name scope bounds_text kind status community_id community township_id township county_id county "
    "area_kind households residents buildings area_m2 chief full_time part_time adviser colour label_x label_y "
    "valid_from valid_to"
).split()
"""What a platform shows of a grid, in order; a mapping may also name any other column of grids."""

FURTHER = [name for name in GRIDS if name not in (*PROPERTIES, "geometry")]
_WORDS = ("kind", "status", "area_kind", "unmet")
_MOST_COLOURS = 12
_RESERVED = frozenset({"fid", "geom", "geometry", "ogc_fid", "wkt"})
# English and Chinese names of at most ten letters in GB18030, where the usual ones are longer.
_SHORT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bounds_text": ("bounds", "四至"),
        "community_id": ("comm_id", "社区编码"),
        "community": ("community", "村社区"),
        "township_id": ("town_id", "街道编码"),
        "township": ("township", "乡镇街道"),
        "county_id": ("county_id", "县区编码"),
        "county": ("county", "县市区"),
        "area_m2": ("area_m2", "面积"),
        "chief": ("chief", "网格长"),
        "adviser": ("adviser", "指导员"),
        "full_time": ("full_time", "专职人数"),
        "part_time": ("part_time", "兼职人数"),
        "label_x": ("label_x", "标注经度"),
        "label_y": ("label_y", "标注纬度"),
    }
)


def property_table(plan: Plan, posts: pd.DataFrame | None = None) -> gpd.GeoDataFrame:
    """Every grid with all that an export may say of it, sorted by code, in the plan's metric CRS.

    ``posts`` are counted by grid and role, never named; without them those columns are null. ``colour``
    is a whole number from 0, so that no two grids that share a line have the same.
    """
    grids = plan.grids.sort_index().reset_index()
    table = grids.assign(
        township=_called(plan, grids, "township"),
        county=_called(plan, grids, "county"),
        colour=colour_numbers(len(grids), neighbours(grids.geometry.to_numpy()), _MOST_COLOURS),
        **_staff(grids[KEY], posts),
    )
    return table[[*PROPERTIES, *FURTHER, "geometry"]]


def _called(plan: Plan, grids: pd.DataFrame, level: str) -> pd.Series[str]:
    """The name of each grid's township or county, "" where the city has none."""
    communities = plan.city.communities
    if level not in communities:
        return pd.Series("", index=grids.index, dtype="str")
    names = communities.groupby(f"{level}_id")[level].first()
    return grids[f"{level}_id"].map(names).fillna("").astype("str")


def _staff(codes: pd.Series[str], posts: pd.DataFrame | None) -> dict[str, pd.Series[float]]:
    if posts is None or not len(posts):
        return {name: pd.Series(np.nan, index=codes.index) for name in STAFF}
    is_worker = posts["role"] == "worker"
    kinds = posts["role"].where(~is_worker, posts["employment"])
    served = pd.DataFrame({"kind": kinds.to_numpy(), KEY: posts[KEY].fillna("").str.split(";").to_numpy()}).explode(KEY)
    counts = pd.crosstab(served[KEY], served["kind"])
    return {
        name: codes.map(counts[name]).fillna(0.0) if name in counts else pd.Series(0.0, index=codes.index)
        for name in STAFF
    }


def check_names(names: str | Mapping[str, str]) -> dict[str, str]:
    """Which columns are exported and what they are called: ``"en"``, ``"zh"`` or a mapping of one's own.

    One `RuleError` lists every column that does not exist, every name that is empty, reserved by a file
    format, or given twice. `KEY` is always there under its own name too.
    """
    if isinstance(names, str):
        if names not in ("en", "zh"):
            raise RuleError(
                f'names = "{names}" is neither "en", "zh" nor a mapping of columns to names.',
                zh=f"names = “{names}” 既不是 en、zh，也不是“列名 = 名称”的对照表。",
            )
        return {name: label(name, names) if names == "zh" else name for name in PROPERTIES}
    faults = [*_unknown(names), *_unusable(names)]
    if faults:
        raise RuleError(
            f"property names: {preview([fault for fault, _ in faults], 20)}. Columns there are: "
            f"{', '.join([*PROPERTIES, *FURTHER])}.",
            zh=f"属性名称：{preview([fault for _, fault in faults], 20)}。可用的列："
            f"{'、'.join([*PROPERTIES, *FURTHER])}。",
        )
    return {str(column): str(name).strip() for column, name in names.items()}


def _unknown(names: Mapping[str, str]) -> list[tuple[str, str]]:
    known = [*PROPERTIES, *FURTHER]
    faults = []
    for column in names:
        if column not in known:
            near = difflib.get_close_matches(str(column), known, 1)
            hint, hint_zh = (f" (did you mean {near[0]}?)", f"（是否为 {near[0]}？）") if near else ("", "")
            faults.append((f'there is no column "{column}"{hint}', f"没有列“{column}”{hint_zh}"))
    return faults if names else [("the mapping is empty", "对照表为空")]


def _unusable(names: Mapping[str, str]) -> list[tuple[str, str]]:
    faults = []
    taken = {KEY: KEY}
    for column, given in names.items():
        name = str(given).strip()
        other = taken.setdefault(name.lower(), column)
        if not name or not isinstance(given, str):
            faults.append((f'"{column}" is given no name', f"列“{column}”没有名称"))
        elif name.lower() in _RESERVED:
            faults.append((f'"{name}" is a name that file formats keep for themselves', f"“{name}”是文件格式的保留名"))
        elif other != column:
            faults.append((f'"{name}" would name both {other} and {column}', f"“{name}”同时用于 {other} 和 {column}"))
    return faults


def named(table: pd.DataFrame, names: Mapping[str, str], lang: str) -> pd.DataFrame:
    """The columns asked for under their new names, `KEY` first; code words in Chinese where ``lang`` is."""
    chosen = table[list(names)].copy()
    for column in (column for column in _WORDS if column in chosen and lang == "zh"):
        chosen[column] = chosen[column].map(lambda word: labels(word, "zh"), na_action="ignore")
    chosen = chosen.rename(columns=dict(names))
    if KEY not in chosen:
        chosen.insert(0, KEY, table[KEY])
    return chosen[[KEY, *[name for name in chosen if name != KEY]]]


def short_names(names: Mapping[str, str], most: int = 10) -> dict[str, str]:
    """A name of at most ``most`` bytes in GB18030 for each name of an export, all different.

    ``names`` maps columns to names, as `check_names` gives it. Longer ones are replaced by short words for
    the same column, or cut; what then clashes gets a number.
    """
    short = {KEY: KEY}
    for column, name in names.items():
        words = _SHORT.get(column, (name, name))
        usual = name in (column, label(column, "zh"))
        wanted = words[name != column] if usual and _size(name) > most else name
        short[name] = _free(_cut(wanted, most), set(short.values()), most) if name != KEY else KEY
    return short


def cut_to_bytes(text: str, most: int) -> str:
    """The text, or as many of its first letters as fit into ``most`` bytes of GB18030."""
    return _cut(text, most)


def _size(text: str) -> int:
    return len(text.encode("gb18030", "replace"))


def _cut(text: str, most: int) -> str:
    while _size(text) > most:
        text = text[: max(min(len(text) - 1, most), 0)]
    return text


def _free(name: str, taken: set[str], most: int) -> str:
    number, free = 1, name
    while free.lower() in {one.lower() for one in taken}:
        number += 1
        free = f"{_cut(name, most - len(str(number)))}{number}"
    return free


def inside_points(shapes: NDArray[np.object_], points: NDArray[np.object_]) -> NDArray[np.object_]:
    """Each label point, or another inside its shape where it does not lie there."""
    is_inside = shapely.contains_properly(shapes, points)
    return np.where(is_inside, points, shapely.point_on_surface(shapes))
