"""Who lies in another grid than before: one definition, wherever two drawings of a city are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Labels = NDArray[Any]


def moved_units(before: Labels, after: Labels, people: Floats, parents: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which units lie in another grid, the grids of a community being matched one to one.

    ``before`` and ``after`` (units,) name the grid of each unit, ``parents`` its community. The matching is the
    one that leaves most people where they are (the assignment problem, Kuhn 1955).
    """
    moved = np.zeros(len(people), np.bool_)
    for parent in np.unique(parents):
        inside = parents == parent
        rows, columns = (np.unique(side[inside], return_inverse=True)[1] for side in (before, after))
        shared = np.zeros((int(rows.max()) + 1, int(columns.max()) + 1))
        np.add.at(shared, (rows, columns), people[inside])
        heirs = np.full(len(shared), -1)
        old, new = linear_sum_assignment(-shared)
        heirs[old] = new
        moved[inside] = heirs[rows] != columns
    return moved


def share_moved(before: Labels, after: Labels, people: Floats, parents: NDArray[np.int32]) -> float:
    """The share of people in `moved_units`; 0 where nobody is counted."""
    total = float(people.sum())
    return float(people[moved_units(before, after, people, parents)].sum()) / total if total > 0 else 0.0
