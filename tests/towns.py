"""Small towns drawn in ASCII: a letter a unit of 100 m, a community to each letter's case-folded row of names.

``town`` turns a drawing into a City with ready-made units; ``small_plan`` a coded-by-hand Plan of four grids.
"""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.graph import UnitGraph
from gridopt.grids.assemble import assemble
from gridopt.grids.plan import Plan
from gridopt.partition import Partition
from gridopt.rules import Rules
from gridopt.solvers.solution import PARTS, SOLUTION_VIOLATIONS, Solution

CRS = "EPSG:4549"
CELL = 100.0
WEST, SOUTH = 490_000.0, 3_520_000.0


def cells(drawing: str) -> list[tuple[str, int, int]]:
    """(letter, column, row counted from the south) for each cell of a drawing; dots are left out."""
    rows = [line.split() for line in drawing.strip().splitlines()]
    return [
        (letter, x, len(rows) - 1 - y) for y, row in enumerate(rows) for x, letter in enumerate(row) if letter != "."
    ]


def square(x: int, y: int) -> shapely.Polygon:
    return shapely.box(WEST + CELL * x, SOUTH + CELL * y, WEST + CELL * (x + 1), SOUTH + CELL * (y + 1))


def town(drawing: str, households: Mapping[str, float] | float = 100, *, rules: Rules | None = None) -> City:
    """A city whose units are the cells of a drawing; each letter is one community of that name."""
    listed = cells(drawing)
    letters = [letter for letter, _, _ in listed]
    names = sorted(set(letters))
    ids = {name: f"3204110011{i:02d}" for i, name in enumerate(names, 1)}
    size = [households if isinstance(households, float | int) else households[letter] for letter in letters]
    order: dict[str, int] = {}
    unit_ids = []
    for letter in letters:
        order[letter] = order.get(letter, 0) + 1
        unit_ids.append(f"{letter}{order[letter]:02d}")
    units = gpd.GeoDataFrame(
        {
            "community_id": [ids[letter] for letter in letters],
            "area_kind": "urban",
            "households": np.asarray(size, float),
            "residents": np.asarray(size, float) * 2.5,
            "keep_whole": "",
            "dedicated": "",
            "category": "",
            "locked_grid": "",
        },
        geometry=[square(x, y) for _, x, y in listed],
        index=pd.Index(unit_ids, name="unit_id"),
        crs=CRS,
    ).sort_index()
    shapes = units.dissolve("community_id")[["geometry"]]
    communities = shapes.assign(
        community=[f"{name}社区" for name in names], township_id="320411001", county_id="320411", area_kind="urban"
    )
    return City.from_tables(communities, rules, name="测试镇", units=units)


def units_of(city: City) -> gpd.GeoDataFrame:
    """The units table of a drawn town, without a solver or a units room."""
    units = city.layer("units")
    return units.assign(
        buildings=0, floor_area=0.0, events=0.0, workload=units["households"], people_known=True, grid_code=""
    )


def borders_of(units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Shared edges of cells, by brute force."""
    rows = []
    for i, a in enumerate(units.index):
        for b in units.index[i + 1 :]:
            if units.at[a, "community_id"] == units.at[b, "community_id"]:
                metres = units.at[a, "geometry"].boundary.intersection(units.at[b, "geometry"].boundary).length
                if metres > 0:
                    rows.append((a, b, metres, "open"))
    return pd.DataFrame(rows, columns=["unit_a", "unit_b", "metres", "kind"])


def graph_of(city: City) -> UnitGraph:
    units = units_of(city)
    return UnitGraph.from_units(units, borders_of(units), measures=("households", "residents"))


def given_solution(graph: UnitGraph, labels: list[int]) -> Solution:
    """A solution that only carries labels, with an `information` row, for the rooms above the solvers."""
    partition = Partition(graph, np.asarray(labels, np.int32))
    parts = pd.DataFrame(index=pd.Index(graph.parent_ids, name="community_id"), columns=PARTS, dtype=float)
    parts["n_grids"] = [len(np.unique(partition.labels[graph.parents == p])) for p in range(len(graph.parent_ids))]
    parts = parts.assign(status="feasible", objective=1.0, bound=None, gap=None)
    row = {
        "class": "information",
        "rule": "size.low",
        "community_id": graph.parent_ids[0],
        "labels": (0,),
        "unit_ids": graph.ids[0],
        "value": 200.0,
        "limit": 300.0,
        "proof": "proved",
        "reason": "this community has 200 households in all: it is one grid",
        "remedy": "none needed",
        "relaxed": "size.low",
    }
    violations = pd.DataFrame([row], columns=SOLUTION_VIOLATIONS)
    terms = {"proximity": 0.6, "governance": 0.3, "size": 0.1}
    return Solution(partition, 1.0 * len(parts), terms, None, None, "feasible", violations, parts)


TWO_BANKS = """
a a a a b b
a a a a b b
a a a a b b
"""


def small_plan() -> Plan:
    """Two communities, 18 units, four grids a|0000, a|0001, a|0002 and b|0003 (provisional codes)."""
    city = town(TWO_BANKS)
    graph = graph_of(city)
    units = units_of(city)
    column = ((units.geometry.centroid.x - WEST) // CELL).astype(int)
    labels = np.where(column >= 4, 3, np.where(column >= 3, 2, np.where(column >= 2, 1, 0)))
    return assemble(city, units, borders_of(units), given_solution(graph, labels.tolist()))
