"""Workload: minutes of service, events and patrols, by hand for four units; households where nobody stated minutes."""

import dataclasses
import tomllib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

import gridopt as go
from gridopt.city import Settings
from gridopt.errors import RuleError, TableError
from gridopt.publish.project_file import RULES
from gridopt.rules import Bounds, Rules, Size
from gridopt.units import make_units
from gridopt.units.workload import TOUR, patrol_metres
from gridopt.workload import Workload
from tests.towns import CRS, SOUTH, WEST, town

NOTHING = {"service": {}, "events": 0, "patrols": 0}


def work(city, **table) -> list[float]:
    """The workload of every unit under a [rules.workload] table."""
    return make_units(city.replace(settings=Settings(workload=table)))["workload"].tolist()


def with_events(city, rows) -> go.City:
    """Rows of (kind, n, community, place on the map in metres or None)."""
    shapes = [None if place is None else Point(WEST + place[0], SOUTH + place[1]) for _, _, _, place in rows]
    table = {
        "kind": [row[0] for row in rows],
        "n": [float(row[1]) for row in rows],
        "community_id": [r[2] for r in rows],
    }
    events = gpd.GeoDataFrame(table, geometry=shapes, crs=CRS)
    return city.replace(layers={**city.layers, "events": events})


def test_without_a_table_the_workload_is_households() -> None:
    city = town("a a b b", {"a": 100, "b": 60})
    assert make_units(city)["workload"].tolist() == [100, 100, 60, 60]


def test_service_minutes_add_up_over_columns() -> None:
    city = town("a a b b", {"a": 100, "b": 60})
    assert work(city, **{**NOTHING, "service": {"households": 2, "residents": 0.1}}) == [225, 225, 135, 135]


def test_land_is_looked_after_by_the_hectare() -> None:
    assert work(town("a a"), **{**NOTHING, "area": 7}) == [7, 7]


def test_events_cost_by_their_kind_and_are_shared_out_over_the_months() -> None:
    rows = [("quarrel", 1, "", (50, 50)), ("quarrel", 2, "", (150, 50)), ("lamp", 3, "", (150, 50))]
    city = with_events(town("a a"), rows)
    table = {**NOTHING, "events": {"quarrel": 120, "other": 10}, "months": 6}
    assert work(city, **table) == [120 / 6, (240 + 30) / 6]
    assert work(city, **{**NOTHING, "events": 60, "months": 1}) == [60, 300]


def test_events_known_by_community_alone_are_shared_out_by_households() -> None:
    city = town("a b", {"a": 1, "b": 1})
    own = city.layer("units").assign(households=[30.0, 10.0], community_id="320411001101", residents=[1.0, 1.0])
    city = city.replace(
        layers={"units": own}, communities=city.communities.iloc[:1].set_axis(pd.Index(["320411001101"]))
    )
    city = with_events(city, [("lamp", 8, "320411001101", None)])
    assert work(city, **{**NOTHING, "events": 12, "months": 12}) == [6, 2]


def test_a_patrol_is_the_tour_of_beardwood_halton_and_hammersley() -> None:
    city = town("a a", 100)
    minutes = TOUR * np.sqrt(100 * 10_000.0) / (3000 / 60)
    assert work(city, **{**NOTHING, "patrols": 2, "patrol_speed": 3}) == pytest.approx([2 * minutes] * 2)
    assert work(city, **{**NOTHING, "patrols": 2, "patrol_speed": 3, "stops": "residents/10"}) == pytest.approx(
        [2 * minutes * np.sqrt(0.25)] * 2
    )


def test_a_patrol_of_units_of_one_density_is_the_patrol_of_their_union() -> None:
    stops, areas = np.array([30.0, 60.0, 10.0]), np.array([3e4, 6e4, 1e4])
    assert patrol_metres(stops, areas).sum() == pytest.approx(patrol_metres(stops.sum(), areas.sum()))


def test_the_tour_estimate_is_near_a_real_tour() -> None:
    """A tour by nearest neighbour and 2-opt of 200 random points is at most a tenth off the estimate and its border."""
    rng = np.random.default_rng(5)
    points = rng.uniform(0, 1000, (200, 2))
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    tour = _tour(apart)
    length = apart[tour, np.roll(tour, -1)].sum()
    assert patrol_metres(np.array(200.0), np.array(1e6)) == pytest.approx(length, rel=0.15)


def _tour(apart: np.ndarray) -> np.ndarray:
    left, tour = set(range(1, len(apart))), [0]
    while left:
        tour.append(min(sorted(left), key=lambda one: apart[tour[-1], one]))
        left.remove(tour[-1])
    order, better = np.array(tour), True
    while better:
        better = False
        for i in range(1, len(order) - 1):
            j = np.arange(i + 1, len(order))
            after = order[(j + 1) % len(order)]
            gain = apart[order[i - 1], order[i]] + apart[order[j], after]
            gain = gain - apart[order[i - 1], order[j]] - apart[order[i], after]
            best = int(np.argmax(gain))
            if gain[best] > 1e-9:
                order[i : j[best] + 1] = order[i : j[best] + 1][::-1]
                better = True
    return order


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"months": 0}, "months must be a number above 0"),
        ({"patrol_speed": -1}, "patrol_speed"),
        ({"service": {"households": "ten"}}, "service.households"),
        ({"events": {"lamp": -3}}, "events.lamp"),
        ({"stops": "buildings +"}, "no formula"),
        ({"service": {"workload": 1}}, "counted from itself"),
        ({"hours": 3}, "unknown hours"),
    ],
)
def test_a_workload_that_cannot_hold_is_refused(table, said) -> None:
    with pytest.raises(RuleError, match=said) as caught:
        Workload.from_table(table)
    assert caught.value.text("zh") != str(caught.value)


def test_a_column_that_nobody_has_is_refused() -> None:
    with pytest.raises(TableError, match=r'no column "hoseholds" \(near: households\)'):
        work(town("a a"), service={"hoseholds": 3})


def test_grids_are_balanced_by_workload_and_add_it_up() -> None:
    """A row of nine units of 100 minutes, three of them with shops that double it: three grids of 400 minutes."""
    rules = Rules(size=Size(measure="workload", low=350, target=400, high=450, comfort=(380, 420), also={}))
    city = town("a a a a a a a a a", 100, rules=rules)
    units = city.layer("units").assign(shops=[0.0, 10, 0, 0, 0, 10, 0, 0, 10])
    table = {**NOTHING, "service": {"households": 1, "shops": 10}}
    plan = go.draw(city.replace(layers={"units": units}, settings=Settings(workload=table)), seed=1)
    assert plan.units["workload"].tolist() == [100, 200, 100, 100, 100, 200, 100, 100, 200]
    assert plan.grids["workload"].tolist() == [400, 400, 400]
    assert plan.grids["households"].tolist() == [300, 300, 300]
    assert plan.grids["deviation"].tolist() == [0, 0, 0]


def test_a_bound_on_workload_holds_beside_those_of_households_and_residents() -> None:
    also = {"residents": Bounds(high=1000), "workload": Bounds(high=450)}
    rules = Rules(size=Size(low=100, target=300, high=400, comfort=(100, 400), also=also))
    city = town("a a a a a a a a", 100, rules=rules)
    units = city.layer("units").assign(shops=[0.0, 10, 0, 0, 0, 0, 10, 0])
    table = {**NOTHING, "service": {"households": 1, "shops": 20}}
    plan = go.draw(city.replace(layers={"units": units}, settings=Settings(workload=table)), seed=1)
    assert (plan.grids["workload"] <= 450).all()
    assert (plan.grids["residents"] <= 1000).all()
    assert plan.grids["households"].between(100, 400).all()
    assert len(plan.violations) == 0


def test_the_figures_of_a_new_project_file_are_the_defaults() -> None:
    for text in RULES.values():
        lines = [line.removeprefix("# ") for line in text.splitlines()]
        start = lines.index("[rules.workload]")
        table = tomllib.loads("\n".join(lines[start : lines.index("", start)]))["rules"]["workload"]
        assert Workload.from_table({**table, "stops": ""}) == Workload()
        assert set(table) == {one.name for one in dataclasses.fields(Workload)}
