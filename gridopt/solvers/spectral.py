"""A lower bound for what the borders between grids cost, from the eigenvalues of the graph.

With s_g the indicator of grid g, the cost of the cut is half the sum of s_g' L s_g, L the Laplacian. The s_g are
orthogonal in the measure that sizes are counted in, so the sum is at least that of the k least eigenvalues,
each times the size of a grid (Donath and Hoffman 1973). Adding a diagonal to L and taking its sum off again
changes no cut but lifts the eigenvalues; it is improved by subgradient steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from gridopt._kernels.state import SLACK
from gridopt.solvers.problem import Floats, Problem

STEPS, LENGTH = 10, 0.5
"""Steps of the diagonal, and the first step length."""

LEAST = 1e-2
"""What a unit measures at least, in mean units: no measure may be zero."""

MOST_UNITS = 1_000
"""Units up to which eigenvalues are worth their time."""


def cut_bound(problem: Problem, upper: float, *, steps: int = STEPS) -> float:
    """What the borders of no plan of the problem cost less than; ``upper`` is what those of a known plan cost.

    All grids must have the same bounds; those of the first measure count. 0 where nothing better is found.
    """
    n, k = problem.n_units, problem.n_grids
    if not k < n <= MOST_UNITS or upper <= 0 or k < 2:
        return 0.0
    sizes = problem.weights[:, 0]
    extra = LEAST * max(float(sizes.mean()), 1e-9)
    measure = sizes + extra
    low = problem.low[0, 0] * (1 - SLACK) + extra
    high = min(problem.high[0, 0] * (1 + SLACK) + extra * (n - k + 1), float(measure.sum()))
    laplacian = _laplacian(problem)
    diagonal, length = np.zeros(n), LENGTH
    best = 0.0
    for _ in range(steps):
        values, vectors = eigh(laplacian + np.diag(diagonal), np.diag(measure), subset_by_index=[0, k - 1])
        share = _shares(values, low, high, float(measure.sum()))
        bound = float(values @ share - diagonal.sum()) / 2
        length = length if bound > best else length * 0.9
        best = max(best, bound)
        way = ((vectors**2) @ share - 1.0) / 2
        norm = float((way**2).sum())
        if best >= upper or norm <= 1e-18:
            break
        diagonal = diagonal + length * max(upper - bound, 0.0) / norm * way
    return min(_floored(best * (1 - 1e-7)), upper)


def _shares(values: Floats, low: float, high: float, total: float) -> Floats:
    """Sizes of the grids that go with ascending eigenvalues at least cost: as much as may be to the least."""
    share = np.full(len(values), low)
    left = total - share.sum()
    for place in range(len(values)):
        more = min(max(left, 0.0), high - low)
        share[place] += more
        left -= more
    return share


def _floored(value: float) -> float:
    """Six digits, rounded down: what libraries of linear algebra disagree on lies far behind."""
    if value <= 0:
        return 0.0
    digit = 10.0 ** (np.floor(np.log10(value)) - 5)
    return float(np.floor(value / digit) * digit)


def _laplacian(problem: Problem) -> NDArray[np.float64]:
    n = problem.n_units
    matrix = np.zeros((n, n))
    heads = np.repeat(np.arange(n), np.diff(problem.indptr))
    matrix[heads, problem.neighbours] = -problem.cost
    matrix[np.arange(n), np.arange(n)] = -matrix.sum(axis=1)
    return matrix
