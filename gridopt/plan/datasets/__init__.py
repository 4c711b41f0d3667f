"""The demo town: a small invented town with everything that drawing grids needs, made from a seed.

>>> from gridopt.plan.datasets import demo_town
>>> town = demo_town(seed=0)
>>> len(town.communities)
8
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from gridopt.plan.datasets.houses import build
from gridopt.plan.datasets.last_year import current_grids
from gridopt.plan.datasets.people import PeopleRaster, population_raster, population_table, settle
from gridopt.plan.datasets.project import PROJECT
from gridopt.plan.datasets.services import events, facilities, roster
from gridopt.plan.datasets.town import lay_out

__all__ = ["PeopleRaster", "Town", "demo_town", "write_demo_town"]

LAYERS = (
    "communities buildings roads rivers railways walls crossings estates groups dedicated facilities events "
    "current_grids"
).split()
"""Layers of ``demo_town.gpkg``, in order."""


@dataclass(frozen=True, eq=False)
class Town:
    """The layers of a town as a planner would hand them over, in EPSG:4549, x east and y north.

    Every table has an ``id`` column; ids and codes are text. ``communities`` tile the
    town; ``population`` has one row a community (households and residents, the control totals) and
    ``raster`` the same residents by cells of 50 m: the cells whose centre lies in a community add up to
    its row. ``buildings`` do not touch each other; ``households`` and ``dwellings`` are whole numbers.
    ``current_grids`` are last year's, drawn before the newest estates were built.
    """

    seed: int
    communities: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    rivers: gpd.GeoDataFrame
    railways: gpd.GeoDataFrame
    walls: gpd.GeoDataFrame
    crossings: gpd.GeoDataFrame
    estates: gpd.GeoDataFrame
    groups: gpd.GeoDataFrame
    dedicated: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    events: gpd.GeoDataFrame
    current_grids: gpd.GeoDataFrame
    roster: pd.DataFrame
    population: pd.DataFrame
    raster: PeopleRaster

    def __repr__(self) -> str:
        households, residents = self.population[["households", "residents"]].sum()
        return (
            f"<Town of seed {self.seed}: {len(self.communities)} communities, {len(self.buildings):,} buildings, "
            f"{households:,} households, {residents:,} residents>"
        )


def demo_town(seed: int = 0) -> Town:
    """A small invented town of Jiangsu's kind: the same tables for the same seed.

    Eight communities near 119.9 E 31.8 N: two of estates, an old town, a commercial core with a market, a
    campus, a fringe of works and railway land, and two villages in the hills; a river with two bridges and
    a railway with one underpass. Nothing is taken from a real place: codes only have the form of real ones.
    """
    rng = np.random.default_rng(seed)
    land = lay_out(rng)
    built = build(land, rng)
    buildings = settle(built.buildings, rng)
    grids = current_grids(land, buildings)
    given = "id name number estate use floors dwellings households geometry".split()
    return Town(
        seed=seed,
        communities=land.communities,
        buildings=buildings[given],
        roads=pd.concat([land.roads, built.ways], ignore_index=True),
        rivers=land.rivers,
        railways=land.railways,
        walls=built.walls,
        crossings=_crossings(land.crossings, built.gates),
        estates=built.estates,
        groups=built.groups,
        dedicated=built.dedicated,
        facilities=facilities(land, buildings, grids),
        events=events(land, buildings, rng),
        current_grids=grids,
        roster=roster(grids, rng),
        population=population_table(land.communities, buildings),
        raster=population_raster(land.communities, buildings),
    )


def write_demo_town(folder: str | Path, *, seed: int = 0) -> Path:
    """Make the town and write its layers and project file into a folder; return the path of ``demo.toml``.

    Beside it lie ``demo_town.gpkg``, ``population.csv``, ``population.tif`` and ``roster.csv``: the same
    bytes for the same seed and the same libraries. Each file is written beside its place, read back
    and then moved there.
    """
    from gridopt.publish.town_files import write_csv, write_layers, write_raster, write_text

    town, target = demo_town(seed), Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    write_layers(target / "demo_town.gpkg", {name: getattr(town, name) for name in LAYERS})
    write_csv(target / "population.csv", town.population)
    write_csv(target / "roster.csv", town.roster)
    corner = (town.raster.west, town.raster.north)
    write_raster(target / "population.tif", town.raster.values, corner=corner, cell=town.raster.cell, crs="EPSG:4549")
    return write_text(target / "demo.toml", PROJECT)


def _crossings(passages: gpd.GeoDataFrame, gates: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Bridges and underpasses, then gates, under one series of ids."""
    table = pd.concat([passages, gates], ignore_index=True)
    return table.assign(id=[f"X{number:03d}" for number in range(1, len(table) + 1)])[
        ["id", "name", "class", "geometry"]
    ]
