"""Who lives in the demo town: households and residents by building, their totals, and a raster that agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.plan.datasets.plots import PLOTS

CELL = 50.0
OCCUPIED = 0.97
BEDS_A_ROOM = 6
HOUSEHOLD_SIZES = {"towers": 2.75, "slabs": 2.45, "shops": 2.4, "rows": 3.1, "lanes": 2.35, "hamlet": 3.0}
"""Mean people in a household by pattern."""


@dataclass(frozen=True, eq=False)
class PeopleRaster:
    """Residents by square cells: ``values`` (rows, columns) from the north-west corner, ``cell`` metres wide."""

    values: NDArray[np.float32]
    west: float
    north: float
    cell: float

    def centres(self) -> NDArray[np.float64]:
        """(rows * columns, 2) centres of the cells, row by row."""
        rows, columns = np.indices(self.values.shape)
        x = self.west + (columns.ravel() + 0.5) * self.cell
        y = self.north - (rows.ravel() + 0.5) * self.cell
        return np.column_stack([x, y])


def settle(buildings: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """The buildings with whole ``households`` and ``residents``, fitted to what was planned for each plot."""
    pattern = _patterns(buildings)
    members = pd.factorize(
        buildings["community_id"] + pattern + buildings["group"] + buildings["plot_number"].astype(str)
    )[0]
    dwellings = buildings["dwellings"].to_numpy(np.int64)
    wanted = buildings["people"].to_numpy(float) * rng.uniform(0.97, 1.03, members.max() + 1)[members]
    households = np.zeros(len(buildings), dtype=np.int64)
    for member in range(members.max() + 1):
        here = members == member
        total = min(round(wanted[here][0]), int(OCCUPIED * dwellings[here].sum()))
        households[here] = _shares(total, dwellings[here])
    others = pattern.map(HOUSEHOLD_SIZES).fillna(BEDS_A_ROOM).to_numpy() - 1
    is_hall = (buildings["use"] == "dormitory").to_numpy()
    drawn = households + rng.poisson(households * others)
    return buildings.assign(
        households=households, residents=np.where(is_hall, BEDS_A_ROOM * households, drawn).astype(np.int64)
    )


def population_table(communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Households and residents of each community: the control totals."""
    sums = buildings.groupby("community_id")[["households", "residents"]].sum()
    return pd.DataFrame(communities[["id", "name"]]).join(sums, on="id").reset_index(drop=True)


def population_raster(communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> PeopleRaster:
    """Residents in cells of 50 m, each building in the nearest cell whose centre lies in its own community.

    Whole numbers throughout, so that the cells with their centre in a community add up to its total exactly.
    """
    west, south, east, north = communities.total_bounds
    west, north = np.floor(west / CELL) * CELL, np.ceil(north / CELL) * CELL
    shape = int(np.ceil((north - south) / CELL)), int(np.ceil((east - west) / CELL))
    raster = PeopleRaster(np.zeros(shape, dtype=np.float32), float(west), float(north), CELL)
    centres = raster.centres()
    cell, community = shapely.STRtree(communities.geometry.to_numpy()).query(
        shapely.points(centres), predicate="within"
    )
    owner = np.full(len(centres), -1)
    owner[cell] = community
    homes = buildings[buildings["residents"] > 0]
    own = pd.Index(communities["id"]).get_indexer(homes["community_id"])
    places = shapely.get_coordinates(homes.geometry.centroid.to_numpy())
    for number in np.unique(own):
        candidates, here = np.flatnonzero(owner == number), own == number
        tree = shapely.STRtree(shapely.points(centres[candidates]))
        nearest = candidates[tree.nearest(shapely.points(places[here]))]
        np.add.at(raster.values.reshape(-1), nearest, homes["residents"].to_numpy()[here])
    return raster


def _patterns(buildings: gpd.GeoDataFrame) -> pd.Series[Any]:
    """The pattern that each building belongs to."""
    plotted = [PLOTS[number].pattern if number >= 0 else "lanes" for number in buildings["plot_number"]]
    return pd.Series(plotted, buildings.index).where(buildings["group"] == "", "hamlet")


def _shares(total: int, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """A whole total shared out by weight in whole numbers: the largest remainders take what is left (Hare)."""
    if not weights.sum():
        return np.zeros(len(weights), dtype=np.int64)
    quotas = total * weights / weights.sum()
    shares: NDArray[np.int64] = np.floor(quotas + 1e-9).astype(np.int64)
    shares[np.argsort(-(quotas - shares), kind="stable")[: total - shares.sum()]] += 1
    return shares
