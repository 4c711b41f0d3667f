"""The objective of a drawing: proximity, governance and size, each by itself and scaled.

Each term is divided by its value in a deterministic drawing of the same community (`Scales`), so that
scores compare between plans, seeds and numbers of grids.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import UnitGraph
from gridopt.rules import Rules

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

TERMS = ("proximity", "governance", "size")
GOVERNANCE_FLOOR = 0.05
"""Least governance scale, as a share of the cost of cutting every edge of the community."""
SIZE_FLOOR = 0.01
"""Least size scale per grid: the square of a tenth of the target."""


@dataclass(frozen=True)
class Scales:
    """What each raw term is divided by; every one above 0."""

    proximity: float
    governance: float
    size: float


def proximity(graph: UnitGraph, labels: Ints, centres: Floats | None = None) -> float:
    """Moment of inertia: mass times squared metres to the mass centroid of each unit's grid.

    centres (k, 2): what is measured to instead, NaN for grids without a given centre.
    """
    n_grids = int(labels.max()) + 1
    xy = graph.xy - graph.xy.mean(axis=0)
    mass = np.bincount(labels, graph.mass, n_grids)
    safe = np.where(mass > 0, mass, 1.0)
    first = [np.bincount(labels, graph.mass * xy[:, axis], n_grids) / safe for axis in (0, 1)]
    middle = np.column_stack(first)
    if centres is not None:
        middle = np.where(np.isnan(centres), middle, centres - graph.xy.mean(axis=0))
    centre = middle[labels]
    return float((graph.mass * ((xy - centre) ** 2).sum(axis=1)).sum())


def governance(graph: UnitGraph, labels: Ints, categories: Floats | None = None) -> float:
    """Metres of border between grids, discounted along seams, and what lies outside its grid's leading category.

    categories (n, c): what a unit brings to each category, in metres of border; None where all may be mixed.
    """
    cut = labels[graph.edges[:, 0]] != labels[graph.edges[:, 1]]
    return float(graph.cost[cut].sum()) + (mixture(labels, categories) if categories is not None else 0.0)


def mixture(labels: Ints, categories: Floats) -> float:
    """What all grids hold outside their leading category; categories (n, c) as in `governance`."""
    if not categories.size:
        return 0.0
    sums = np.column_stack([np.bincount(labels, column) for column in categories.T])
    return float(sums.sum() - sums.max(axis=1).sum())


def size(sizes: Floats, rules: Rules, *, exempt: NDArray[np.bool_]) -> float:
    """Squared distance of each grid's size from the comfort band, in targets; exempt grids count nothing."""
    low, high = rules.size.comfort
    outside = np.maximum(np.maximum(low - sizes, sizes - high), 0.0) / rules.size.target
    return float((np.where(exempt, 0.0, outside) ** 2).sum())


def raw_terms(
    graph: UnitGraph,
    labels: Ints,
    rules: Rules,
    *,
    exempt: NDArray[np.bool_],
    categories: Floats | None = None,
    centres: Floats | None = None,
) -> Floats:
    """The three terms of one community, unscaled, in the order of `TERMS`.

    categories as in `governance`, centres as in `proximity`.
    """
    sizes = np.bincount(labels, graph.weights[:, 0], len(exempt)).astype(np.float64)
    border = governance(graph, labels, categories)
    return np.array([proximity(graph, labels, centres), border, size(sizes, rules, exempt=exempt)])


def scales_of(graph: UnitGraph, drawing: Ints, rules: Rules, *, categories: Floats | None = None) -> Scales:
    """The scales of one community from its deterministic drawing (the inertial bisection)."""
    n_grids = int(drawing.max()) + 1
    raw = raw_terms(graph, drawing, rules, exempt=np.zeros(n_grids, bool), categories=categories)
    span = float(((graph.xy - graph.xy.mean(axis=0)) ** 2).sum(axis=1).mean())
    return Scales(
        max(raw[0], 1e-3 * float(graph.mass.sum()) * span, 1.0),
        max(raw[1], GOVERNANCE_FLOOR * float(graph.cost.sum()), 1.0),
        max(raw[2], SIZE_FLOOR * n_grids),
    )


def coefficients(rules: Rules, scales: Scales) -> Floats:
    """Weight over scale of each term: their product with the raw terms is the objective."""
    weights = (rules.proximity.weight, rules.governance.weight, rules.size.weight)
    return np.divide(weights, (scales.proximity, scales.governance, scales.size), dtype=np.float64)
