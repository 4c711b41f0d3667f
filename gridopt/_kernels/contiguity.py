"""Where a grid borders a unit, and whether it stays in one piece without it."""

from __future__ import annotations

from typing import Any

from numba import boolean, int64

from gridopt._kernels.compiling import helper, inlined, kernel
from gridopt._kernels.state import BOARD, STATE

MOST_DETACHED = 16
"""Units that may change grid together."""


@inlined(boolean(BOARD, STATE, int64, int64))
def touches(board: Any, state: Any, unit: Any, grid: Any) -> Any:
    """Whether a unit has a neighbour in a grid."""
    found = False
    for e in range(board.indptr[unit], board.indptr[unit + 1]):
        found = found or state.labels[board.neighbours[e]] == grid
    return found


@inlined(int64(BOARD, STATE, int64))
def runs_around(board: Any, state: Any, unit: Any) -> Any:
    """Number of runs of the rotation around a unit; the first unit of each is queued."""
    grid = state.labels[unit]
    start, stop = board.indptr[unit], board.indptr[unit + 1]
    runs = 0
    for e in range(start, stop):
        neighbour = board.neighbours[e]
        if state.labels[neighbour] != grid:
            continue
        before = e - 1 if e > start else stop - 1
        if state.labels[board.neighbours[before]] != grid or not board.linked[before]:
            state.queue[runs] = neighbour
            runs += 1
    return runs


@helper(boolean(BOARD, STATE, int64, int64))
def meet(board: Any, state: Any, unit: Any, runs: Any) -> Any:
    """Breadth-first search from the queued units at once, inside their grid without ``unit``."""
    grid = state.labels[unit]
    labels, queue, stamp, owner = state.labels, state.queue, state.stamp, state.owner
    root, waiting = state.root, state.waiting
    state.token[0] += 1
    token = state.token[0]
    for j in range(runs):
        stamp[queue[j]] = token
        owner[queue[j]] = j
        root[j] = j
        waiting[j] = 1
    groups, head, tail = runs, 0, runs
    while head < tail:
        here = queue[head]
        head += 1
        mine = owner[here]
        while root[mine] != mine:
            mine = root[mine]
        waiting[mine] -= 1
        for e in range(board.indptr[here], board.indptr[here + 1]):
            there = board.neighbours[e]
            if there == unit or labels[there] != grid:
                continue
            if stamp[there] != token:
                stamp[there] = token
                owner[there] = mine
                waiting[mine] += 1
                queue[tail] = there
                tail += 1
                continue
            other = owner[there]
            while root[other] != other:
                other = root[other]
            if other != mine:
                root[other] = mine
                waiting[mine] += waiting[other]
                groups -= 1
                if groups == 1:
                    return True
        if waiting[mine] == 0:
            return False
    return False


@kernel(boolean(BOARD, STATE, int64))
def stays_whole(board: Any, state: Any, unit: Any) -> Any:
    """Whether the neighbours of a unit inside its grid stay joined through the grid without it.

    First around the unit: its neighbours in the grid that follow each other in rotation and are neighbours
    themselves form runs; one run is enough. Otherwise a search from all runs at once, inside the grid, until
    they meet or one of them can go no further, so the work is that of the smaller side. Exact for any graph;
    a grid that is in several pieces already never gets more of them.
    """
    runs = runs_around(board, state, unit)
    return runs <= 1 or meet(board, state, unit, runs)


@helper(int64(BOARD, STATE, int64, int64, int64))
def detach(board: Any, state: Any, unit: Any, runs: Any, kept: Any) -> Any:
    """List what a unit cuts off from the rest of its grid; returns how many units that is, itself included.

    The rest is the piece that holds run number ``kept`` of the ``runs`` just queued by `runs_around`. The unit
    and the other pieces stand in ``state.owner``; 0 if they are more than `MOST_DETACHED` or one may not move.
    """
    grid, group, stamp = state.labels[unit], state.owner, state.stamp
    state.token[0] += 1
    token = state.token[0]
    stamp[unit] = token
    group[0] = unit
    tail = 1
    for j in range(runs):
        if j == kept or stamp[state.queue[j]] == token:
            continue
        start, head, rest = tail, tail, False
        stamp[state.queue[j]] = token
        group[tail] = state.queue[j]
        tail += 1
        while head < tail:
            here = group[head]
            head += 1
            rest = rest or here == state.queue[kept]
            if tail > MOST_DETACHED or board.held[here]:
                return 0
            for e in range(board.indptr[here], board.indptr[here + 1]):
                there = board.neighbours[e]
                if stamp[there] != token and state.labels[there] == grid:
                    stamp[there] = token
                    group[tail] = there
                    tail += 1
        if rest:
            tail = start
    return tail
