"""Communities as one coverage: what is a drawing error, what is a dispute, and what is left open."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import box

from gridopt.contracts import DISPUTES
from gridopt.read.coverage import settled
from gridopt.read.findings import Findings, places_table, repairs_table
from gridopt.read.inhabitants import Inhabitants

CRS = "EPSG:4549"


def communities(*shapes):
    names = list("ABCDEFGH"[: len(shapes)])
    return gpd.GeoDataFrame(
        {"community": [f"{name}村" for name in names]}, geometry=list(shapes), index=pd.Index(names), crs=CRS
    )


def houses(*shapes, **columns):
    index = [f"h{number}" for number in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=pd.Index(index, dtype="str"), crs=CRS)


def settle(land, buildings=None):
    findings = Findings("communities")
    whole, disputes = settled(land, Inhabitants.of({"buildings": buildings} if buildings is not None else {}), findings)
    return whole, disputes, findings


def kinds(findings):
    return [repair.kind for repair in findings.repairs]


def areas(land):
    return land.area.round(6).tolist()


def test_a_clean_coverage_is_left_as_it_is() -> None:
    land = communities(box(0, 0, 100, 100), box(100, 0, 200, 100))
    whole, disputes, findings = settle(land)
    assert whole is land
    assert findings.repairs == []
    assert list(disputes.columns) == DISPUTES
    assert disputes.crs == land.crs


@pytest.mark.parametrize(
    ("kind", "first", "second", "mended"),
    [
        ("gap_sliver", box(0, 0, 100, 100), box(101, 0, 200, 100), 20_000),
        ("gap_sliver", box(0, 0, 100, 100).difference(box(99, 20, 100, 80)), box(100, 0, 200, 100), 20_000),
        ("overlap_sliver", box(0, 0, 101, 100), box(100, 0, 200, 100), 20_000),
        (
            "unmatched",
            box(0, 0, 100, 100),
            shapely.Polygon([(100, 0), (200, 0), (200, 100), (100, 100), (100, 40)]),
            2e4,
        ),
    ],
    ids=["a strip open at both ends", "a closed slot", "a narrow overlap", "a lone vertex"],
)
def test_drawing_errors_leave_one_shared_line(kind, first, second, mended) -> None:
    whole, disputes, findings = settle(communities(first, second))
    shapes = whole.geometry.to_numpy()
    assert kind in kinds(findings)
    assert len(disputes) == 0
    assert sum(areas(whole)) == pytest.approx(mended)
    assert shapely.coverage_is_valid(shapes, gap_width=2.0)
    assert shapely.length(shapely.intersection(*shapes)) == pytest.approx(100)


def test_the_record_has_the_area_before_and_after_and_the_place() -> None:
    _, _, findings = settle(communities(box(0, 0, 101, 100), box(100, 0, 200, 100)))
    row = next(repair for repair in findings.repairs if repair.kind == "overlap_sliver")
    assert (row.area_before, row.area_after) == (20_100, 20_000)
    assert [(name, shape.bounds) for name, shape in row.places] == [("A / B", (100, 0, 101, 100))]
    words = repairs_table(findings.repairs, "zh").iloc[0]
    assert "公共边" in words["action"]


def test_a_wide_overlap_is_a_dispute_with_both_claimants_and_what_lies_inside() -> None:
    land = communities(box(0, 0, 120, 100), box(100, 0, 200, 60))
    homes = houses(box(102, 10, 108, 16), box(117, 10, 121, 16), box(50, 50, 60, 60), households=[8.0, 4.0, 2.0])
    whole, disputes, findings = settle(land, homes)
    assert kinds(findings) == ["dispute"]
    row = disputes.iloc[0]
    assert (row["claimants"], row["names"]) == ("A;B", "A村 / B村")
    assert (row["given_to"], row["rule"]) == ("A", "border")
    assert (row["area_m2"], row["width_m"]) == (1200, 20)
    assert (row["buildings"], row["building_ids"]) == (2, "h1;h2")
    assert row["households"] == pytest.approx(8 + 3)
    assert np.isnan(row["residents"])
    assert areas(whole) == [12_000, 4_800]
    assert shapely.coverage_is_valid(whole.geometry.to_numpy())


def test_a_narrow_overlap_with_a_building_inside_is_a_dispute() -> None:
    land = communities(box(0, 0, 101.5, 100), box(100, 0, 200, 100))
    _, disputes, findings = settle(land, houses(shapely.Point(100.7, 50)))
    assert kinds(findings) == ["dispute"]
    assert disputes["building_ids"].tolist() == ["h1"]
    _, disputes, findings = settle(land, houses(box(90, 40, 110, 60)))
    assert "overlap_sliver" in kinds(findings), "a building across both is inside neither"
    assert len(disputes) == 0


def test_an_enclave_drawn_over_keeps_its_land() -> None:
    whole, disputes, _ = settle(communities(box(0, 0, 100, 100), box(20, 20, 40, 40)))
    assert disputes[["given_to", "rule"]].to_numpy().tolist() == [["B", "enclave"]]
    assert areas(whole) == [9_600, 400]


def test_land_that_three_claim_ends_in_one() -> None:
    land = communities(box(0, 0, 60, 60), box(40, 0, 100, 60), box(30, 40, 70, 100))
    whole, disputes, _ = settle(land)
    assert disputes["claimants"].tolist() == ["A;B", "A;C", "B;C"]
    assert sum(areas(whole)) == pytest.approx(shapely.union_all(land.geometry.to_numpy()).area)
    assert shapely.coverage_is_valid(whole.geometry.to_numpy())


def test_two_communities_of_the_same_land_are_a_fault() -> None:
    _, _, findings = settle(communities(box(0, 0, 100, 100), box(0, 0, 100, 100)))
    assert "lie wholly in others: B" in findings.faults[0][0]


def test_a_wide_gap_stays_open_and_is_named_with_what_lies_inside() -> None:
    land = communities(box(0, 0, 100, 100).difference(box(90, 20, 100, 80)), box(100, 0, 200, 100))
    whole, _, findings = settle(land, houses(box(92, 30, 98, 40)))
    row = next(repair for repair in findings.repairs if repair.kind == "gap_open")
    assert row.values == (1, 600.0, 1)
    assert sum(areas(whole)) == 19_400


def test_a_community_inside_a_gap_is_no_part_of_it() -> None:
    whole, _, findings = settle(communities(box(0, 0, 100, 100).difference(box(20, 20, 80, 80)), box(40, 40, 60, 60)))
    row = next(repair for repair in findings.repairs if repair.kind == "gap_open")
    assert row.values == (1, 3200.0, 0)
    assert areas(whole) == [6400, 400]


def test_a_narrow_gap_goes_to_the_longest_border_and_to_the_first_of_equals() -> None:
    slot = box(99, 20, 101, 80)
    west, east = box(0, 0, 100, 100).difference(slot), box(100, 0, 200, 100).difference(slot)
    assert areas(settle(communities(west, east))[0]) == [10_060, 9_940]
    northwest, southwest = (shapely.intersection(west, box(0, y, 100, y + 50)) for y in (0, 50))
    assert areas(settle(communities(northwest, southwest, east))[0]) == [4_970, 4_970, 10_060]


def test_the_same_communities_in_any_order_are_settled_alike() -> None:
    land = communities(box(0, 0, 120, 100), box(100, 0, 200, 60), box(100, 59, 200, 100))
    one, first, _ = settle(land)
    two, second, _ = settle(land.iloc[::-1].sort_index().set_geometry(shapely.reverse(land.geometry.to_numpy())))
    assert shapely.equals(one.geometry.to_numpy(), two.geometry.to_numpy()).all()
    assert first["given_to"].tolist() == second["given_to"].tolist()


def test_every_named_row_has_its_place_on_the_map() -> None:
    findings = Findings("buildings")
    homes = houses(box(0, 0, 1, 1), box(5, 5, 6, 6))
    findings.repair("invalid", ["h2"])
    findings.repair("collapsed", ["h3"], places=[("h3", shapely.Point(9, 9))])
    findings.repair("reprojected", n=2, values=["a", "b"])
    places = places_table(findings.repairs, {"buildings": homes}, homes.crs)
    assert places[["repair", "layer", "id"]].to_numpy().tolist() == [[0, "buildings", "h2"], [1, "buildings", "h3"]]
    assert places.geometry.iloc[0].equals(homes.geometry["h2"])
