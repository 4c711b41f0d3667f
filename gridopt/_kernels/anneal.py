"""The sequential annealer: boundary units in Hilbert order, exact contiguity for accepted moves only."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float64, int64, uint64, void
from numpy.typing import NDArray

from gridopt._kernels.chance import below, uniform
from gridopt._kernels.compiling import F1, I1, I2, TRIPLE, Ints, compiled_tuple, helper, inlined, kernel
from gridopt._kernels.contiguity import detach, meet, runs_around
from gridopt._kernels.state import (
    BOARD,
    CUT,
    SAME,
    STATE,
    STRAIN,
    State,
    breach_change,
    grid_cost,
    hand_over,
    plain_change,
)

USUAL_UNITS = 40.0
"""Units of a grid for which the temperatures of a schedule are meant as they stand."""

TOGETHER = 8
"""One visit in so many tries to move what a unit cuts off along with it."""


class Trail(NamedTuple):
    """What annealing keeps besides the state: the best met so far, and where the borders are.

    The best is kept as labels and the moves made since, so that it is copied only every n moves.
    """

    labels: Ints  # (n)
    record: NDArray[np.float64]  # (2) objective, violation
    journal: Ints  # (n, 2) unit, grid
    at: NDArray[np.int64]  # (2) moves in the journal, moves of it that belong to the best; (-1, 0): journal lost
    foreign: Ints  # (n) neighbours of each unit in other grids


TRAIL = compiled_tuple((I1, F1, I2, int64[::1], I1), Trail)


def new_trail(state: State) -> Trail:
    """A trail that begins at a state."""
    n = len(state.labels)
    journal, foreign = np.zeros((n, 2), np.int32), np.zeros(n, np.int32)
    return Trail(state.labels.copy(), state.total.copy(), journal, np.zeros(2, np.int64), foreign)


@helper(void(TRAIL, int64))
def _replay(trail: Any, moves: Any) -> Any:
    """Carry the first moves of the journal over to the labels."""
    for i in range(moves):
        trail.labels[trail.journal[i, 0]] = trail.journal[i, 1]


@helper(void(TRAIL))
def _make_room(trail: Any) -> Any:
    """Empty a full journal: what belongs to the best is carried over, the rest kept, or given up if it is all."""
    at, journal = trail.at, trail.journal
    _replay(trail, at[1])
    kept = at[0] - at[1]
    for i in range(kept):
        journal[i, 0] = journal[i + at[1], 0]
        journal[i, 1] = journal[i + at[1], 1]
    at[0] = kept if at[1] > 0 else -1
    at[1] = 0


@inlined(void(TRAIL, int64, int64))
def _enter(trail: Any, unit: Any, to: Any) -> Any:
    """Enter a unit that has just moved."""
    at, journal = trail.at, trail.journal
    if at[0] == len(journal):
        _make_room(trail)
    if at[0] >= 0:
        journal[at[0], 0] = unit
        journal[at[0], 1] = to
        at[0] += 1


@inlined(void(TRAIL, STATE))
def _judge(trail: Any, state: Any) -> Any:
    """Take note if the state, all its moves entered, is a new best."""
    at, record = trail.at, trail.record
    objective, violation = state.total[0], state.total[1]
    if violation > record[1] + SAME:
        return
    if violation < record[1] - SAME or objective < record[0] - 1e-12 * abs(record[0]):
        record[0], record[1] = objective, violation
        if at[0] < 0:
            for i in range(len(state.labels)):
                trail.labels[i] = state.labels[i]
            at[0] = 0
        at[1] = at[0]


@helper(void(BOARD, STATE, TRAIL))
def _survey(board: Any, state: Any, trail: Any) -> Any:
    """Count the foreign neighbours of every unit."""
    for unit in range(len(state.labels)):
        trail.foreign[unit] = 0
        for e in range(board.indptr[unit], board.indptr[unit + 1]):
            trail.foreign[unit] += state.labels[board.neighbours[e]] != state.labels[unit]


@inlined(void(BOARD, STATE, TRAIL, int64, int64))
def _cross(board: Any, state: Any, trail: Any, unit: Any, to: Any) -> Any:
    """Move a unit over a border, which moves with it."""
    home, foreign = state.labels[unit], trail.foreign
    for e in range(board.indptr[unit], board.indptr[unit + 1]):
        neighbour = board.neighbours[e]
        label = state.labels[neighbour]
        if label == home:
            foreign[neighbour] += 1
            foreign[unit] += 1
        elif label == to:
            foreign[neighbour] -= 1
            foreign[unit] -= 1
    hand_over(board, state, unit, to)


@inlined(int64(BOARD, STATE, TRAIL, int64))
def _across(board: Any, state: Any, trail: Any, unit: Any) -> Any:
    """The grid of a random foreign neighbour of a unit on a border."""
    left = below(state.random, trail.foreign[unit])
    e, home = board.indptr[unit], state.labels[unit]
    label = state.labels[board.neighbours[e]]
    while label == home or left > 0:
        left -= label != home
        e += 1
        label = state.labels[board.neighbours[e]]
    return label


@inlined(float64(BOARD, STATE, int64, int64, float64))
def _step_cost(board: Any, state: Any, home: Any, to: Any, breadth: Any) -> Any:
    """About what one move between two grids changes the objective by: the mean cost of a unit, set right for breadth.

    Borders count in full, since one move can save all of an edge. The wider a grid, the fewer of its units lie on
    its border, so that an edge means more beside the border's cost a unit; and the less does a unit's width change
    a squared distance beside the mean of the grid.
    """
    c, parts = board.coefficients, state.parts
    border = c[1] * (parts[home, CUT] + parts[to, CUT])
    inner = grid_cost(board, state, home) + grid_cost(board, state, to) - 0.5 * border
    return (inner / breadth + border * breadth) / (state.n_units[home] + state.n_units[to])


@inlined(boolean(STATE, TRIPLE, float64, float64))
def _accepts(state: Any, climate: Any, objective: Any, strain: Any) -> Any:
    """The rule of Metropolis on a change of objective and strain."""
    worse, heat = objective / climate[2] + climate[1] * strain, climate[0]
    return worse <= 0.0 or (worse <= 40.0 * heat and uniform(state.random) < math.exp(-worse / heat))


@inlined(boolean(BOARD, STATE, TRIPLE, int64, int64))
def _allowed(board: Any, state: Any, climate: Any, unit: Any, to: Any) -> Any:
    """Whether a move that Metropolis accepts keeps what no temperature excuses: the unit's grid in one piece.

    The rules of `further`, dear to look at, come last, by a rule of Metropolis of their own: the product of two
    such filters has the same balance as one (Christen and Fox 2005).
    """
    runs = runs_around(board, state, unit)
    if runs > 1 and not meet(board, state, unit, runs):
        return False
    return not board.strict or _accepts(state, climate, 0.0, breach_change(board, state, unit, to)[1])


@helper(boolean(BOARD, STATE, TRAIL, int64, int64, TRIPLE, int64))
def _move_group(board: Any, state: Any, trail: Any, unit: Any, to: Any, climate: Any, runs: Any) -> Any:
    """`_move_together` for a unit with several runs around it."""
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
        hand_over(board, state, group[i], to)
    objective = state.total[0] - objective
    strain = state.parts[home, STRAIN] + state.parts[to, STRAIN] - strain
    accepted = _accepts(state, climate, objective, strain)
    for i in range(moved):
        hand_over(board, state, group[i], int64(home))
    for i in range(moved if accepted else 0):
        _cross(board, state, trail, group[i], to)
        _enter(trail, group[i], to)
    return accepted


@inlined(boolean(BOARD, STATE, TRAIL, int64, int64, TRIPLE))
def _move_together(board: Any, state: Any, trail: Any, unit: Any, to: Any, climate: Any) -> Any:
    """Move a unit along with what it cuts off from its grid, if Metropolis accepts them together.

    Without this an enclosed unit or a cul-de-sac nails its only neighbour to its grid. Which piece stays is
    drawn by lot. ``climate`` is (temperature, weight of the strain, scale of the objective). False if nothing
    is cut off, or nothing moved.
    """
    runs = runs_around(board, state, unit)
    return runs > 1 and _move_group(board, state, trail, unit, to, climate, runs)


@kernel(int64(BOARD, STATE, TRAIL, int64, uint64, float64[::1]))
def anneal(board: Any, state: Any, trail: Any, sweeps: Any, seed: Any, schedule: Any) -> Any:
    """Anneal the state in place; the trail's labels become the best met by (violation, objective).

    A sweep visits every unit that lies on a border. ``schedule`` is (hot, cold, soft, hard): temperature, and
    weight of the strain, at the first and the last sweep. The change of the objective is measured in the mean
    cost of a unit, so that dense and open ground cool alike. Returns the number of accepted moves.
    """
    n, k = len(state.labels), len(state.n_units)
    _survey(board, state, trail)
    state.random[0] = seed
    floor = 0.05 * state.total[0] / n + 1e-300
    units_squared = (n / k) ** 2
    breadth = (n / k / USUAL_UNITS) ** 0.25
    accepted = 0
    for sweep in range(sweeps):
        done = sweep / max(sweeps - 1, 1)
        heat = schedule[0] * (schedule[1] / schedule[0]) ** done
        press = units_squared * schedule[2] * (schedule[3] / schedule[2]) ** done
        for unit in range(n):
            if trail.foreign[unit] == 0 or board.held[unit]:
                continue
            home, to = state.labels[unit], _across(board, state, trail, unit)
            if state.n_units[home] == 1 or (board.closed[to] and not board.empty[unit]):
                continue
            climate = (heat, press, _step_cost(board, state, home, to, breadth) + floor)
            if below(state.random, TOGETHER) == 0 and _move_together(board, state, trail, unit, to, climate):
                accepted += 1
                _judge(trail, state)
                continue
            objective, _, strain = plain_change(board, state, unit, to)
            if _accepts(state, climate, objective, strain) and _allowed(board, state, climate, unit, to):
                accepted += 1
                _cross(board, state, trail, unit, to)
                _enter(trail, unit, to)
                _judge(trail, state)
    _replay(trail, trail.at[1])
    trail.at[0], trail.at[1] = 0, 0
    return accepted
