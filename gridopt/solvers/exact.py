"""The exact path for small pieces: every admissible grid enumerated, the best partition of them found and proved.

All three terms add up over grids (a border between two grids is half of each one's), so the cheapest
choice of disjoint grids that covers the piece is the optimum. Set partitioning for districting is due to
Garfinkel and Nemhauser (1970); small pieces need no column generation. Covers are grown grid by grid over
the units in order, and of all partial covers of the same units only the cheapest is kept (the dynamic
programming of Held and Karp, 1962); where there are too many, a MILP takes over.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from gridopt._kernels.cover import extend
from gridopt._kernels.enumerate import MOST_UNITS, connected_sets, leaves_room
from gridopt.milp.set_partitioning import choose
from gridopt.solvers.problem import Problem, mixtures

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MOST_SETS = 150_000
MOST_STEPS = 20_000_000
MOST_COVERS = 2_000_000
"""Partial covers that one step may grow."""
MOST_COLUMNS = 20_000
"""Sets that the MILP may choose from where covers are too many."""
MOST_BRANCHES = 500
"""Choices looked at to keep every grid from lying inside another."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Candidate grids of one problem.

    ``order`` says which unit each bit stands for; ``masks`` are the sets as bits, none where units are more than a
    word has, ``members`` (sets, units) the same in unit order, ``cost`` what each costs; ``low`` and ``high`` are the
    bounds they keep.
    """

    order: NDArray[np.int64]
    masks: NDArray[np.uint64]
    members: NDArray[np.bool_]
    cost: Floats
    low: Floats
    high: Floats

    def priced(self, extra: Floats) -> Sets:
        """The same sets at a higher cost."""
        return Sets(self.order, self.masks, self.members, self.cost + extra, self.low, self.high)

    def kept(self, chosen: NDArray[np.bool_]) -> Sets:
        """Some of the sets."""
        members, cost = self.members[chosen], self.cost[chosen]
        masks = self.masks[chosen] if len(self.masks) else self.masks
        return Sets(self.order, masks, members, cost, self.low, self.high)

    @classmethod
    def of(cls, problem: Problem, members: NDArray[np.bool_], *, soft: Collection[str] = ()) -> Sets:
        """Sets (s, n) known to be connected and within the bounds, which all grids share, but for those that break
        further rules (as `enumerate_sets`).
        """
        order = along(problem.xy)
        members = members[_sound(problem, members, soft)]
        masks = np.empty(0, np.uint64)
        if problem.n_units <= MOST_UNITS:
            masks = members[:, order] @ (np.uint64(1) << np.arange(problem.n_units, dtype=np.uint64))
            turn = np.argsort(masks, kind="stable")
            members, masks = members[turn], masks[turn]
        cost = set_costs(problem, members.astype(np.float64))
        return cls(order, masks, members, cost, problem.low[0], problem.high[0])


@dataclass(frozen=True, eq=False)
class Proof:
    """What the exact path found out: "optimal", "infeasible" (both proved) or "limit" (neither)."""

    status: str
    labels: Ints | None = None


def enumerate_sets(problem: Problem, low: Floats, high: Floats, *, soft: Collection[str] = ()) -> Sets | None:
    """Every connected set of units with low <= sums <= high, priced; None where there are too many.

    Sets that part the fixed units of one grid, or join those of two, are left out, and so are those that break
    a pair or walk too far, unless this rule is among those that may give way (``soft``).
    """
    n = problem.n_units
    if n > MOST_UNITS:
        return None
    order = along(problem.xy)
    masks = np.empty(MOST_SETS, np.uint64)
    adjacency = _neighbour_masks(problem, order)
    found = connected_sets(adjacency, problem.weights[order], low - 1e-9, high + 1e-9, masks, MOST_STEPS)
    if found < 0:
        return None
    ordered = np.sort(masks[:found])
    bits = ((ordered[:, None] >> np.arange(n, dtype=np.uint64)) & np.uint64(1)).astype(bool)
    members = np.empty_like(bits)
    members[:, order] = bits
    sound = _sound(problem, members, soft)
    members = members[sound]
    return Sets(order, ordered[sound], members, set_costs(problem, members.astype(np.float64)), low, high)


def _sound(problem: Problem, members: NDArray[np.bool_], soft: Collection[str]) -> NDArray[np.bool_]:
    """Which sets (s, n) neither part nor join fixed units, and break no rule but such as may give way."""
    sound = _owners(problem, members)[1]
    for rule, missed in problem.conditions.misses(members, anchors_of(problem, members)).items():
        sound &= (missed == 0) | (rule in soft)
    return sound


def best_partition(problem: Problem, sets: Sets, *, incumbent: float = np.inf) -> Proof:
    """The cheapest partition into ``problem.n_grids`` of the sets, proved, or proof that there is none.

    ``incumbent`` is the cost of a known plan, if there is one: what cannot beat it is passed over.
    """
    if problem.conditions.beside is None:
        return _cheapest(problem, sets, incumbent)
    best, branches = Proof("infeasible"), [np.ones(len(sets.members), bool)]
    for _ in range(MOST_BRANCHES):
        if not branches:
            return best
        kept = branches.pop()
        proof = _cheapest(problem, sets.kept(kept), incumbent)
        if proof.status == "limit":
            return proof
        if proof.labels is None:
            continue
        ways = _ways_out(problem, sets, proof.labels)
        branches += [kept & way for way in ways]
        if not ways:
            best, incumbent = proof, _cost(sets, proof.labels)
    return Proof("limit")


def _ways_out(problem: Problem, sets: Sets, labels: Ints) -> list[NDArray[np.bool_]]:
    """Where a grid of a partition lies inside another: the sets left if it is no grid, and if none surrounds it."""
    inside = np.flatnonzero(problem.conditions.enclosed(labels, problem.n_grids))
    if not len(inside) or problem.conditions.beside is None:
        return []
    grid = labels == inside[0]
    ends = problem.conditions.beside
    around = np.zeros(problem.n_units, bool)
    around[ends[grid[ends[:, 0]], 1]] = True
    around[ends[grid[ends[:, 1]], 0]] = True
    itself = (sets.members == grid).all(axis=1)
    surrounding = sets.members[:, around & ~grid].all(axis=1) & ~sets.members[:, grid].any(axis=1)
    return [~itself, ~surrounding]


def _labels(sets: Sets, chosen: NDArray[np.int64]) -> Ints:
    """Labels (n,) of disjoint sets that cover every unit."""
    return np.asarray(np.argmax(sets.members[np.sort(chosen)], axis=0), np.int32)


def _cost(sets: Sets, labels: Ints) -> float:
    """What a partition into some of the sets costs."""
    grids = [labels == grid for grid in range(int(labels.max()) + 1)]
    return float(sum(sets.cost[(sets.members == grid).all(axis=1).argmax()] for grid in grids))


def _cheapest(problem: Problem, sets: Sets, incumbent: float) -> Proof:
    """`best_partition` where grids may lie inside one another."""
    if len(sets.masks) < len(sets.members):
        return _by_milp(problem, sets, np.arange(len(sets.members)), incumbent)
    useful = np.flatnonzero(_room(problem, sets, sets.masks, problem.n_grids))
    if not len(useful):
        return Proof("infeasible")
    chosen = _cheapest_cover(problem, sets, useful, incumbent)
    if chosen is None:
        return _by_milp(problem, sets, useful, incumbent)
    if not len(chosen):
        return Proof("infeasible")
    return Proof("optimal", numbered(problem, _labels(sets, chosen)))


def _cheapest_cover(
    problem: Problem, sets: Sets, useful: NDArray[np.int64], incumbent: float
) -> NDArray[np.int64] | None:
    """Positions of the cheapest disjoint sets that cover every unit; empty if there are none, None if too many."""
    n = problem.n_units
    lowest = np.argmax((sets.masks[useful, None] >> np.arange(n, dtype=np.uint64)) & np.uint64(1), axis=1)
    useful = useful[np.argsort(lowest, kind="stable")]
    masks, cost = sets.masks[useful], sets.cost[useful]
    starts = np.concatenate([[0], np.cumsum(np.bincount(lowest, minlength=n))]).astype(np.int64)
    share = _least_shares(sets, useful)[sets.order]
    limit = incumbent + 1e-9 * max(1.0, abs(incumbent)) if np.isfinite(incumbent) else np.inf
    covered, spent = np.zeros(1, np.uint64), np.zeros(1)
    steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for left in range(problem.n_grids, 0, -1):
        parents, chosen = np.empty(MOST_COVERS, np.int64), np.empty(MOST_COVERS, np.int64)
        found = extend(covered, spent, masks, cost, starts, share, limit, parents, chosen)
        if found < 0:
            return None
        parents, chosen = parents[:found], chosen[:found]
        union, total = covered[parents] | masks[chosen], spent[parents] + cost[chosen]
        best = np.lexsort((chosen, total, union))
        best = best[np.unique(union[best], return_index=True)[1]]
        best = best[_room(problem, sets, union[best], left)]
        if not len(best):
            return np.empty(0, np.int64)
        steps.append((parents[best], chosen[best]))
        covered, spent = union[best], total[best]
    return useful[_traced(steps)]


def _traced(steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> NDArray[np.int64]:
    """The sets of the only cover that is left, from the last step back."""
    place, trail = 0, []
    for parents, chosen in reversed(steps):
        trail.append(int(chosen[place]))
        place = int(parents[place])
    return np.array(trail, np.int64)


def _room(problem: Problem, sets: Sets, covered: NDArray[np.uint64], left: int) -> NDArray[np.bool_]:
    """Whether what each cover leaves could still fall into ``left`` - 1 grids, by the totals of its parts."""
    adjacency = _neighbour_masks(problem, sets.order)
    weights = problem.weights[sets.order]
    answer: NDArray[np.bool_] = leaves_room(covered, adjacency, weights, sets.low - 1e-9, sets.high + 1e-9, left)
    return answer


def _least_shares(sets: Sets, useful: NDArray[np.int64]) -> Floats:
    """The least cost a unit, over the sets that hold it: covering the unit costs no less."""
    members = sets.members[useful]
    share = np.where(members, (sets.cost[useful] / members.sum(axis=1))[:, None], np.inf).min(axis=0)
    return np.asarray(share - 1e-12, np.float64)


def _by_milp(problem: Problem, sets: Sets, useful: NDArray[np.int64], incumbent: float) -> Proof:
    if len(useful) > MOST_COLUMNS:
        return Proof("limit")
    members = csc_array(sets.members[useful].T.astype(np.float64))
    choice = choose(members, sets.cost[useful], problem.n_grids, incumbent=incumbent)
    if choice.chosen is None:
        return Proof(choice.status)
    return Proof(choice.status, numbered(problem, _labels(sets, useful[choice.chosen])))


def along(xy: Floats) -> NDArray[np.int64]:
    """Units along the principal axis: a cover that grows along it has a short front and few shapes."""
    centred = xy - xy.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, 1]
    axis = axis * (1 if axis[np.argmax(np.abs(axis))] > 0 else -1)
    return np.argsort(centred @ axis, kind="stable")


def _neighbour_masks(problem: Problem, order: NDArray[np.int64]) -> NDArray[np.uint64]:
    place = np.empty(problem.n_units, np.int64)
    place[order] = np.arange(problem.n_units)
    masks = np.zeros(problem.n_units, np.uint64)
    heads = np.repeat(np.arange(problem.n_units), np.diff(problem.indptr))
    np.bitwise_or.at(masks, place[heads], np.uint64(1) << place[problem.neighbours].astype(np.uint64))
    return masks


def numbered(problem: Problem, labels: Ints) -> Ints:
    """The same grids, those that hold fixed units under the number that these give them."""
    held = problem.fixed >= 0
    if not held.any():
        return labels
    numbers = np.full(problem.n_grids, -1, np.int32)
    numbers[labels[held]] = problem.fixed[held]
    numbers[numbers < 0] = np.setdiff1d(np.arange(problem.n_grids), numbers)
    return np.asarray(numbers[labels])


def _owners(
    problem: Problem, members: NDArray[np.bool_] | Floats | csr_array
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The grid whose fixed units each set (s, n) holds, -1 for none, and whether it holds all of them and no others."""
    grids = np.unique(problem.fixed[problem.fixed >= 0]).astype(np.int64)
    fixed = (problem.fixed[:, None] == grids).astype(np.float64)
    held = np.asarray(members @ fixed)
    some = held > 0
    sound = (~some | (held == fixed.sum(axis=0))).all(axis=1) & (some.sum(axis=1) <= 1)
    return np.concatenate([grids, [-1]])[
        np.where(some.any(axis=1), some.argmax(axis=1) if len(grids) else 0, -1)
    ], sound


def anchors_of(problem: Problem, members: NDArray[np.bool_] | Floats | csr_array) -> Floats:
    """The given centre of the grid whose fixed units each set (s, n) holds, (s, 2); NaN where it has none."""
    return np.vstack([problem.anchors, np.full((1, 2), np.nan)])[_owners(problem, members)[0]]


def set_costs(problem: Problem, members: Floats | csr_array) -> Floats:
    """The weighted terms of each set as a grid; a border is half of each of its two grids'.

    members (sets, units) of 0 and 1, dense or sparse. All grids of the problem must share one comfort band and target.
    """
    n = problem.mass.size
    xy = problem.xy - problem.xy.mean(axis=0)
    mass = members @ problem.mass
    first = members @ (problem.mass[:, None] * xy)
    second = members @ (problem.mass * (xy**2).sum(axis=1))
    inertia = second - (first**2).sum(axis=1) / np.where(mass > 0, mass, 1.0)
    anchors = anchors_of(problem, members) - problem.xy.mean(axis=0)
    to_anchor = second - 2 * (first * anchors).sum(axis=1) + mass * (anchors**2).sum(axis=1)
    inertia = np.where(np.isnan(anchors[:, 0]), inertia, to_anchor)
    cost = csr_array((problem.cost, problem.neighbours, problem.indptr), shape=(n, n))
    cut = members @ cost.sum(axis=1) - ((members @ cost) * members).sum(axis=1)
    sizes = members @ problem.weights[:, 0]
    low, high = problem.comfort[0]
    outside = np.maximum(np.maximum(low - sizes, sizes - high), 0.0) / problem.target[0]
    if problem.conditions.categories.size:
        cut = cut + 2 * mixtures(members @ problem.conditions.categories)
    terms = np.column_stack([np.maximum(inertia, 0.0), cut / 2, outside**2])
    return np.asarray(terms @ problem.coefficients, np.float64)
