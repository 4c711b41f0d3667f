"""Who serves the demo town and what happens in it: facilities in three tiers, a staff roster, a year of events."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.plan.datasets import layout
from gridopt.plan.datasets.town import CRS, Land

STATIONS = (("金狮派出所", 2105, 1490), ("站前警务站", 1790, 465), ("云岭派出所", 700, 1125))
YEAR = 2025

EVENT_RATES = {"urban": 0.3, "old_town": 0.55, "commercial": 0.5, "fringe": 0.5, "rural": 0.26, "hill": 0.24}
"""Events a household and year, by area kind."""

EVENTS_AT_WORKPLACES = 2.2
EVENT_KINDS = {
    "矛盾纠纷": 0.17,
    "环境卫生": 0.22,
    "消防隐患": 0.13,
    "违停占道": 0.14,
    "设施损坏": 0.12,
    "民生诉求": 0.15,
    "走访慰问": 0.07,
}


def facilities(land: Land, buildings: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rooms of most of last year's grids, one room of every community, three police stations; each in a building.

    A grid's room is called after the building it is in: numbers of grids change with every plan.
    """
    wanted: list[tuple[str, str, Any]] = []
    for number, grid in enumerate(grids.itertuples()):
        if number % 4 != 3:
            wanted.append(("", "grid_room", _middle(buildings[buildings.within(grid.geometry)])))
    for place in land.communities.itertuples():
        here = buildings[buildings["community_id"] == place.id]
        wanted.append((f"{place.name}党群服务中心", "community_room", _middle(here)))
    wanted += [(name, "station", land.bend.point(x, y)) for name, x, y in STATIONS]
    named = [row for row in wanted if row[2] is not None]
    nearest = shapely.STRtree(buildings.geometry.to_numpy()).nearest([place for _, _, place in named])
    housed = buildings.iloc[nearest]
    addresses = housed["estate"].where(housed["estate"] != "", housed["name"])
    columns = {
        "id": [f"S{number:03d}" for number in range(1, len(named) + 1)],
        "name": [name or f"{address}网格工作室" for (name, *_), address in zip(named, addresses, strict=True)],
        "tier": [tier for _, tier, _ in named],
    }
    points = buildings.geometry.iloc[nearest].representative_point().to_numpy()
    return gpd.GeoDataFrame(columns, geometry=points, crs=CRS)


def roster(grids: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """People in post, without names: role, employment, base (township or community) and grids they can hold."""
    rows: list[tuple[str, str, str, int]] = []
    for township in layout.TOWNSHIPS:
        n_grids = int(grids["community_id"].str.startswith(township).sum())
        rows += [("adviser", "part_time", township, 6)] * -(-n_grids // 6)
    for community, n_grids in grids.groupby("community_id").size().items():
        # One post in twelve is vacant, as everywhere.
        n_full, n_part = (
            n_grids + rng.binomial(n_grids, share) - rng.binomial(n_grids, 1 / 12) for share in (0.2, 0.1)
        )
        rows += [("chief", "part_time", str(community), 1)] * n_grids
        rows += [("worker", "full_time", str(community), 1)] * int(n_full)
        rows += [("worker", "part_time", str(community), 1)] * int(n_part)
    table = pd.DataFrame(rows, columns=["role", "employment", "base", "capacity"])
    table.insert(0, "id", [f"P{number:04d}" for number in range(1, len(table) + 1)])
    return table


def events(land: Land, buildings: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """A year of reported events beside the buildings that they concern: ``id, date, kind``, by date."""
    kinds = land.communities.set_index("id")["area_kind"]
    rates = buildings["community_id"].map(kinds).map(EVENT_RATES)
    weights = (buildings["households"] * rates).where(buildings["households"] > 0, EVENTS_AT_WORKPLACES)
    per_building = rng.poisson(weights.to_numpy(float))
    where = np.repeat(np.arange(len(buildings)), per_building)
    places = shapely.point_on_surface(buildings.geometry.to_numpy())[where]
    near = shapely.points(np.round(shapely.get_coordinates(places) + rng.normal(0, 14, (len(where), 2)), 1))
    land_of = land.parcels.geometry.to_numpy()[buildings["parcel"].to_numpy()[where]]
    stays = shapely.contains(land_of, near) & ~shapely.intersects(near, land.rivers.geometry.iloc[0])
    day = np.sort(np.minimum(rng.beta(1.25, 1.15, len(where)) * 365, 364).astype(int))
    columns = {
        "id": [f"V{number:05d}" for number in range(1, len(where) + 1)],
        "date": (np.datetime64(f"{YEAR}-01-01") + day).astype(str),
        "kind": rng.choice(list(EVENT_KINDS), size=len(where), p=list(EVENT_KINDS.values())),
    }
    shuffled = rng.permutation(len(where))
    return gpd.GeoDataFrame(columns, geometry=np.where(stays, near, places)[shuffled], crs=CRS)


def _middle(buildings: gpd.GeoDataFrame) -> Any:
    """The middle of the people in some buildings, None where nobody lives."""
    homes = buildings[buildings["households"] > 0]
    if homes.empty:
        return None
    centres = shapely.get_coordinates(homes.geometry.centroid.to_numpy())
    return shapely.Point(np.average(centres, axis=0, weights=homes["households"].to_numpy(float)))
