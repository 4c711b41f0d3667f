"""Hard repair of bounds by ejection chains, and descent on the objective by moves and swaps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float64, int64, void
from numpy.typing import NDArray

from gridopt._kernels.compiling import F2, I1, I2, Ints, compiled_tuple, helper, kernel
from gridopt._kernels.contiguity import stays_whole, touches
from gridopt._kernels.state import BOARD, NOISE, SAME, STATE, VIOLATION, Board, State, change, hand_over, move

WIDTHS = np.array([64, 16, 8, 6, 6, 6], np.int64)
"""How many of the best moves a chain tries at each of its links."""


class Chain(NamedTuple):
    """Scratch of the chain search: members of each grid as linked lists, and the moves tried at each link."""

    first: Ints  # (k) first member of each grid, -1 for none
    after: Ints  # (n)
    before: Ints  # (n)
    seen: Ints  # (n)
    token: Ints  # (1)
    units: Ints  # (links, width) candidate moves, best first
    grids: Ints  # (links, width)
    values: NDArray[np.float64]  # (links, width)
    length: Ints  # (links) candidates of a link
    at: Ints  # (links) the next one to be tried
    made: Ints  # (links, 2) unit moved and the grid it came from
    changed: Ints  # (k) the pass of the descent in which a grid last changed


CHAIN = compiled_tuple((I1, I1, I1, I1, I1, I2, I2, F2, I1, I1, I2, I1), Chain)


def new_chain(board: Board, state: State) -> Chain:
    """Scratch for the chain search on a state."""
    n, k, links, width = len(state.labels), len(state.n_units), len(WIDTHS), int(WIDTHS.max())
    return Chain(
        np.full(k, -1, np.int32),
        np.full(n, -1, np.int32),
        np.full(n, -1, np.int32),
        np.zeros(n, np.int32),
        np.zeros(1, np.int32),
        np.zeros((links, width), np.int32),
        np.zeros((links, width), np.int32),
        np.zeros((links, width)),
        np.zeros(links, np.int32),
        np.zeros(links, np.int32),
        np.zeros((links, 2), np.int32),
        np.zeros(k, np.int32),
    )


@helper(void(STATE, CHAIN))
def _enlist(state: Any, chain: Any) -> Any:
    """Write down the members of every grid."""
    for grid in range(len(chain.first)):
        chain.first[grid] = -1
    for unit in range(len(state.labels) - 1, -1, -1):
        grid = state.labels[unit]
        head = chain.first[grid]
        chain.after[unit] = head
        chain.before[unit] = -1
        if head >= 0:
            chain.before[head] = unit
        chain.first[grid] = unit


@helper(void(BOARD, STATE, CHAIN, int64, int64))
def _shift(board: Any, state: Any, chain: Any, unit: Any, to: Any) -> Any:
    """Move a unit and keep the lists of members."""
    before, after = chain.before[unit], chain.after[unit]
    if before >= 0:
        chain.after[before] = after
    else:
        chain.first[state.labels[unit]] = after
    if after >= 0:
        chain.before[after] = before
    head = chain.first[to]
    chain.after[unit] = head
    chain.before[unit] = -1
    if head >= 0:
        chain.before[head] = unit
    chain.first[to] = unit
    move(board, state, unit, to)


@helper(boolean(BOARD, STATE, int64, int64))
def _may(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """Whether a unit is free to go to a grid, contiguity aside."""
    if board.held[unit] or state.n_units[state.labels[unit]] == 1:
        return False
    return board.empty[unit] or not board.closed[to]


@helper(void(BOARD, STATE, CHAIN, int64, int64, int64))
def _offer(board: Any, state: Any, chain: Any, link: Any, unit: Any, to: Any) -> Any:
    """Enter a move among the best of a link, sorted by change of violation, then of the objective."""
    if not _may(board, state, unit, to):
        return
    objective, violation, _ = change(board, state, unit, to)
    value = violation + 1e-9 * objective / (abs(state.total[0]) + 1e-300)
    length, width = chain.length[link], WIDTHS[link]
    if length == width:
        if value >= chain.values[link, length - 1]:
            return
        length -= 1
    place = length
    while place > 0 and chain.values[link, place - 1] > value:
        chain.values[link, place] = chain.values[link, place - 1]
        chain.units[link, place] = chain.units[link, place - 1]
        chain.grids[link, place] = chain.grids[link, place - 1]
        place -= 1
    chain.values[link, place] = value
    chain.units[link, place] = unit
    chain.grids[link, place] = to
    chain.length[link] = length + 1


@helper(void(BOARD, STATE, CHAIN, int64, int64))
def _collect(board: Any, state: Any, chain: Any, link: Any, grid: Any) -> Any:
    """The best moves of a unit out of a grid or into it."""
    chain.length[link] = 0
    chain.at[link] = 0
    chain.token[0] += 1
    token = chain.token[0]
    unit = chain.first[grid]
    while unit >= 0:
        for e in range(board.indptr[unit], board.indptr[unit + 1]):
            other = board.neighbours[e]
            to = state.labels[other]
            if to == grid:
                continue
            if chain.seen[other] != token:
                chain.seen[other] = token
                _offer(board, state, chain, link, other, grid)
            known = False
            for f in range(board.indptr[unit], e):
                known = known or state.labels[board.neighbours[f]] == to
            if not known:
                _offer(board, state, chain, link, unit, to)
        unit = chain.after[unit]


@helper(int64(STATE, CHAIN, int64, int64))
def _worst(state: Any, chain: Any, link: Any, grid: Any) -> Any:
    """The grid furthest out of bounds among ``grid`` and those that the links up to ``link`` touch."""
    worst = grid
    for i in range(link + 1):
        for candidate in (chain.made[i, 1], state.labels[chain.made[i, 0]]):
            if state.parts[candidate, VIOLATION] > state.parts[worst, VIOLATION]:
                worst = candidate
    return worst


@helper(boolean(BOARD, STATE, CHAIN, int64, int64, int64))
def _relieve(board: Any, state: Any, chain: Any, grid: Any, links: Any, budget: Any) -> Any:
    """Find a chain of at most ``links`` moves, the first at ``grid``, that lowers the violation; carry it out.

    Each move is out of or into the worst grid that the chain has touched, so an excess is handed on from grid
    to grid until someone has room. Every grid stays whole after every move. False, and nothing changed, if
    there is none among the ``budget`` moves tried.
    """
    aim = state.total[1] - SAME
    link = 0
    _collect(board, state, chain, 0, grid)
    while link >= 0:
        if chain.at[link] == chain.length[link] or budget <= 0:
            link -= 1
            if link >= 0:
                _shift(board, state, chain, chain.made[link, 0], chain.made[link, 1])
            continue
        i = chain.at[link]
        chain.at[link] += 1
        unit, to = chain.units[link, i], chain.grids[link, i]
        if link == links - 1 and state.total[1] + chain.values[link, i] >= aim:
            chain.at[link] = chain.length[link]
            continue
        again = False
        for j in range(link):
            again = again or chain.made[j, 0] == unit
        budget -= 1
        if again or not stays_whole(board, state, unit):
            continue
        chain.made[link, 0], chain.made[link, 1] = unit, state.labels[unit]
        _shift(board, state, chain, unit, to)
        if state.total[1] < aim:
            return True
        if link == links - 1:
            _shift(board, state, chain, unit, chain.made[link, 1])
            continue
        _collect(board, state, chain, link + 1, _worst(state, chain, link, grid))
        link += 1
    return False


@kernel(void(BOARD, STATE, CHAIN, int64, int64, int64))
def relieve(board: Any, state: Any, chain: Any, links: Any, budget: Any, offset: Any) -> Any:
    """Lower the violation by chains of 1, 2, ... ``links`` moves until none is found; it never rises.

    Grids are taken in order from ``offset`` on; ``budget`` moves are tried at most for each grid and length.
    """
    k = len(state.n_units)
    _enlist(state, chain)
    found = True
    while found and state.total[1] > SAME:
        found = False
        for i in range(k):
            grid = (i + offset) % k
            length = 1
            while length <= links and state.parts[grid, VIOLATION] > SAME:
                if _relieve(board, state, chain, grid, length, budget):
                    found = True
                    length = 1
                else:
                    length += 1


@helper(boolean(BOARD, STATE, int64, float64))
def _step(board: Any, state: Any, unit: Any, gain: Any) -> Any:
    """Hand a unit to the neighbouring grid that lowers the objective most, by ``gain`` at least."""
    best, most = -1, -gain
    for e in range(board.indptr[unit], board.indptr[unit + 1]):
        to = state.labels[board.neighbours[e]]
        if to == state.labels[unit] or to == best or not _may(board, state, unit, to):
            continue
        objective, violation, _ = change(board, state, unit, to)
        if violation <= NOISE and objective < most:
            best, most = to, objective
    if best < 0 or not stays_whole(board, state, unit):
        return False
    move(board, state, unit, best)
    return True


@helper(boolean(BOARD, STATE, int64, int64, float64, float64))
def _give_back(board: Any, state: Any, unit: Any, home: Any, most: Any, room: Any) -> Any:
    """After ``unit`` has left ``home``: hand over a unit near it, of its new grid, to complete a swap.

    One that changes the objective by less than ``most`` and the violation by ``room`` at most, if there is any.
    """
    grid = state.labels[unit]
    for e in range(board.indptr[unit], board.indptr[unit + 1]):
        near = board.neighbours[e]
        if state.labels[near] != grid:
            continue
        for f in range(board.indptr[near], board.indptr[near + 1]):
            other = board.neighbours[f]
            if other == unit or state.labels[other] != grid or not _may(board, state, other, home):
                continue
            if not touches(board, state, other, home):
                continue
            objective, violation, _ = change(board, state, other, home)
            if objective < most and violation <= room and stays_whole(board, state, other):
                move(board, state, other, home)
                return True
    return False


@helper(boolean(BOARD, STATE, int64, float64))
def _swap(board: Any, state: Any, unit: Any, gain: Any) -> Any:
    """Exchange a unit for one across the border, if that lowers the objective by ``gain`` at least."""
    home, done = state.labels[unit], -1
    if not _may(board, state, unit, home) or not stays_whole(board, state, unit):
        return False
    for e in range(board.indptr[unit], board.indptr[unit + 1]):
        to = state.labels[board.neighbours[e]]
        if to == home:
            continue
        if to == done or not _may(board, state, unit, to):
            continue
        done = to
        objective, violation, _ = change(board, state, unit, to)
        hand_over(board, state, unit, to)
        if _give_back(board, state, unit, home, -gain - objective, NOISE - violation):
            return True
        hand_over(board, state, unit, int64(home))
    return False


@kernel(int64(BOARD, STATE, CHAIN, int64))
def descend(board: Any, state: Any, chain: Any, passes: Any) -> Any:
    """Lower the objective by moves and swaps over a border that do not raise the violation.

    At most ``passes`` over the units; after the first only grids that have just changed, and their neighbours,
    are looked at. Returns the number of steps made.
    """
    n, k = len(state.labels), len(state.n_units)
    changed = chain.changed
    for grid in range(k):
        changed[grid] = 0
    gain = 1e-9 * abs(state.total[0]) / max(k, 1) + 1e-300
    steps = 0
    for sweep in range(1, passes + 1):
        before = steps
        for unit in range(n):
            home = state.labels[unit]
            border, fresh = False, changed[home] >= sweep - 1
            for e in range(board.indptr[unit], board.indptr[unit + 1]):
                to = state.labels[board.neighbours[e]]
                border = border or to != home
                fresh = fresh or changed[to] >= sweep - 1
            if not border or not fresh:
                continue
            if _step(board, state, unit, gain) or _swap(board, state, unit, gain):
                steps += 1
                changed[home] = sweep
                changed[state.labels[unit]] = sweep
        if steps == before:
            break
    return steps
