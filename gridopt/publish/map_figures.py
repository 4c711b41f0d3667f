"""What the places of the map add up to: every grid, and its community, township, county and city."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridopt.grids.plan import Plan
from gridopt.publish.facts import decision_classes, split_codes, walkers

CITY = "city"
LEVELS = ("county", "township", "community", "grid")
KEYS: Mapping[str, str] = {
    "county": "county_id",
    "township": "township_id",
    "community": "community_id",
    "grid": "grid_code",
}
MOST_HUES = 60
"""Places that a legend can list one by one."""
_HECTARE = 10_000.0
_ADDED = ("households", "residents", "buildings", "workload")


def levels_of(plan: Plan) -> tuple[str, ...]:
    """The levels that say more than the city does: a county or township that is all of it is left out."""
    above = [level for level in ("county", "township") if len(plan.grids[KEYS[level]].unique()) > 1]
    return (*above, "community", "grid")


def hue_level(plan: Plan) -> str:
    """The level whose places have a hue each: communities, or what is above them where they are too many to list."""
    above = levels_of(plan)[-2::-1]
    few = [level for level in above if plan.grids[KEYS[level]].nunique() <= MOST_HUES]
    return (few or above[-1:])[0]


def figures_by_level(plan: Plan, *, posts: pd.DataFrame | None, reach: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """One table a level of `LEVELS`, and `CITY`, indexed by the places' ids in text order (grids as in the plan).

    Columns: ``counties, townships, communities, grids`` inside; ``households, residents, buildings, workload, decide``
    (grids to decide on) as sums; ``density`` residents a hectare; ``walk_mean, walk_max`` metres; ``posts, vacant``
    where posts are given; ``beyond.<tier>``, the share of people out of reach of a tier, where reach is. What nobody
    can be counted for is NaN.
    """
    grids = _of_grids(plan, posts, reach)
    keys = plan.grids.assign(**{CITY: plan.city.name}).reset_index()
    keys.index = grids.index
    named = {CITY: CITY, **KEYS}
    return {
        level: _together(grids, keys, keys[key]).reindex(grids.index if level == "grid" else None)
        for level, key in named.items()
    }


def _of_grids(plan: Plan, posts: pd.DataFrame | None, reach: pd.DataFrame | None) -> pd.DataFrame:
    """What can be added up, by grid; the walk is metres times the people who walk them."""
    grids, weights = plan.grids, walkers(plan)
    table = grids[list(_ADDED)].astype(float)
    table = table.assign(
        hectares=grids["area_m2"].astype(float) / _HECTARE,
        walk=grids["walk_mean_m"].fillna(0.0) * weights,
        walkers=weights,
        walk_max=grids["walk_max_m"].astype(float),
        decide=(decision_classes(plan) == "decide").astype(float),
    )
    return pd.DataFrame(table).join([_posts(posts, grids.index), _beyond(reach, grids.index)])


def _posts(posts: pd.DataFrame | None, codes: pd.Index[str]) -> pd.DataFrame:
    """How many posts each grid has and how many of them nobody holds; one that serves several grids is in each."""
    if posts is None or posts.empty:
        return pd.DataFrame(index=codes)
    vacant = posts["status"] == "vacant" if "status" in posts else pd.Series(False, posts.index)
    listed = pd.DataFrame({"code": posts["grid_code"].map(split_codes), "posts": 1.0, "vacant": vacant.astype(float)})
    counts = listed.explode("code").groupby("code")[["posts", "vacant"]].sum()
    return pd.DataFrame(counts.reindex(codes).fillna(0.0))


def _beyond(reach: pd.DataFrame | None, codes: pd.Index[str]) -> pd.DataFrame:
    """By tier the people asked for and those out of reach: residents, or households where nobody counted residents."""
    table = pd.DataFrame(index=codes)
    rows = None if reach is None else reach[reach["level"] == "grid"]
    if rows is None or rows.empty:
        return table
    counted = "residents" if (rows["residents"] > 0).any() else "households"
    for tier, own in rows.groupby("tier", sort=False):
        asked = own.set_index("place_id")[counted].astype(float)
        missed = asked - own.set_index("place_id")[f"{counted}_reached"].astype(float)
        table[f"asked.{tier}"] = asked.reindex(codes).fillna(0.0)
        table[f"missed.{tier}"] = missed.reindex(codes).fillna(0.0)
    return table


def _together(grids: pd.DataFrame, keys: pd.DataFrame, place: pd.Series[str]) -> pd.DataFrame:
    """The figures of grids rolled up to the place that each lies in."""
    sums = grids.drop(columns="walk_max").groupby(place).sum()
    table = sums[[name for name in (*_ADDED, "decide", "posts", "vacant") if name in sums]].copy()
    for name, key in (("counties", "county"), ("townships", "township"), ("communities", "community")):
        table[name] = keys[KEYS[key]].groupby(place).nunique()
    table["grids"] = place.value_counts()
    table["density"] = _ratio(sums["residents"], sums["hectares"])
    table["walk_mean"] = _ratio(sums["walk"], sums["walkers"])
    table["walk_max"] = grids["walk_max"].groupby(place).max()
    for name in sums.columns[sums.columns.str.startswith("asked.")]:
        tier = name.partition(".")[2]
        table[f"beyond.{tier}"] = _ratio(sums[f"missed.{tier}"], sums[name])
    return table


def _ratio(above: pd.Series[float], below: pd.Series[float]) -> pd.Series[float]:
    return above / below.where(below > 0, np.nan)
