"""Grids that hang together by a narrow neck."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridopt.contracts import VIOLATIONS, empty
from gridopt.grids.necks import with_narrow_necks
from gridopt.measures import neck_widths


def hourglass(width: float) -> shapely.Geometry:
    """Two squares of 100 m joined by a passage of 20 m so many metres wide."""
    squares = [shapely.box(0, 0, 100, 100), shapely.box(120, 0, 220, 100)]
    return shapely.union_all([*squares, shapely.box(100, 40, 120, 40 + width)])


def grids(*shapes, units=3) -> gpd.GeoDataFrame:
    index = pd.Index([f"c|{i:04d}" for i in range(len(shapes))], name="grid_code")
    table = gpd.GeoDataFrame({"community_id": "c", "units": units}, geometry=list(shapes), index=index)
    return table.assign(neck_m=neck_widths(table.geometry.to_numpy()))


@pytest.mark.parametrize("width", [4.0, 8.0, 20.0, 60.0])
def test_the_neck_is_as_wide_as_the_passage(width) -> None:
    assert neck_widths([hourglass(width)])[0] == pytest.approx(width, abs=3)


def test_a_grid_with_a_narrow_passage_is_named_and_a_square_is_not() -> None:
    found = with_narrow_necks(
        empty(VIOLATIONS), grids(hourglass(5), shapely.box(300, 0, 400, 100), hourglass(40)), "en"
    )
    assert found["grid_codes"].tolist() == ["c|0000"]
    assert found["class"].tolist() == ["information"]
    assert "m wide at its narrowest" in found["reason"][0]


def test_a_single_unit_is_as_narrow_as_it_was_given() -> None:
    assert not len(with_narrow_necks(empty(VIOLATIONS), grids(hourglass(5), units=1), "zh"))


def test_a_grid_in_several_parts_is_told_of_elsewhere() -> None:
    two = shapely.MultiPolygon([shapely.box(0, 0, 100, 100), shapely.box(120, 0, 220, 100)])
    assert not len(with_narrow_necks(empty(VIOLATIONS), grids(two), "zh"))


def test_other_rows_stay() -> None:
    first = with_narrow_necks(empty(VIOLATIONS), grids(hourglass(5)), "zh")
    both = with_narrow_necks(first, grids(hourglass(5)), "zh")
    assert len(both) == 2
    assert both["reason"].str.startswith("最窄处仅宽").all()
