"""The benchmarks: towns that are what they say, a scorer that agrees with counting by hand, results that are kept."""

import json

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from benchmarks import (
    apportioning,
    cities,
    growth,
    instances,
    jobs,
    layers,
    locating,
    mapping,
    mass,
    proof,
    published,
    quality,
    run,
    siting,
    tables,
)
from benchmarks.instances import Instance
from benchmarks.jobs import Job, Store
from benchmarks.methods import OURS, answer
from benchmarks.scorer import score

PARTS = {"quality": quality, "published": published, "proof": proof, "growth": growth, "layers": layers}
PARTS |= {"apportioning": apportioning, "mass": mass, "locate": locating, "siting": siting, "map": mapping}


def row_of_four(*, k: int = 2, joined: bool = True) -> Instance:
    """a - b - c - d: squares of 100 m side by side, of 10, 20, 30 and 0 people; d may be cut off."""
    edges = [(0, 1), (1, 2), (2, 3)] if joined else [(0, 1), (1, 2)]
    return Instance(
        "row of four", np.array([10.0, 20.0, 30.0, 0.0]), np.array([(100.0 * x, 0.0) for x in range(4)]),
        np.array(edges), np.full(len(edges), 100.0), np.full(4, 1e4), np.full(4, 400.0), np.zeros(4, np.int64), k, 0.1,
    )  # fmt: skip


def test_the_scorer_agrees_with_counting_by_hand() -> None:
    worth = score(row_of_four(), [0, 0, 7, 7])  # 30 | 30; centroid of the first at 66.7 m, of the second on c
    assert worth.is_feasible
    assert (worth.n_grids, worth.cut_edges, worth.border) == (2, 1, 100)
    assert worth.largest_deviation == 0
    assert worth.inertia == pytest.approx(10 * (200 / 3) ** 2 + 20 * (100 / 3) ** 2)
    assert worth.hess == pytest.approx(10 * 100**2)  # centres b and c
    assert worth.polsby_popper == pytest.approx(4 * np.pi * 2e4 / 600**2)


@pytest.mark.parametrize(
    ("labels", "fault"),
    [
        ([0, 1, 0, 0], "excess_pieces"),  # a and c without b
        ([0, 1, 1, 1], "out_of_bounds"),  # 10 | 50
        ([0, 0, 0, 0], "out_of_bounds"),  # one grid instead of two
        ([0, 0, 1, 2], "out_of_bounds"),  # three instead of two
    ],
)
def test_the_scorer_sees_what_is_wrong(labels, fault) -> None:
    worth = score(row_of_four(), labels)
    assert getattr(worth, fault) > 0
    assert not worth.is_feasible


def test_pieces_that_the_graph_forces_are_not_held_against_a_method() -> None:
    assert score(row_of_four(joined=False), [0, 0, 1, 1]).is_feasible  # d is an island without people


def test_a_grid_of_two_communities_is_not_feasible() -> None:
    town = row_of_four()
    across = Instance(**{**vars(town), "parents": np.array([0, 1, 1, 1])})
    assert score(across, [0, 0, 1, 1]).crossing == 1


def test_a_label_for_every_unit_is_asked_for() -> None:
    with pytest.raises(ValueError, match="4 units need a label"):
        score(row_of_four(), [0, 1, 1])


@pytest.mark.parametrize("name", ["town-120-1", "town-300-2-lake", "town-300-3-river", "town-200-4-k7-lake-river"])
def test_a_synthetic_town_is_connected_and_the_same_each_time(name) -> None:
    town, again = instances.find(name), instances.find(name)
    network = nx.Graph(town.edges.tolist())
    assert nx.is_connected(network)
    assert network.number_of_nodes() == town.n_units == int(name.split("-")[1])
    assert (town.edges[:, 0] < town.edges[:, 1]).all()
    assert np.array_equal(town.xy, again.xy)
    assert town.k == (7 if "k7" in name else round(town.n_units / 40))
    assert town.name == name


def test_the_cells_of_a_town_tile_its_square() -> None:
    town = instances.synthetic_town(150, 5)
    assert town.area.sum() == pytest.approx(150 * instances.CELL**2)
    inner = np.bincount(town.edges.ravel(), np.repeat(town.border, 2), town.n_units)
    assert (inner <= town.perimeter * (1 + 1e-9)).all()


def test_a_city_has_as_many_pieces_as_communities() -> None:
    city = instances.find("city-9-50-1")
    assert city.n_units == 450
    assert city.pieces().max() + 1 == 9
    assert (city.parents[city.edges[:, 0]] == city.parents[city.edges[:, 1]]).all()


def test_an_instance_is_read_as_it_was_written(tmp_path) -> None:
    town = instances.find("city-3-20-1")
    instances.write(town, tmp_path / "town.npz")
    read = instances.read(tmp_path / "town.npz")
    for name in ("weights", "xy", "edges", "border", "area", "perimeter", "parents"):
        assert np.array_equal(getattr(read, name), getattr(town, name)), name
    assert (read.k, read.tolerance, read.name) == (town.k, town.tolerance, town.name)


def test_gridopt_answers_a_job_with_feasible_labels() -> None:
    town = instances.synthetic_town(60, 1, k=3, tolerance=0.25)
    found = answer(OURS, town, 0, {"objective": "cut_edges", "effort": "quick"})
    assert score(town, found.labels).is_feasible
    assert found.claims["named"] == 0


def test_results_are_kept_and_those_of_other_sources_are_measured_again(tmp_path) -> None:
    job, other = Job(OURS, "town-60-1", (0,)), Job(OURS, "town-60-2", (0,))
    store = Store("part", folder=tmp_path)
    store.put(job, {"rows": [{"seed": 0, "cpu": 1.0}, {"seed": 1, "error": "none"}], "memory": 5.0})
    again = Store("part", folder=tmp_path)
    assert again.is_current(job)
    assert not again.is_current(other)
    assert again.get(job).figures("cpu") == [1.0]
    entries = json.loads(store.path.read_text(encoding="utf-8"))
    entries[job.key]["made_with"] = "gridopt before"
    store.path.write_text(json.dumps(entries), encoding="utf-8")
    assert not Store("part", folder=tmp_path).is_current(job)
    assert Store("part", folder=tmp_path, fresh=True).get(job) is None


def test_what_is_known_of_a_peer_stands_where_it_is_not_installed(tmp_path, monkeypatch) -> None:
    store, job, version = Store("part", folder=tmp_path), Job("KaHIP eco", "town-60-1", (0,)), "3.1"
    monkeypatch.setattr(jobs.importlib.metadata, "version", lambda _name: version)
    store.put(job, {"rows": [{"seed": 0, "cpu": 1.0}], "memory": 5.0})
    version = "3.2"
    assert not store.is_current(job)

    def missing(name: str) -> str:
        raise jobs.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(jobs.importlib.metadata, "version", missing)
    assert store.is_current(job)
    assert not store.is_current(Job("KaHIP eco", "town-60-2", (0,)))


def test_a_run_of_the_command_that_failed_is_measured_again(tmp_path) -> None:
    store, (job, *_) = Store("layers", folder=tmp_path), layers.jobs(quick=True)
    store.put(job, {"rows": [{"seed": 0, "error": "status 2: no such package"}], "memory": 0.0})
    assert not store.is_current(job)
    store.put(job, {"rows": [{"seed": 0, "cpu": 1.0}], "memory": 5.0})
    assert store.is_current(job)


def test_a_run_of_the_command_that_fails_says_why(tmp_path) -> None:
    with pytest.raises(SystemExit, match=r"status 2: .*nowhere\.toml"):
        layers.drawn(["draw", str(tmp_path / "nowhere.toml")], tmp_path / "out")


def test_a_synthetic_city_is_the_same_files_each_time_and_has_as_many_buildings_as_asked(tmp_path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        cities.write_city("mass-4000-5", folder)
    one, other = (gpd.read_file(folder / "buildings.fgb") for folder in folders)
    assert one.equals(other)
    assert 0.8 * 4000 <= len(one) <= 4000 * 1.1
    assert (folders[0] / "totals.csv").read_bytes() == (folders[1] / "totals.csv").read_bytes()
    communities = gpd.read_file(folders[0] / "city.gpkg", layer="communities")
    assert len(communities) == 4
    assert shapely.coverage_is_valid(communities.geometry.to_numpy())


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("quick", [True, False])
def test_every_part_tells_its_jobs_and_makes_tables_of_whatever_is_stored(name, quick, tmp_path) -> None:
    if name == "published" and not instances.PUBLISHED.exists():
        pytest.skip("the published instances are not here")
    jobs = PARTS[name].jobs(quick=quick)
    assert len({job.key for job in jobs}) == len(jobs) > 0
    assert "|" in PARTS[name].report(Store(name, folder=tmp_path), quick=quick)


def test_a_table_takes_the_place_of_the_one_before_it(tmp_path) -> None:
    page = tmp_path / "page.md"
    page.write_text("top\n\n<!-- benchmarks: growth -->\nold\n<!-- end of growth -->\n\nbottom\n", encoding="utf-8")
    tables.put(page, "growth", tables.table(["a", "b"], [["x", "1"]]))
    tables.put(page, "proof", "new")
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.index("top") < text.index("| x | 1 |") < text.index("bottom") < text.index("new")


def test_help_says_how_long_each_part_takes(capsys) -> None:
    with pytest.raises(SystemExit):
        run.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {part.MINUTES}" in text for name, part in PARTS.items())
