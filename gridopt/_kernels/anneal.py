"""The sequential annealer: boundary units in Hilbert order, exact contiguity for accepted moves only."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float64, int64, uint64, void
from numpy.typing import NDArray

from gridopt._kernels.contiguity import detach, runs_around, stays_whole
from gridopt._kernels.state import (
    BOARD,
    F1,
    I1,
    I2,
    SAME,
    STATE,
    STRAIN,
    TRIPLE,
    Ints,
    below,
    change,
    compiled_tuple,
    grid_cost,
    helper,
    inlined,
    kernel,
    move,
    uniform,
)

TOGETHER = 8
"""One visit in so many tries to move what a unit cuts off along with it."""


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
def _enter(best: Any, state: Any, unit: Any) -> Any:
    """Enter a unit that has just moved."""
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


@helper(void(BEST, STATE))
def _judge(best: Any, state: Any) -> Any:
    """Take note if the state, all its moves entered, is a new best."""
    at, journal = best.at, best.journal
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


@inlined(boolean(STATE, TRIPLE, float64, float64))
def _accepts(state: Any, climate: Any, objective: Any, strain: Any) -> Any:
    """The rule of Metropolis on a change of objective and strain."""
    worse, heat = objective / climate[2] + climate[1] * strain, climate[0]
    return worse <= 0.0 or (worse <= 40.0 * heat and uniform(state.random) < math.exp(-worse / heat))


@helper(boolean(BOARD, STATE, BEST, int64, int64, TRIPLE))
def _move_together(board: Any, state: Any, best: Any, unit: Any, to: Any, climate: Any) -> Any:
    """Move a unit along with what it cuts off from its grid, if Metropolis accepts them together.

    Without this an enclosed unit or a cul-de-sac nails its only neighbour to its grid. Which piece stays is
    drawn by lot. ``climate`` is (temperature, weight of the strain, scale of the objective). False if nothing
    is cut off, or nothing moved.
    """
    runs = runs_around(board, state, unit)
    if runs < 2:
        return False
    moved = detach(board, state, unit, runs, below(state.random, runs))
    if moved < 2:
        return False
    home, group = state.labels[unit], state.owner
    for i in range(moved):
        if board.closed[to] and not board.empty[group[i]]:
            return False
    objective = state.total[0]
    strain = state.parts[home, STRAIN] + state.parts[to, STRAIN]
    for i in range(moved):
        move(board, state, group[i], to)
    objective = state.total[0] - objective
    strain = state.parts[home, STRAIN] + state.parts[to, STRAIN] - strain
    if not _accepts(state, climate, objective, strain):
        for i in range(moved):
            move(board, state, group[i], home)
        return False
    for i in range(moved):
        _enter(best, state, group[i])
    _judge(best, state)
    return True


@kernel(int64(BOARD, STATE, BEST, int64, uint64, float64[::1]))
def anneal(board: Any, state: Any, best: Any, sweeps: Any, seed: Any, schedule: Any) -> Any:
    """Anneal the state in place; ``best`` receives the best labels met by (violation, objective).

    ``schedule`` is (hot, cold, soft, hard): temperature, and weight of the strain, at the first and the last
    sweep. The change of the objective is measured in the mean cost of a unit of the two grids involved, so
    that dense and open ground cool alike. Returns the number of accepted moves.
    """
    n, k = len(state.labels), len(state.n_units)
    labels, indptr, neighbours = state.labels, board.indptr, board.neighbours
    random = state.random
    random[0] = seed
    floor = 0.05 * state.total[0] / n + 1e-300
    units_squared = (n / k) ** 2
    accepted = 0
    for sweep in range(sweeps):
        done = sweep / max(sweeps - 1, 1)
        heat = schedule[0] * (schedule[1] / schedule[0]) ** done
        press = units_squared * schedule[2] * (schedule[3] / schedule[2]) ** done
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
            cost = grid_cost(board, state, home) + grid_cost(board, state, to)
            climate = (heat, press, cost / (state.n_units[home] + state.n_units[to]) + floor)
            if below(random, TOGETHER) == 0 and _move_together(board, state, best, unit, to, climate):
                accepted += 1
                continue
            objective, _, strain = change(board, state, unit, to)
            if _accepts(state, climate, objective, strain) and stays_whole(board, state, unit):
                move(board, state, unit, to)
                _enter(best, state, unit)
                _judge(best, state)
                accepted += 1
    _replay(best, best.at[1])
    best.at[0], best.at[1] = 0, 0
    return accepted
