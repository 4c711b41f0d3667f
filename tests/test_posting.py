"""People to posts as arrays: the best answer by full enumeration, and what holds of every answer."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array

from gridopt.milp.gate import Limits
from gridopt.milp.staffing import Posting
from gridopt.staffing import assign as room
from gridopt.staffing import holdings
from gridopt.staffing.assign import assign
from gridopt.staffing.neighbours import Neighbourhood, sectors


def street(n, *, links=None):
    """Grids in a row, each the neighbour of the next, 100 m apart; or with the given links."""
    pairs = np.array([(i, i + 1) for i in range(n - 1)] if links is None else links, np.int64).reshape(-1, 2)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    table = csr_array(coo_array((np.ones(len(both), bool), (both[:, 0], both[:, 1])), shape=(n, n)))
    xy = np.column_stack([100.0 * np.arange(n), np.zeros(n)])
    return Neighbourhood(tuple(f"g{i}" for i in range(n)), xy, table)


def posting(bases, capacity, needs, *, loads=None, balance=0.5, fixed=(), barred=()):
    """Everybody may hold every post but the barred pairs; a walk costs the grids between base and post."""
    n_people, n_slots = len(bases), len(needs)
    pairs = [one for one in itertools.product(range(n_people), range(n_slots)) if one not in barred]
    people, slots = np.array(pairs, np.int64).reshape(-1, 2).T
    return Posting(
        people,
        slots,
        np.abs(np.asarray(bases, float)[people] - slots),
        np.array([one in fixed for one in pairs], bool),
        np.asarray(needs, float),
        np.ones(n_slots),
        np.ones(n_slots) if loads is None else np.asarray(loads, float),
        np.asarray(capacity, float),
        balance,
    )


def holds_together(slots, neighbours):
    return len(slots) < 2 or neighbours.is_connected(np.asarray(sorted(slots), np.int64))


def is_allowed(given_posting, chosen, neighbours):
    people, slots = given_posting.people[chosen], given_posting.slots[chosen]
    return (
        (np.bincount(slots, minlength=len(given_posting.needs)) <= given_posting.needs).all()
        and (np.bincount(people, minlength=len(given_posting.capacity)) <= given_posting.capacity).all()
        and chosen[given_posting.fixed].all()
        and all(holds_together(slots[people == one], neighbours) for one in np.unique(people))
    )


def enumerated(given_posting, neighbours):
    """(vacant posts, cost) of the best of all choices of pairs."""
    n = len(given_posting.cost)
    answers = []
    for bits in itertools.product((False, True), repeat=n):
        chosen = np.array(bits)
        if is_allowed(given_posting, chosen, neighbours):
            cost = given_posting.cost[chosen].sum() + given_posting.balance * given_posting.beyond(chosen).sum()
            answers.append((int(given_posting.needs.sum() - chosen.sum()), float(cost)))
    return min(answers, key=lambda one: (one[0], round(one[1], 9)))


def solved(given_posting, neighbours):
    return assign(given_posting, [(i,) for i in range(len(given_posting.needs))], neighbours)


CASES = {
    "as many people as posts": ([2, 0, 1], [1, 1, 1], [1, 1, 1], {}),
    "more people than posts": ([3, 3, 0], [1, 1, 1], [1, 1], {}),
    "fewer people than posts": ([0, 3], [2, 1], [1, 1, 1, 1], {}),
    "two posts in a grid": ([0, 0, 2], [1, 2, 1], [2, 1, 1], {}),
    "one person holds the ends of a street only with its middle": ([1], [2], [1, 1, 1], {"barred": {(0, 1)}}),
    "somebody fixed far from home": ([0, 3, 1], [1, 1, 2], [1, 1, 1, 1], {"fixed": {(0, 3)}}),
    "unequal work": ([1, 1], [3, 3], [1, 1, 1, 1], {"loads": [4, 1, 1, 2], "balance": 3.0}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_the_best_of_all(name):
    bases, capacity, needs, more = CASES[name]
    case, neighbours = posting(bases, capacity, needs, **more), street(len(needs))
    answer = solved(case, neighbours)
    assert is_allowed(case, answer.chosen, neighbours)
    assert (answer.vacant, pytest.approx(answer.cost)) == enumerated(case, neighbours)
    assert answer.bound == pytest.approx(answer.cost, abs=1e-6)


@st.composite
def cases(draw):
    n_slots, n_people = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    links = draw(st.lists(st.sampled_from(list(itertools.combinations(range(n_slots), 2)) or [(0, 0)]), max_size=4))
    bases = draw(st.lists(st.integers(0, 3), min_size=n_people, max_size=n_people))
    capacity = draw(st.lists(st.integers(1, 3), min_size=n_people, max_size=n_people))
    needs = draw(st.lists(st.integers(1, 2), min_size=n_slots, max_size=n_slots))
    loads = draw(st.lists(st.integers(0, 5), min_size=n_slots, max_size=n_slots))
    barred = draw(st.sets(st.tuples(st.integers(0, n_people - 1), st.integers(0, n_slots - 1)), max_size=3))
    links = [pair for pair in links if pair[0] != pair[1]]
    return posting(bases, capacity, needs, loads=loads, barred=barred), street(n_slots, links=links)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_any_small_case_is_solved_to_the_optimum_of_enumeration(case):
    given_posting, neighbours = case
    if not len(given_posting.cost):
        return
    answer = solved(given_posting, neighbours)
    assert is_allowed(given_posting, answer.chosen, neighbours)
    vacant, cost = enumerated(given_posting, neighbours)
    assert answer.vacant == vacant
    assert answer.cost == pytest.approx(cost, abs=1e-6)
    assert answer.bound is None or answer.bound <= cost + 1e-6


@settings(max_examples=40, deadline=None)
@given(cases())
def test_where_holdings_are_too_many_to_list_pairs_are_cut_to_the_same_optimum(case):
    given_posting, neighbours = case
    if not len(given_posting.cost):
        return
    before, holdings.MOST = holdings.MOST, 0
    try:
        answer = solved(given_posting, neighbours)
    finally:
        holdings.MOST = before
    assert is_allowed(given_posting, answer.chosen, neighbours)
    vacant, cost = enumerated(given_posting, neighbours)
    assert answer.vacant == vacant
    assert answer.cost == pytest.approx(cost, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_the_holdings_listed_are_all_sets_of_posts_that_hang_together(case):
    given_posting, neighbours = case
    if not len(given_posting.cost):
        return
    n_slots = len(given_posting.needs)
    beside = room._beside([(i,) for i in range(n_slots)], neighbours)
    found = holdings.listed(given_posting, beside)
    members = found.holdings.members.toarray() > 0.5
    seen = {(kind, *np.flatnonzero(column)) for kind, column in zip(found.holdings.kinds, members.T, strict=True)}
    expected = set()
    for person, most in enumerate(given_posting.capacity):
        open_to = given_posting.slots[given_posting.people == person]
        sets = itertools.chain.from_iterable(itertools.combinations(open_to, n) for n in range(1, int(most) + 1))
        expected |= {(found.kind_of[person], *sorted(one)) for one in sets if holds_together(one, neighbours)}
    assert seen == expected
    assert len(seen) == members.shape[1]


def test_people_who_are_alike_are_one_kind_and_take_turns():
    case, neighbours = posting([0, 2, 0], [1, 1, 1], [2, 0, 1]), street(3)
    found = holdings.listed(case, room._beside([(0,), (1,), (2,)], neighbours))
    assert found.kind_of.tolist() == [0, 1, 0]
    assert solved(case, neighbours).chosen.reshape(3, 3).argmax(axis=1).tolist() == [0, 2, 0]


@settings(max_examples=40, deadline=None)
@given(cases())
def test_without_any_work_allowed_the_answer_still_keeps_every_rule(case):
    given_posting, neighbours = case
    if not len(given_posting.cost):
        return
    before, room.LIMITS = room.LIMITS, Limits(nodes=0, iterations=0)
    try:
        answer = solved(given_posting, neighbours)
    finally:
        room.LIMITS = before
    assert is_allowed(given_posting, answer.chosen, neighbours)
    vacant, cost = enumerated(given_posting, neighbours)
    assert answer.vacant >= vacant
    if answer.bound is not None and answer.vacant == vacant:
        assert answer.bound <= cost + 1e-6


def test_sectors_are_connected_within_the_limit_and_as_few_as_can_be():
    neighbours = street(11)
    groups = sectors(neighbours, np.arange(11), 4)
    assert sorted(map(len, groups)) == [3, 4, 4]
    assert all(neighbours.is_connected(group) for group in groups)
    assert sorted(np.concatenate(groups).tolist()) == list(range(11))


def test_sectors_of_a_star_take_more_posts_rather_than_fall_apart():
    neighbours = street(6, links=[(0, i) for i in range(1, 6)])
    groups = sectors(neighbours, np.arange(6), 3)
    assert all(neighbours.is_connected(group) and len(group) <= 3 for group in groups)
    assert sum(map(len, groups)) == 6


def test_grids_apart_share_a_sector_with_the_nearest():
    neighbours = street(4, links=[(0, 1), (2, 3)])
    assert [group.tolist() for group in sectors(neighbours, np.arange(4), 4)] == [[0, 1, 2, 3]]
    assert [group.tolist() for group in sectors(neighbours, np.arange(4), 2)] == [[0, 1], [2, 3]]
