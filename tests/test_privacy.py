"""Small counts are blanked with what would give them away: attacked by linear programs over every published total."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridopt.publish.privacy import LEVELS, blanked, suppress, withheld


def town(counts: dict[str, list[tuple[float, float]]]) -> pd.DataFrame:
    """Grids by community ("county.township.community"), each with its households and residents."""
    rows = []
    for community, grids in counts.items():
        county, township = community.split(".")[:2]
        for i, (households, residents) in enumerate(grids, 1):
            place = {"community_id": community, "township_id": f"{county}.{township}", "county_id": county}
            rows.append(
                {"grid_code": f"{community}-{i:03d}", **place, "households": households, "residents": residents}
            )
    return pd.DataFrame(rows)


def recovered(table: pd.DataFrame, column: str, threshold: float = 10) -> list[str]:
    """Blanked grids whose count is known exactly to who knows each visible count and each total not withheld."""
    found = suppress(table, threshold=threshold)
    truth = table[column].to_numpy(float)
    hidden = np.flatnonzero(found.grids)
    secret = set(found.totals.itertuples(index=False, name=None))
    rows, sums = [], []
    for level in LEVELS:
        places = table[f"{level}_id"] if level != "city" else pd.Series("", index=table.index)
        for place in sorted(set(places)):
            inside = (places == place).to_numpy()
            if (level, place) not in secret:
                rows.append(inside[hidden].astype(float))
                sums.append(truth[inside & found.grids].sum())
    known = []
    for position, grid in enumerate(hidden):
        goal = np.zeros(len(hidden))
        goal[position] = 1
        ends = []
        for sign in (1, -1):
            answer = linprog(sign * goal, A_eq=rows or None, b_eq=sums or None, bounds=(0, 10_000))
            ends.append(sign * answer.fun)
        if ends[1] - ends[0] < 1:
            known.append(str(table["grid_code"].iloc[grid]))
    return known


def test_a_small_count_is_covered_by_the_smallest_other_of_its_community() -> None:
    table = town({"1.1.1": [(400, 1000), (5, 12), (310, 700), (350, 800)], "1.1.2": [(300, 700), (320, 700)]})
    found = suppress(table)
    assert table["grid_code"][found.grids].tolist() == ["1.1.1-002", "1.1.1-003"]
    assert found.totals.empty


def test_a_count_of_nobody_is_no_small_count_and_nothing_is_blanked_without_need() -> None:
    table = town({"1.1.1": [(400, 1000), (0, 0), (310, 700)]})
    assert not suppress(table).grids.any()


def test_the_only_grid_of_a_community_is_covered_by_a_neighbouring_community_whose_total_goes_too() -> None:
    table = town({"1.1.1": [(4, 9)], "1.1.2": [(300, 700), (320, 700)], "1.1.3": [(500, 900)]})
    found = suppress(table)
    assert table["grid_code"][found.grids].tolist() == ["1.1.1-001", "1.1.2-001"]
    assert found.totals.to_numpy().tolist() == [["community", "1.1.1"], ["community", "1.1.2"]]


def test_what_is_blank_already_covers_before_anything_else_is_blanked() -> None:
    table = town({"1.1.1": [(4, 9)], "1.1.2": [(300, 700), (3, 5), (900, 2000)], "1.1.3": [(20, 40)]})
    found = suppress(table)
    assert table["grid_code"][found.grids].tolist() == ["1.1.1-001", "1.1.2-001", "1.1.2-002"]


def test_two_small_counts_alone_do_not_cover_each_other() -> None:
    table = town({"1.1.1": [(1, 1), (1, 1), (300, 700), (400, 800)]})
    assert suppress(table).grids.tolist() == [True, True, True, False]


def test_where_nothing_can_cover_it_the_total_of_the_city_is_withheld() -> None:
    found = suppress(town({"1.1.1": [(5, 9)]}))
    assert found.totals["level"].tolist() == list(LEVELS)


COUNT = st.one_of(st.just(0), st.integers(1, 9), st.integers(10, 600))
TOWNS = st.dictionaries(
    st.sampled_from([f"{a}.{b}.{c}" for a in "12" for b in "12" for c in "123"]),
    st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=4),
    min_size=1,
)


@settings(max_examples=40, deadline=None)
@given(counts=TOWNS)
def test_no_blanked_count_can_be_worked_out_from_the_totals_and_the_rest(counts) -> None:
    table = town(counts)
    small = ((table[["households", "residents"]] > 0) & (table[["households", "residents"]] < 10)).any(axis=1)
    found = suppress(table)
    assert found.grids[small].all()
    for column in ("households", "residents"):
        # Where the count of the whole place is as good as none, there is nothing that could stay unknown.
        if table[column].sum() >= 10:
            assert recovered(table, column) == []


def test_the_attack_finds_what_is_blanked_without_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    table = town({"1.1.1": [(400, 1000), (5, 12), (310, 700)]})
    bare = suppress(table)
    alone = type(bare)(np.array([False, True, False]), bare.totals)
    monkeypatch.setattr("tests.test_privacy.suppress", lambda *_, **__: alone)
    assert recovered(table, "households") == ["1.1.1-002"]


def test_the_order_of_rows_does_not_matter() -> None:
    table = town({"1.1.1": [(4, 9)], "1.1.2": [(300, 700), (3, 5), (300, 700)], "1.2.3": [(2, 4), (300, 700)]})
    shuffled = table.sample(frac=1, random_state=3)
    kept = set(table["grid_code"][suppress(table).grids])
    assert set(shuffled["grid_code"].to_numpy()[suppress(shuffled).grids]) == kept


def test_counts_and_what_is_computed_from_them_go_and_no_row_does() -> None:
    table = town({"1.1.1": [(400, 1000), (5, 12), (310, 700)]}).assign(workload=[1.0, 2.0, 3.0], buildings=[4, 5, 6])
    found = suppress(table)
    shown = blanked(table, found.grids)
    assert len(shown) == 3
    assert shown[["households", "residents", "workload"]].isna().any(axis=1).tolist() == [False, True, True]
    assert shown["buildings"].tolist() == [4, 5, 6]
    listed = withheld(table, found, shown.columns)
    assert listed["place_id"].tolist() == ["1.1.1-002", "1.1.1-003"]
    assert set(listed["columns"]) == {"households;residents;workload"}
