"""What each person could hold: every set of posts that hang together, within capacity, open to all its slots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array, vstack

from gridopt.milp.holdings import Held, Holdings
from gridopt.milp.staffing import Posting

Chosen = NDArray[np.bool_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST = 1_000_000
"""Holdings of all kinds of people together, beyond which they are not listed."""


@dataclass(frozen=True, eq=False)
class Listed:
    """All holdings of a posting, and the people (``kind_of``) who are of each kind: alike in all that counts."""

    holdings: Holdings
    kind_of: Integers


def listed(posting: Posting, beside: csr_array) -> Listed | None:
    """Every holding of every kind of people; None where they are too many.

    Connected sets of slots grow by one neighbour at a time, as long as somebody may hold them all.
    """
    kind_of = _kinds(posting)
    heads = np.unique(kind_of, return_index=True)[1]
    n_slots = len(posting.needs)
    own = np.isin(posting.people, heads)
    kinds, slots = kind_of[posting.people[own]], posting.slots[own]
    shape = (len(heads), n_slots)
    costs = csr_array(coo_array((posting.cost[own], (kinds, slots)), shape=shape))
    opened = csr_array(coo_array((np.ones(len(kinds)), (kinds, slots)), shape=shape))
    fixed = csr_array(coo_array((posting.fixed[own].astype(float), (kinds, slots)), shape=shape))
    must = np.asarray(fixed.sum(axis=1)).ravel()
    parts: list[tuple[csr_array, Integers, Integers]] = []
    n_listed, sets = 0, csr_array(np.eye(n_slots))
    room = float(posting.capacity.max() - posting.sizes.min())
    while sets.shape[0]:
        if n_listed + float((opened.sum(axis=0) @ sets.T).sum()) / sets.indptr[1] > MOST:
            return None
        holders = _holders(opened, sets, posting.capacity[heads], posting.sizes)
        parts.append((sets, *holders))
        n_listed += len(holders[0])
        sets = sets[np.unique(holders[1])]
        sets = _grown(sets[sets @ posting.sizes <= room], beside)
    columns = [_columns(part, (costs, fixed), must, posting) for part in parts]
    members = csc_array(vstack([one for one, _, _ in columns]).T)
    kinds, cost = (np.concatenate([one[i] for one in columns]) for i in (1, 2))
    counts = np.bincount(kind_of, minlength=len(heads)).astype(np.float64)
    return Listed(Holdings(members, kinds, cost, posting.needs, counts, must > 0, posting.vacancy), kind_of)


def pairs_of(posting: Posting, given: Listed, held: Held) -> Chosen:
    """The pairs of a posting that hold, the people of a kind taking its holdings in turn."""
    place = {pair: i for i, pair in enumerate(zip(posting.people.tolist(), posting.slots.tolist(), strict=True))}
    chosen = np.zeros(len(posting.cost), bool)
    free = [np.flatnonzero(given.kind_of == kind).tolist() for kind in range(len(given.holdings.counts))]
    times = np.zeros(0, np.int64) if held.times is None else held.times
    for column in np.flatnonzero(times):
        slots = given.holdings.members[:, [column]].indices
        for _ in range(int(times[column])):
            person = free[given.holdings.kinds[column]].pop(0)
            chosen[[place[person, int(slot)] for slot in slots]] = True
    return chosen


def _kinds(posting: Posting) -> Integers:
    """The kind of each person: those with the same posts open at the same costs, fixed ones and capacity."""
    order = np.lexsort((posting.slots, posting.people))
    bounds = np.searchsorted(posting.people[order], np.arange(len(posting.capacity) + 1))
    seen: dict[tuple[bytes, bytes, bytes, float], int] = {}
    kinds = []
    for person, most in enumerate(posting.capacity.tolist()):
        own = order[bounds[person] : bounds[person + 1]]
        facts = (posting.slots[own].tobytes(), posting.cost[own].tobytes(), posting.fixed[own].tobytes(), most)
        kinds.append(seen.setdefault(facts, len(seen)))
    return np.array(kinds, np.int64)


def _holders(opened: csr_array, sets: csr_array, capacity: Floats, sizes: Floats) -> tuple[Integers, Integers]:
    """Which kinds may hold which sets: (kinds, sets)."""
    within = coo_array(opened @ sets.T)
    kinds, found = within.coords
    lengths, grids = np.diff(sets.indptr), sets @ sizes
    may = (within.data > lengths[found] - 0.5) & (grids[found] <= capacity[kinds])
    order = np.lexsort((found[may], kinds[may]))
    return kinds[may][order].astype(np.int64), found[may][order].astype(np.int64)


def _grown(sets: csr_array, beside: csr_array) -> csr_array:
    """The sets with one neighbour more, each once."""
    if not sets.shape[0]:
        return sets
    length, n_slots = int(np.diff(sets.indptr)[0]), sets.shape[1]
    inside = sets.indices.reshape(-1, length)
    around = coo_array(sets @ (beside != 0).astype(np.float64))
    rows, joining = around.coords
    fresh = (inside[rows] != joining[:, None]).all(axis=1)
    wider = np.sort(np.column_stack([inside[rows[fresh]], joining[fresh]]), axis=1)
    wider = np.unique(wider, axis=0).reshape(-1, length + 1)
    starts = np.arange(len(wider) + 1) * (length + 1)
    return csr_array((np.ones(wider.size), wider.ravel(), starts), shape=(len(wider), n_slots))


def _columns(
    part: tuple[csr_array, Integers, Integers], tables: tuple[csr_array, csr_array], must: Floats, posting: Posting
) -> tuple[csr_array, Integers, Floats]:
    """Sets of one length as columns: members, kinds, cost; a holding without somebody's fixed posts is none."""
    sets, kinds, found = part
    costs, fixed = tables
    has = np.asarray((fixed[kinds].multiply(sets[found])).sum(axis=1)).ravel()
    whole = has >= must[kinds] - 0.5
    kinds, found = kinds[whole], found[whole]
    own = csr_array(sets[found])
    cost = np.asarray(costs[kinds].multiply(own).sum(axis=1)).ravel()
    beyond = np.maximum((own @ posting.loads) / posting.fair - 1.0, 0.0) if posting.fair > 0 else 0.0
    return own, kinds, cost + posting.balance * beyond
