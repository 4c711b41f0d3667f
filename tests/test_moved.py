"""Who lies in another grid than before: one definition for comparing plans and for choosing among them."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridopt as go
from gridopt.plan.moved import moved_units, share_moved
from gridopt.rules import Rules, Size
from tests.towns import town


def test_grids_are_matched_one_to_one_so_that_a_merger_moves_the_smaller_half() -> None:
    before, after = np.array(["p", "p", "q", "q"]), np.array(["x", "x", "x", "x"])
    people, parents = np.array([10.0, 10.0, 5.0, 5.0]), np.zeros(4, np.int32)
    assert moved_units(before, after, people, parents).tolist() == [False, False, True, True]
    assert share_moved(before, after, people, parents) == pytest.approx(1 / 3)
    assert share_moved(after, before, people, parents) == pytest.approx(1 / 3)
    assert share_moved(before, np.array(["q", "q", "p", "p"]), people, parents) == 0


def test_a_grid_that_is_cut_in_two_keeps_its_larger_part_and_communities_are_matched_apart() -> None:
    before, after = np.array(["p", "p", "p", "p"]), np.array(["x", "x", "y", "p"])
    people, parents = np.array([10.0, 20.0, 25.0, 7.0]), np.array([0, 0, 0, 1], np.int32)
    assert moved_units(before, after, people, parents).tolist() == [False, False, True, False]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=8))
def test_no_other_matching_leaves_more_people_where_they_are(listed) -> None:
    before, after, people = (np.array(column) for column in zip(*listed, strict=True))
    moved = people[moved_units(before, after, people.astype(float), np.zeros(len(people), np.int32))].sum()
    stays = max(people[np.array(heirs)[before] == after].sum() for heirs in permutations(range(3)))
    assert moved == people.sum() - stays


def test_a_comparison_of_plans_counts_the_smaller_half_of_a_merger() -> None:
    city = town("a a a a a a", 100, rules=Rules(size=Size(low=100, target=300, high=600, comfort=(100, 600))))
    units = go.make_units(city).index
    two = go.assess(city, pd.Series(["1"] * 4 + ["2"] * 2, units))
    one = go.assess(city, pd.Series(["1"] * 6, units))
    assert go.compare(two, one).loc["residents_moved", "change"] == 2 * 250
    assert go.compare(one, two).loc["residents_moved", "change"] == 2 * 250
