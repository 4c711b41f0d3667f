"""People given to posts: the integer program, as arrays, and its rows that keep a person's posts together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, vstack

from gridopt.milp.gate import Floats, Program
from gridopt.milp.rows import Cut, cut_rows, matrix

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Posting:
    """Who may hold what, and what it costs.

    people, slots, cost, fixed   (m,) one a pair that is allowed; a fixed one must be chosen
    needs, sizes, loads          (s,) posts in a slot; grids and work of one post
    capacity                     (p,) most grids that a person holds
    balance, price               of a whole fair share of work beyond the fair share; of a vacant post, where given
    even                         the fair share, where it is that of more people and posts than these

    Columns of the program: pairs, then vacant posts by slot, then by person the work beyond a fair share.
    """

    people: Integers
    slots: Integers
    cost: Floats
    fixed: NDArray[np.bool_]
    needs: Floats
    sizes: Floats
    loads: Floats
    capacity: Floats
    balance: float
    price: float | None = None
    even: float | None = None

    @cached_property
    def fair(self) -> float:
        """The work of all posts shared out evenly."""
        if self.even is not None:
            return self.even
        return float(self.needs @ self.loads) / len(self.capacity)

    @cached_property
    def vacancy(self) -> float:
        """The price of a vacant post: more than all that other answers could save elsewhere by leaving one."""
        if self.price is not None:
            return self.price
        most = float(self.loads.max(initial=0.0) * self.capacity.max(initial=0.0))
        beyond = self.balance * most / self.fair if self.fair > 0 else 0.0
        dearest = float(self.cost.max(initial=0.0)) + beyond
        return 1.0 + float(min(self.needs.sum(), self.capacity.sum())) * dearest

    @property
    def n_columns(self) -> int:
        return len(self.cost) + len(self.needs) + len(self.capacity)

    def objective(self, chosen: NDArray[np.bool_]) -> float:
        """What some chosen pairs cost, with vacant posts and work beyond the fair share."""
        vacant = self.needs - np.bincount(self.slots[chosen], minlength=len(self.needs))
        return float(self.cost[chosen].sum() + self.vacancy * vacant.sum() + self.balance * self.beyond(chosen).sum())

    def beyond(self, chosen: NDArray[np.bool_]) -> Floats:
        """By person, fair shares of work beyond the first."""
        work = np.bincount(self.people[chosen], self.loads[self.slots[chosen]], len(self.capacity))
        return np.maximum(work / self.fair - 1.0, 0.0) if self.fair > 0 else np.zeros(len(self.capacity))


def program(posting: Posting, cuts: Sequence[Cut] = ()) -> Program:
    """Every post with a person or vacant, nobody above capacity, least cost.

    A transportation program with knapsacks (generalised assignment, Ross and Soland 1975) where people hold
    several posts; whole by itself where everybody holds one.
    """
    pairs, n_slots, n_people = np.arange(len(posting.cost)), len(posting.needs), len(posting.capacity)
    width = posting.n_columns
    vacant, beyond = len(pairs) + np.arange(n_slots), len(pairs) + n_slots + np.arange(n_people)
    filled = matrix(
        np.concatenate([posting.slots, np.arange(n_slots)]),
        np.concatenate([pairs, vacant]),
        np.ones(len(pairs) + n_slots),
        (n_slots, width),
    )
    held = matrix(posting.people, pairs, posting.sizes[posting.slots], (n_people, width))
    blocks, low, high = [filled, held], [posting.needs, np.full(n_people, -np.inf)], [posting.needs, posting.capacity]
    if posting.fair > 0 and posting.balance > 0:
        work = matrix(
            np.concatenate([posting.people, np.arange(n_people)]),
            np.concatenate([pairs, beyond]),
            np.concatenate([posting.loads[posting.slots] / posting.fair, -np.ones(n_people)]),
            (n_people, width),
        )
        blocks, low, high = [*blocks, work], [*low, np.full(n_people, -np.inf)], [*high, np.ones(n_people)]
    if cuts:
        blocks.append(cut_rows(cuts, width))
        low.append(np.full(len(cuts), -np.inf))
        high.append(np.array([right for _, _, right in cuts], np.float64))
    return Program(
        np.concatenate([posting.cost, np.full(n_slots, posting.vacancy), np.full(n_people, posting.balance)]),
        csc_array(vstack(blocks, format="csc")),
        np.concatenate(low),
        np.concatenate(high),
        np.arange(width) < len(pairs),
        np.concatenate([posting.fixed.astype(np.float64), np.zeros(n_slots + n_people)]),
        np.concatenate([np.ones(len(pairs)), posting.needs, np.full(n_people, np.inf)]),
    )
