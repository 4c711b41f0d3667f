"""Connectedness in the Hess model by cuts: a unit joins a centre only with a unit of what separates the two.

(a, b)-separators after Oehrlein and Haunert (2017) and Validi, Buchanan and Lykhovyd (2022): solve, look
for grids in pieces, add the cuts they break, solve again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridopt.milp.hess import Pairs
from gridopt.milp.rows import Cut
from gridopt.solvers.problem import Ints, Problem, connected_pieces


def separator_cuts(problem: Problem, pairs: Pairs, labels: Ints, centres: NDArray[np.int64]) -> list[Cut]:
    """The cuts that a drawing in pieces breaks, none where every grid is whole.

    labels (n,) with centres (k,). For each piece C that its centre b does not reach, the units next to C from
    which b is reached without C are a minimal separator S: a unit a of C lies in a grid of b only if a unit
    of S does. The cut holds for every centre beyond S, so it is added for each of them.
    """
    piece = connected_pieces(problem, labels)
    possible = np.unique(pairs.centres)
    column = {pair: at for at, pair in enumerate(zip(pairs.units.tolist(), pairs.centres.tolist(), strict=True))}
    cuts: list[Cut] = []
    for number in np.unique(piece):
        inside = piece == number
        centre = int(centres[labels[np.argmax(inside)]])
        if inside[centre]:
            continue
        beyond, separator = parted(problem, inside, centre)
        for unit in np.flatnonzero(inside).tolist():
            for other in possible[beyond[possible]].tolist():
                if (unit, other) in column:
                    held = [column[s, other] for s in separator if (s, other) in column]
                    cuts.append(([column[unit, other], *held], [1.0, *[-1.0] * len(held)], 0.0))
    return cuts


def parted(problem: Problem, inside: NDArray[np.bool_], centre: int) -> tuple[NDArray[np.bool_], list[int]]:
    """(units beyond the separator (n,), the separator): what lies between a piece and a centre outside it."""
    fringe = np.zeros(problem.n_units, bool)
    for unit in np.flatnonzero(inside).tolist():
        fringe[_around(problem, unit)] = True
    fringe &= ~inside
    if fringe[centre]:
        return _only(problem.n_units, centre), [centre]
    beyond = _reached(problem, centre, fringe | inside)
    near = [unit for unit in np.flatnonzero(fringe).tolist() if beyond[_around(problem, unit)].any()]
    return beyond, near


def _around(problem: Problem, unit: int) -> Ints:
    return problem.neighbours[problem.indptr[unit] : problem.indptr[unit + 1]]


def _only(n_units: int, unit: int) -> NDArray[np.bool_]:
    marked = np.zeros(n_units, bool)
    marked[unit] = True
    return marked


def _reached(problem: Problem, start: int, blocked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Units that a walk from ``start`` reaches without a blocked unit."""
    reached, waiting = _only(problem.n_units, start), [start]
    while waiting:
        for other in _around(problem, waiting.pop()).tolist():
            if not reached[other] and not blocked[other]:
                reached[other] = True
                waiting.append(other)
    return reached
