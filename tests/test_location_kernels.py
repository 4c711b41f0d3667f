"""The kernels of siting beside what they mean: sums over a table of costs, and counts of who covers whom."""

from itertools import combinations

import numpy as np
import pytest

from gridopt._kernels.covering import Covers, Trial, fewer, settle
from gridopt._kernels.medians import Ranked, add_exchanges, add_worth, count_served, two_cheapest

FAR = 50.0
SEEDS = range(12)


def costs_of(seed: int) -> np.ndarray:
    """Nine places and six sites; whole numbers, so that many are equal, and infinite where a site cannot serve."""
    rng = np.random.default_rng(seed)
    costs = rng.integers(1, 12, (9, 6)).astype(float)
    return np.where(rng.random(costs.shape) < 0.3, np.inf, costs)


def ranked_by(costs: np.ndarray) -> Ranked:
    order = [sorted(np.flatnonzero(np.isfinite(row)), key=lambda site, row=row: (row[site], site)) for row in costs]
    starts = np.cumsum([0, *map(len, order)]).astype(np.int64)
    paid = [row[own] for row, own in zip(costs, order, strict=True)]
    return Ranked(starts, np.concatenate(order).astype(np.int32), np.concatenate(paid))


def paid_in_all(costs: np.ndarray, chosen: list[int]) -> float:
    """What all places pay at the cheapest of the chosen sites, `FAR` where none serves them."""
    return float(np.minimum(costs[:, chosen].min(axis=1, initial=np.inf), FAR).sum())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_worth_of_a_site_is_what_every_place_saves_there(seed):
    costs, prices = costs_of(seed), np.random.default_rng(seed).integers(1, 14, 9).astype(float)
    worth = np.zeros(6)
    add_worth(ranked_by(costs), prices, worth)
    assert worth == pytest.approx(np.maximum(prices[:, None] - costs, 0.0).sum(axis=0))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_place_is_served_by_the_open_sites_below_its_price(seed):
    rng = np.random.default_rng(seed)
    costs, prices, opened = costs_of(seed), rng.integers(1, 14, 9).astype(float), rng.random(6) < 0.5
    times = np.full(9, 7.0)
    count_served(ranked_by(costs), prices, opened, times)
    assert times.tolist() == (costs[:, opened] < prices[:, None]).sum(axis=1).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_exchanges_are_worth_what_places_pay_less_after_them(seed):
    """Every exchange of a chosen site for another, against all places' payments counted anew."""
    costs, chosen = costs_of(seed), sorted(np.random.default_rng(seed).choice(6, 3, replace=False).tolist())
    ranked, rank = ranked_by(costs), np.full(6, -1, np.int64)
    rank[chosen] = np.arange(3)
    two, nearest = np.full((2, 9), FAR), np.empty(9, np.int64)
    two_cheapest(ranked, rank, two, nearest)
    own = np.sort(np.column_stack([costs[:, chosen], np.full((9, 2), FAR)]), axis=1)
    assert two.T.tolist() == np.minimum(own[:, :2], FAR).tolist()
    for place, holder in enumerate(nearest.tolist()):
        cheapest = costs[place, chosen].min()
        assert holder == (-1 if np.isinf(cheapest) else costs[place, chosen].tolist().index(cheapest))
    gain, regained = np.zeros(6), np.zeros((6, 3))
    add_exchanges(ranked, two, nearest, gain, regained)
    lost = np.array([(two[1] - two[0])[nearest == place].sum() for place in range(3)])
    before = paid_in_all(costs, chosen)
    for site in sorted(set(range(6)) - set(chosen)):
        for place, leaving in enumerate(chosen):
            after = paid_in_all(costs, [*(one for one in chosen if one != leaving), site])
            assert before - after == pytest.approx(gain[site] - lost[place] + regained[site, place])


def reaches_of(seed: int) -> np.ndarray:
    """Which of seven sites cover which of ten places; every place is covered by one at least."""
    rng = np.random.default_rng(seed)
    reaches = rng.random((10, 7)) < 0.3
    reaches[np.arange(10), rng.integers(0, 7, 10)] = True
    return reaches


def covers_of(reaches: np.ndarray) -> Covers:
    def listed(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.cumsum([0, *table.sum(axis=1)]).astype(np.int32), np.nonzero(table)[1].astype(np.int32)

    return Covers(*listed(reaches), *listed(reaches.T))


def assert_counted(trial: Trial, reaches: np.ndarray) -> None:
    """The numbers of a trial are those counted anew from its choice and its weights."""
    times = reaches[:, trial.chosen].sum(axis=1)
    assert trial.times.tolist() == times.tolist()
    assert sorted(trial.bare[: trial.counts[0]].tolist()) == np.flatnonzero(times == 0).tolist()
    assert trial.counts.tolist() == [(times == 0).sum(), trial.chosen.sum()]
    for site, is_chosen in enumerate(trial.chosen):
        own = reaches[:, site] & (times == (1 if is_chosen else 0))
        assert trial.scores[site] == (-1 if is_chosen else 1) * trial.weights[own].sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trial_counts_what_its_sites_cover_before_and_after_many_exchanges(seed):
    reaches = reaches_of(seed)
    trial = Trial.of(np.ones(7, bool), 10, seed)
    settle(covers_of(reaches), trial)
    assert_counted(trial, reaches)
    for steps in (1, 2, 5, 20):
        fewer(covers_of(reaches), trial, np.zeros(7, bool), 0, steps)
        assert_counted(trial, reaches)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_search_finds_as_few_sites_as_full_enumeration(seed):
    reaches, best = reaches_of(seed), np.zeros(7, bool)
    least = next(
        size for size in range(1, 8) if any(reaches[:, some].any(axis=1).all() for some in combinations(range(7), size))
    )
    trial = Trial.of(np.ones(7, bool), 10, seed)
    settle(covers_of(reaches), trial)
    assert fewer(covers_of(reaches), trial, best, 0, 300) == least == best.sum()
    assert reaches[:, best].any(axis=1).all()
