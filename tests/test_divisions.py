"""Codes of divisions: which numbers have a township and a county at their head, and which are only numbers."""

import geopandas as gpd
import pytest
import shapely

import gridopt as go
from gridopt.divisions import heads

CHANGZHOU, TAIPEI, BERLIN = (119.9, 31.8), (121.5, 25.0), (13.4, 52.5)


@pytest.mark.parametrize(
    ("codes", "place", "townships", "counties"),
    [
        (["320411001001", "320411102200"], CHANGZHOU, ["320411001", "320411102"], ["320411"] * 2),
        (["320411001000"], CHANGZHOU, ["320411001"], ["320411"]),
        (["320411001001002"], CHANGZHOU, ["320411001"], ["320411"]),
        (["63000070001", "63000070002"], TAIPEI, ["63000070"] * 2, ["63000"] * 2),
        (["63000070-001"], TAIPEI, ["63000070"], ["63000"]),
    ],
)
def test_codes_of_divisions_have_their_township_and_county_at_their_head(codes, place, townships, counties):
    assert heads(codes, *place) == (townships, counties)


@pytest.mark.parametrize(
    ("codes", "place"),
    [
        (["3204110101", "3204110102"], CHANGZHOU),  # ten digits, a city's own
        (["990411001001"], CHANGZHOU),  # no such province
        (["320411777001"], CHANGZHOU),  # no such township
        (["320411000000"], CHANGZHOU),  # a county
        (["Triesenberg", "Vaduz"], (9.5, 47.1)),
        (["130715151035"], BERLIN),  # a municipality of Mecklenburg: digits and ranges alike, but not in China
        (["10005050101"], (-75.4, 38.7)),  # a tract of Delaware
        ([], CHANGZHOU),
    ],
)
def test_other_numbers_say_nothing_of_what_lies_above(codes, place):
    assert heads(codes, *place) == ([""] * len(codes), [""] * len(codes))


def test_a_few_slips_among_codes_are_left_without_a_township():
    codes = [f"32041100100{i}" for i in range(1, 5)]
    assert heads([*codes, "3204110"], *CHANGZHOU)[0] == ["320411001"] * 4 + [""]


def test_bare_tables_take_townships_from_codes_of_divisions_only():
    place = gpd.GeoSeries([shapely.box(119.9, 31.8, 119.91, 31.81)], crs=4326).to_crs(4549)
    of_code = go.City.from_tables(gpd.GeoDataFrame(geometry=place.set_axis(["320411001001"])))
    of_number = go.City.from_tables(gpd.GeoDataFrame(geometry=place.set_axis(["3204110101"])))
    assert of_code.communities["township_id"].tolist() == ["320411001"]
    assert of_number.communities[["township_id", "county_id"]].iloc[0].tolist() == ["", ""]
