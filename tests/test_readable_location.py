"""The readable location models end at the optimum of full enumeration, and so do the arrays beside them."""

from itertools import combinations

import numpy as np
import pytest

from gridopt.coverage.farthest import least_farthest
from gridopt.coverage.locations import Task, fewest_sites, least_walking, most_covered
from gridopt.milp.readable import solved
from gridopt.milp.readable_location import center, covering, maximal_covering, median, sites

LIMIT = 450.0


class Village:
    """Fourteen homes and seven candidates; every home has one of them within the limit."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.candidates = rng.uniform(0, 1000, (7, 2))
        self.homes = self.candidates[rng.integers(0, 7, 14)] + rng.uniform(-300, 300, (14, 2))
        self.people = rng.integers(1, 40, 14).astype(float)
        self.metres = np.hypot(*(self.homes[:, None] - self.candidates[None]).transpose(2, 0, 1))
        self.reaches = [np.flatnonzero(row <= LIMIT).tolist() for row in self.metres]
        self.task = Task.of(self.homes, self.people, self.candidates, limit=LIMIT)

    def nearest(self, chosen):
        return self.metres[:, list(chosen)].min(axis=1)

    def best(self, worth, size=2):
        return min(worth(self.nearest(one)) for one in combinations(range(7), size))


@pytest.fixture(params=range(4))
def village(request):
    return Village(request.param)


def test_the_readable_covering_needs_as_many_sites_as_full_enumeration(village):
    truth = next(n for n in range(1, 8) if village.best(max, n) <= LIMIT)
    model = covering(village.reaches, 7)
    assert solved(model).objective == pytest.approx(truth)
    assert village.nearest(sites(model, 7)).max() <= LIMIT
    assert fewest_sites(village.task)[0].objective == truth


def test_the_readable_maximal_covering_leaves_out_as_few_as_full_enumeration(village):
    truth = village.best(lambda metres: village.people[metres > LIMIT].sum())
    model = maximal_covering(village.reaches, village.people.tolist(), 7, 2)
    assert solved(model).objective == pytest.approx(truth)
    assert len(sites(model, 7)) <= 2
    assert most_covered(village.task, 2).objective == pytest.approx(truth)


def test_the_readable_median_walks_as_little_as_full_enumeration(village):
    truth = village.best(lambda metres: village.people @ metres)
    model = median(village.metres, village.people.tolist(), 2)
    assert solved(model).objective == pytest.approx(truth)
    assert village.people @ village.nearest(sites(model, 7)) == pytest.approx(truth)
    assert least_walking(village.task, 2).objective == pytest.approx(truth)


def test_the_readable_centre_is_as_near_as_full_enumeration(village):
    truth = village.best(max)
    model = center(village.metres, 2)
    assert solved(model).objective == pytest.approx(truth)
    assert village.nearest(sites(model, 7)).max() == pytest.approx(truth)
    assert least_farthest(village.task, 2).objective == pytest.approx(truth)
