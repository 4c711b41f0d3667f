"""The people and posts of one role brought together: who may hold what, how far it is, who is fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from gridopt.milp.staffing import Posting
from gridopt.staffing.assign import assign
from gridopt.staffing.neighbours import Neighbourhood
from gridopt.staffing.people import Person, RosterFaults
from gridopt.staffing.places import Place, Places
from gridopt.staffing.roles import Role, StaffRules
from gridopt.staffing.slots import Slot

Floats = NDArray[np.float64]
Ground = tuple[Neighbourhood, Places]

KILOMETRE = 1000.0
"""Metres; programs count in kilometres, so that numbers stay small."""


@dataclass(frozen=True, eq=False)
class Matched:
    """``holders``: by slot the people who hold a post of it, with the metres they walk; cost and bound in metres."""

    holders: Mapping[int, list[tuple[Person, float]]]
    cost: float
    bound: float | None


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked beside the roster: pairs (person, slot) that are fixed, and grids held today by person."""

    rules: StaffRules
    fixed: frozenset[tuple[str, int]]
    today: Mapping[str, frozenset[str]]


def match(role: Role, given: tuple[Sequence[Person], Sequence[Slot]], ground: Ground, asked: Asked) -> Matched:
    """The people of one role given to its posts: `assign` on the pairs that its rules allow.

    ``given`` are all people and all slots; those of other roles are passed over.
    """
    people = [one for one in given[0] if one.role.key == role.key]
    own = [i for i, slot in enumerate(given[1]) if slot.role.key == role.key]
    held = [given[1][i] for i in own]
    place = {i: j for j, i in enumerate(own)}
    pairs = _pairs(people, held, ground, frozenset((who, place[i]) for who, i in asked.fixed if i in place))
    if not len(pairs.people):
        return Matched({}, 0.0, 0.0)
    rules = asked.rules
    walk = pairs.metres * (rules.part_time_walk if role.employment == "part_time" else 1.0)
    ends = zip(pairs.people.tolist(), pairs.slots.tolist(), strict=True)
    moved = np.array([_moves(people[p], held[s], asked.today, ground[0]) for p, s in ends])
    posting = Posting(
        pairs.people,
        pairs.slots,
        (walk + rules.change * moved) / KILOMETRE,
        pairs.fixed,
        np.array([slot.n for slot in held], np.float64),
        np.array([len(slot.grids) for slot in held], np.float64),
        np.array([slot.load for slot in held], np.float64),
        np.array([_capacity(one, role) for one in people], np.float64),
        rules.balance / KILOMETRE,
    )
    answer = assign(posting, [slot.grids for slot in held], ground[0])
    holders: dict[int, list[tuple[Person, float]]] = {}
    for pair in np.flatnonzero(answer.chosen):
        person, metres = people[pairs.people[pair]], float(pairs.metres[pair])
        holders.setdefault(own[pairs.slots[pair]], []).append((person, metres))
    bound = None if answer.bound is None else answer.bound * KILOMETRE
    return Matched(holders, answer.cost * KILOMETRE, bound)


def fixed_pairs(
    people: Sequence[Person], slots: Sequence[Slot], ground: Ground, faults: RosterFaults
) -> frozenset[tuple[str, int]]:
    """The pairs (person, slot) that the roster fixes; faults are added for those that cannot hold together."""
    codes = {code: i for i, code in enumerate(ground[0].codes)}
    by_grid: dict[tuple[str, int], int] = {}
    for i, slot in enumerate(slots):
        by_grid |= {(slot.role.key, grid): i for grid in slot.grids}
    pairs: dict[int, list[str]] = {}
    for one in people:
        wanted = [(code, by_grid.get((one.role.key, codes[code]))) for _, code in one.fixed]
        for code in (code for code, slot in wanted if slot is None):
            words = (f"are fixed to grid {code}, which has no post of their role", f"被固定到没有该岗位的网格 {code}")
            faults.add(words, one.id)
        held = sorted({slot for _, slot in wanted if slot is not None})
        _check_fixed(one, [slots[i] for i in held], ground, faults)
        for i in held:
            pairs.setdefault(i, []).append(one.id)
    for i, fixed in pairs.items():
        if len(fixed) > slots[i].n:
            where = ground[0].codes[slots[i].grids[0]]
            words = (
                f"are fixed to the {slots[i].n} posts of grid {where}",
                f"被固定到网格 {where} 的 {slots[i].n} 个岗位",
            )
            for who in fixed:
                faults.add(words, who)
    return frozenset((who, i) for i, fixed in pairs.items() for who in fixed)


def _check_fixed(person: Person, held: Sequence[Slot], ground: Ground, faults: RosterFaults) -> None:
    neighbours, places = ground
    grids = np.array(sorted({grid for slot in held for grid in slot.grids}), np.int64)
    if sum(len(slot.grids) for slot in held) > _capacity(person, person.role) and held:
        faults.add(("are fixed to more grids than they can hold", "被固定的网格超过其容量"), person.id)
    if not neighbours.is_connected(grids):
        faults.add(("are fixed to grids that are no neighbours", "被固定的网格不相邻"), person.id)
    if _forbidden(person, places)[grids].any():
        faults.add(("are fixed to a place that is forbidden to them", "被固定到对其禁止的地点"), person.id)


@dataclass(frozen=True, eq=False)
class _Pairs:
    people: NDArray[np.int64]
    slots: NDArray[np.int64]
    metres: Floats
    fixed: NDArray[np.bool_]


def _pairs(people: Sequence[Person], held: Sequence[Slot], ground: Ground, fixed: frozenset[tuple[str, int]]) -> _Pairs:
    """Every pair that may hold: based in the same place, near enough, qualified, not forbidden; or fixed."""
    empty = np.empty(0, np.int64)
    found = _Pairs(empty, empty, np.empty(0), np.empty(0, bool))
    if not people or not held:
        return found
    holds = _holds(held, len(ground[0].codes))
    seen: dict[Place | None, tuple[NDArray[np.bool_], Floats]] = {}
    columns: list[tuple[Any, ...]] = []
    for number, one in enumerate(people):
        if one.home not in seen:
            seen[one.home] = _from_home(one, holds, ground)
        open_slots, metres = seen[one.home]
        allowed = open_slots.copy()
        if one.role.qualification and one.role.qualification not in one.qualifications:
            allowed[:] = False
        if one.forbidden:
            allowed &= (holds @ _forbidden(one, ground[1]).astype(np.float64)) == 0
        must = np.zeros(len(held), bool)
        if one.fixed:
            must[[slot for who, slot in fixed if who == one.id]] = True
        chosen = np.flatnonzero(allowed | must)
        columns.append((np.full(len(chosen), number), chosen, metres[chosen], must[chosen]))
    return _Pairs(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def _from_home(person: Person, holds: csr_array, ground: Ground) -> tuple[NDArray[np.bool_], Floats]:
    """The slots open from somebody's base, and the metres to each: the mean over its grids."""
    neighbours, places = ground
    if person.home is None:
        return np.ones(holds.shape[0], bool), np.zeros(holds.shape[0])
    sizes = np.asarray(holds.sum(axis=1)).ravel()
    inside = places.inside(person.home, person.role.within).astype(np.float64)
    away = np.hypot(*(neighbours.xy - places.xy[person.home]).T)
    metres = np.asarray(holds @ away).ravel() / sizes
    is_open = np.asarray(holds @ inside).ravel() >= sizes - 0.5
    if person.role.max_walk is not None:
        is_open &= metres <= person.role.max_walk
    return is_open, metres


def _holds(held: Sequence[Slot], n_grids: int) -> csr_array:
    rows = np.repeat(np.arange(len(held)), [len(slot.grids) for slot in held])
    grids = np.concatenate([np.array(slot.grids, np.int64) for slot in held])
    return csr_array(coo_array((np.ones(len(rows)), (rows, grids)), shape=(len(held), n_grids)))


def _forbidden(person: Person, places: Places) -> NDArray[np.bool_]:
    masks = [places.inside(place, place[0]) for place in person.forbidden]
    return np.any(masks, axis=0) if masks else np.zeros(len(places.ids["grid"]), bool)


def _moves(person: Person, slot: Slot, today: Mapping[str, frozenset[str]], neighbours: Neighbourhood) -> bool:
    """Whether a post is in none of the grids that somebody holds today."""
    held = today.get(person.id, frozenset())
    return bool(held) and not any(neighbours.codes[grid] in held for grid in slot.grids)


def _capacity(person: Person, role: Role) -> int:
    """Grids that somebody may hold: one where the role says so, at least a whole sector's where nothing is said."""
    return 1 if role.span == "grid" else person.capacity
