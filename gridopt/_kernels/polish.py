"""Descent on the Hess objective: the inertia of every grid, and how far its best centre unit lies off its centroid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, float64, int64

from gridopt._kernels.compiling import F1, kernel
from gridopt._kernels.contiguity import stays_whole, touches
from gridopt._kernels.state import BOARD, NOISE, STATE, change, move


@kernel(float64(BOARD, STATE, int64, int64, int64))
def _offset(board: Any, state: Any, grid: Any, without: Any, plus: Any) -> Any:
    """Mass of a grid times squared distance from its centroid to its nearest unit, two units exchanged (-1: none)."""
    mass, x, y = state.moment[grid, 0], state.moment[grid, 1], state.moment[grid, 2]
    for unit, sign in ((without, -1.0), (plus, 1.0)):
        if unit >= 0:
            mass += sign * board.mass[unit]
            x += sign * board.mass[unit] * board.xy[unit, 0]
            y += sign * board.mass[unit] * board.xy[unit, 1]
    if mass <= 0.0:
        return 0.0
    x, y = x / mass, y / mass
    nearest = np.inf
    for i in range(len(state.labels)):
        if (state.labels[i] == grid and i != without) or i == plus:
            dx, dy = board.xy[i, 0] - x, board.xy[i, 1] - y
            nearest = min(nearest, dx * dx + dy * dy)
    return mass * nearest


@kernel(boolean(BOARD, STATE, F1, float64, int64, int64, float64))
def _shifted(board: Any, state: Any, offsets: Any, price: Any, unit: Any, to: Any, gain: Any) -> Any:
    """Hand a unit to grid ``to`` if that lowers the objective and breaks nothing."""
    home = state.labels[unit]
    if board.held[unit] or state.n_units[home] == 1 or (board.closed[to] and not board.empty[unit]):
        return False
    objective, violation, _ = change(board, state, unit, to)
    if violation > NOISE or objective >= price * (offsets[home] + offsets[to]):
        return False
    left, right = _offset(board, state, home, unit, -1), _offset(board, state, to, -1, unit)
    objective += price * (left + right - offsets[home] - offsets[to])
    if objective > -gain or not stays_whole(board, state, unit):
        return False
    move(board, state, unit, to)
    offsets[home], offsets[to] = left, right
    return True


@kernel(boolean(BOARD, STATE, F1, float64, int64, int64, float64))
def _swapped(board: Any, state: Any, offsets: Any, price: Any, unit: Any, to: Any, gain: Any) -> Any:
    """Exchange a unit with one that borders its grid in grid ``to``, if that lowers the objective."""
    home = state.labels[unit]
    if board.held[unit] or state.n_units[home] == 1 or board.closed[to] or not stays_whole(board, state, unit):
        return False
    before, missed = state.total[0] + price * (offsets[home] + offsets[to]), state.total[1]
    move(board, state, unit, to)
    for other in range(len(state.labels)):
        if state.labels[other] != to or other == unit or board.held[other] or not touches(board, state, other, home):
            continue
        objective, violation, _ = change(board, state, other, home)
        if state.total[1] + violation > missed + NOISE or state.total[0] + objective >= before:
            continue
        left, right = _offset(board, state, home, -1, other), _offset(board, state, to, other, -1)
        if state.total[0] + objective + price * (left + right) > before - gain or not stays_whole(board, state, other):
            continue
        move(board, state, other, home)
        offsets[home], offsets[to] = left, right
        return True
    move(board, state, unit, home)
    return False


@kernel(int64(BOARD, STATE, float64, int64, F1))
def polish(board: Any, state: Any, price: Any, passes: Any, offsets: Any) -> Any:
    """Lower the objective, with ``price`` times each grid's offset added, by moves and swaps; steps made.

    ``offsets`` (k,) is scratch. The offset of a grid is its mass times the squared distance from its centroid
    to its nearest unit: with
    its inertia it makes the cost of the Hess model (Hess et al. 1965). No step raises the violation or
    tears a grid.
    """
    n, k = len(state.labels), len(state.n_units)
    for grid in range(k):
        offsets[grid] = _offset(board, state, grid, -1, -1)
    gain = 1e-9 * (abs(state.total[0]) + price * offsets.sum()) / k + 1e-300
    steps = 0
    for _ in range(passes):
        before = steps
        for unit in range(n):
            for e in range(board.indptr[unit], board.indptr[unit + 1]):
                to = state.labels[board.neighbours[e]]
                if to == state.labels[unit]:
                    continue
                if _shifted(board, state, offsets, price, unit, to, gain) or _swapped(
                    board, state, offsets, price, unit, to, gain
                ):
                    steps += 1
        if steps == before:
            break
    return steps
