"""Where new facilities should stand: the fewest that leave nobody out of reach, or the best p, keeping what stands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridopt.coverage.covering import Choice
from gridopt.coverage.demand import PEOPLE, demand
from gridopt.coverage.facilities import facility_points, points_of, streets_for
from gridopt.coverage.farthest import least_farthest
from gridopt.coverage.locations import Task, fewest_sites, least_walking, most_covered
from gridopt.coverage.reach import in_their_area, tiers_of
from gridopt.coverage.reduction import Positions
from gridopt.coverage.tiers import WALK
from gridopt.errors import RuleError, TableError, preview
from gridopt.grids.plan import Plan

_log = logging.getLogger("gridopt")

FEWEST = "fewest"
BEST: dict[str, Callable[[Task, int], Choice]] = {
    "cover": most_covered,
    "median": least_walking,
    "center": least_farthest,
}
"""Models that choose the best p sites, by name."""


@dataclass(frozen=True, eq=False)
class Siting:
    """Where to add facilities of one tier.

    ``sites`` are the chosen candidates, indexed by their id, with the ``residents`` and ``households`` for
    whom each is the nearest. ``objective`` is the number of sites ("fewest"), the residents left out of
    reach ("cover"), residents times metres to the nearest facility ("median"), or the metres of the
    farthest home ("center"); ``bound`` is proved, ``gap`` the share by which a better choice might beat
    it, ``status`` "optimal" or "limit". ``unserved`` are the homes with people that no candidate and no
    standing facility can serve, on a map.
    """

    model: str
    tier: str
    sites: gpd.GeoDataFrame
    objective: float
    bound: float | None
    gap: float | None
    status: str
    unserved: gpd.GeoDataFrame


def site(
    plan: Plan,
    candidates: gpd.GeoDataFrame | None = None,
    *,
    model: str = FEWEST,
    tier: str | None = None,
    p: int | None = None,
    facilities: gpd.GeoDataFrame | None = None,
) -> Siting:
    """Choose sites for facilities of one tier (the nearest unless named), keeping the ``facilities`` that stand.

    ``candidates`` are shapes in any CRS with ids of their own; a point in every unit where not given. ``model``:

    fewest  the fewest additions that leave nobody out of reach (LSCP, Toregas and others 1971)
    cover   the p that leave the fewest residents out of reach (MCLP, Church and ReVelle 1974)
    median  the p to which all residents together go least (p-median, Hakimi 1964)
    center  the p with the least distance of the farthest home (p-center, Hakimi 1964)

    Limits and metric are the city's ``[rules.tiers]``, as in `reach`; households count where no residents
    are known. Homes that nothing can serve are left out and named. Raises a `RuleError` for an unknown model or
    tier, or a p that is none or above the number of candidates; a `TableError` without candidates.
    """
    tier = _checked(plan, model, tier)
    points = _candidates(plan, candidates)
    wanted = _number(model, p, len(points))
    places = in_their_area(demand(plan), plan)
    people = places["residents" if (places["residents"] > 0).any() else "households"]
    places = places[people > 0].reset_index(drop=True)
    task = _task(plan, places, people[people > 0].to_numpy(), points, _standing(plan, facilities, tier), tier)
    if model == FEWEST:
        choice, hopeless = fewest_sites(task)
    else:
        hopeless = _hopeless(task, model)
        choice = BEST[model](task.take(np.setdiff1d(np.arange(len(places)), hopeless)), wanted)
        if model == "cover":
            choice = _with_hopeless(choice, float(task.weights[hopeless].sum()))
    unserved = _on_map(places.iloc[hopeless], plan)
    _say_unserved(unserved, plan)
    sites = _with_people(points.iloc[choice.sites], places, task)
    return Siting(model, tier, sites, choice.objective, choice.bound, choice.gap, choice.status, unserved)


def _checked(plan: Plan, model: str, tier: str | None) -> str:
    known = (FEWEST, *BEST)
    if model not in known:
        raise RuleError(
            f'There is no siting model "{model}"; choose one of {", ".join(known)}.',
            zh=f"没有选址模型“{model}”；可选：{'、'.join(known)}。",
        )
    names = tiers_of(plan).names
    if tier is not None and tier not in names:
        raise RuleError(
            f'There is no tier "{tier}"; [rules.tiers] has {", ".join(names)}.',
            zh=f"没有层级“{tier}”；[rules.tiers] 中有：{'、'.join(names)}。",
        )
    return names[0] if tier is None else tier


def _candidates(plan: Plan, candidates: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    if candidates is None:
        units = plan.units.sort_index()
        inside = shapely.point_on_surface(units.geometry.to_numpy())
        candidates = gpd.GeoDataFrame(geometry=inside, index=units.index, crs=units.crs)
    if not len(candidates):
        raise TableError("there are no candidates to choose from.", zh="没有可供选择的候选点。")
    points = points_of(candidates, plan)
    repeated = points.index[points.index.duplicated()]
    if len(repeated):
        raise TableError(
            f"candidates: {len(repeated)} ids occur more than once: {preview(repeated)}. Give each its own.",
            zh=f"候选点：{len(repeated)} 个编号重复：{preview(repeated)}。请保证编号唯一。",
        )
    return points


def _number(model: str, p: int | None, n_candidates: int) -> int:
    if model == FEWEST:
        if p is not None:
            raise RuleError(
                f'p = {p} says nothing to model "fewest", which finds the number itself; leave it out.',
                zh=f"模型“fewest”自行求出数量，不需要 p = {p}；请去掉。",
            )
        return 0
    if p is None or isinstance(p, bool) or p < 1 or p != int(p) or p > n_candidates:
        raise RuleError(
            f'model "{model}" needs p, a whole number from 1 to the {n_candidates} candidates; it is {p}.',
            zh=f"模型“{model}”需要 p：1 至候选点数 {n_candidates} 之间的整数；现为 {p}。",
        )
    return int(p)


def _standing(plan: Plan, facilities: gpd.GeoDataFrame | None, tier: str) -> gpd.GeoDataFrame:
    given = plan.city.layer("facilities") if facilities is None else facilities
    if given is None or not len(given):
        return gpd.GeoDataFrame(geometry=[], crs=plan.city.crs)
    points = facility_points(given, plan, tiers_of(plan))
    return points[points["tier"] == tier]


def _task(
    plan: Plan,
    places: pd.DataFrame,
    weights: NDArray[np.float64],
    points: gpd.GeoDataFrame,
    standing: gpd.GeoDataFrame,
    tier: str,
) -> Task:
    tiers = tiers_of(plan)
    number = tiers.names.index(tier)
    limits = places["area_kind"].map(lambda kind: tiers.limit(kind, number)).to_numpy(float)
    on_foot = places["area_kind"].map(tiers.metric_of).eq(WALK).to_numpy()
    own = plan.communities.index.get_indexer(places["community_id"])
    areas = (own, _areas(points, plan), _areas(standing, plan))
    xy = places[["x", "y"]].to_numpy()
    streets = streets_for(plan, tiers, on_foot)
    return Task(xy, weights, _xy(points), limits, _xy(standing), areas, on_foot, streets)


def _areas(points: gpd.GeoDataFrame, plan: Plan) -> Positions:
    """The community in which each point lies, -2 outside: the first of those whose border it is on."""
    held = np.full(len(points), -2, np.int64)
    shapes = shapely.STRtree(plan.communities.geometry.to_numpy())
    point, community = shapes.query(points.geometry.to_numpy(), "intersects")
    order = np.lexsort((community, point))
    at, first = np.unique(point[order], return_index=True)
    held[at] = community[order][first]
    return held


def _xy(points: gpd.GeoDataFrame) -> NDArray[np.float64]:
    shapes = points.geometry.to_numpy()
    return np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)]).reshape(-1, 2)


def _hopeless(task: Task, model: str) -> Positions:
    """The places that no candidate and nothing standing can serve under a model."""
    if model == "cover":
        found = (np.diff(task.covers().indptr) == 0) & ~task.served()
    else:
        found = ~np.isfinite(np.minimum(task.nearest(task.candidates), task.nearest(task.standing)))
    return np.flatnonzero(found)


def _with_hopeless(choice: Choice, people: float) -> Choice:
    """People whom no choice can serve count as left out of reach."""
    bound = None if choice.bound is None else choice.bound + people
    return Choice(choice.sites, choice.objective + people, bound, choice.status)


def _on_map(places: pd.DataFrame, plan: Plan) -> gpd.GeoDataFrame:
    columns = ["place", "place_id", "grid_code", "community_id", *PEOPLE]
    points = gpd.points_from_xy(places["x"], places["y"], crs=plan.city.crs)
    return gpd.GeoDataFrame(places[columns].reset_index(drop=True), geometry=points)


def _say_unserved(unserved: gpd.GeoDataFrame, plan: Plan) -> None:
    if not len(unserved):
        return
    if plan.city.settings.lang == "zh":
        words = "%d 处住所没有任何候选点可以服务，已列入 unserved：%s。请增加候选点。"
    else:
        words = "%d homes can be served by no candidate and are listed as unserved: %s. Add candidates near them."
    _log.warning(words, len(unserved), preview(unserved["place_id"]))


def _with_people(sites: gpd.GeoDataFrame, places: pd.DataFrame, task: Task) -> gpd.GeoDataFrame:
    """Each site with the people for whom it is the nearest facility, in a straight line."""
    counts = np.zeros((len(sites) + len(task.standing), len(PEOPLE)))
    if len(counts):
        nearest = cKDTree(np.vstack([_xy(sites), task.standing])).query(task.places)[1]
        np.add.at(counts, nearest, places[PEOPLE].to_numpy())
    people = dict(zip(PEOPLE, counts[: len(sites)].T, strict=True))
    return sites.assign(**people).sort_index()
