"""What the rules cost: grids, posts and money by county for every choice of some rules."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.errors import RuleError, check_keys
from gridopt.grids.plan import Plan
from gridopt.plan.draw import draw
from gridopt.plan.restated import check_names, restated
from gridopt.rules import Rules
from gridopt.solvers.effort import Effort
from gridopt.staffing import staff
from gridopt.units import make_units

POSTS = {
    "advisers": ("adviser", None),
    "chiefs": ("chief", None),
    "full_time_workers": ("worker", "full_time"),
    "part_time_workers": ("worker", "part_time"),
}
"""Columns of posts: role, and the employment that counts there (None: any)."""
COSTS = ("grid", "adviser", "chief", "worker", "full_time", "part_time")
"""What can have a yearly cost: a grid, or one post; ``worker`` holds for an employment without its own."""


def scenarios(
    city: City,
    values: Mapping[str, Sequence[Any]],
    *,
    cost: Mapping[str, float] | None = None,
    effort: str | Effort = "quick",
    seed: int = 0,
    workers: int | None = None,
) -> pd.DataFrame:
    """Grids, posts and cost by county under other rules: what a choice of rules comes to.

    ``values`` gives each rule to be varied its values, by dotted name: ``{"size.target": [300, 350, 400],
    "area.rural.size.target": [200, 250]}``; every combination is drawn. A rule for all does not touch what an
    area kind restates for itself. ``cost`` is money a year for each of `COSTS`, nothing for what it leaves out.

    One row a scenario and county: the values; ``county_id, county, communities, grids, households, residents``;
    households of a base grid ``households_mean, _min, _max``; ``walk_mean_m``; posts by role, ``posts`` in all and
    ``fte`` (full posts); ``cost`` where costs are given; ``to_decide``; ``objective``, by the scales of its own
    scenario, so that it tells how well rules are met, not which rules are better. Raises `RuleError` for rules
    and costs that do not exist or cannot hold.
    """
    check_names(values)
    _check_costs(cost or {})
    listed = [(chosen, _rules(city.rules, chosen)) for chosen in _combinations(values)]
    made: dict[str, gpd.GeoDataFrame] = {}
    tables = []
    for chosen, rules in listed:
        ruled = city.replace(rules=rules)
        key = _unit_rules(ruled)
        if key not in made:
            made[key] = make_units(ruled)
        plan = draw(ruled, made[key], effort=effort, seed=seed, workers=workers)
        table = by_county(plan, cost)
        for place, (name, value) in enumerate(chosen.items()):
            table.insert(place, name, [value] * len(table))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def by_county(plan: Plan, cost: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Grids, posts and cost of one plan, one row a county; the columns of `scenarios`."""
    grids, communities = plan.grids, plan.communities
    county = communities["county_id"]
    base = grids[grids["kind"] != "dedicated"].groupby("county_id")["households"]
    walked = (grids["walk_mean_m"] * grids["households"]).groupby(grids["county_id"]).sum()
    by_grid = grids.groupby("county_id")
    households = by_grid["households"].sum()
    table = pd.DataFrame(
        {
            "county": _county_names(plan),
            "communities": county.value_counts(),
            "grids": by_grid.size(),
            "households": households,
            "residents": by_grid["residents"].sum(),
            "households_mean": base.mean(),
            "households_min": base.min(),
            "households_max": base.max(),
            "walk_mean_m": walked / households.where(households > 0, 1.0),
        },
        index=households.index,
    )
    table = table.join(_posts(plan))
    if cost is not None:
        table["cost"] = _cost(table, cost)
    decided = plan.to_decide["community_id"].map(county).value_counts()
    scores = communities["objective"].groupby(county).sum()
    table = table.assign(to_decide=decided.reindex(table.index).fillna(0).astype("int64"), objective=scores)
    return table.rename_axis("county_id").reset_index()


def _combinations(values: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    empty = [name for name, offered in values.items() if isinstance(offered, str) or not len(offered)]
    if empty or not values:
        raise RuleError(
            f"give each rule a list of values to try: {', '.join(empty) or 'no rule is named'}.",
            zh=f"请为每项规则给出待比较的取值列表：{'、'.join(empty) or '未指定规则'}。",
        )
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def _rules(rules: Rules, chosen: Mapping[str, Any]) -> Rules:
    """The rules of one scenario; what cannot hold is said with the scenario's values."""
    try:
        return restated(rules, chosen)
    except RuleError as fault:
        told = ", ".join(f"{name} = {value}" for name, value in chosen.items())
        raise RuleError(f"scenario {told}: {fault}", zh=f"情景 {told}：{fault.text('zh')}") from fault


def _check_costs(cost: Mapping[str, float]) -> None:
    check_keys(cost, COSTS, "cost")
    wrong = [name for name, value in cost.items() if not (math.isfinite(value) and value >= 0)]
    if wrong:
        raise RuleError(
            f"cost: {', '.join(wrong)} must be numbers of at least 0.",
            zh=f"费用：{'、'.join(wrong)} 须为不小于 0 的数。",
        )


def _unit_rules(city: City) -> str:
    """The rules that units depend on: scenarios that share them share their units."""
    told = city.rules.to_dict()
    kinds = sorted(city.communities["area_kind"].unique())
    sizes = [(city.rules.at(kind).size.measure, city.rules.at(kind).size.high) for kind in kinds]
    return json.dumps([told["governance"], sizes], sort_keys=True, default=str)


def _county_names(plan: Plan) -> pd.Series[str]:
    known = plan.city.communities
    names = known["county"] if "county" in known else pd.Series("", known.index)
    return names.groupby(known["county_id"]).first().astype("str")


def _posts(plan: Plan) -> pd.DataFrame:
    """Posts by role and in all, one row a county."""
    posts = staff(plan)
    homes = plan.communities.groupby("township_id")["county_id"].first()
    county = posts["township_id"].map(homes)
    counts = {
        name: county[
            (posts["role"] == role) & (posts["employment"].isin([employment] if employment else posts["employment"]))
        ]
        for name, (role, employment) in POSTS.items()
    }
    columns = {name: held.value_counts() for name, held in counts.items()}
    table = pd.DataFrame({**columns, "posts": county.value_counts()}, index=sorted(homes.unique()))
    return table.fillna(0).astype("int64").assign(fte=posts["fte"].groupby(county).sum())


def _cost(table: pd.DataFrame, cost: Mapping[str, float]) -> pd.Series[float]:
    worker = cost.get("worker", 0.0)
    rates = {
        "grids": cost.get("grid", 0.0),
        "advisers": cost.get("adviser", 0.0),
        "chiefs": cost.get("chief", 0.0),
        "full_time_workers": cost.get("full_time", worker),
        "part_time_workers": cost.get("part_time", worker),
    }
    return (table[list(rates)] * pd.Series(rates)).sum(axis=1)
