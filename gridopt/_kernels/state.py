"""What every kernel of the search shares: the board, the state on it, and O(1) / O(degree) changes.

Board and State are named tuples of arrays, so that kernels read like the method instead of like a list of
thirty arguments. Shapes: n units, e directed edges, k grids, m measures.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float64, int32, int64, void
from numpy.typing import NDArray

from gridopt._kernels.compiling import (
    B1,
    F1,
    F2,
    I1,
    PAIR,
    TRIPLE,
    U1,
    Flags,
    Floats,
    Ints,
    compiled_tuple,
    helper,
    inlined,
    kernel,
)
from gridopt._kernels.further import FURTHER, Further, breaches

SAME = 1e-9
"""Difference of violation that rounding explains."""

NOISE = 1e-12
"""Change of violation that rounding explains in one move."""

SLACK = 1e-9
"""Share of a bound by which rounding may miss it without counting as a violation."""


class Board(NamedTuple):
    """One problem as the kernels see it; nothing here changes.

    Units lie in Hilbert order and the neighbours of a unit in rotation around it, so that memory is read in
    order and the local contiguity test finds runs.
    """

    indptr: Ints  # (n + 1)
    neighbours: Ints  # (e)
    linked: Flags  # (e) the neighbour and the next one in the rotation are neighbours themselves
    cost: Floats  # (e)
    weights: Floats  # (n, m + c) measures, then what a unit brings to each category
    mass: Floats  # (n)
    xy: Floats  # (n, 2) centred
    low: Floats  # (k, m)
    high: Floats  # (k, m)
    comfort: Floats  # (k, 2)
    target: Floats  # (k)
    held: Flags  # (n) the unit must stay where it is
    empty: Flags  # (n) all weights are zero
    closed: Flags  # (k) the grid takes only empty units
    coefficients: Floats  # (3)
    dear: Floats  # (2) what going below low and above high costs
    further: Further
    strict: bool  # some rule of `further` holds
    anchored: bool  # some grid has a given centre


class State(NamedTuple):
    """A partition and everything that is kept up to date with it."""

    labels: Ints  # (n)
    n_units: Ints  # (k) units of each grid
    sums: Floats  # (k, m + c)
    moment: Floats  # (k, 3) mass, mass * x, mass * y
    parts: Floats  # (k, 8) INERTIA, CUT, SIZE, VIOLATION, STRAIN, MIXED, BREACH, BREACH_STRAIN of each grid
    total: Floats  # (2) objective, violation
    queue: Ints  # (n) scratch of the contiguity test
    stamp: Ints  # (n)
    owner: Ints  # (n)
    root: Ints  # (n)
    waiting: Ints  # (n)
    members: Ints  # (k + 2 n) first unit of each grid, unit after and before each; -1 for none; kept where strict
    token: Ints  # (1)
    random: NDArray[np.uint64]  # (1) the generator's word


INERTIA, CUT, SIZE, VIOLATION, STRAIN, MIXED, BREACH, BREACH_STRAIN = range(8)

BOARD = compiled_tuple(
    (I1, I1, B1, F1, F2, F1, F2, F2, F2, F2, F1, B1, B1, B1, F1, F1, FURTHER, boolean, boolean), Board
)
STATE = compiled_tuple((I1, I1, F2, F2, F2, F1, I1, I1, I1, I1, I1, I1, I1, U1), State)


def new_state(board: Board, labels: Ints) -> State:
    """A state of the given labels (n,), board order, with all sums filled in."""
    n, k = len(labels), len(board.low)
    queue, stamp, owner, root, waiting = np.zeros((5, n), np.int32)
    state = State(
        labels=labels.astype(np.int32),
        n_units=np.zeros(k, np.int32),
        sums=np.zeros((k, board.weights.shape[1])),
        moment=np.zeros((k, 3)),
        parts=np.zeros((k, 8)),
        total=np.zeros(2),
        queue=queue,
        stamp=stamp,
        owner=owner,
        root=root,
        waiting=waiting,
        members=np.full(k + 2 * n, -1, np.int32),
        token=np.zeros(1, np.int32),
        random=np.zeros(1, np.uint64),
    )
    tally(board, state)
    return state


@inlined(PAIR(BOARD, STATE, int64, int64, int64))
def out_of_bounds(board: Any, state: Any, grid: Any, unit: Any, sign: Any) -> Any:
    """(violation, strain) of a grid once ``unit`` is added (sign 1), taken away (-1) or left alone (0).

    Violation is the sum of relative shortfalls and excesses, each times its dearness. Strain adds their
    squares: the annealer's penalty, steep far out and still felt close to the bound.
    """
    violation, strain = 0.0, 0.0
    for j in range(board.low.shape[1]):
        amount = state.sums[grid, j]
        if sign != 0:
            amount += sign * board.weights[unit, j]
        low, high = board.low[grid, j], board.high[grid, j]
        missing = 0.0
        if low > 0.0 and amount < low * (1.0 - SLACK):
            missing = board.dear[0] * (low - amount) / low
        elif amount > high * (1.0 + SLACK) + (SLACK if high == 0.0 else 0.0):
            missing = board.dear[1] * (amount - high) / (high if high > 0.0 else 1.0)
        violation += missing
        strain += missing * missing
    return violation, strain


@inlined(float64(BOARD, int64, float64))
def discomfort(board: Any, grid: Any, size: Any) -> Any:
    """Squared distance of a size outside the comfort band, relative to the target."""
    outside = 0.0
    if size < board.comfort[grid, 0]:
        outside = board.comfort[grid, 0] - size
    elif size > board.comfort[grid, 1]:
        outside = size - board.comfort[grid, 1]
    if outside == 0.0:
        return 0.0
    share = outside / board.target[grid]
    return share * share


@inlined(PAIR(BOARD, STATE, int64, int64))
def huygens_steiner(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """What `inertia_change` is for grids that are measured to their centroid.

    A mass w at distance d from the centroid of a grid of mass M without it adds w M / (w + M) d^2
    (Huygens and Steiner).
    """
    mass = board.mass[unit]
    x, y = board.xy[unit, 0], board.xy[unit, 1]
    home = state.labels[unit]
    lost, gained = 0.0, 0.0
    rest = state.moment[home, 0] - mass
    if rest > mass * 1e-12:
        dx = x - (state.moment[home, 1] - mass * x) / rest
        dy = y - (state.moment[home, 2] - mass * y) / rest
        lost = mass * rest / (mass + rest) * (dx * dx + dy * dy)
    there = state.moment[to, 0]
    if there > mass * 1e-12:
        dx = x - state.moment[to, 1] / there
        dy = y - state.moment[to, 2] / there
        gained = mass * there / (mass + there) * (dx * dx + dy * dy)
    return lost, gained


@helper(PAIR(BOARD, STATE, int64, int64))
def anchored_change(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """What `inertia_change` is where grids may have a given centre."""
    lost, gained = huygens_steiner(board, state, unit, to)
    own, other = board.further.anchors[state.labels[unit]], board.further.anchors[to]
    x, y = board.xy[unit, 0], board.xy[unit, 1]
    if not np.isnan(own[0]):
        lost = board.mass[unit] * ((x - own[0]) ** 2 + (y - own[1]) ** 2)
    if not np.isnan(other[0]):
        gained = board.mass[unit] * ((x - other[0]) ** 2 + (y - other[1]) ** 2)
    return lost, gained


@inlined(PAIR(BOARD, STATE, int64, int64))
def inertia_change(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """What the inertia of the unit's grid loses and that of grid ``to`` gains if the unit goes over."""
    if board.mass[unit] <= 0.0:
        return 0.0, 0.0
    if board.anchored:
        return anchored_change(board, state, unit, to)
    return huygens_steiner(board, state, unit, to)


@inlined(float64(BOARD, STATE, int64, int64, int64))
def mixture(board: Any, state: Any, grid: Any, unit: Any, sign: Any) -> Any:
    """What a grid brings to its categories beyond the leading one, ``unit`` added (sign 1) or taken away (-1)."""
    everything, leading = 0.0, 0.0
    for j in range(board.low.shape[1], board.weights.shape[1]):
        amount = state.sums[grid, j]
        if sign != 0:
            amount += sign * board.weights[unit, j]
        everything += amount
        leading = max(leading, amount)
    return everything - leading


@inlined(PAIR(BOARD, STATE, int64, int64))
def ties(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """Cost of the unit's edges into its own grid, and into grid ``to``."""
    home = state.labels[unit]
    own, other = 0.0, 0.0
    for e in range(board.indptr[unit], board.indptr[unit + 1]):
        label = state.labels[board.neighbours[e]]
        if label == home:
            own += board.cost[e]
        elif label == to:
            other += board.cost[e]
    return own, other


@helper(void(STATE, int64, int64, int64))
def relabel(state: Any, unit: Any, home: Any, to: Any) -> Any:
    """Hand a unit over in label and in the lists of members alone."""
    members, k, n = state.members, len(state.n_units), len(state.labels)
    after, before = members[k + unit], members[k + n + unit]
    if before >= 0:
        members[k + before] = after
    else:
        members[home] = after
    if after >= 0:
        members[k + n + after] = before
    head = members[to]
    members[k + unit], members[k + n + unit] = head, -1
    if head >= 0:
        members[k + n + head] = unit
    members[to] = unit
    state.labels[unit] = to


@helper(int64(BOARD, STATE, int64, int64, int64))
def concerned(board: Any, state: Any, unit: Any, home: Any, to: Any) -> Any:
    """List in ``state.waiting`` the grids whose breaches may change with a move, each once; returns how many."""
    listed, count = state.waiting, 2
    listed[0], listed[1] = home, to
    starts, others = board.further.pair_starts, board.further.pair_units
    for part in range(2):
        if part == 1:
            starts, others = board.further.beside_starts, board.further.beside
        for i in range(starts[unit], starts[unit + 1]):
            grid, known = state.labels[others[i]], False
            for j in range(count):
                known = known or listed[j] == grid
            if not known:
                listed[count] = grid
                count += 1
    return count


@helper(PAIR(BOARD, STATE, int64, int64))
def breach_change(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """(violation, strain) gained by the rules of `further`: carried out, looked at and taken back."""
    home, k = state.labels[unit], len(state.n_units)
    count = concerned(board, state, unit, home, to)
    relabel(state, unit, home, to)
    violation, strain = 0.0, 0.0
    for i in range(count):
        grid = state.waiting[i]
        now, strained = breaches(board.further, state.labels, state.members, grid, k)
        violation += now - state.parts[grid, BREACH]
        strain += strained - state.parts[grid, BREACH_STRAIN]
    relabel(state, unit, to, home)
    return violation, strain


@inlined(TRIPLE(BOARD, STATE, int64, int64))
def plain_change(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """What `change` is where no rule of `further` holds."""
    home = state.labels[unit]
    size = board.weights[unit, 0]
    c = board.coefficients
    objective = 0.0
    if c[0] != 0.0:
        lost, gained = inertia_change(board, state, unit, to)
        objective += c[0] * (gained - lost)
    if c[1] != 0.0:
        own, other = ties(board, state, unit, to)
        objective += c[1] * (own - other)
    if c[2] != 0.0:
        objective += c[2] * (
            discomfort(board, home, state.sums[home, 0] - size)
            + discomfort(board, to, state.sums[to, 0] + size)
            - state.parts[home, SIZE]
            - state.parts[to, SIZE]
        )
    if board.weights.shape[1] > board.low.shape[1]:
        mixed = mixture(board, state, home, unit, -1) + mixture(board, state, to, unit, 1)
        objective += c[1] * (mixed - state.parts[home, MIXED] - state.parts[to, MIXED])
    less, less_strain = out_of_bounds(board, state, home, unit, -1)
    more, more_strain = out_of_bounds(board, state, to, unit, 1)
    parts = state.parts
    before = parts[home, VIOLATION] - parts[home, BREACH] + parts[to, VIOLATION] - parts[to, BREACH]
    strained = parts[home, STRAIN] - parts[home, BREACH_STRAIN] + parts[to, STRAIN] - parts[to, BREACH_STRAIN]
    return objective, less + more - before, less_strain + more_strain - strained


@kernel(TRIPLE(BOARD, STATE, int64, int64), inline=True)
def change(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """(objective, violation, strain) gained by handing a unit to grid ``to``; below 0 is better."""
    objective, violation, strain = plain_change(board, state, unit, to)
    if board.strict:
        breach, strained = breach_change(board, state, unit, to)
        return objective, violation + breach, strain + strained
    return objective, violation, strain


@inlined(float64(BOARD, STATE, int64))
def grid_cost(board: Any, state: Any, grid: Any) -> Any:
    """The share of the objective that one grid carries (half of every cut edge)."""
    c, parts = board.coefficients, state.parts
    border = 0.5 * parts[grid, CUT] + parts[grid, MIXED]
    return c[0] * parts[grid, INERTIA] + c[1] * border + c[2] * parts[grid, SIZE]


@inlined(void(BOARD, STATE, int64))
def settle(board: Any, state: Any, grid: Any) -> Any:
    """Size, mixture, violation and strain of a grid from its sums and its breaches."""
    state.parts[grid, SIZE] = discomfort(board, grid, state.sums[grid, 0])
    state.parts[grid, MIXED] = mixture(board, state, grid, 0, 0)
    violation, strain = out_of_bounds(board, state, grid, 0, 0)
    state.parts[grid, VIOLATION] = violation + state.parts[grid, BREACH]
    state.parts[grid, STRAIN] = strain + state.parts[grid, BREACH_STRAIN]


@helper(void(BOARD, STATE, int64))
def search_breaches(board: Any, state: Any, grid: Any) -> Any:
    """Breaches of a grid from its members, and all that `settle` finds."""
    found, strained = breaches(board.further, state.labels, state.members, grid, len(state.n_units))
    state.parts[grid, BREACH], state.parts[grid, BREACH_STRAIN] = found, strained
    settle(board, state, grid)


@inlined(void(BOARD, STATE, int64, int64))
def hand_over(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """Hand a unit to grid ``to``: labels, sums, moments and totals follow."""
    home = state.labels[unit]
    parts, c = state.parts, board.coefficients
    size_before = parts[home, SIZE] + parts[to, SIZE]
    mixed_before = parts[home, MIXED] + parts[to, MIXED]
    violation_before = parts[home, VIOLATION] + parts[to, VIOLATION]
    lost, gained = inertia_change(board, state, unit, to)
    own, other = ties(board, state, unit, to)
    everything = 0.0
    for e in range(board.indptr[unit], board.indptr[unit + 1]):
        everything += board.cost[e]
    parts[home, INERTIA] -= lost
    parts[to, INERTIA] += gained
    parts[home, CUT] += 2.0 * own - everything
    parts[to, CUT] += everything - 2.0 * other
    mass = board.mass[unit]
    for grid, sign in ((home, -1.0), (int32(to), 1.0)):
        state.moment[grid, 0] += sign * mass
        state.moment[grid, 1] += sign * mass * board.xy[unit, 0]
        state.moment[grid, 2] += sign * mass * board.xy[unit, 1]
        for j in range(state.sums.shape[1]):
            state.sums[grid, j] += sign * board.weights[unit, j]
        state.n_units[grid] += 1 if sign > 0.0 else -1
        settle(board, state, grid)
    size_after = parts[home, SIZE] + parts[to, SIZE]
    border = own - other + parts[home, MIXED] + parts[to, MIXED] - mixed_before
    state.total[0] += c[0] * (gained - lost) + c[1] * border + c[2] * (size_after - size_before)
    state.total[1] += parts[home, VIOLATION] + parts[to, VIOLATION] - violation_before
    if not board.strict:
        state.labels[unit] = to
        return
    count = concerned(board, state, unit, home, to)
    relabel(state, unit, home, int64(to))
    for i in range(count):
        grid = state.waiting[i]
        state.total[1] -= parts[grid, VIOLATION]
        search_breaches(board, state, grid)
        state.total[1] += parts[grid, VIOLATION]


@helper(void(BOARD, STATE))
def enlist(board: Any, state: Any) -> Any:
    """Write down the members of every grid, in order."""
    members, k, n = state.members, len(state.n_units), len(state.labels)
    for grid in range(k):
        members[grid] = -1
    for unit in range(n - 1, -1, -1):
        head = members[state.labels[unit]]
        members[k + unit], members[k + n + unit] = head, -1
        if head >= 0:
            members[k + n + head] = unit
        members[state.labels[unit]] = unit


@helper(void(BOARD, STATE, int64, int64))
def move(board: Any, state: Any, unit: Any, to: Any) -> Any:
    """`hand_over` as a call, for where code counts more than time."""
    hand_over(board, state, unit, to)


@kernel(void(BOARD, STATE))
def tally(board: Any, state: Any) -> Any:
    """Fill every sum of a state from its labels."""
    n, k = len(state.labels), len(state.n_units)
    anchors = board.further.anchors
    for array in (state.sums, state.moment, state.parts):
        for grid in range(k):
            for j in range(array.shape[1]):
                array[grid, j] = 0.0
    for grid in range(k):
        state.n_units[grid] = 0
    for i in range(n):
        grid = state.labels[i]
        state.n_units[grid] += 1
        state.moment[grid, 0] += board.mass[i]
        state.moment[grid, 1] += board.mass[i] * board.xy[i, 0]
        state.moment[grid, 2] += board.mass[i] * board.xy[i, 1]
        for j in range(state.sums.shape[1]):
            state.sums[grid, j] += board.weights[i, j]
    for i in range(n):
        grid = state.labels[i]
        if state.moment[grid, 0] > 0.0:
            x, y = state.moment[grid, 1] / state.moment[grid, 0], state.moment[grid, 2] / state.moment[grid, 0]
            if board.anchored and not np.isnan(anchors[grid, 0]):
                x, y = anchors[grid, 0], anchors[grid, 1]
            dx, dy = board.xy[i, 0] - x, board.xy[i, 1] - y
            state.parts[grid, INERTIA] += board.mass[i] * (dx * dx + dy * dy)
        for e in range(board.indptr[i], board.indptr[i + 1]):
            if state.labels[board.neighbours[e]] != grid:
                state.parts[grid, CUT] += board.cost[e]
    if board.strict:
        enlist(board, state)
    state.total[0], state.total[1] = 0.0, 0.0
    for grid in range(k):
        if board.strict:
            search_breaches(board, state, grid)
        else:
            settle(board, state, grid)
        state.total[0] += grid_cost(board, state, grid)
        state.total[1] += state.parts[grid, VIOLATION]
