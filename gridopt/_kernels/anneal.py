"""The sequential annealer: boundary units in Hilbert order, exact contiguity for accepted moves only."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import float64, int64, uint64, void
from numpy.typing import NDArray

from gridopt._kernels.contiguity import stays_whole
from gridopt._kernels.state import (
    BOARD,
    F1,
    I1,
    I2,
    SAME,
    STATE,
    Ints,
    below,
    change,
    compiled_tuple,
    grid_cost,
    helper,
    kernel,
    move,
    uniform,
)


class Best(NamedTuple):
    """The best partition met so far, kept as labels and the moves made since (a copy only every n moves)."""

    labels: Ints  # (n)
    record: NDArray[np.float64]  # (2) objective, violation
    journal: Ints  # (n, 2) unit, grid
    at: NDArray[np.int64]  # (2) moves in the journal, moves of it that belong to the best; (-1, 0): journal lost


BEST = compiled_tuple((I1, F1, I2, int64[::1]), Best)


def new_best(labels: Ints, total: NDArray[np.float64]) -> Best:
    """The labels (n,) of a state as the best so far."""
    return Best(labels.copy(), total.copy(), np.zeros((len(labels), 2), np.int32), np.zeros(2, np.int64))


@helper(void(BEST, int64))
def _replay(best: Any, moves: Any) -> Any:
    """Carry the first moves of the journal over to the labels."""
    for i in range(moves):
        best.labels[best.journal[i, 0]] = best.journal[i, 1]


@helper(void(BEST, STATE, int64))
def _note(best: Any, state: Any, unit: Any) -> Any:
    """Enter a move just made, and whether it led to a new best."""
    at, journal = best.at, best.journal
    if at[0] == len(journal):
        _replay(best, at[1])
        kept = at[0] - at[1]
        for i in range(kept):
            journal[i, 0] = journal[i + at[1], 0]
            journal[i, 1] = journal[i + at[1], 1]
        at[0] = kept if at[1] > 0 else -1
        at[1] = 0
    if at[0] >= 0:
        journal[at[0], 0] = unit
        journal[at[0], 1] = state.labels[unit]
        at[0] += 1
    objective, violation = state.total[0], state.total[1]
    if violation > best.record[1] + SAME:
        return
    if violation < best.record[1] - SAME or objective < best.record[0] - 1e-12 * abs(best.record[0]):
        best.record[0], best.record[1] = objective, violation
        if at[0] < 0:
            for i in range(len(journal)):
                best.labels[i] = state.labels[i]
            at[0] = 0
        at[1] = at[0]


@kernel(int64(BOARD, STATE, BEST, int64, uint64, float64[::1]))
def anneal(board: Any, state: Any, best: Any, sweeps: Any, seed: Any, schedule: Any) -> Any:
    """Anneal the state in place; ``best`` receives the best labels met by (violation, objective).

    ``schedule`` is (hot, cold, soft, hard): temperature, and weight of the strain, at the first and the last
    sweep. The change of the objective is measured in the mean cost of a unit of the two grids involved, so
    that dense and open ground cool alike. Returns the number of accepted moves.
    """
    n, k = len(state.labels), len(state.n_units)
    labels, indptr, neighbours = state.labels, board.indptr, board.neighbours
    random = np.empty(1, np.uint64)
    random[0] = seed
    floor = 0.05 * state.total[0] / n + 1e-300
    units_squared = (n / k) ** 2
    accepted = 0
    for sweep in range(sweeps):
        done = sweep / max(sweeps - 1, 1)
        heat = schedule[0] * (schedule[1] / schedule[0]) ** done
        pressure = units_squared * schedule[2] * (schedule[3] / schedule[2]) ** done
        for unit in range(n):
            degree = indptr[unit + 1] - indptr[unit]
            if degree == 0:
                continue
            to = labels[neighbours[indptr[unit] + below(random, degree)]]
            home = labels[unit]
            if to == home or board.held[unit] or state.n_units[home] == 1:
                continue
            if board.closed[to] and not board.empty[unit]:
                continue
            objective, _, strain = change(board, state, unit, to)
            cost = grid_cost(board, state, home) + grid_cost(board, state, to)
            scale = cost / (state.n_units[home] + state.n_units[to]) + floor
            worse = objective / scale + pressure * strain
            if worse > 0.0 and (worse > 40.0 * heat or uniform(random) >= math.exp(-worse / heat)):
                continue
            if stays_whole(board, state, unit):
                move(board, state, unit, to)
                _note(best, state, unit)
                accepted += 1
    _replay(best, best.at[1])
    best.at[0], best.at[1] = 0, 0
    return accepted
