"""Bad input at the command line: status 2, one clear message in each language, nothing written, nothing drawn."""

import re
import signal
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyogrio.errors import DataSourceError

from gridopt.cli import main
from gridopt.publish.atomic import move_all
from tests.towns import SOUTH, WEST, square

FACILITIES = '[layers.facilities]\npath = "f.gpkg"\nid = "f"\ntier = "tier"\n'


def refused(project: Path, capsys, *words: str, status: int = 2) -> None:
    """`draw` says all these words in one message a language, and leaves the folder as it was."""
    before = sorted(project.parent.rglob("*"))
    for lang in ("en", "zh"):
        out = project.parent / "out"
        assert main(["draw", str(project), "--out", str(out), "--effort", "quick", "--lang", lang]) == status
        said = capsys.readouterr().err.replace(project.parent.name, "")
        assert [word for word in words if word not in said] == [], said
        assert "Traceback" not in said
        assert bool(re.search("[一-鿿]{2}", said)) == (lang == "zh"), said
        assert not re.search("[一-鿿）”][;:?]|[;:?][一-鿿]", said), said
        assert sorted(project.parent.rglob("*")) == before


def rewrite(project: Path, layer: str, change) -> None:
    """One layer of the town, changed."""
    file = project.parent / "town.gpkg"
    change(gpd.read_file(file, layer=layer)).to_file(file, layer=layer, driver="GPKG")


def add(project: Path, text: str, old: str = "", new: str = "") -> None:
    content = project.read_text(encoding="utf-8").replace(old, new) if old else project.read_text(encoding="utf-8")
    project.write_text(f"{content}\n{text}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ruls]", ["[ruls]", "rules"]),
        ("[rules.size]\nlow = 600", ["low = 600", "high = 500"]),
        ("[rules.size]\ntarget = 700", ["700", "300-500"]),
        ("[rules.size]\nlow = 0\nhigh = 10\ntarget = 0", ["target"]),
        ("[rules.size]\ncount = 0", ["count = 0"]),
        ('[rules.size]\nmeasure = "hoseholds + 1"', ["hoseholds", "households"]),
        ('[rules.size]\nmeasure = "households +"', ["households +"]),
        ("[rules.workload]\nmonths = 0", ["months", "0"]),
        ('[rules.governance]\nkeep_whole = ["estatess"]', ["estatess"]),
        ('[rules.relax]\nnever = ["size.hihg"]', ["size.hihg", "size.high"]),
        ('[rules.relax]\nnever = ["size.high", "size.low"]\n[rules.size]\nlow = 500', ["500-500"]),
        ('[rules.code]\ntemplate = "stat51"', ["stat51", "stat15"]),
        ('[rules.code]\ntemplate = "local12"', ["local12", "320411001101"]),
        ("[rules.staff]\nworkerss = 3", ["workerss"]),
        ("[rules.tiers]\nnmes = ['a']", ["nmes", "names"]),
        ("[rules.tiers]\ntarget = 90", ["target = 90", "0-1"]),
        ('[layers.facilities]\npath = "town.gpkg"\nlayer = "units"', ["tier"]),
        ('[layers.buildings]\npath = "/dev/null"', ["/dev/null"]),
    ],
)
def test_settings_that_cannot_hold_are_refused_before_anything_is_drawn(project, capsys, monkeypatch, text, words):
    if "never" not in text or "hihg" in text:
        monkeypatch.setattr("gridopt.plan.draw.draw", None)
    add(project, text)
    refused(project, capsys, *words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id = "unit_id"', "id = unit_id", ['id = "unit_id"', "13"]),
        ('id = "unit_id"', 'id = "unit_id', ['id = "unit_id"']),
        ('id = "unit_id"', "id = “unit_id”", ['id = "unit_id"']),
        ('name = "测试镇"', 'name = "x\\q"', ['name = "x/q"']),
        ("town.gpkg", "gone.gpkg", ["gone.gpkg", "town.toml"]),
        ('layer = "units"', 'layer = "unit"', ['layer = "units"']),
        ("[city]", '[city]\ncrs = "EPSG:4326"', ["EPSG:4326"]),
        ("[city]", '[city]\ncrs = "EPSG:32601"', ["EPSG:32601"]),
    ],
)
def test_a_line_that_cannot_hold_is_shown_as_it_should_be(project, capsys, old, new, words):
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace(old, new), encoding="utf-8")
    refused(project, capsys, *words)


def test_a_file_that_is_no_project_file_is_told_apart(project, capsys):
    project.write_bytes((project.parent / "town.gpkg").read_bytes())
    refused(project, capsys, "town.toml")
    assert main(["draw", str(project.parent), "--out", "out", "--lang", "en"]) == 2
    assert "is a folder" in (said := capsys.readouterr().err)
    assert "town.toml" in said


def first_to(column: str, value: object):
    """A change of one cell of the first row."""
    return lambda table: table.assign(**{column: [value, *table[column].tolist()[1:]]})


def exchanged(table):
    return shapely.transform(table.geometry.to_numpy(), lambda points: points[:, ::-1])


@pytest.mark.parametrize(
    ("layer", "change", "words"),
    [
        ("units", first_to("households", -3.0), ["households", "a01"]),
        ("units", lambda table: table.assign(households="many"), ["households", "(+13)"]),
        ("units", lambda table: table.assign(households=float("nan")), ["households", "18"]),
        ("units", first_to("unit_id", ""), ["unit_id"]),
        ("units", first_to("unit_id", "a02"), ["a02"]),
        ("units", lambda table: table.iloc[:0], ["[layers.units]"]),
        ("units", lambda table: table[table["community_id"] != "320411001102"], ["320411001102"]),
        ("units", lambda table: table.set_geometry(table.translate(9000, 0)), ["EPSG"]),
        ("units", lambda table: table.assign(households=0), ["households", "18", " 0"]),
        ("units", lambda table: table[table["unit_id"].isin(["a01", "b01"])], ["60%", "320411001102 ("]),
        ("units", lambda table: table.set_geometry(exchanged(table)), ["QGIS", "x"]),
        ("units", first_to("geometry", square(40, 40)), ["a01"]),
        ("units", first_to("geometry", square(0, 0).buffer(30)), ["a01", "m2"]),
        ("units", lambda table: table.set_crs(None, allow_override=True), ['crs = "EPSG:4549"']),
        ("communities", lambda table: table.set_geometry(table.boundary), ["320411001101, 320411001102"]),
        ("communities", first_to("community_id", "32041100110x"), ["32041100110x", "12"]),
    ],
)
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_that_cannot_be_used_names_its_rows(project, capsys, layer, change, words):
    rewrite(project, layer, change)
    refused(project, capsys, *words)


def test_a_unit_of_an_unknown_community_is_named(project, capsys):
    rewrite(project, "units", first_to("community_id", "99"))
    add(project, 'community = "community_id"')
    refused(project, capsys, "a01 (99)")


@pytest.mark.parametrize(("lang", "words"), [("en", "both claim 60,000 m2"), ("zh", "均主张 60,000 平方米")])
def test_land_that_two_communities_claim_must_be_decided(project, capsys, lang, words):
    rewrite(project, "communities", lambda table: table.set_geometry([table.union_all(), table.geometry.iloc[1]]))
    rewrite(project, "units", lambda table: table.drop(columns="community_id"))
    out = project.parent / "out"
    draw = ["draw", str(project), "--out", str(out), "--effort", "quick", "--lang", lang]
    assert main([*draw, "--strict"]) == 1
    assert words in capsys.readouterr().err
    assert main(["check", str(out)]) == 0
    disputes = gpd.read_file(out / "plan.gpkg", layer="disputes")
    assert disputes[["claimants", "given_to", "rule"]].to_numpy().tolist() == [
        ["320411001101;320411001102", "320411001102", "enclave"]
    ]
    assert disputes.area.tolist() == pytest.approx([60_000])


def test_codes_that_a_spreadsheet_made_decimal_still_name_their_community(project):
    rewrite(project, "units", lambda table: table.assign(community=table.pop("community_id") + ".0"))
    add(project, 'community = "community"')
    assert main(["draw", str(project), "--out", str(project.parent / "out"), "--effort", "quick"]) == 0


def test_land_that_no_unit_covers_is_said_aloud(project, caplog):
    rewrite(project, "units", lambda table: table[~table["unit_id"].isin(["b01", "b02"])])
    assert main(["draw", str(project), "--out", str(project.parent / "out"), "--effort", "quick", "--lang", "en"]) == 0
    assert "320411001102 (33%)" in caplog.text


@pytest.mark.parametrize(("column", "words"), [({"tier": "kitchen"}, ["kitchen"]), ({"role": ""}, ["role"])])
def test_what_only_a_later_stage_reads_is_refused_before_the_drawing(project, capsys, monkeypatch, column, words):
    monkeypatch.setattr("gridopt.plan.draw.draw", None)
    if "tier" in column:
        points = gpd.GeoDataFrame({"f": ["f1"], **column}, geometry=[shapely.Point(WEST, SOUTH)], crs="EPSG:4549")
        points.to_file(project.parent / "f.gpkg")
        add(project, FACILITIES)
    else:
        pd.DataFrame({"id": ["p1"], **column}).to_csv(project.parent / "r.csv", index=False)
        add(project, '[layers.roster]\npath = "r.csv"\nid = "id"\n')
    refused(project, capsys, *words)


@pytest.mark.parametrize("kept", [100, 60_000])
def test_a_cut_off_geopackage_is_called_damaged(project, capsys, kept):
    file = project.parent / "town.gpkg"
    file.write_bytes(file.read_bytes()[:kept])
    refused(project, capsys, "town.gpkg")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed", "-1"], ["--seed", "-1"]),
        (["--workers", "x"], ["--workers", "x"]),
        (["--effort", "fast"], ["--effort", "quick"]),
        (["--bogus"], ["--bogus"]),
    ],
)
def test_wrong_usage_is_one_line_in_the_language_asked_for(project, capsys, arguments, words):
    for lang in ("en", "zh"):
        with pytest.raises(SystemExit) as left:
            main(["draw", str(project), "--out", "x", *arguments, "--lang", lang])
        said = capsys.readouterr().err
        assert left.value.code == 2
        assert said.count("\n") == 1
        assert [word for word in words if word not in said] == []
        assert bool(re.search("[一-鿿]", said)) == (lang == "zh")


def test_an_output_that_cannot_be_is_refused_before_anything_is_read(project, capsys):
    taken = project.parent / "taken"
    taken.write_text("mine", encoding="utf-8")
    for out in (taken, taken / "deep"):
        assert main(["draw", "gone.toml", "--out", str(out), "--lang", "en"]) == 2
        assert "taken" in capsys.readouterr().err
    assert main(["inspect", str(project), "--html", str(project.parent / "no" / "x.html"), "--lang", "en"]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert taken.read_text(encoding="utf-8") == "mine"


@pytest.fixture
def plan(project):
    """A small drawn plan folder."""
    out = project.parent / "plan"
    assert main(["draw", str(project), "--out", str(out), "--effort", "quick"]) == 0
    return out


def test_points_that_cannot_be_located_are_told_why(plan, capsys):
    place = plan.parent
    cases = {
        "lon,lat\n31.8,119.9\n": "swapped",
        "lon,lat\n540000,3520000\n": "another CRS",
        "lon,lat\n": "none of its 0 rows",
        "name\na\n": "lon and lat",
    }
    for i, (text, words) in enumerate(cases.items()):
        (place / f"p{i}.csv").write_text(text, encoding="utf-8")
        given = ["locate", str(plan), "--points", str(place / f"p{i}.csv"), "--out", str(place / "o.csv")]
        assert main([*given, "--lang", "en"]) == 2
        assert words in capsys.readouterr().err
    given = ["locate", str(plan), "--points", str(place / "town.gpkg"), "--out", str(place / "o.csv"), "--lang", "en"]
    (place / "town.gpkg").write_bytes((plan / "plan.gpkg").read_bytes()[:3000])
    assert main(given) == 2
    gpd.GeoDataFrame(geometry=[square(0, 0)], crs="EPSG:4549").to_file(place / "p.gpkg")
    assert main([*given[:3], str(place / "p.gpkg"), *given[4:]]) == 2
    assert "1 of 1 rows are no single points" in capsys.readouterr().err
    assert not (place / "o.csv").exists()


def test_a_disk_that_fills_up_leaves_the_old_plan_and_says_so(plan, project, capsys, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise DataSourceError("failed to execute insert : database or disk is full.")

    before = {path: path.read_bytes() for path in plan.rglob("*") if path.is_file()}
    monkeypatch.setattr("pyogrio.write_dataframe", full)
    assert main(["draw", str(project), "--out", str(plan), "--effort", "quick", "--lang", "en"]) == 2
    assert "disk is full); " in capsys.readouterr().err
    assert {path: path.read_bytes() for path in plan.rglob("*") if path.is_file()} == before


@pytest.fixture
def interruptible():
    """As in a terminal: a process started in the background inherits that interrupts are ignored."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_while_files_are_moved_waits_until_all_are(tmp_path, monkeypatch):
    source, target = tmp_path / "new", tmp_path / "plan"
    for folder in (source, target):
        folder.mkdir()
        for name in ("a", "b"):
            (folder / name).write_text(folder.name, encoding="utf-8")
    replace = Path.replace

    def interrupted(path: Path, other: Path) -> Path:
        signal.raise_signal(signal.SIGINT)
        return replace(path, other)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        move_all(source, target, names=["a", "b"])
    assert {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()} == {"a": "new", "b": "new"}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
