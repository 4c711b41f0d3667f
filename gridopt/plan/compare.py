"""Two plans of one city side by side, by the first one's ruler."""

from __future__ import annotations

import pandas as pd

from gridopt.errors import TableError
from gridopt.grids.plan import Plan
from gridopt.objective import TERMS
from gridopt.publish.facts import city_figures


def compare(before: Plan, after: Plan) -> pd.DataFrame:
    """Figures of two plans, one row each: ``before``, ``after``, ``change``.

    The objective and its terms are those of `Plan.details`, both divided by the first plan's scales, so that
    the numbers mean the same. ``residents_moved`` are people whose set of neighbours in a grid changes
    most: those outside the best-matching grid of the second plan. Raises `TableError` where the plans
    are of different communities.
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
    """Residents outside the grid of the second plan that holds most of their old grid."""
    shared = before.units.index.intersection(after.units.index)
    table = pd.DataFrame(
        {
            "old": before.units.loc[shared, "grid_code"],
            "new": after.units.loc[shared, "grid_code"],
            "residents": before.units.loc[shared, "residents"].fillna(0),
        }
    )
    flows = table.groupby(["old", "new"])["residents"].sum()
    return float(flows.sum() - flows.groupby("old").max().sum())
