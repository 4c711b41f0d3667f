"""What the verifier says of the layer of disputes."""

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box

from gridopt.verify.disputes import disputes
from gridopt.verify.files import Stored

CRS = "EPSG:4549"


def said(**changes) -> list[str]:
    """What is told of one dispute of 100 m2 between A and B, with some of its columns changed."""
    row = {"dispute_id": "d001", "claimants": "A;B", "given_to": "A", "area_m2": 100.0, **changes}
    land = gpd.GeoDataFrame({name: [value] for name, value in row.items()}, geometry=[box(0, 0, 10, 10)], crs=CRS)
    communities = gpd.GeoDataFrame(index=["A", "B"], geometry=[box(0, 0, 50, 50), box(50, 0, 90, 50)], crs=CRS)
    stored = Stored(Path(), {}, {"disputes": land, "communities": communities}, frozenset())
    return [fault.message for fault in disputes(stored)]


def test_a_dispute_as_it_was_settled_is_no_fault() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"claimants": "A;C"}, "no communities"),
        ({"given_to": "C"}, "none of its claimants"),
        ({"area_m2": 90.0}, "areas are not"),
    ],
)
def test_a_dispute_changed_by_hand_is_told(changes, words) -> None:
    (message,) = said(**changes)
    assert words in message
