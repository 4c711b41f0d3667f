"""From labels to a Plan: grids dissolved, totalled and measured, under provisional codes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.contracts import COMMUNITIES, GRIDS, VIOLATIONS, unit_columns
from gridopt.errors import TableError
from gridopt.formula import measured
from gridopt.graph import UnitGraph
from gridopt.grids.bounds_text import bounds_texts
from gridopt.grids.buildings import building_table
from gridopt.grids.claims import with_disputes
from gridopt.grids.necks import with_narrow_necks
from gridopt.grids.plan import Plan
from gridopt.grids.scope import scopes
from gridopt.grids.shapes import grid_shapes
from gridopt.measures import border_metres, border_share, label_points, neck_widths, polsby_popper, walks
from gridopt.solvers.solution import Solution
from gridopt.solvers.walking import metres_to_centres
from gridopt.workers import side_by_side

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Facts = dict[str, NDArray[np.float64] | pd.Series]

COUNTS = ["households", "residents", "buildings", "workload"]
UNRECOGNISED = ("open", "crossing")
"""Kinds of border that follow no recognised line: open ground, and the ways across a barrier."""

LARGE = 2_000
"""Units from which on grids are measured by several processes: for fewer these would cost more than they save."""

ADDED_RULES = ("dispute", "neck")
"""Rules whose rows are made here, of the shapes: a solution knows nothing of them."""


def assemble(
    city: City,
    units: gpd.GeoDataFrame,
    borders: pd.DataFrame,
    solution: Solution,
    *,
    workers: int | None = 1,
) -> Plan:
    """A Plan from a solution over the city's units; a large one is measured by so many ``workers``.

    Codes are provisional (community id, a bar, the grid's number); ``name`` and ``seq`` wait with them
    for `gridopt.coding.encode`. Seed, effort and source are the caller's to set with `Plan.replace`.
    """
    units = units.sort_index()
    labels = _labels(solution, units)
    codes = _provisional(units["community_id"], labels)
    columns = unit_columns([name for name in (*city.named_columns, *city.declared_columns) if name in units])
    coded = units.assign(grid_code=pd.Series(codes[labels], index=units.index, dtype="str"))[columns]
    violations = _violations(solution, codes)
    buildings = building_table(city, coded)
    grids = _grids(city, coded, labels)
    # None waits for another: those that take longest first.
    measures: list[Callable[[], Facts]] = [
        lambda: {"bounds_text": bounds_texts(grids, city)},
        partial(_shape_measures, grids),
        lambda: {"scope": scopes(buildings, coded, city)},
        partial(_size_measures, city, grids, coded, labels, solution=solution),
        partial(_border_measures, coded, borders, labels),
    ]
    facts: Facts = {"unmet": _unmet(violations, grids.index)}
    for found in side_by_side(_made, measures, workers=workers if len(units) >= LARGE else 1):
        facts |= found
    grids = grids.assign(**facts)[GRIDS[1:]].sort_index()
    return Plan(
        city=city,
        grids=grids,
        units=coded,
        borders=borders,
        buildings=buildings,
        communities=_communities(city, grids, solution),
        violations=with_disputes(with_narrow_necks(violations, grids, city.settings.lang), city, grids),
        objective=solution.objective,
        terms=solution.terms,
        bound=solution.bound,
        gap=solution.gap,
    )


def _made(measure: Callable[[], Facts]) -> Facts:
    return measure()


def _labels(solution: Solution, units: gpd.GeoDataFrame) -> Labels:
    """Labels in the order of the units table."""
    graph = solution.partition.graph
    position = pd.Index(graph.ids).get_indexer(units.index)
    unknown = int((position < 0).sum())
    if unknown or len(units) != graph.n_units:
        raise TableError(
            f"the solution is of {graph.n_units} units, but the units table has {len(units)}, {unknown} of them "
            "unknown to it. Solve the graph of these very units.",
            zh=f"求解结果含 {graph.n_units} 个划分单元，单元表有 {len(units)} 个，其中 {unknown} 个不在结果中。"
            "请用同一套划分单元重新求解。",
        )
    return np.asarray(solution.partition.labels[position], np.int64)


def _provisional(community_ids: pd.Series, labels: Labels) -> NDArray[np.object_]:
    """One code a label: its community's id, a bar, and the label."""
    first = np.unique(labels, return_index=True)[1]
    width = max(4, len(str(len(first) - 1)))
    owners = community_ids.to_numpy()[first]
    return np.array([f"{owner}|{label:0{width}d}" for label, owner in enumerate(owners)], dtype=object)


def _grids(city: City, units: gpd.GeoDataFrame, labels: Labels) -> gpd.GeoDataFrame:
    """Grids in label order: shape, sums, parents, and what needs no measuring."""
    by_label = units.groupby(labels)
    codes = pd.Index(by_label["grid_code"].first(), name="grid_code", dtype="str")
    sums = units[COUNTS].fillna(0).groupby(labels).sum().astype({"buildings": "int64"})
    facts = {"community_id": by_label["community_id"].first(), "units": by_label.size(), "kind": _kinds(units, labels)}
    table = sums.assign(**facts).set_index(codes)
    table = table.join(city.communities[["community", "township_id", "county_id", "area_kind"]], on="community_id")
    shapes = gpd.GeoSeries(grid_shapes(units.geometry.to_numpy(), labels), index=codes, crs=city.crs)
    grids = gpd.GeoDataFrame(table, geometry=shapes, crs=city.crs)
    return grids.assign(name="", status="draft", seq=0, valid_from=city.valid_from, valid_to=None)


def _kinds(units: gpd.GeoDataFrame, labels: Labels) -> pd.Series:
    """``dedicated`` where institutions hold all the people of a grid, or any of its land if it has none."""
    people = units[["households", "residents"]].fillna(0).sum(axis=1) > 0
    institution = units["dedicated"] != ""
    held = pd.DataFrame({"people": people, "held": people & institution, "land": institution}).groupby(labels).sum()
    everyone = (held["people"] > 0) & (held["held"] == held["people"])
    empty = (held["people"] == 0) & (held["land"] > 0)
    return (everyone | empty).map({True: "dedicated", False: "base"})


def _border_measures(units: gpd.GeoDataFrame, borders: pd.DataFrame, labels: Labels) -> Facts:
    """Border with other grids of the community, and the share of it that follows no recognised line."""
    edges = np.column_stack([units.index.get_indexer(borders[column]) for column in ("unit_a", "unit_b")])
    metres, unrecognised = borders["metres"].to_numpy(float), borders["kind"].isin(UNRECOGNISED).to_numpy()
    return {
        "cut_border_m": border_metres(labels, edges, metres=metres),
        "unrecognised_border_share": border_share(labels, edges, metres=metres, chosen=unrecognised),
    }


def _sizes(city: City, units: gpd.GeoDataFrame, solution: Solution) -> Floats:
    """The size measure of each unit, as the rules of its community's area kind count it."""
    kinds = city.communities["area_kind"].reindex(units["community_id"]).to_numpy()
    sizes = np.zeros(len(units))
    for kind in np.unique(kinds):
        here = kinds == kind
        sizes[here] = _measured(units, solution.partition.graph, city.rules.at(kind).size.counted)[here]
    return sizes


def _measured(units: gpd.GeoDataFrame, graph: UnitGraph, measure: str) -> Floats:
    """One measure of every unit: as the graph weighs it, else by its formula over the columns of units."""
    if measure in graph.measures:
        weights = pd.Series(graph.weights[:, graph.measures.index(measure)], index=graph.ids)
        return np.asarray(weights.reindex(units.index), np.float64)
    return measured(units, measure)


def _size_measures(
    city: City, grids: gpd.GeoDataFrame, units: gpd.GeoDataFrame, labels: Labels, *, solution: Solution
) -> Facts:
    """Deviation from the target, and the walks of what the size counts, by the metric of the rules."""
    sizes, graph = _sizes(city, units, solution), solution.partition.graph
    targets = grids["area_kind"].map({kind: city.rules.at(kind).size.target for kind in grids["area_kind"].unique()})
    place = units.index.get_indexer(pd.Index(graph.ids))
    kinds = city.communities["area_kind"].reindex(list(graph.parent_ids))
    rules = [city.rules.at(kind) for kind in kinds]
    posts = np.flatnonzero(units["post"].to_numpy()[place] != "") if "post" in units else None
    metres = metres_to_centres(graph, labels[place], sizes[place], rules=rules, posts=posts)
    mean, longest = walks(labels[place], sizes[place], xy=graph.xy, metres=metres)
    deviation = np.bincount(labels, sizes, len(grids)) / targets.to_numpy(float) - 1
    return {"deviation": deviation, "walk_mean_m": mean, "walk_max_m": longest}


def _shape_measures(grids: gpd.GeoDataFrame) -> Facts:
    shapes = grids.geometry.to_numpy()
    points = label_points(shapes)
    return {
        "area_m2": grids.area.to_numpy(),
        "polsby_popper": polsby_popper(shapes),
        "neck_m": neck_widths(shapes),
        "label_x": points[:, 0],
        "label_y": points[:, 1],
    }


def _unmet(violations: pd.DataFrame, codes: pd.Index) -> pd.Series:
    """Rules that each grid does not meet, by name, ";" between; the number of grids is its community's affair."""
    listed = violations[violations["rule"] != "size.count"]
    listed = listed.assign(grid_code=listed["grid_codes"].str.split(";")).explode("grid_code")
    rules = listed.sort_values("rule").groupby("grid_code")["rule"].agg(lambda names: ";".join(names.unique()))
    return rules.reindex(codes).fillna("").astype("str")


def _communities(city: City, grids: gpd.GeoDataFrame, solution: Solution) -> gpd.GeoDataFrame:
    """Communities rolled up from their grids, with what the solver says of each."""
    owners, names = pd.factorize(grids["community_id"], sort=True)
    by_owner = grids.groupby("community_id")
    table = city.communities[["community", "township_id", "county_id", "area_kind"]].reindex(names)
    table = table.join(by_owner[["households", "residents"]].sum()).join(by_owner.size().rename("n_grids"))
    table = table.join(solution.parts[["objective", "bound", "gap", "status"]])
    table.index.name = "community_id"
    shapes = gpd.GeoSeries(grid_shapes(grids.geometry.to_numpy(), owners), index=table.index, crs=city.crs)
    return gpd.GeoDataFrame(table, geometry=shapes, crs=city.crs)[COMMUNITIES[1:]]


def _violations(solution: Solution, codes: NDArray[np.object_]) -> pd.DataFrame:
    """The solver's findings by provisional grid code."""
    listed = solution.violations
    named = [";".join(codes[list(labels)]) for labels in listed["labels"]]
    return listed.assign(grid_codes=pd.Series(named, index=listed.index, dtype="str"))[VIOLATIONS].reset_index(
        drop=True
    )
