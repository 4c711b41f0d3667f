from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from gridopt.coverage import farthest
from gridopt.coverage.covering import fewest, searched
from gridopt.coverage.farthest import least_farthest
from gridopt.coverage.locations import Task, fewest_sites, least_walking, most_covered
from gridopt.coverage.medians import Costs, added, best, exchange_gains, exchanged, lagrangian, shaken
from gridopt.coverage.reduction import pieces, reduced

SEEDS = range(12)


def random_task(seed, *, n=40, m=10, limit=250.0, standing=0):
    rng = np.random.default_rng(seed)
    task = Task.of(rng.uniform(0, 1000, (n, 2)), rng.integers(1, 60, n), rng.uniform(0, 1000, (m, 2)), limit=limit)
    return Task(task.places, task.weights, task.candidates, task.limits, rng.uniform(0, 1000, (standing, 2)))


def metres(task):
    """(places, candidates), and to the nearest standing facility."""
    away = lambda xy: np.hypot(*(task.places[:, None] - xy[None]).transpose(2, 0, 1))
    standing = away(task.standing).min(axis=1) if len(task.standing) else np.full(len(task.places), np.inf)
    return away(task.candidates), standing


def choices(task, sizes):
    return (np.array(one, int) for size in sizes for one in combinations(range(len(task.candidates)), size))


def nearest(task, sites):
    away, standing = metres(task)
    return np.minimum(away[:, sites].min(axis=1, initial=np.inf), standing)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("standing", [0, 2])
def test_the_fewest_sites_are_those_of_full_enumeration(seed, standing):
    task = random_task(seed, limit=400.0, standing=standing)
    away, fixed = metres(task)
    hopeless = np.flatnonzero((away > 400).all(axis=1) & (fixed > 400))
    rest = np.setdiff1d(np.arange(40), hopeless)
    truth = next(len(s) for s in choices(task, range(11)) if (nearest(task, s)[rest] <= 400).all())
    found, unserved = fewest_sites(task)
    assert (found.objective, found.bound, found.status) == (truth, truth, "optimal")
    assert (nearest(task, found.sites)[rest] <= 400).all()
    assert unserved.tolist() == hopeless.tolist()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("standing", [0, 2])
def test_the_most_people_are_covered_as_by_full_enumeration(seed, standing):
    task = random_task(seed, standing=standing)
    truth = min(task.weights[nearest(task, s) > 250].sum() for s in choices(task, [3]))
    found = most_covered(task, 3)
    assert found.objective == pytest.approx(truth)
    assert found.bound == pytest.approx(truth)
    assert found.status == "optimal"
    assert len(found.sites) <= 3
    assert task.weights[nearest(task, found.sites) > 250].sum() == pytest.approx(truth)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("standing", [0, 2])
def test_the_median_is_that_of_full_enumeration(seed, standing):
    task = random_task(seed, standing=standing)
    truth = min(task.weights @ nearest(task, s) for s in choices(task, [3]))
    found = least_walking(task, 3)
    assert found.objective == pytest.approx(truth)
    assert found.bound == pytest.approx(truth)
    assert found.status == "optimal"
    assert task.weights @ nearest(task, found.sites) == pytest.approx(truth)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("standing", [0, 2])
def test_the_centre_is_that_of_full_enumeration(seed, standing):
    task = random_task(seed, standing=standing)
    truth = min(nearest(task, s).max() for s in choices(task, [3]))
    found = least_farthest(task, 3)
    assert found.objective == pytest.approx(truth)
    assert found.bound == pytest.approx(truth)
    assert nearest(task, found.sites).max() == pytest.approx(truth)
    assert len(found.sites) <= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_few_places_that_stand_for_all_lead_to_the_same_centre(seed, monkeypatch):
    for name in ("SAMPLE", "MORE"):
        monkeypatch.setattr(farthest, name, 3)
    task = random_task(seed)
    truth = min(nearest(task, s).max() for s in choices(task, [3]))
    found = least_farthest(task, 3)
    assert found.objective == pytest.approx(nearest(task, found.sites).max())
    assert found.bound <= truth * (1 + 1e-9)
    assert truth <= found.objective * (1 + 1e-9)
    assert found.objective == pytest.approx(truth)


def test_a_centre_left_open_says_how_far_its_bound_is(monkeypatch):
    for name, most in (("FEW", 0), ("NARROW", 0.5)):
        monkeypatch.setattr(farthest, name, most)
    task = random_task(4, m=11)
    truth = min(nearest(task, s).max() for s in choices(task, [3]))
    found = least_farthest(task, 3)
    assert found.status == "limit"
    assert 0 < found.gap < 0.5
    assert found.bound <= truth <= found.objective


def test_homes_that_what_stands_serves_well_ask_for_no_centre():
    task = Task.of(np.array([[0.0, 0], [9, 0]]), np.ones(2), np.array([[500.0, 0]]), limit=50)
    served = Task(task.places, task.weights, task.candidates, task.limits, np.array([[0.0, 0], [9, 0]]))
    assert least_farthest(served, 1).objective == 0


@pytest.mark.parametrize("seed", range(6))
def test_no_bound_is_above_the_optimum_and_no_search_below_it(seed):
    task = random_task(seed, n=30, m=9)
    away, _ = metres(task)
    costs = Costs(csr_array(task.weights[:, None] * away), task.weights * 2000.0)
    truth = min(task.weights @ nearest(task, s) for s in choices(task, [3]))
    start = added(costs, 3)
    searched = exchanged(costs, start)
    bound, _ = lagrangian(costs, 3, costs.of(searched))
    assert bound <= truth * (1 + 1e-9)
    assert truth <= costs.of(searched) * (1 + 1e-9)
    assert costs.of(searched) <= costs.of(start)


def test_an_exchange_leaves_nothing_that_a_single_one_could_better():
    task = random_task(5, n=60, m=14)
    away, _ = metres(task)
    costs = Costs(csr_array(task.weights[:, None] * away), task.weights * 2000.0)
    chosen = exchanged(costs, added(costs, 4))
    value = costs.of(chosen)
    for leaving in range(4):
        for site in set(range(14)) - set(chosen.tolist()):
            other = chosen.copy()
            other[leaving] = site
            assert costs.of(other) >= value * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_shaken_answers_are_as_good_as_full_enumeration_where_single_exchanges_are_stuck(seed) -> None:
    draw = np.random.default_rng(seed)
    places, people = draw.uniform(0, 1000, (150, 2)), draw.integers(1, 60, 150).astype(float)
    sites = draw.uniform(0, 1000, (16, 2))
    near = np.hypot(*(places[:, None] - sites[None]).transpose(2, 0, 1)) < 260
    shut = csr_array(near.astype(float))
    shut.data[:] = 0.0
    costs = Costs(shut, people, covers=True)
    truth = min(people[~near[:, list(chosen)].any(axis=1)].sum() for chosen in combinations(range(16), 4))
    stuck = np.array(max(combinations(range(16), 4), key=lambda chosen: costs.of(exchanged(costs, np.array(chosen)))))
    before = exchanged(costs, stuck)
    assert costs.of(before) > truth
    assert costs.of(shaken(costs, before)) == pytest.approx(truth)
    assert shaken(costs, before).tolist() == shaken(costs, before).tolist()


def test_what_an_exchange_saves_is_what_the_costs_say() -> None:
    task = random_task(2, n=25, m=8)
    away, _ = metres(task)
    costs = Costs(csr_array(task.weights[:, None] * away), task.weights * 600.0)
    chosen = np.array([1, 5, 6])
    gains = exchange_gains(costs, chosen)
    for site in (0, 2, 3, 4, 7):
        for leaving in range(3):
            other = chosen.copy()
            other[leaving] = site
            assert gains[site, leaving] == pytest.approx(costs.of(chosen) - costs.of(other), abs=1e-6)
    worth = np.maximum(200.0 - task.weights[:, None] * away, 0).sum(axis=0)
    assert costs.worth(np.full(25, 200.0)) == pytest.approx(worth)


def test_the_nearest_candidates_are_complete_up_to_the_distance_told() -> None:
    task = random_task(3)
    away, _ = metres(task)
    pairs, complete = task.nearby(np.where(np.arange(40) % 2, 3, 10))
    found = pairs.toarray()
    assert (np.diff(pairs.indptr) == np.where(np.arange(40) % 2, 3, 10)).all()
    nearer = away < complete[:, None]
    assert found[nearer] == pytest.approx(away[nearer])


def test_more_sites_than_candidates_take_all_of_them():
    task = random_task(1, m=4)
    found = least_walking(task, 9)
    assert found.objective == pytest.approx(task.weights @ nearest(task, np.arange(4)))


def test_a_reduced_covering_needs_as_many_sites():
    rng = np.random.default_rng(8)
    covers = csr_array((rng.random((60, 12)) < 0.25).astype(float))
    covers = covers[np.diff(covers.indptr) > 0]
    rows, sites = reduced(covers)
    assert rows.shape[0] < covers.shape[0]
    found = fewest(covers)
    assert (np.asarray(covers[:, found.sites].sum(axis=1)) > 0).all()
    assert set(found.sites.tolist()) <= set(sites.tolist()) | set(range(12))


def test_pieces_share_nothing_and_hold_every_place_and_site() -> None:
    covers = csr_array(np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 0, 1, 0.0]]))
    found = pieces(covers)
    assert [sites.tolist() for _, sites in found] == [[0, 2], [1, 3]]  # the fifth site covers nothing
    assert [piece.toarray().tolist() for piece, _ in found] == [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_search_for_fewer_sites_ends_at_those_of_full_enumeration(seed) -> None:
    rng = np.random.default_rng(seed)
    covers = csr_array((rng.random((40, 11)) < 0.3) | (np.arange(11) == rng.integers(0, 11, (40, 1))), dtype=float)
    dense = covers.toarray() > 0
    every = (np.array(one) for size in range(1, 12) for one in combinations(range(11), size))
    truth = next(len(one) for one in every if dense[:, one].any(axis=1).all())
    found = searched(covers, np.arange(11))
    assert dense[:, found].any(axis=1).all()
    assert len(found) == truth
    assert searched(covers, np.arange(11)).tolist() == found.tolist()


def test_an_area_that_asks_for_its_own_gets_one_whatever_the_distance():
    places = np.array([[0.0, 0.0], [10.0, 0.0], [5000.0, 0.0]])
    areas = (np.array([0, 0, 1]), np.array([0, 1]), np.empty(0, int))
    task = Task(places, np.ones(3), np.array([[900.0, 0.0], [20.0, 0.0]]), np.full(3, np.nan), np.empty((0, 2)), areas)
    found, unserved = fewest_sites(task)
    assert found.sites.tolist() == [0, 1]
    assert not len(unserved)
    assert best(Costs(csr_array((0, 3)), np.empty(0)), 1).objective == 0
