"""Groups of units that belong together: estates, hamlets, dedicated institutions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.holders import homes as first_homes
from gridopt.units.edges import Integers
from gridopt.units.hamlets import drawn_areas
from gridopt.units.nearest import Shapes
from gridopt.units.record import Record

_PHASES = (
    re.compile(r"([0-9]+|[一二三四五六七八九十]+|[A-Z])\s*(期)", re.I),
    re.compile(r"([0-9]+|[一二三四五六七八九十]+|[A-Z]|[东西南北中東])\s*(区|區|苑区|组团)", re.I),
    re.compile(r"()(phase\s*[0-9A-Z]+)\b", re.I),
)

MOST = 0.5
"""Share of a unit's area that a group must cover to hold the unit."""


@dataclass(frozen=True, eq=False)
class Homes:
    """The buildings that units are told by: footprints or points, and the hamlet of each, "" for none."""

    shapes: Shapes
    hamlets: NDArray[np.object_]


def groups_of(city: City, units: gpd.GeoDataFrame, homes: Homes | None = None) -> pd.DataFrame:
    """``keep_whole`` and ``dedicated`` of units by the layers that name groups, "" for none.

    A unit belongs to the group that covers more than half of it or, where ``homes`` are given, that
    holds more than half of its buildings: a hamlet keeps its fields. Of the layers in the
    ``governance.keep_whole`` of its area kind the first that has a group counts.
    """
    places = None if homes is None else homes.shapes
    kinds = city.communities["area_kind"].reindex(units["community_id"]).to_numpy(object)
    held: dict[str, pd.Series] = {}
    keep_whole = pd.Series("", index=units.index, dtype="str")
    for kind in sorted(set(kinds.tolist())):
        for layer in city.rules.at(kind).governance.keep_whole:
            if layer not in held:
                held[layer] = _of_layer(city, layer, units, homes)
            keep_whole = keep_whole.where((keep_whole != "") | (kinds != kind), held[layer])
    return pd.DataFrame({"keep_whole": keep_whole, "dedicated": _holders(units, city.layer("dedicated"), places)})


def unmixed(units: gpd.GeoDataFrame, record: Record) -> gpd.GeoDataFrame:
    """The units with a group that lies in several communities made one group on each side, recorded."""
    for column in ("keep_whole", "dedicated"):
        held = units[units[column] != ""]
        sides = held.groupby(column)["community_id"].nunique()
        split = sides.index[sides > 1]
        if not len(split):
            continue
        across = units[column].isin(split)
        units = units.assign(
            **{column: units[column].where(~across, units[column] + "@" + units["community_id"].astype("str"))}
        )
        record.add(
            "estates" if column == "keep_whole" else "dedicated",
            ("lies in several communities", "跨越村（社区）界线"),
            ids=split,
            action=("one group on each side of the border", "界线两侧各成一组"),
        )
    return units


def phases(units: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, homes: pd.Series) -> pd.Series:
    """The phase of an estate that each unit belongs to, "" for none: as given, else that of most of its buildings.

    ``homes`` is the unit of each building, "" for none. A building's phase is that of its own column, else it is
    read from its estate's name, its own and its number (`phase_of`).
    """
    read = buildings["phase"].fillna("") if "phase" in buildings else pd.Series("", index=buildings.index, dtype="str")
    for column in ("estate", "name", "number"):
        if column in buildings:
            known = {text: phase_of(text) for text in buildings[column].unique()}
            read = read.where(read != "", buildings[column].map(known))
    told = pd.DataFrame({"unit": homes.to_numpy(), "phase": read.to_numpy()})
    told = told[(told["unit"] != "") & (told["phase"] != "")]
    counts = told.value_counts().reset_index().sort_values(["count", "phase"], ascending=[False, True], kind="stable")
    most = counts.drop_duplicates("unit").set_index("unit")["phase"].reindex(units.index).fillna("").astype("str")
    given = units["phase"] if "phase" in units else pd.Series("", index=units.index, dtype="str")
    chosen: pd.Series = given.where(given != "", most)
    return chosen


def phase_of(text: str) -> str:
    """The phase or section that a name speaks of, "" for none: 二期 of "金狮小区二期3幢", A区, phase 2.

    A phase (期) counts before a section (区); 小区 and 社区 are no sections.
    """
    plain = unicodedata.normalize("NFKC", text)
    for pattern in _PHASES:
        found = pattern.search(plain)
        if found:
            return found[1].upper() + found[2].lower()
    return ""


def _of_layer(city: City, layer: str, units: gpd.GeoDataFrame, homes: Homes | None) -> pd.Series:
    """The group of each unit by one layer; hamlets that are told by their buildings come before areas."""
    areas = _holders(units, drawn_areas(city.layer(layer)), None if homes is None else homes.shapes)
    if layer != "groups" or homes is None or not (homes.hamlets != "").any():
        return areas
    unit = first_homes(homes.shapes, units.geometry.to_numpy())
    told = pd.DataFrame({"unit": unit, "hamlet": homes.hamlets})[unit >= 0]
    counts = told.value_counts().reset_index().sort_values(["count", "hamlet"], ascending=[False, True], kind="stable")
    most = counts.drop_duplicates("unit").set_index("unit")
    share = most["count"] / told["unit"].value_counts()
    chosen = most["hamlet"].where(share > MOST, "").reindex(range(len(units))).fillna("").to_numpy(object)
    hamlets = pd.Series(chosen, index=units.index, dtype="str")
    return hamlets.where(hamlets != "", areas)


def _holders(units: gpd.GeoDataFrame, groups: gpd.GeoDataFrame | None, places: Shapes | None) -> pd.Series:
    """The group that holds more than half of each unit, "" for none."""
    if groups is None or not len(groups):
        return pd.Series("", index=units.index, dtype="str")
    ordered = groups.sort_index()
    shapes, holders = units.geometry.to_numpy(), ordered.geometry.to_numpy()
    unit, group = shapely.STRtree(holders).query(shapes, predicate="intersects")
    share = shapely.area(shapely.intersection(shapes[unit], holders[group])) / shapely.area(shapes[unit])
    if places is not None and len(places):
        share = np.maximum(share, _shares_of_places(places, (shapes, holders), (unit, group)))
    best = np.full(len(shapes), -1, np.int64)
    order = np.lexsort((group, -share))
    order = order[share[order] > MOST]
    found, first = np.unique(unit[order], return_index=True)
    best[found] = group[order[first]]
    names = np.append(ordered.index.to_numpy(), "")
    return pd.Series(names[best], index=units.index, dtype="str")


def _shares_of_places(
    places: Shapes, layers: tuple[Shapes, Shapes], pairs: tuple[Integers, Integers]
) -> NDArray[np.float64]:
    """Share of each unit's places that lie in the group of each (unit, group) pair."""
    unit_of, group_of = (first_homes(places, polygons) for polygons in layers)
    n_groups = len(layers[1])
    in_both = (unit_of >= 0) & (group_of >= 0)
    keys, counts = np.unique(unit_of[in_both] * n_groups + group_of[in_both], return_counts=True)
    alone = np.bincount(unit_of[unit_of >= 0], minlength=len(layers[0]))
    unit, group = pairs
    wanted = unit * n_groups + group
    together = np.append(counts, 0)[np.where(np.isin(wanted, keys), np.searchsorted(keys, wanted), len(keys))]
    return np.asarray(together / np.maximum(alone[unit], 1), np.float64)
