"""Hamlets: buildings that make up one villagers' group or natural village, named, pointed at or found by clustering."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridopt.city import City
from gridopt.holders import homes as holders_of
from gridopt.units.edges import Floats, Integers
from gridopt.units.merge import components
from gridopt.units.record import Record

SCATTERED = ("rural", "hill")
"""Area kinds whose buildings are clustered into hamlets where nobody named any."""

GAP = 60.0
"""Metres between two footprints up to which they may be of one hamlet."""

LEAST_GAP = 30.0
"""Metres up to which they are of one hamlet however close its houses stand."""

SPACING = 4.0
"""Times the usual distance from a house to the next within a cluster that part its hamlets."""

LEAST_BUILDINGS = 8
"""Buildings below which a cluster is no hamlet, but belongs to the nearest one of its village."""

NEARBY = 300.0
"""Metres from a house of it within which it does; farther out it belongs to none."""

NONE = -1

POLYGON = 2


def drawn_areas(table: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """The rows of a layer that are polygons, sorted by id; None where there is none."""
    if table is None or not len(table):
        return None
    drawn = table[shapely.get_dimensions(table.geometry.to_numpy()) == POLYGON].sort_index()
    return drawn if len(drawn) else None


def hamlets_of(
    city: City, buildings: gpd.GeoDataFrame, homes: pd.Series, sizes: pd.Series, record: Record
) -> pd.Series:
    """The hamlet of each building, "" for none: a text Series on the buildings' index.

    The ``group`` column of the buildings counts first, named ``group@community`` since names repeat from village
    to village. Else the groups layer: a point is the middle of a hamlet, to which the buildings of its community
    nearest to it belong. Where neither names any, and no area is drawn for one, villages of rural kinds are
    clustered (`_clusters`): ``H1@community`` is the westernmost, unless it has more people than a grid may hold.
    ``homes`` is the community of each building, ``sizes`` its people.
    """
    chosen = pd.Series("", index=buildings.index, dtype="str")
    if "group" in buildings:
        named = (buildings["group"] != "") & (homes != "")
        chosen = chosen.mask(named, buildings["group"] + "@" + homes)
    points = shapely.get_coordinates(shapely.point_on_surface(buildings.geometry.to_numpy()))
    chosen = _nearest_middles(city, homes, points, chosen)
    told = set(homes[chosen != ""]) | _communities_with_areas(city)
    waiting = homes.map(city.communities["area_kind"]).isin(SCATTERED) & ~homes.isin(told)
    names, n_found = chosen.to_numpy(object).copy(), 0
    for community in sorted(set(homes[waiting])):
        members = np.flatnonzero((homes == community).to_numpy())
        labels = _clusters(buildings.geometry.to_numpy()[members], points[members])
        kind = str(city.communities["area_kind"][community])
        held = labels != NONE
        fits = np.bincount(labels[held], sizes.to_numpy(float)[members[held]]) <= city.rules.at(kind).size.high
        if len(fits) > 1:
            marks = [f"H{number}@{community}" if small else "" for number, small in enumerate(fits, 1)]
            names[members[held]] = np.array(marks, object)[labels[held]]
            n_found += int(fits.sum())
    if n_found:
        record.add(
            "buildings",
            ("no villagers' groups given", "未给出村民小组或自然村"),
            n=n_found,
            action=(
                f"{n_found} hamlets found: buildings at most {LEAST_GAP:g}-{GAP:g} m apart, by how close they stand",
                f"按楼栋间距不超过 {LEAST_GAP:g}—{GAP:g} 米（视疏密而定）聚为 {n_found} 个自然村",
            ),
        )
    return pd.Series(names, index=buildings.index, dtype="str")


def _nearest_middles(city: City, homes: pd.Series, points: Floats, chosen: pd.Series) -> pd.Series:
    """The hamlets with those that the groups layer gives as points filled in, for buildings that have none."""
    groups = city.layer("groups")
    if groups is None or not len(groups):
        return chosen
    middles = groups[shapely.get_dimensions(groups.geometry.to_numpy()) == 0].sort_index()
    if not len(middles):
        return chosen
    land = city.communities.geometry.sort_index()
    community = holders_of(middles.geometry.to_numpy(), land.to_numpy())
    place = np.flatnonzero(community >= 0)
    owners, ids = land.index.to_numpy()[community[place]], middles.index.to_numpy()[place]
    spots = shapely.get_coordinates(shapely.centroid(middles.geometry.to_numpy()[place]))
    names = chosen.to_numpy(object).copy()
    for owner in np.unique(owners):
        mine = owners == owner
        rows = np.flatnonzero(((homes == owner) & (chosen == "")).to_numpy())
        names[rows] = ids[mine][cKDTree(spots[mine]).query(points[rows])[1]]
    return pd.Series(names, index=chosen.index, dtype="str")


def _communities_with_areas(city: City) -> set[str]:
    """Communities in which the groups layer draws an area."""
    drawn = drawn_areas(city.layer("groups"))
    if drawn is None:
        return set()
    land = city.communities.geometry
    met = holders_of(drawn.geometry.to_numpy(), land.to_numpy())
    return set(land.index[np.unique(met[met >= 0])])


def _clusters(shapes: NDArray[np.object_], points: Floats) -> Integers:
    """A label for each building, from west to east; small clusters go to a large one `NEARBY`, else have `NONE`.

    Single linkage at `GAP`, then once more within each cluster at `SPACING` times the median distance from a house
    to the next: close rows of houses across a field are two hamlets where scattered farms as far apart are one.
    """
    tree, alike = shapely.STRtree(shapes), np.zeros(len(shapes), np.int64)
    wide = components(alike, tree.query(shapes, predicate="dwithin", distance=GAP).T)
    reach = _reach(tree, shapes, wide)
    parts = components(wide, tree.query(shapes, predicate="dwithin", distance=reach).T)
    counts = np.bincount(parts)
    large = counts[parts] >= LEAST_BUILDINGS
    if not large.any():
        return np.full(len(shapes), NONE)
    metres, nearest = cKDTree(points[large]).query(points[~large])
    parts[~large] = np.where(metres <= NEARBY, parts[large][nearest], NONE)
    present, labels = np.unique(parts, return_inverse=True)
    middles = np.array([points[labels == label].mean(axis=0) for label in range(len(present))])
    rank = np.empty(len(present), np.int64)
    rank[np.lexsort((middles[:, 1], np.round(middles[:, 0], 3), present == NONE))] = np.arange(len(present))
    return np.where(parts == NONE, NONE, rank[labels])


def _reach(tree: shapely.STRtree, shapes: NDArray[np.object_], clusters: Integers) -> Floats:
    """Metres within which the buildings of each one's cluster are of one hamlet."""
    if len(shapes) < 2:
        return np.full(len(shapes), GAP)
    (house, _), metres = tree.query_nearest(shapes, exclusive=True, return_distance=True)
    nearest = np.full(len(shapes), np.inf)
    np.minimum.at(nearest, house, metres)
    usual = pd.Series(nearest).groupby(clusters).median().to_numpy(float)
    return np.asarray(np.clip(SPACING * usual, LEAST_GAP, GAP)[clusters], np.float64)
