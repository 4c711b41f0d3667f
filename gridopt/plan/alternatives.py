"""Distinct good plans of one city, and what each gives up for what: for a planner who must choose."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.errors import RuleError
from gridopt.grids.plan import Plan
from gridopt.objective import TERMS
from gridopt.plan.decisions import with_verdicts
from gridopt.plan.draw import Ground, assembled, chosen_effort, details_of, prepare
from gridopt.plan.in_force import coded
from gridopt.plan.matching import match_polygons
from gridopt.plan.moved import moved_units, share_moved
from gridopt.plan.pool import Floats, Pool, dominated
from gridopt.publish.facts import city_figures, size_classes
from gridopt.rules import Rules
from gridopt.solvers.effort import Effort
from gridopt.solvers.solution import Solution
from gridopt.solvers.solve import solve

if TYPE_CHECKING:
    from gridopt.publish.figures import Picture

TILTS = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1))
"""Which terms weigh more, in the order of the searches: none, each by itself, each two."""
GOOD = 0.10
"""How much worse than the first plan, by the city's own weights, a plan may be and still be offered."""
COLUMNS = [
    *("emphasis", "objective", *TERMS, "grids", "to_decide", "comfort_share", "change", "apart", "walk_mean_m"),
    *("cut_border_m", "on_front", *(f"{name}_weight" for name in TERMS), "seed"),
]
STRENGTHS = (3.0, 9.0, 27.0)
"""How many times more they weigh, round after round, while plans are still too few."""


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Plans to choose from, the first the best by the city's own weights.

    ``table`` has a row a plan, numbered from 1: ``emphasis`` (the terms that weighed more, ";" between, "" for
    the city's own weights); the terms and ``objective`` by the city's own rules; ``grids, to_decide,
    comfort_share`` (base grids inside the comfort band)``, walk_mean_m, cut_border_m``; ``change``, the share of
    people who lie in another grid than in the ``reference`` ("today", or "first": plan 1); ``apart``, the least
    such share between the plan and any other listed; ``on_front``, whether no plan considered is better in one
    term and as good in all others; the weights drawn with, and the seed.
    ``considered`` holds the terms of every plan that was weighed, also those too like another to be listed;
    ``moved`` (units by plan number) which units change grid against the reference.
    """

    plans: tuple[Plan, ...]
    table: pd.DataFrame
    considered: pd.DataFrame
    moved: pd.DataFrame
    reference: str
    min_change: float

    def front(self, x: str = "proximity", y: str = "governance") -> pd.DataFrame:
        """The plans that no other beats in both of two columns (less is better), along the first."""
        self._check_columns(x, y)
        table = self.table[~dominated(self.table[[x, y]].to_numpy(np.float64))]
        return table.sort_values([x, y], kind="stable")

    def plot(self, x: str = "proximity", y: str = "governance", *, lang: str | None = None) -> Picture:
        """The plans by two terms with their front, the figures of each, and a map of where each moves people.

        ``lang`` is the city's own unless given. The picture shows itself in a notebook; ``picture.save(path)``
        writes it as PNG.
        """
        from gridopt.publish.choices import Choices, trade_off

        front = self.front(x, y).index.tolist()
        shown = Choices(self.plans, self.table, self.considered, front, self.moved, self.reference, (x, y))
        return trade_off(shown, lang=lang or self.plans[0].city.settings.lang)

    def _check_columns(self, *names: str) -> None:
        known = self.table.select_dtypes("number").columns
        unknown = [name for name in names if name not in known]
        if unknown:
            raise RuleError(
                f"there is no figure {', '.join(unknown)}; choose from {', '.join(known)}.",
                zh=f"没有指标 {'、'.join(unknown)}；可用：{'、'.join(known)}。",
            )

    def __len__(self) -> int:
        return len(self.plans)

    def __repr__(self) -> str:
        best = self.table["objective"].min()
        return (
            f"<Alternatives: {len(self.plans)} plans of {self.plans[0].city.name!r}, objective {best:.4f} to "
            f"{self.table['objective'].max():.4f}, each {self.min_change:.0%} or more of the people from all others>"
        )


def alternatives(
    city: City,
    *,
    n: int = 5,
    min_change: float = 0.02,
    effort: str | Effort = "quick",
    seed: int = 0,
    workers: int | None = None,
) -> Alternatives:
    """Up to ``n`` good plans that differ in where at least the share ``min_change`` of the people belong.

    The city is drawn under its own weights and with one or two terms weighing more (`TILTS` times `STRENGTHS`,
    each with a seed of its own); of the drawings of each community the best for each set of weights are put
    together, after those with the fewest matters to decide. The first plan is the best by the city's own
    weights; then, of those at most a tenth worse by these (`GOOD`) that nothing beats in every term, always the
    one farthest from all before it. People are compared with the grids of the other plan matched one to one.
    Fewer plans come back where there are no more that differ so much. The same input and seed give the same
    plans. Raises `RuleError` for ``n`` below 1 or a share that is none.
    """
    if n < 1 or not 0 <= min_change < 1:
        raise RuleError(
            f"alternatives takes n of at least 1 and min_change from 0 to below 1, not {n} and {min_change}.",
            zh=f"n 应不小于 1，min_change 应为 0 至 1（不含 1），现为 {n} 和 {min_change}。",
        )
    ground = prepare(city)
    work = chosen_effort(effort, workers).started()
    solutions: list[Solution] = []
    tilts: list[tuple[float, ...]] = []
    for strength in STRENGTHS:
        for raised in TILTS:
            tilts.append(tuple(strength if up else 1.0 for up in raised))
            rules = tilted(ground.city.rules, tilts[-1])
            word, lang = seed + len(solutions), ground.city.settings.lang
            solutions.append(solve(ground.graph, rules, bindings=ground.bindings, effort=work, seed=word, lang=lang))
        pool = Pool(ground, tuple(solutions))
        choice = _Choice.of(pool, tilts)
        kept = choice.distinct(n, min_change)
        if len(kept) >= n:
            break
    plans = [_plan(pool, choice.picks[one], effort=work, seed=seed) for one in kept]
    moved, reference = _moved(ground, plans)
    people = _people(ground)
    change = (moved.T @ people / people.sum()) if people.sum() > 0 else 0.0
    table = _table(plans, choice, kept).assign(change=change, apart=choice.apart(kept), seed=seed)
    return Alternatives(tuple(plans), table[COLUMNS], choice.considered(), moved, reference, min_change)


def tilted(rules: Rules, tilt: Sequence[float]) -> Rules:
    """The rules with the weight of each term times its tilt, also where an area kind restates it."""
    changes = dict(zip(TERMS, tilt, strict=True))
    parts = {
        name: dataclasses.replace(getattr(rules, name), weight=getattr(rules, name).weight * factor)
        for name, factor in changes.items()
    }
    area: dict[str, dict[str, Mapping[str, object]]] = {}
    for kind, restated in rules.area.items():
        area[kind] = {
            name: {**values, "weight": values["weight"] * changes[name]}
            if "weight" in values and name in changes
            else values
            for name, values in restated.items()
        }
    return dataclasses.replace(rules, **parts, area=area)


@dataclass(frozen=True, eq=False)
class _Choice:
    """The plans that a pool gives: for each tilt what to pick, its terms, and the matters it leaves to decide."""

    pool: Pool
    tilts: tuple[tuple[float, ...], ...]
    picks: tuple[tuple[int, ...], ...]
    terms: Floats
    is_dominated: NDArray[np.bool_]

    @classmethod
    def of(cls, pool: Pool, tilts: Sequence[tuple[float, ...]]) -> _Choice:
        picks = tuple(pool.best(tilt) for tilt in tilts)
        terms = np.array([pool.total(one) for one in picks])
        return cls(pool, tuple(tilts), picks, terms, dominated(terms))

    def distinct(self, n: int, min_change: float) -> list[int]:
        """Positions of up to n plans: the first, then always the farthest, those that nothing beats before others."""
        scores = self.terms.sum(axis=1)
        is_good = scores <= scores[0] * (1 + GOOD)
        kept, nearest = [0], np.full(len(self.picks), np.inf)
        while len(kept) < n:
            nearest = np.minimum(nearest, [self._difference(kept[-1], one) for one in range(len(self.picks))])
            far = (nearest >= min_change) & (nearest > 0) & is_good
            if not far.any():
                break
            order = np.lexsort((np.arange(len(nearest)), -np.round(nearest, 9), self.is_dominated, ~far))
            kept.append(int(order[0]))
        return kept

    def apart(self, kept: Sequence[int]) -> list[float]:
        """The share of people between each of these plans and the most like it of the others; NaN for a lone one."""
        return [min((self._difference(one, other) for other in kept if other != one), default=np.nan) for one in kept]

    def _difference(self, one: int, other: int) -> float:
        ground = self.pool.ground
        sides = (self.pool.labels(self.picks[one]), self.pool.labels(self.picks[other]))
        return share_moved(*sides, _people(ground), ground.graph.parents)

    def considered(self) -> pd.DataFrame:
        """The terms of every plan, alike ones once."""
        table = pd.DataFrame(self.terms, columns=list(TERMS))
        table.insert(0, "objective", self.terms.sum(axis=1))
        return table.assign(on_front=~self.is_dominated).round(9).drop_duplicates(ignore_index=True)


def _plan(pool: Pool, picks: Sequence[int], *, effort: Effort, seed: int) -> Plan:
    ground = pool.ground
    solution = with_verdicts(ground.city, pool.plan(picks), ground.bound)
    plan = coded(assembled(ground, solution))
    details = {**details_of(solution), **plan.details}
    return plan.replace(seed=seed, effort=effort.name, source="alternatives", details=details)


def _people(ground: Ground) -> Floats:
    """Residents of every unit, in the order of the graph; the size measure where nobody counted residents."""
    residents = ground.units["residents"].fillna(0).reindex(list(ground.graph.ids)).to_numpy(np.float64)
    return residents if residents.sum() > 0 else ground.graph.weights[:, 0]


def _moved(ground: Ground, plans: Sequence[Plan]) -> tuple[pd.DataFrame, str]:
    """Which units each plan moves against today's grids, or the first plan where none are given."""
    order, today = list(ground.graph.ids), ground.city.current_grids
    drawn = plans[0].units["grid_code"] if today is None else match_polygons(ground.city, plans[0].units, today).drawn
    before, people = drawn.reindex(order).to_numpy(), _people(ground)
    after = [plan.units["grid_code"].reindex(order).to_numpy() for plan in plans]
    moved = [moved_units(before, one, people, ground.graph.parents) for one in after]
    table = pd.DataFrame(dict(enumerate(moved, 1)), index=pd.Index(order, name="unit_id"))
    return table, "first" if today is None else "today"


def _table(plans: Sequence[Plan], choice: _Choice, kept: Sequence[int]) -> pd.DataFrame:
    rows = []
    for plan, place in zip(plans, kept, strict=True):
        tilt = choice.tilts[place]
        figures, classes = city_figures(plan), size_classes(plan)["size"]
        base = classes[classes != "exempt"]
        rules = tilted(plan.city.rules, tilt)
        rows.append(
            {
                "emphasis": ";".join(name for name, factor in zip(TERMS, tilt, strict=True) if factor > 1),
                "objective": plan.objective,
                **{name: plan.terms[name] for name in TERMS},
                "grids": plan.n_grids,
                "to_decide": len(plan.to_decide),
                "comfort_share": float((base == "comfort").mean()) if len(base) else 1.0,
                "walk_mean_m": figures.walk_mean or 0.0,
                "cut_border_m": float(plan.grids["cut_border_m"].sum() / 2),
                "on_front": not choice.is_dominated[place],
                **{f"{name}_weight": getattr(rules, name).weight for name in TERMS},
            }
        )
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="plan"))
