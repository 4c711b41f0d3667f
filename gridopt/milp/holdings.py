"""Posts shared out as whole holdings: each person takes at most one set of posts, chosen from a list of them.

A set-partitioning program (Garfinkel and Nemhauser 1969) whose linear relaxation is far tighter than that of pairs:
sets that fall apart are not listed, and what a person's work costs beyond a fair share is known of every set. The
relaxation is solved over few columns, to which those join that it prices as worth it (Gilmore and Gomory 1961).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, eye_array, hstack, vstack

from gridopt.milp.gate import Floats, Limits, Outcome, Program, solve
from gridopt.milp.rows import matrix

Integers = NDArray[np.int64]

JOINING, JOININGS = 8, 100
"""Columns of each kind of people that join at once, and how often some do."""

MOST_COLUMNS = 6_000
"""Columns that the integer program may have; what every answer with another one costs at least bounds the rest."""

ROUNDING = 1e-7
"""Share of the objective by which prices may be off."""


@dataclass(frozen=True, eq=False)
class Holdings:
    """What each kind of people may hold.

    members      (slots, columns) ones where a holding has a post of a slot
    kinds, cost  (columns,) whose holding it is, and what it costs
    needs        (slots,) posts of each slot
    counts       (kinds,) people of each kind; ``must`` (kinds,) whether each of them has to hold something
    vacancy      the price of a post without anybody
    """

    members: csc_array
    kinds: Integers
    cost: Floats
    needs: Floats
    counts: Floats
    must: NDArray[np.bool_]
    vacancy: float

    def program(self, columns: Integers, *, integral: bool) -> Program:
        """Some of the columns, then vacant posts by slot: every post held or vacant, at most one holding a person."""
        n_slots, n_kinds, n = len(self.needs), len(self.counts), len(columns)
        own = self.members[:, columns]
        takes = matrix(self.kinds[columns], np.arange(n), np.ones(n), (n_kinds, n))
        rows = hstack([vstack([own, takes]), eye_array(n_slots + n_kinds, n_slots)], format="csc")
        return Program(
            np.concatenate([self.cost[columns], np.full(n_slots, self.vacancy)]),
            csc_array(rows),
            np.concatenate([self.needs, np.where(self.must, self.counts, 0.0)]),
            np.concatenate([self.needs, self.counts]),
            np.arange(n + n_slots) < (n if integral else 0),
            np.zeros(n + n_slots),
            np.concatenate([self.counts[self.kinds[columns]], self.needs]),
        )

    def reduced(self, prices: Floats) -> Floats:
        """Of every column, its cost less the prices of the posts that it holds and of the person who does."""
        by_slot, by_kind = prices[: len(self.needs)], prices[len(self.needs) :]
        return np.asarray(self.cost - by_slot @ self.members - by_kind[self.kinds], np.float64)


@dataclass(frozen=True, eq=False)
class Held:
    """``times`` (columns,) how many people hold each; None without an answer. No answer costs less than ``bound``."""

    times: Integers | None
    bound: float | None


@dataclass(frozen=True, eq=False)
class _Relaxed:
    """The relaxation: ``columns`` that it was solved over, its ``bound``, and the ``reduced`` costs of all columns."""

    columns: Integers
    bound: float
    reduced: Floats


def share_out(holdings: Holdings, limits: Limits) -> Held:
    """The cheapest choice of holdings, with as few vacant posts as the price of a vacancy makes it.

    An answer over the columns of the relaxation comes first; then all columns whose reduced cost is below the
    distance to the bound, which keeps the optimum (reduced-cost fixing).
    """
    relaxed = _relaxed(holdings, limits)
    if relaxed is None:
        return Held(None, None)
    first = solve(holdings.program(relaxed.columns, integral=True), limits)
    if first.values is None or first.objective is None:
        return Held(None, relaxed.bound)
    slack = ROUNDING * max(1.0, abs(first.objective))
    room = first.objective - relaxed.bound
    if room <= slack:
        return Held(_times(holdings, relaxed.columns, first), relaxed.bound)
    order = np.argsort(relaxed.reduced, kind="stable")
    order = order[relaxed.reduced[order] <= room + slack]
    beyond = np.inf
    if len(order) > MOST_COLUMNS:
        beyond = relaxed.bound + float(relaxed.reduced[order[MOST_COLUMNS]])
        order = order[:MOST_COLUMNS]
    columns = np.union1d(order, relaxed.columns[first.values[: len(relaxed.columns)] > 0.5])
    start = np.zeros(len(columns) + len(holdings.needs))
    start[np.searchsorted(columns, relaxed.columns)] = first.values[: len(relaxed.columns)]
    start[len(columns) :] = first.values[len(relaxed.columns) :]
    last = solve(holdings.program(columns, integral=True), limits, start=start)
    bound = max(relaxed.bound, min(last.bound if last.bound is not None else -np.inf, beyond))
    if last.values is None or last.objective is None or last.objective > first.objective:
        return Held(_times(holdings, relaxed.columns, first), bound)
    return Held(_times(holdings, columns, last), bound)


def _relaxed(holdings: Holdings, limits: Limits) -> _Relaxed | None:
    """The linear relaxation over all columns, few of them at a time; None where it was not solved at all.

    Where not all joined that are worth it, the bound takes off what those can save (Lasdon 1970).
    """
    columns = _begun(holdings)
    best: _Relaxed | None = None
    for _ in range(JOININGS):
        outcome = solve(holdings.program(columns, integral=False), limits)
        if outcome.prices is None or outcome.objective is None:
            break
        reduced = holdings.reduced(outcome.prices)
        least = np.zeros(len(holdings.counts))
        np.minimum.at(least, holdings.kinds, reduced)
        bound = float(outcome.objective + holdings.counts @ least)
        best = _Relaxed(columns, bound if best is None else max(bound, best.bound), reduced)
        joined = np.union1d(columns, _lowest(holdings, reduced, np.flatnonzero(reduced < 0)))
        if len(joined) == len(columns) or -(holdings.counts @ least) <= ROUNDING * max(1.0, abs(outcome.objective)):
            break
        columns = joined
    return best


def _begun(holdings: Holdings) -> Integers:
    """Of each kind the cheapest holdings of one post, and all of those who have to hold something."""
    alone = np.flatnonzero(np.diff(holdings.members.indptr) == 1)
    return np.union1d(_lowest(holdings, holdings.cost, alone), np.flatnonzero(holdings.must[holdings.kinds]))


def _lowest(holdings: Holdings, values: Floats, among: Integers) -> Integers:
    """Of each kind the few of some columns with the lowest values."""
    order = among[np.lexsort((values[among], holdings.kinds[among]))]
    starts = np.flatnonzero(np.diff(holdings.kinds[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return order[rank < JOINING]


def _times(holdings: Holdings, columns: Integers, outcome: Outcome) -> Integers:
    times = np.zeros(len(holdings.cost), np.int64)
    if outcome.values is not None:
        times[columns] = np.round(outcome.values[: len(columns)]).astype(np.int64)
    return times
