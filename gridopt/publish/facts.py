"""The figures that the map and the report share: sizes, what must be decided, the proof, posts by grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridopt.formula import measured
from gridopt.grids.assemble import COUNTS
from gridopt.grids.plan import Plan
from gridopt.rules import Rules, Size
from gridopt.terms import TERMS, label

SIZE_CLASSES = ("below", "low", "comfort", "high", "above", "exempt")


@dataclass(frozen=True)
class CityFigures:
    """What one page says about a plan. Shares are 0..1 or None where nobody can be counted.

    ``within_share`` is the share of base grids inside every bound of their area kind; ``unowned`` counts
    the people without exactly one responsible grid; ``proved_share`` the share of people who live in
    communities whose gap is known.
    """

    n_grids: int
    n_communities: int
    households: float
    residents: float
    size_median: float
    size_least: float
    size_most: float
    within_share: float | None
    walk_mean: float | None
    walk_max: float
    unrecognised_share: float | None
    unowned: float
    n_decide: int
    n_information: int
    gap: float | None
    proved_share: float


def city_figures(plan: Plan) -> CityFigures:
    """The figures of a whole plan."""
    grids, classes = plan.grids, size_classes(plan)
    sizes = grid_sizes(plan)[classes["size"] != "exempt"]
    base = classes[classes["size"] != "exempt"]
    unowned = ~plan.units["grid_code"].isin(grids.index)
    border = grids["cut_border_m"].to_numpy(float)
    return CityFigures(
        n_grids=len(grids),
        n_communities=len(plan.communities),
        households=float(grids["households"].sum()),
        residents=float(grids["residents"].sum()),
        size_median=float(sizes.median()) if len(sizes) else 0.0,
        size_least=float(sizes.min()) if len(sizes) else 0.0,
        size_most=float(sizes.max()) if len(sizes) else 0.0,
        within_share=float(base["within"].mean()) if len(base) else None,
        walk_mean=_mean(grids["walk_mean_m"], walkers(plan)),
        walk_max=float(grids["walk_max_m"].max()) if len(grids) else 0.0,
        unrecognised_share=_mean(grids["unrecognised_border_share"], pd.Series(border, grids.index)),
        unowned=float(plan.units.loc[unowned, "residents"].fillna(0).sum()),
        n_decide=len(plan.to_decide),
        n_information=len(plan.violations) - len(plan.to_decide),
        gap=plan.gap,
        proved_share=_proved_share(plan),
    )


def size_rules(rules: Rules, area_kind: str) -> Size:
    """The size rule of one area kind."""
    return rules.at(area_kind).size


def grid_sizes(plan: Plan) -> pd.Series[float]:
    """The size of each grid in its area kind's own measure."""
    grids = plan.grids
    sizes: pd.Series[float] = grids["households"].astype(float).copy()
    for kind in sorted(grids["area_kind"].unique()):
        rows = grids["area_kind"] == kind
        sizes[rows] = measure_of_grids(plan, size_rules(plan.city.rules, kind).counted)[rows]
    return sizes


def measure_of_grids(plan: Plan, measure: str) -> pd.Series[float]:
    """A measure of each grid: one of its own counts, else the formula summed over its units."""
    if measure in COUNTS:
        totals: pd.Series[float] = plan.grids[measure].astype(float)
        return totals
    by_unit = pd.Series(measured(plan.units, measure), plan.units.index)
    return by_unit.groupby(plan.units["grid_code"]).sum().reindex(plan.grids.index).fillna(0.0)


def size_classes(plan: Plan) -> pd.DataFrame:
    """By grid code: ``size`` (one of `SIZE_CLASSES`; dedicated grids are exempt) and ``within`` every bound."""
    grids, sizes = plan.grids, grid_sizes(plan)
    parts = [_classes(plan, kind, sizes) for kind in sorted(grids["area_kind"].unique())]
    table = pd.concat(parts) if parts else pd.DataFrame({"size": [], "within": []})
    return table.reindex(grids.index)


def _classes(plan: Plan, kind: str, sizes: pd.Series[float]) -> pd.DataFrame:
    size = size_rules(plan.city.rules, kind)
    rows = plan.grids[plan.grids["area_kind"] == kind]
    values = sizes[rows.index].to_numpy(float)
    edges = [values < size.low, values < size.comfort[0], values <= size.comfort[1], values <= size.high]
    classes = np.where(rows["kind"] == "dedicated", "exempt", np.select(edges, SIZE_CLASSES[:4], "above"))
    within = (values >= size.low) & (values <= size.high)
    for name, bounds in size.also.items():
        further = measure_of_grids(plan, name)[rows.index].to_numpy(float)
        within &= further >= (-np.inf if bounds.low is None else bounds.low)
        within &= further <= (np.inf if bounds.high is None else bounds.high)
    return pd.DataFrame({"size": classes, "within": within | (classes == "exempt")}, index=rows.index)


def people(grids: pd.DataFrame) -> pd.Series[float]:
    """The weight of a grid in averages over people: residents, or households where nobody counted residents."""
    residents = grids["residents"].astype(float)
    return residents if residents.sum() > 0 else grids["households"].astype(float)


def walkers(plan: Plan) -> pd.Series[float]:
    """What walks are averaged over: sizes, as in each grid's own mean, or people where no grid has a size."""
    sizes = grid_sizes(plan)
    return sizes if sizes.sum() > 0 else people(plan.grids)


def _mean(values: pd.Series[float], weights: pd.Series[float]) -> float | None:
    known = values.astype(float).fillna(0.0).to_numpy()
    total = float(weights.sum())
    return float(known @ weights.to_numpy(float)) / total if total > 0 else None


def _proved_share(plan: Plan) -> float:
    communities = plan.communities
    weights, known = people(communities), communities["gap"].notna()
    total = float(weights.sum())
    return float(weights[known].sum()) / total if total > 0 else 0.0


def decision_classes(plan: Plan) -> pd.Series[str]:
    """By grid code: ``decide`` where a person must decide, ``information``, or ``none``."""
    classes = pd.Series("none", index=plan.grids.index)
    for name in ("information", "decide"):
        listed = plan.violations.loc[plan.violations["class"] == name, "grid_codes"]
        codes = {code for codes in listed for code in split_codes(codes)}
        classes[classes.index.isin(sorted(codes))] = name
    return classes


def split_codes(text: str) -> list[str]:
    """The codes of a ``;``-joined text."""
    return [code for code in str(text).split(";") if code]


def status_of(plan: Plan, lang: str) -> str:
    """The status printed on every sheet: that of most grids, with version and document number where given."""
    statuses = plan.grids["status"].replace("", "draft")
    most = statuses.value_counts().sort_index(kind="stable")
    name = str(most.idxmax()) if len(most) else "draft"
    said = label(name, lang)
    settings = plan.city.settings.publish
    further = [str(settings[key]) for key in ("version", "document") if settings.get(key)]
    return " · ".join([said, *further])


def posts_by_grid(posts: pd.DataFrame | None, lang: str) -> Mapping[str, list[tuple[str, float]]]:
    """For each grid code the posts of each role: (how the role reads, number), in the order of roles."""
    if posts is None or posts.empty:
        return {}
    kinds = zip(posts["role"], posts["role_name"], posts["employment"], strict=True)
    named = posts.assign(said=[post_name(role, name, employment, lang) for role, name, employment in kinds])
    order = {name: place for place, name in enumerate(dict.fromkeys(named["said"]))}
    exploded = named.assign(grid_code=named["grid_code"].map(split_codes)).explode("grid_code")
    counts = exploded.dropna(subset=["grid_code"]).groupby(["grid_code", "said"]).size()
    listed: dict[str, list[tuple[str, float]]] = {}
    keys = counts.index.to_frame()
    for code, said, count in zip(keys["grid_code"], keys["said"], counts.to_numpy(float), strict=True):
        listed.setdefault(str(code), []).append((str(said), float(count)))
    return {code: sorted(roles, key=lambda role: order[role[0]]) for code, roles in listed.items()}


def post_name(role: str, role_name: str, employment: str, lang: str) -> str:
    """How a post reads: workers by their employment, the usual roles by the glossary, others as the city says."""
    kind = employment if role == "worker" and employment in TERMS else role
    return label(kind, lang) if kind in TERMS else str(role_name or role)
