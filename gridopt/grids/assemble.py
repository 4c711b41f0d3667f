"""From labels to a Plan: grids dissolved, totalled and measured, under provisional codes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.contracts import BUILDINGS, COMMUNITIES, GRIDS, UNITS, VIOLATIONS
from gridopt.grids.plan import Plan
from gridopt.solvers.solution import Solution


def assemble(
    city: City,
    units: gpd.GeoDataFrame,
    borders: pd.DataFrame,
    solution: Solution,
) -> Plan:
    """A Plan from a solution over the city's units.

    Codes are provisional (community id, a bar, the grid's number); `gridopt.coding.encode` gives the
    real ones. Seed, effort and source are the caller's to set with `Plan.replace`.
    """
    labels = solution.partition.labels
    provisional = units["community_id"].str.cat(pd.Series(labels, units.index).map("|{:04d}".format))
    coded = units.assign(grid_code=provisional)[UNITS[1:]]
    grids = _grids(city, coded)
    return Plan(
        city=city,
        grids=grids,
        units=coded,
        borders=borders,
        buildings=_buildings(city, coded),
        communities=_communities(city, coded, grids, solution),
        violations=_violations(solution, coded),
        objective=solution.objective,
        terms=solution.terms,
        bound=solution.bound,
        gap=solution.gap,
    )


def _grids(city: City, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    code = units["grid_code"]
    shapes = units.geometry.groupby(code).agg(lambda parts: shapely.coverage_union_all(parts.to_numpy()))
    sums = units[["households", "residents", "buildings", "workload"]].fillna(0).groupby(code).sum()
    first = units.groupby(code)[["community_id", "area_kind"]].first()
    grids = gpd.GeoDataFrame(sums.join(first), geometry=gpd.GeoSeries(shapes, crs=city.crs), crs=city.crs)
    grids = grids.join(city.communities[["community", "township_id", "county_id"]], on="community_id")
    points = grids.geometry.representative_point()
    plain = {"name": "", "status": "draft", "scope": "", "bounds_text": "", "kind": "base", "seq": 0, "unmet": ""}
    zero = dict.fromkeys(["deviation", "cut_border_m", "unrecognised_border_share", "walk_mean_m", "walk_max_m"], 0.0)
    grids = grids.assign(
        **plain, **zero, neck_m=0.0, polsby_popper=4 * np.pi * grids.area / grids.length**2, area_m2=grids.area
    )
    grids = grids.assign(units=code.value_counts(), label_x=points.x, label_y=points.y, valid_from=None, valid_to=None)
    grids.index.name = "grid_code"
    return grids.sort_index()[GRIDS[1:]]


def _buildings(city: City, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    given = city.layer("buildings")
    if given is None:
        columns = {name: pd.Series(dtype="str") for name in BUILDINGS[1:-1]}
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=city.crs))
    points = given.set_geometry(given.geometry.representative_point())
    joined = points.sjoin(units[["grid_code", "community_id", "geometry"]], predicate="within")
    owner = joined[~joined.index.duplicated()]
    table = given.loc[owner.index].assign(
        unit_id=owner["unit_id"], grid_code=owner["grid_code"], community_id=owner["community_id"]
    )
    return table[BUILDINGS[1:]]


def _communities(city: City, units: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, solution: Solution) -> gpd.GeoDataFrame:
    owner = grids["community_id"]
    shapes = grids.geometry.groupby(owner).agg(lambda parts: shapely.coverage_union_all(parts.to_numpy()))
    table = city.communities[["community", "township_id", "county_id", "area_kind"]].join(
        solution.parts[["n_grids", "objective", "bound", "gap", "status"]]
    )
    sums = grids.groupby("community_id")[["households", "residents"]].sum()
    return gpd.GeoDataFrame(table.join(sums), geometry=gpd.GeoSeries(shapes, crs=city.crs), crs=city.crs)[
        COMMUNITIES[1:]
    ]


def _violations(solution: Solution, units: gpd.GeoDataFrame) -> pd.DataFrame:
    codes = units.groupby(solution.partition.labels)["grid_code"].first()
    listed = solution.violations
    named = listed.assign(grid_codes=[";".join(codes[i] for i in labels) for labels in listed["labels"]])
    return named[VIOLATIONS].reset_index(drop=True)
