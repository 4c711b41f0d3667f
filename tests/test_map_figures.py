"""What the places of the map add up to, and the classes that a measure falls into."""

import numpy as np
import pandas as pd
import pytest

from gridopt.publish.map_figures import figures_by_level, levels_of
from gridopt.publish.map_measures import class_edges, kinds, measures
from tests.folders import full_plan, posts_of


def reach_rows(codes, reached):
    facts = {"level": "grid", "tier": "basic", "residents": 100.0, "households": 40.0, "households_reached": 0.0}
    return pd.DataFrame({"place_id": codes, "residents_reached": reached}).assign(**facts)


def test_a_level_that_is_the_whole_city_is_left_out():
    assert levels_of(full_plan()) == ("community", "grid")
    grids = full_plan().grids.assign(township_id=["1", "1", "2", "2"])
    assert levels_of(full_plan().replace(grids=grids)) == ("township", "community", "grid")


def test_places_add_up_to_the_city():
    plan = full_plan()
    figures = figures_by_level(plan, posts=posts_of(plan), reach=None)
    for level in ("county", "township", "community", "grid"):
        assert figures[level]["households"].sum() == 1800
        assert figures[level]["posts"].sum() == 8
    assert figures["grid"].index.tolist() == plan.grids.index.tolist()
    city = figures["city"].iloc[0]
    assert (city["grids"], city["communities"], city["townships"], city["decide"]) == (4, 2, 1, 0)


def test_walks_are_averaged_over_people_not_over_grids():
    plan = full_plan()
    grids = plan.grids.assign(walk_mean_m=[100.0, 40.0, 40.0, 10.0], households=[600.0, 300.0, 300.0, 600.0])
    figures = figures_by_level(plan.replace(grids=grids), posts=None, reach=None)
    assert figures["community"]["walk_mean"].tolist() == [70.0, 10.0]
    assert figures["city"]["walk_mean"].tolist() == [50.0]


def test_people_out_of_reach_are_a_share_of_those_asked_for():
    plan = full_plan()
    figures = figures_by_level(plan, posts=None, reach=reach_rows(plan.grids.index, [100.0, 0.0, 50.0, 100.0]))
    assert figures["grid"]["beyond.basic"].tolist() == [0.0, 1.0, 0.5, 0.0]
    assert figures["community"]["beyond.basic"].tolist() == [0.5, 0.0]


def test_a_vacant_post_of_two_grids_is_vacant_in_both():
    plan = full_plan()
    posts = posts_of(plan).assign(status="held").iloc[:1]
    posts = posts.assign(grid_code=";".join(plan.grids.index[:2]), status="vacant")
    grids = figures_by_level(plan, posts=posts, reach=None)["grid"]
    assert grids["posts"].tolist() == grids["vacant"].tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([5.0, 5.0, 5.0], ()),
        ([np.nan], ()),
        ([0.0, 1.0], (1.0,)),
        (list(range(301, 501)), (340.0, 380.0, 420.0, 460.0)),
        ([0.0] * 90 + [12_345.0] * 10, (2000.0, 5000.0, 7000.0, 10_000.0)),
    ],
)
def test_classes_begin_at_figures_that_are_easily_read(values, edges):
    assert class_edges(np.array(values)) == edges


def test_one_large_value_does_not_blur_the_classes_of_all_others() -> None:
    values = np.array([*range(300, 420, 2), 1459.0])
    assert class_edges(values) == (320.0, 350.0, 370.0, 400.0)


@pytest.mark.parametrize("seed", range(5))
def test_every_value_falls_into_the_class_that_its_legend_names(seed):
    figures = {"grid": pd.DataFrame({"households": np.random.default_rng(seed).lognormal(5, 1, 200).round()})}
    (shown,) = measures(figures, "en")
    grid = shown["levels"]["grid"]
    for of, value in zip(grid["of"], figures["grid"]["households"], strict=True):
        text = grid["keys"][of][1].replace(",", "")
        low, high = {"<": (0, text[2:]), "≥": (text[2:], 1e9)}.get(text[0], text.partition(" – ")[::2])
        assert float(low) <= value < float(high)


def test_a_grid_where_nobody_lives_has_a_class_of_its_own():
    figures = {"grid": pd.DataFrame({"beyond.basic": [0.0, 0.05, 0.3, 1.0, np.nan]})}
    (shown,) = measures(figures, "en")
    grid = shown["levels"]["grid"]
    said = [grid["keys"][of][1] for of in grid["of"]]
    assert said == ["all in reach", "< 10%", "25% – 50%", "≥ 50%", "nobody lives here"]
    assert len({colour for colour, _ in grid["keys"]}) == len(grid["keys"])
    assert shown["tier"] == "basic"


def test_area_kinds_keep_their_colour_and_a_mixture_is_said():
    shown = kinds({"grid": pd.Series(["rural", "urban", "港区"]), "community": pd.Series(["", "urban"])}, "en")
    keys = shown["levels"]["grid"]["keys"]
    assert [text for _, text in keys] == ["urban", "rural", "港区", "several kinds"]
    assert shown["levels"]["grid"]["of"] == [1, 0, 2]
    assert shown["levels"]["community"]["of"] == [3, 0]
