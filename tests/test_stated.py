"""Several layers that state people of the same communities: what counts, and where the others are apart."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.people import People
from gridopt.read.findings import Findings
from gridopt.read.stated import note_apart

CRS = "EPSG:4549"
IDS = ["west", "east"]


def squares(size, n, **columns):
    """``n`` squares of this size in a row from the origin, with columns."""
    shapes = [shapely.box(size * i, 0, size * (i + 1), size) for i in range(n)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def communities(**columns):
    return squares(100, 2, **columns).set_index(pd.Index(IDS))


def homes(households, use=("", "", "", "")):
    """Four homes, two in each community."""
    table = gpd.GeoDataFrame({"households": households, "residents": np.nan, "use": list(use)}, crs=CRS,
                             geometry=shapely.box([10, 60, 110, 160], 10, [20, 70, 120, 170], 20))  # fmt: skip
    return table.set_index(pd.Index([f"b{i}" for i in range(4)]))


def said(size=2.6, **tables):
    """(fault, action, ids) of every row on record."""
    findings = Findings("population")
    note_apart(tables, People(size), findings)
    rows = [repair.row("en") for repair in findings.repairs]
    assert all(row["fault"] != repair.row("zh")["fault"] for row, repair in zip(rows, findings.repairs, strict=True))
    return [(row["fault"], row["action"], row["ids"]) for row in rows]


def test_statements_that_agree_are_not_mentioned():
    totals = communities(households=[400.0, 600.0])
    assert said(communities=totals, buildings=homes([200.0, 200, 300, 303])) == []


def test_counts_of_buildings_that_do_not_come_to_the_totals_are_told_with_the_ratio():
    ((fault, action, ids),) = said(
        communities=communities(households=[400.0, 600.0]), buildings=homes([200.0, 200, 300, 400])
    )
    assert fault == "households: [layers.communities] come to 1,000, [layers.buildings] to 1,100 (1.100 of the first)"
    assert "only say how their totals are shared out" in action
    assert ids == "east"


@pytest.mark.parametrize(("use", "n"), [(("", "", "", "warehouse"), 1), (("", "", "", ""), 0)])
def test_fewer_people_are_a_contradiction_only_where_every_home_is_counted(use, n):
    totals = communities(households=[400.0, 600.0])
    assert len(said(communities=totals, buildings=homes([200.0, 200, 300, np.nan], use))) == n


def test_blocks_count_before_communities_and_their_other_measure_follows():
    blocks = squares(50, 4, households=[100.0, 100, 100, 100], residents=np.nan, level="blocks")
    totals = communities(households=[200.0, 250.0], residents=[520.0, 520.0])
    ((fault, action, ids),) = said(communities=totals, population=blocks)
    assert "households: [layers.population] by block come to 400, [layers.communities] to 450" in fault
    assert "[layers.communities] do not" in action
    assert ids == "east"


def test_units_with_counts_go_before_blocks_and_the_table():
    units = squares(50, 4, households=[100.0, 100, 100, 100])
    table = pd.DataFrame({"households": [200.0, 220.0], "residents": [520.0, 700.0], "level": "community"}, IDS)
    rows = said(communities=communities(), units=units, population=table)
    assert [row[0].split(" (")[0] for row in rows] == [
        "households: [layers.units] come to 400, [layers.population] to 420",
        "residents: [layers.units] come to 1,040, [layers.population] to 1,220",
    ]


def test_a_table_of_estates_contradicts_only_with_more():
    table = pd.DataFrame(
        {"households": [300.0, 700.0], "residents": np.nan, "level": "estates"}, ["west/甲", "east/乙"]
    )
    ((fault, _, ids),) = said(communities=communities(households=[400.0, 600.0]), population=table)
    assert "[layers.communities] come to 600, [layers.population] by estate to 700" in fault
    assert ids == "east"


def test_a_raster_that_tells_of_others_is_mentioned_beyond_a_twentieth():
    totals = communities(residents=[1000.0, 1000.0])
    cells = squares(50, 4, residents=[250.0, 250, 260, 260])
    assert said(communities=totals, population_cells=cells.assign(residents=[500.0, 500, 510, 510])) == []
    ((fault, action, _),) = said(communities=totals, population_cells=cells)
    assert "[layers.population] (raster) to 1,020 (0.510 of the first)" in fault
    assert "shared out" in action
    ((_, action, _),) = said(communities=totals, population_cells=cells, buildings=homes([np.nan] * 4))
    assert "do not" in action


def test_communities_of_unknown_people_are_named():
    (fault, action, ids), left_out = said(communities=communities(), buildings=homes([200.0, 200, 300, np.nan]))
    assert left_out[::2] == ("homes without households or residents in 1 communities where others have them, and no "
                             "total is stated", "b3")  # fmt: skip
    assert "no layer states how many people" in fault
    assert "give totals" in action
    assert ids == "east"
    assert said(communities=communities(), buildings=homes([200.0, 200, 300, 100])) == []
    cells = squares(50, 4, residents=[250.0, 250, 260, 260])
    assert said(communities=communities(), population_cells=cells) == []


@pytest.mark.parametrize(
    ("listed", "own", "unknown", "left_out"),
    [
        (["west/甲", "east/乙"], [np.nan] * 4, "", ""),
        (["west/甲"], [np.nan] * 4, "east", ""),
        (["west/甲"], [np.nan, np.nan, 10, np.nan], "east", "b3"),
        (["west/甲"], [np.nan, np.nan, 10, 20], "", ""),
    ],
)
def test_a_community_is_known_by_its_estates_only_where_each_home_is_in_one_or_counted(listed, own, unknown, left_out):
    table = pd.DataFrame({"households": 300.0, "residents": np.nan, "level": "estates"}, listed)
    buildings = homes(own).assign(estate=["甲", "甲", "乙", "乙"])
    rows = {fault.split()[0]: ids for fault, _, ids in said(communities=communities(), population=table,
                                                            buildings=buildings)}  # fmt: skip
    assert rows.get("communities", "") == unknown
    assert rows.get("homes", "") == left_out


def test_a_home_outside_every_drawn_estate_is_named_with_its_place():
    estates = squares(100, 1, name=["甲"]).set_index(pd.Index(["e1"]))
    table = pd.DataFrame({"households": [300.0], "residents": np.nan, "level": "estates"}, ["e1"])
    findings = Findings("population")
    wide = communities().assign(geometry=[shapely.box(0, 0, 150, 100), shapely.box(150, 0, 300, 100)])
    buildings = homes([np.nan] * 4, ("", "", "", "warehouse"))
    note_apart({"communities": wide, "population": table, "estates": estates, "buildings": buildings}, People(),
               findings)  # fmt: skip
    assert {repair.kind: repair.ids for repair in findings.repairs} == {
        "people_unknown": ("east", "west"), "homes_uncounted": ("b2",),
    }  # fmt: skip
    (place,) = findings.repairs[-1].places
    assert place[1].equals(buildings.geometry["b2"])
