"""Drawings of every community under several weights, and the plans that can be put together from them.

Communities share no grid and no border between grids, and every term adds up over them. So the best plan for
any weights is the best drawing of each community, and a few searches give a whole front of plans: the supported
points of multi-objective optimisation by weighted sums (Geoffrion 1968), community by community.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.objective import TERMS, Scales, coefficients
from gridopt.partition import Partition
from gridopt.plan.draw import Ground
from gridopt.solvers.solution import SOLUTION_VIOLATIONS, Solution

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALIKE = 1e-9
"""Terms that differ by less count as equal."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Solutions of one city, drawn under several weights, all weighed by the city's own rules.

    terms   (solutions, communities, terms): weighted and scaled by the city's rules, summing to the objective
    open    (solutions, communities): matters to decide, which come before any term
    """

    ground: Ground
    solutions: tuple[Solution, ...]
    terms: Floats = field(init=False)
    open: Ints = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", np.stack([_terms(self.ground, one) for one in self.solutions]))
        object.__setattr__(self, "open", np.stack([_to_decide(self.ground, one) for one in self.solutions]))

    def best(self, tilt: Sequence[float]) -> tuple[int, ...]:
        """The solution to take each community from, for the city's weights times ``tilt``; the first of equals."""
        score = np.round(self.terms @ np.asarray(tilt, np.float64) / ALIKE)
        # Equal drawings count as one whatever solution they come from, by their own objective, then by order.
        own = np.round(self.terms.sum(axis=2) / ALIKE)
        order = np.arange(len(self.solutions))
        return tuple(
            int(np.lexsort((order, own[:, place], score[:, place], self.open[:, place]))[0])
            for place in range(self.terms.shape[1])
        )

    def total(self, picks: Sequence[int]) -> Floats:
        """The terms of the plan that takes each community from the solution picked for it."""
        return np.asarray(self.terms[list(picks), np.arange(len(picks))].sum(axis=0), np.float64)

    def labels(self, picks: Sequence[int]) -> NDArray[np.int32]:
        """Grid numbers of every unit of the graph, community by community."""
        graph = self.ground.graph
        labels = np.empty(graph.n_units, np.int32)
        start = 0
        for parent, pick in enumerate(picks):
            inside = graph.parents == parent
            own = np.unique(self.solutions[pick].partition.labels[inside], return_inverse=True)[1]
            labels[inside] = own + start
            start += int(own.max()) + 1
        return labels

    def plan(self, picks: Sequence[int]) -> Solution:
        """The solution put together; bounds are kept where they are of the city's own weights (solution 0)."""
        labels = self.labels(picks)
        parts = pd.DataFrame([self._part(parent, pick) for parent, pick in enumerate(picks)])
        parts.index = pd.Index(self.ground.graph.parent_ids, name="community_id")
        total = self.total(picks)
        objective = float(total.sum())
        bound = None if parts["bound"].isna().any() else float(parts["bound"].sum())
        statuses = set(parts["status"])
        return Solution(
            Partition(self.ground.graph, labels),
            objective,
            dict(zip(TERMS, total.tolist(), strict=True)),
            bound,
            None if bound is None else 0.0 if objective == 0 else max(0.0, (objective - bound) / objective),
            next((one for one in ("relaxed", "feasible") if one in statuses), "optimal"),
            self._violations(picks, labels),
            parts,
            time_limited=tuple(
                name
                for name, pick in zip(self.ground.graph.parent_ids, picks, strict=True)
                if name in self.solutions[pick].time_limited
            ),
        )

    def _part(self, parent: int, pick: int) -> dict[str, Any]:
        name = self.ground.graph.parent_ids[parent]
        part, first = (dict(self.solutions[one].parts.loc[name].items()) for one in (pick, 0))
        objective = float(self.terms[pick, parent].sum())
        is_known = not pd.isna(first["bound"]) and first["n_grids"] == part["n_grids"]
        bound = float(first["bound"]) if is_known else None
        gap = None if bound is None else 0.0 if objective == 0 else max(0.0, (objective - bound) / objective)
        is_proved = gap is not None and gap <= ALIKE
        status = part["status"] if part["status"] == "relaxed" else "optimal" if is_proved else "feasible"
        figures = {str(column): value for column, value in part.items()}
        return {**figures, "objective": objective, "bound": bound, "gap": gap, "status": status}

    def _violations(self, picks: Sequence[int], labels: NDArray[np.int32]) -> pd.DataFrame:
        graph, tables = self.ground.graph, []
        for parent, pick in enumerate(picks):
            inside = np.flatnonzero(graph.parents == parent)
            before = self.solutions[pick].partition.labels[inside]
            number = dict(zip(before.tolist(), labels[inside].tolist(), strict=True))
            table = self.solutions[pick].violations
            table = table[table["community_id"] == graph.parent_ids[parent]]
            moved = [tuple(number[one] for one in held) for held in table["labels"]]
            tables.append(table.assign(labels=pd.Series(moved, table.index, dtype=object)))
        filled = [table for table in tables if len(table)] or tables[:1]
        return pd.concat(filled, ignore_index=True)[SOLUTION_VIOLATIONS]


def dominated(terms: Floats) -> NDArray[np.bool_]:
    """Rows of a table of terms (rows, terms) that another row beats in one term and equals in all others."""
    excess: Floats = terms[:, None, :] - terms[None, :, :]
    is_beaten = np.all(excess >= -ALIKE, axis=2) & np.any(excess > ALIKE, axis=2)
    return np.asarray(np.any(is_beaten, axis=1), np.bool_)


def _terms(ground: Ground, solution: Solution) -> Floats:
    """The terms of every community (communities, terms) by the city's own weights."""
    kinds = ground.city.communities["area_kind"]
    rows = []
    for name, part in solution.parts.iterrows():
        scales = Scales(*(float(part[f"{term}_scale"]) for term in TERMS))
        raw = np.array([float(part[term]) for term in TERMS])
        rows.append(raw * coefficients(ground.city.rules.at(kinds[name]), scales))
    return np.array(rows)


def _to_decide(ground: Ground, solution: Solution) -> Ints:
    table = solution.violations
    counts = table.loc[table["class"] == "decide", "community_id"].value_counts()
    return np.asarray(counts.reindex(list(ground.graph.parent_ids)).fillna(0), np.int64)
