"""People to posts: least walking, balanced work, neighbouring grids, least change; proved, or with its gap."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from gridopt.milp.gate import Limits, solve
from gridopt.milp.holdings import share_out
from gridopt.milp.rows import Cut
from gridopt.milp.staffing import Posting, program
from gridopt.staffing.holdings import listed, pairs_of
from gridopt.staffing.neighbours import Neighbourhood

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Chosen = NDArray[np.bool_]

LIMITS = Limits(nodes=500, iterations=200_000)
"""Work for one group of people and posts that have to do with each other."""

FEW, SHARE = 200, 4
"""Pairs that a group may have, and so many more for each person and slot, before it is thinned out."""

ENOUGH = 0.02
"""Share of its cost by which an answer that was mended may lie above the bound of the next round, and be kept."""

NEAR = 1e-6
"""By how much a bound may fall below 0 through rounding."""

ROUNDS = 8
"""Times that a group is solved again with the cuts that keep posts of one person together."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """Which pairs hold, how many posts are vacant, what the pairs cost, and what they cost at least.

    ``bound`` is that of answers with no more vacant posts, None where it, or that there are none with fewer, was
    not proved.
    """

    chosen: Chosen
    vacant: int
    cost: float
    bound: float | None


def assign(posting: Posting, grids: Sequence[tuple[int, ...]], neighbours: Neighbourhood) -> Assignment:
    """The best choice of pairs in which nobody's grids fall apart; group by group, as people and posts depend.

    ``grids`` are those of each slot. Where the work allowed does not suffice the answer is mended: it keeps every
    rule, and the bound stands beside it.
    """
    beside = _beside(grids, neighbours)
    chosen = np.zeros(len(posting.cost), bool)
    people = len(posting.capacity)
    ends = (posting.people, people + posting.slots)
    links = coo_array((np.ones(len(chosen)), ends), shape=(people + len(grids),) * 2)
    group_of = connected_components(links, directed=False)[1][posting.people]
    answers = []
    for pairs in (np.flatnonzero(group_of == group) for group in np.unique(group_of)):
        own, slots = _part(posting, pairs)
        answers.append(_solved(own, csr_array(beside[slots][:, slots])))
        chosen[pairs] = answers[-1].chosen
    bounds = [answer.bound for answer in answers if answer.bound is not None]
    return Assignment(
        chosen,
        int(posting.needs.sum()) - int(chosen.sum()),
        sum(answer.cost for answer in answers),
        sum(bounds) if len(bounds) == len(answers) else None,
    )


def _beside(grids: Sequence[tuple[int, ...]], neighbours: Neighbourhood) -> csr_array:
    """(s, s): slots with grids that are neighbours, or with a grid in common."""
    sizes = [len(one) for one in grids]
    holds = csr_array(
        coo_array(
            (np.ones(sum(sizes)), (np.repeat(np.arange(len(grids)), sizes), np.concatenate(list(map(list, grids))))),
            shape=(len(grids), len(neighbours.codes)),
        )
    )
    near = neighbours.links.astype(np.float64)
    return csr_array((holds @ near @ holds.T) + (holds @ holds.T))


def _part(posting: Posting, pairs: Integers) -> tuple[Posting, Integers]:
    """A group of pairs as a posting of its own, and its slots; what is fair stays that of all."""
    people, own_people = np.unique(posting.people[pairs], return_inverse=True)
    slots, own_slots = np.unique(posting.slots[pairs], return_inverse=True)
    part = Posting(
        own_people.astype(np.int64),
        own_slots.astype(np.int64),
        posting.cost[pairs],
        posting.fixed[pairs],
        posting.needs[slots],
        posting.sizes[slots],
        posting.loads[slots],
        posting.capacity[people],
        posting.balance,
        even=posting.fair,
    )
    return part, slots


def _solved(posting: Posting, beside: csr_array) -> Assignment:
    """One group: its best answer and a bound; over the pairs that its relaxation leaves promising if it is large."""
    answer, least = _shared_out(posting, beside), np.inf
    if answer is None:
        kept, least = _promising(posting)
        smaller = dataclasses.replace(
            posting,
            people=posting.people[kept],
            slots=posting.slots[kept],
            cost=posting.cost[kept],
            fixed=posting.fixed[kept],
            price=posting.vacancy,
        )
        own, bound = _shared_out(smaller, beside) or _cut(smaller, beside)
        best = np.zeros(len(posting.cost), bool)
        best[kept] = own
        answer = _filled(posting, best, beside), bound
    best, bound = answer
    lower = None if bound is None else min(bound, least)
    vacant = int(posting.needs.sum()) - int(best.sum())
    cost = posting.objective(best) - posting.vacancy * vacant
    saved = None if lower is None else lower - posting.vacancy * vacant
    return Assignment(best, vacant, cost, min(saved, cost) if saved is not None and saved > -NEAR else None)


def _shared_out(posting: Posting, beside: csr_array) -> tuple[Chosen, float | None] | None:
    """The best choice of whole holdings and its bound; None where they are too many, or none was found."""
    given = listed(posting, beside)
    held = None if given is None else share_out(given.holdings, LIMITS)
    if given is None or held is None or held.times is None:
        return None
    return pairs_of(posting, given, held), held.bound


def _promising(posting: Posting) -> tuple[Integers, float]:
    """The pairs worth a look, and what every answer with another pair costs at least.

    Reduced costs of the linear relaxation: an answer that uses a pair costs at least the relaxation and the pair's
    reduced cost (as in reduced-cost fixing, Garfinkel and Nemhauser 1970). In a small group all are kept.
    """
    every = np.arange(len(posting.cost))
    most = FEW + SHARE * (len(posting.capacity) + len(posting.needs))
    if len(every) <= most:
        return every, np.inf
    relaxed = solve(dataclasses.replace(program(posting), integral=False), LIMITS)
    if relaxed.reduced is None or relaxed.objective is None:
        return every, np.inf
    reduced = np.where(posting.fixed, -np.inf, relaxed.reduced[: len(every)])
    order = np.argsort(reduced, kind="stable")
    return np.sort(order[:most]), float(relaxed.objective + reduced[order[most]])


def _cut(posting: Posting, beside: csr_array) -> tuple[Chosen, float | None]:
    """Solved, cut where somebody's posts fall apart, solved again; mended where that does not end."""
    cuts: list[Cut] = []
    bound: float | None = None
    best = _mended(posting, posting.fixed.copy(), beside)
    for _ in range(ROUNDS):
        outcome = solve(program(posting, cuts), LIMITS)
        if outcome.bound is not None:
            bound = outcome.bound if bound is None else max(bound, outcome.bound)
        if outcome.values is None:
            break
        chosen = np.asarray(outcome.values[: len(posting.cost)] > 0.5)
        fresh = _separators(posting, chosen, beside)
        answer = chosen if not fresh else _mended(posting, chosen, beside)
        if posting.objective(answer) < posting.objective(best):
            best = answer
        near = bound is not None and posting.objective(best) - bound <= ENOUGH * _worth(posting, best)
        if not fresh or near:
            break
        cuts += fresh
    return best, bound


def _worth(posting: Posting, chosen: Chosen) -> float:
    """What a choice costs but for its vacant posts."""
    return posting.objective(chosen) - posting.vacancy * float(posting.needs.sum() - chosen.sum())


def _separators(posting: Posting, chosen: Chosen, beside: csr_array) -> list[Cut]:
    """Cuts against sets of posts that fall apart: two of them together only with one of those around the first.

    The (a, b)-separators of connected subgraphs (Carvajal, Constantino, Goycoolea, Vielma, Weintraub 2013), for
    everybody in the group who could hold both.
    """
    found: dict[tuple[int, int], Integers] = {}
    for person in np.unique(posting.people[chosen]):
        held = posting.slots[chosen & (posting.people == person)]
        pieces = _pieces(held, beside)
        for number in range(pieces.max() + 1):
            piece, rest = held[pieces == number], held[pieces != number]
            if len(rest):
                around = np.setdiff1d(beside[piece].indices, piece)
                found[int(piece[0]), int(rest[0])] = around.astype(np.int64)
    return [cut for ends, around in found.items() for cut in _cuts(posting, ends, around)]


def _cuts(posting: Posting, ends: tuple[int, int], around: Integers) -> list[Cut]:
    cuts: list[Cut] = []
    touching = np.flatnonzero(np.isin(posting.slots, [*ends, *around]))
    by_person = touching[np.argsort(posting.people[touching], kind="stable")]
    for pairs in np.split(by_person, np.flatnonzero(np.diff(posting.people[by_person])) + 1):
        signs = np.where(np.isin(posting.slots[pairs], ends), 1.0, -1.0)
        if (signs > 0).sum() == len(ends) and posting.capacity[posting.people[pairs[0]]] > 1:
            cuts.append((pairs.tolist(), signs.tolist(), 1.0))
    return cuts


def _pieces(held: Integers, beside: csr_array) -> Integers:
    return np.asarray(connected_components(beside[held][:, held], directed=False)[1], np.int64)


def _mended(posting: Posting, chosen: Chosen, beside: csr_array) -> Chosen:
    """A choice in which everybody's posts hang together: the rest let go, then filled again by who is nearest.

    Of a person's pieces the one with a fixed post stays, else the one with most grids, else the first.
    """
    kept = chosen.copy()
    for person in np.unique(posting.people[chosen]):
        own = np.flatnonzero(chosen & (posting.people == person))
        pieces = _pieces(posting.slots[own], beside)
        worth = np.bincount(pieces, posting.sizes[posting.slots[own]] + 1e6 * posting.fixed[own])
        kept[own[pieces != int(np.argmax(worth))]] = False
    return _filled(posting, kept, beside)


def _filled(posting: Posting, chosen: Chosen, beside: csr_array) -> Chosen:
    filled = chosen.copy()
    room = posting.capacity - np.bincount(
        posting.people[filled], posting.sizes[posting.slots[filled]], len(posting.capacity)
    )
    vacant = posting.needs - np.bincount(posting.slots[filled], minlength=len(posting.needs))
    held: dict[int, list[int]] = {}
    for pair in np.flatnonzero(filled):
        held.setdefault(int(posting.people[pair]), []).append(int(posting.slots[pair]))
    for pair in np.argsort(posting.cost, kind="stable").tolist():
        person, slot = int(posting.people[pair]), int(posting.slots[pair])
        if filled[pair] or vacant[slot] < 1 or room[person] < posting.sizes[slot]:
            continue
        own = held.setdefault(person, [])
        if own and not np.isin(own, beside[[slot]].indices).any():
            continue
        own.append(slot)
        filled[pair] = True
        room[person] -= posting.sizes[slot]
        vacant[slot] -= 1
    return filled
