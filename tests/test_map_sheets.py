"""Map sheets: what a secretary signs is whole, legible, and the same each time it is printed."""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.text import Text
from PIL import Image

import gridopt as go
from gridopt.errors import RuleError, TableError
from gridopt.publish.lettering import lettering, lettering_of
from gridopt.publish.sheets import stale
from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.contents import Contents
from gridopt.publish.sheets.layout import layout_of
from gridopt.publish.sheets.paper import Box, Type, text_width, wrapped
from gridopt.publish.sheets.sheet import Sheet
from gridopt.publish.sheets.tones import TONES, tones_of
from gridopt.publish.sheets.view import View
from tests.folders import full_plan, posts_of
from tests.towns import CELL, CRS, SOUTH, WEST

A, B = "320411001101", "320411001102"


def layer(rows, columns, **more):
    table = gpd.GeoDataFrame(rows, columns=[*columns, "geometry"], crs=CRS).assign(**more)
    return table.set_axis(pd.Index([f"x{number}" for number in range(len(table))], name="line_id"))


def line(*points):
    return shapely.LineString([(WEST + CELL * x, SOUTH + CELL * y) for x, y in points])


@pytest.fixture(scope="module")
def plan():
    """The full plan with two roads, a river, an estate, a gate, and last year's line one column to the east."""
    drawn = full_plan()
    roads = [("人民路", "primary", line((2, -1), (2, 4))), ("$建设_路$", "tertiary", line((-1, 1), (7, 1.2)))]
    water = [("云河", "river", line((-1, 2.5), (7, 2.9)))]
    gates = [("西门", "gate", shapely.Point(WEST + 200, SOUTH + 150))]
    strips = [shapely.box(WEST + CELL * x, SOUTH, WEST + CELL * (x + 3), SOUTH + 3 * CELL) for x in (0, 3)]
    layers = {
        "roads": layer(roads, ["name", "class"], width=20.0),
        "rivers": layer(water, ["name", "class"], width=30.0),
        "crossings": layer(gates, ["name", "class"]),
        "estates": layer([("金狮小区", strips[0])], ["name"]),
        "current_grids": layer([("旧一", "1", strips[0]), ("旧二", "2", strips[1])], ["name", "grid_code"]),
    }
    return drawn.replace(city=drawn.city.replace(layers={**drawn.city.layers, **layers}))


def atlas_of(plan, *, posts=None, paper="A4", lang="zh", letters=None):
    return Atlas.of(plan, posts=posts, paper=paper, letters=letters or lettering(), lang=lang)


def first_page(plan, community=A, **settings):
    return next(Sheet.of(atlas_of(plan, **settings), community).drawn())


def texts(page):
    return [one.get_text() for one in page.axes.findobj(Text) if one.get_text()]


def extents(page):
    """The real extents of all texts, as the renderer draws them."""
    found = [one for one in page.axes.findobj(Text) if one.get_text().strip()]
    renderer = page.figure.canvas.get_renderer()
    boxes = []
    for one in found:
        angle = one.get_rotation()
        one.set_rotation(0)
        box = one.get_window_extent(renderer)
        one.set_rotation(angle)
        at = one.get_transform().transform(one.get_position())
        boxes.append(shapely.affinity.rotate(shapely.box(*box.extents), angle, origin=tuple(at)))
    return found, np.array(boxes, dtype=object)


@pytest.mark.parametrize("paper", ["A3", "A4"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_text_of_a_sheet_lies_over_another_or_off_the_paper(plan, paper, lang):
    page = first_page(plan, paper=paper, lang=lang, posts=posts_of(plan))
    found, boxes = extents(page)
    first, second = shapely.STRtree(boxes).query(boxes, predicate="intersects")
    clashes = [(found[i].get_text(), found[j].get_text()) for i, j in zip(first, second, strict=True) if i < j]
    assert clashes == []
    paper_box = shapely.box(0, 0, *page.figure.get_size_inches() * page.figure.dpi)
    assert [one.get_text() for one, box in zip(found, boxes, strict=True) if not paper_box.covers(box)] == []


def test_headings_of_two_lines_stay_within_their_row(plan):
    page = first_page(plan, lang="en")
    found, boxes = extents(page)
    named = dict(zip((one.get_text() for one in found), boxes, strict=True))
    centres = [shapely.centroid(named[text]).y for text in ("house-\nholds", "grid code")]
    assert centres[0] == pytest.approx(centres[1], abs=4)


def test_every_character_has_a_shape_in_the_fonts(plan):
    letters = lettering()
    assert all(letters.writes(text.replace("\n", "")) for text in texts(first_page(plan)))


def test_a_sheet_names_what_a_secretary_looks_for(plan):
    said = "\n".join(texts(first_page(plan, posts=posts_of(plan))))
    grids = plan.grids[plan.grids["community_id"] == A]
    expected = [
        *grids.index,
        "金狮小区",
        "人民路",
        "$建设_路$",
        "云河",
        "西门",
        "1幢",
        "北",
        "社区（村）意见",
        "乡镇（街道）意见",
    ]
    assert [one for one in expected if one not in said] == []
    assert "四至：" in said
    assert "原网格界" in said
    neighbour = plan.city.communities.loc[B, "community"]
    assert neighbour in said


def test_the_labels_of_grids_lie_inside_their_grids(plan):
    atlas = atlas_of(plan)
    sheet = Sheet.of(atlas, A)
    page = next(sheet.drawn())
    scene = sheet.scene
    scale = 25.4 / page.figure.dpi
    found, boxes = extents(page)
    for code, shape in zip(scene.grids.index, scene.shapes, strict=True):
        own = [box for one, box in zip(found, boxes, strict=True) if one.get_text().endswith(f"\n{code}")]
        assert len(own) == 1
        assert shape.covers(shapely.affinity.scale(own[0], scale, scale, origin=(0, 0)))


def test_a_grid_too_small_for_its_name_is_pointed_to(plan):
    grids = plan.grids.copy()
    corner = shapely.box(WEST, SOUTH, WEST + 4, SOUTH + 4)
    grids.loc[grids.index[0], "geometry"] = corner
    found = texts(first_page(plan.replace(grids=grids)))
    last = grids.index[0].removeprefix(A)
    assert any((text.endswith(last) and "\n" in text) or text == last for text in found)


def test_neighbouring_grids_differ_in_tone(plan):
    shapes = plan.grids.geometry.to_numpy()
    tones = tones_of(shapes)
    touching = [(i, j) for i in range(len(shapes)) for j in range(i) if shapes[i].intersection(shapes[j]).length > 1]
    assert touching
    assert all(tones[i] != tones[j] for i, j in touching)
    assert all(len({*re.findall("..", tone.grey[1:])}) == 1 for tone in TONES)  # greys only


def test_a_view_shows_all_at_a_round_scale():
    view = View.of((0, 0, 1234, 800), Box(10, 10, 260, 200))
    assert view.denominator % 50 == 0
    assert view.land.buffer(-0.03 * 1234).covers(shapely.box(0, 0, 1234, 800))
    sides = view.project(np.array([shapely.box(0, 0, 100, 100)], dtype=object))[0].bounds
    assert sides[2] - sides[0] == pytest.approx(100_000 / view.denominator)


def test_long_tables_go_on_over_the_page_and_lose_no_grid(plan):
    row = plan.grids.iloc[[0]]
    many = pd.concat([row.set_axis([f"{A}{number:03d}"]) for number in range(1, 120)])
    crowded = plan.replace(grids=gpd.GeoDataFrame(many.rename_axis("grid_code"), crs=CRS))
    sheet = Sheet.of(atlas_of(crowded), A)
    listed = [row.cells[0] for rows in sheet.pages for row in rows]
    assert len(sheet.pages) > 1
    assert listed[:-1] == list(crowded.grids.index)
    box = sheet.layout.further
    assert all(len(rows) * 4.6 < box.height for rows in sheet.pages)


def test_the_index_says_on_which_page_each_community_begins(plan):
    atlas = atlas_of(plan)
    sheets = [Sheet.of(atlas, one) for one in (A, B)]
    contents = Contents(atlas, "320411001", sheets)
    assert contents.page_numbers(1) == [2, 2 + len(sheets[0].pages)]
    found = texts(next(contents.drawn()))
    assert [one for one in (A, B, "2", "3") if one not in found] == []


@pytest.mark.parametrize("paper", ["A3", "A4"])
@pytest.mark.parametrize("landscape", [True, False])
def test_the_parts_of_a_sheet_do_not_overlap(paper, landscape):
    layout = layout_of(paper, landscape=landscape, legend_rows=3)
    parts = [layout.head, layout.foot, layout.map, layout.table, layout.legend, layout.comment, layout.opinions]
    shapes = [part.shape for part in parts]
    assert all(min(part.width, part.height) > 4 for part in parts)
    assert all(shapes[i].intersection(shapes[j]).area < 1e-6 for i in range(len(parts)) for j in range(i))
    assert layout.opinions.height >= 42  # the seal of a committee is 42 mm across


def test_lines_are_broken_within_their_width():
    letters, kind = lettering(), Type(6)
    text = (
        "范围：染坊弄1-35号（单）；染坊弄2-54号（双）；Harbour View Apartments 1-12；北门小学（东校区）、古城西路2-28号"
        * 2
    )
    lines = wrapped(text, 60, kind, letters)
    assert all(text_width(one, kind, letters) <= 60 for one in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(one[0] in "）；、" for one in lines)


def test_files_are_written_named_and_the_same_each_time(plan, tmp_path):
    written = go.write_sheets(plan, tmp_path / "one", posts=posts_of(plan), paper="A4", lang="zh")
    again = go.write_sheets(plan, tmp_path / "two", posts=posts_of(plan), paper="A4", lang="zh")
    names = sorted(path.name for path in written)
    expected = [f"{one}.{ending}" for one in (A, B) for ending in ("pdf", "png")]
    assert names == sorted([*expected, "township-320411001.pdf", "decisions.xlsx"])
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted([*names, "sheets.json"])
    assert [one.read_bytes() == two.read_bytes() for one, two in zip(written, again, strict=True)] == [True] * 6
    with Image.open(written.pictures[0]) as picture:
        assert sorted(picture.size) == [1653, 2338]
    document = written.documents[0].read_bytes()
    assert b"CreationDate" not in document
    assert document.count(b"/Type /Page\n") + document.count(b"/Type /Page ") >= 1


def test_a_record_tells_own_files_from_those_of_others(tmp_path):
    for name in ("gone.pdf", "signed.pdf", "mine.pdf"):
        (tmp_path / name).write_text(name)
    stale.write_record(tmp_path, ["gone.pdf", "signed.pdf"], {"../plan.json": "0"})
    (tmp_path / "signed.pdf").write_text("with remarks")
    assert stale.remove_stale(tmp_path, stale.written_before(tmp_path)) == ("gone.pdf",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.pdf", "sheets.json", "signed.pdf"]
    (tmp_path / "sheets.json").write_text("[]")
    assert stale.written_before(tmp_path) == {}


def test_sheets_of_communities_that_are_gone_are_removed_and_no_other_file(plan, tmp_path):
    go.write_sheets(plan, tmp_path, paper="A4", lang="en")
    (tmp_path / "mine.pdf").write_text("not of gridopt")
    go.write_sheets(plan, tmp_path, communities=[A], paper="A4", lang="en")
    assert (tmp_path / f"{B}.pdf").exists()
    own = {"grids": plan.grids, "units": plan.units, "buildings": plan.buildings, "communities": plan.communities}
    kept = {name: table[table.index == A if name == "communities" else table["community_id"] == A]
            for name, table in own.items()}  # fmt: skip
    go.write_sheets(plan.replace(**kept), tmp_path, paper="A4", lang="en")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted(
        [f"{A}.pdf", f"{A}.png", "decisions.xlsx", "mine.pdf", "sheets.json", "township-320411001.pdf"]
    )


def test_without_chinese_letters_codes_stand_for_names_and_it_is_said(plan):
    letters = lettering_of(("DejaVu Sans",))
    page = first_page(plan, lang=letters.language("zh"), letters=letters)
    found = texts(page)
    assert all(letters.writes(text.replace("\n", "")) for text in found)
    assert any("codes stand for names" in text for text in found)
    assert any(A in text for text in found)


def test_unknown_papers_and_communities_are_refused(plan, tmp_path):
    with pytest.raises(RuleError, match="A5"):
        go.write_sheets(plan, tmp_path / "sheets", paper="A5")
    with pytest.raises(TableError, match="nowhere"):
        go.write_sheets(plan, tmp_path / "sheets", communities=["nowhere"])
    assert not (tmp_path / "sheets").exists()
