"""A small plan with buildings, posts and reach, and a folder of it, for the tests of publishing and checking."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.coding import encode
from gridopt.contracts import BLIND_SPOTS, POSTS, REACH
from gridopt.grids import Plan
from gridopt.grids.assemble import assemble
from gridopt.publish.folder import Page, Publication, write_folder
from gridopt.rules import Bounds, Rules, Size
from tests.towns import CELL, CRS, SOUTH, TWO_BANKS, WEST, borders_of, given_solution, graph_of, town, units_of

RULES = Rules(
    size=Size(low=200, target=400, high=700, comfort=(300, 600), also={"residents": Bounds(high=1600)}), area={}
)


def houses() -> gpd.GeoDataFrame:
    """A house in the middle of each cell: 金狮小区 1-9 in three columns of a, no estate in the fourth, 银河苑 in b.

    金狮小区's house 9 straddles the grids' border, most of it in the western one.
    """
    rows = []
    for column in range(6):
        for row in range(3):
            estate = "金狮小区" if column < 3 else "银河苑" if column > 3 else ""
            number = str(3 * column + row + 1 if column < 3 else 3 * (column - 4) + row + 1) if estate else ""
            x, y = WEST + CELL * column + 30, SOUTH + CELL * row + 30
            rows.append((f"H{column}{row}", estate, f"{number}幢" if estate else "", shapely.box(x, y, x + 40, y + 40)))
    x, y = WEST + 2 * CELL, SOUTH + 2 * CELL + 80
    rows.append(("H99", "金狮小区", "10幢", shapely.box(x - 15, y, x + 5, y + 10)))
    table = pd.DataFrame(rows, columns=["building_id", "estate", "number", "geometry"]).set_index("building_id")
    table = table.assign(name="", use="residential", floors=6.0, height=np.nan, households=30.0, dwellings=np.nan)
    return gpd.GeoDataFrame(table.assign(floor_area=9600.0), geometry="geometry", crs=CRS)


@cache
def full_plan() -> Plan:
    """Two communities, 18 units, four coded grids of 6, 3, 3 and 6 units, 19 buildings; columns 0-1, 2, 3 and 4-5."""
    return made_plan(RULES)


def made_plan(rules: Rules, order: Sequence[int] = range(19)) -> Plan:
    """The plan of `full_plan` under other rules, or with the buildings given in another order."""
    built = houses().iloc[list(order)]
    bare = town(TWO_BANKS, rules=rules)
    city = bare.replace(
        layers={**bare.layers, "buildings": built},
        inputs={"units": {"rows": 18, "crs": CRS, "sums": {"households": 1800.0}}},
        edition="2023",
    )
    units = units_of(city)
    held = gpd.GeoDataFrame(geometry=built.geometry.centroid, crs=CRS).sjoin(units[["geometry"]], predicate="within")
    units = units.assign(buildings=held["unit_id"].value_counts().reindex(units.index).fillna(0).astype("int64"))
    column = ((units.geometry.centroid.x - WEST) // CELL).astype(int)
    labels = np.where(column >= 4, 3, np.where(column >= 3, 2, np.where(column >= 2, 1, 0)))
    solution = given_solution(graph_of(city), labels.tolist())
    plan = assemble(city, units, borders_of(units), solution)
    plan = plan.replace(terms={"proximity": 1.2, "governance": 0.6, "size": 0.2}, details={"parts": solution.parts})
    declared = plan.violations.assign(value=600.0, limit=700.0, reason="for the record")
    return encode(plan.replace(violations=declared), "stat15")


def posts_of(plan: Plan) -> pd.DataFrame:
    """A chief and a worker in each grid."""
    rows = [
        (f"{code}-{role}", role, role, code, grid.community_id, grid.township_id, "full_time", 1.0, "by ratio")
        for code, grid in plan.grids.iterrows()
        for role in ("chief", "worker")
    ]
    return pd.DataFrame(rows, columns=POSTS)


def reach_of(plan: Plan) -> pd.DataFrame:
    """One row: everybody within 500 m of a service."""
    row = ("city", "", "", "basic", 500.0, 4500.0, 4500.0, 1800.0, 1800.0, 1.0, 0.9, True)
    return pd.DataFrame([row], columns=REACH)


def no_spots() -> gpd.GeoDataFrame:
    columns = {name: pd.Series(dtype="str") for name in BLIND_SPOTS if name != "geometry"}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=CRS), crs=CRS)


def paper_pages(publication: Publication, folder: Path) -> None:
    """Stand-ins for the map and the report, which have tests of their own."""
    (folder / "map.html").write_text("<!DOCTYPE html><title>map</title>", "utf-8")
    (folder / "report.html").write_text("<!DOCTYPE html><title>report</title>", "utf-8")
    (folder / "figures").mkdir()
    (folder / "figures" / "city.png").write_bytes(b"png")


def write(plan: Plan, folder: Path, *, staffed: bool = True, pages: Sequence[Page] = (paper_pages,)) -> Path:
    """A whole folder of a plan."""
    posts, reach = (posts_of(plan), reach_of(plan)) if staffed else (None, None)
    return write_folder(Publication(plan, posts, reach, no_spots()), folder, pages=pages)
