"""Two plans of one city side by side, by the first one's ruler."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridopt.errors import TableError
from gridopt.grids.plan import Plan
from gridopt.objective import TERMS
from gridopt.plan.moved import moved_units
from gridopt.publish.facts import city_figures


def compare(before: Plan, after: Plan) -> pd.DataFrame:
    """Figures of two plans, one row each: ``before``, ``after``, ``change``.

    The objective and its terms are those of `Plan.details`, both divided by the first plan's scales, so that
    the numbers mean the same. ``residents_moved`` are the people of `moved_units`: each grid of a community is
    matched with at most one of the other plan, so that of two grids merged the smaller has moved. Raises
    `TableError` where the plans are of different communities.
    """
    missing = before.communities.index.symmetric_difference(after.communities.index)
    if len(missing):
        raise TableError(
            f"the plans differ in {len(missing)} communities, first {missing[0]}; compare plans of the same city.",
            zh=f"两个方案有 {len(missing)} 个村（社区）不同，如 {missing[0]}；请比较同一城市的方案。",
        )
    table = pd.DataFrame({"before": _figures(before, before), "after": _figures(after, before)})
    table["change"] = table["after"] - table["before"]
    moved = _moved(before, after)
    table.loc["residents_moved"] = [0.0, moved, moved]
    table.index.name = "figure"
    return table


def _figures(plan: Plan, ruler: Plan) -> pd.Series:
    grids, known = plan.grids, city_figures(plan)
    figures = {
        "grids": len(grids),
        "within_bounds_share": known.within_share,
        "walk_mean_m": known.walk_mean,
        "cut_border_m": float(grids["cut_border_m"].sum() / 2),
        "polsby_popper": float(grids["polsby_popper"].mean()),
        "to_decide": len(plan.to_decide),
        **_terms(plan, ruler),
    }
    return pd.Series(figures, dtype=float)


def _terms(plan: Plan, ruler: Plan) -> dict[str, float]:
    parts, scales = plan.details.get("parts"), ruler.details.get("parts")
    if parts is None or scales is None:
        return {}
    weights = {term: getattr(plan.city.rules, term).weight for term in TERMS}
    terms = {term: float((weights[term] * parts[term] / scales[f"{term}_scale"]).sum()) for term in TERMS}
    return {"objective": sum(terms.values()), **terms}


def _moved(before: Plan, after: Plan) -> float:
    """Residents of units that both plans have and that lie in another grid of the second."""
    shared = before.units.index.intersection(after.units.index).sort_values()
    old, new = (plan.units.loc[shared, "grid_code"].to_numpy(str) for plan in (before, after))
    people = before.units.loc[shared, "residents"].fillna(0).to_numpy(np.float64)
    parents = pd.factorize(before.units.loc[shared, "community_id"])[0].astype(np.int32)
    return float(people[moved_units(old, new, people, parents)].sum())
