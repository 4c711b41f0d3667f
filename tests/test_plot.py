"""A plan shown in a notebook: as a picture, and as the interactive map."""

import logging
from io import BytesIO

import folium
import pandas as pd
import pytest
from PIL import Image

from gridopt.errors import RuleError
from gridopt.publish import lettering
from gridopt.publish.colours import KIND_COLOURS, SERVED, ramp
from gridopt.publish.figures import MARK
from tests.browser import needs_chromium, visit
from tests.folders import full_plan
from tests.payloads import PAYLOADS


def colours(picture):
    with Image.open(BytesIO(picture.png)) as image:
        return {f"#{r:02x}{g:02x}{b:02x}": n for n, (r, g, b) in image.convert("RGB").getcolors(1 << 24)}


def test_a_picture_is_coloured_by_what_was_asked_for(tmp_path):
    grids = full_plan().grids
    plan = full_plan().replace(grids=grids.assign(area_kind=["urban", "rural", "rural", "hill"]))
    seen = colours(plan.plot("area_kind", lang="en"))
    assert seen[KIND_COLOURS["rural"]] == pytest.approx(seen[KIND_COLOURS["urban"]], rel=0.1)
    assert seen[KIND_COLOURS["hill"]] > 5000
    saved = plan.plot("households", lang="en").save(tmp_path / "plan.png")
    assert saved.read_bytes() == plan.plot("households", lang="en").png


def test_reach_has_a_view_of_its_own_and_places_are_marked() -> None:
    plan, people = full_plan(), full_plan().grids["residents"].astype(float)
    row = {"level": "grid", "tier": "room", "place_id": people.index, "residents": people.to_numpy()}
    reach = pd.DataFrame({**row, "residents_reached": people.to_numpy() * [1.0, 1.0, 0.0, 1.0]})
    plain = colours(plan.plot("beyond.room", reach=reach, lang="en"))
    served, missed = SERVED, ramp(20.0, 5)[-1]
    assert plain[served] > plain[missed] > 5000
    marked = colours(plan.plot("beyond.room", reach=reach, marks=plan.units.to_crs("EPSG:4326"), lang="en"))
    assert marked[MARK] > plain.get(MARK, 0) + 5 * len(plan.units)
    with pytest.raises(RuleError, match="unknown beyond"):
        plan.plot("beyond.room", lang="en")


def test_an_unknown_view_is_answered_with_the_good_ones():
    with pytest.raises(RuleError, match=r"money.*households.*walk_mean"):
        full_plan().plot("money")


def test_without_a_chinese_font_one_warning_is_said_once_and_codes_stand_for_names(monkeypatch, caplog):
    monkeypatch.setattr(lettering, "CHINESE_FONTS", ())
    lettering.lettering.cache_clear()
    try:
        with caplog.at_level(logging.WARNING, "gridopt"):
            pictures = [full_plan().plot(lang="zh").png for _ in range(2)]
        assert pictures[0] == pictures[1]
        assert [record.message for record in caplog.records if "font" in record.message] == [caplog.records[0].message]
        assert len(caplog.records) == 1
    finally:
        lettering.lettering.cache_clear()


@needs_chromium
def test_the_map_of_a_notebook_needs_no_network_and_runs_no_name(tmp_path):
    plan = full_plan().replace(grids=full_plan().grids.assign(name=PAYLOADS[:4], community=PAYLOADS[1]))
    plan = plan.replace(city=plan.city.replace(name=PAYLOADS[8]))
    shown = plan.explore(lang="en")
    assert isinstance(shown, folium.Map)
    shown.save(str(tmp_path / "explore.html"))
    seen = visit(tmp_path / "explore.html", tmp_path)
    assert 'data-grids="4"' in seen.dom
    assert "data-owned" not in seen.dom.split("<html", 1)[1].split(">", 1)[0]
    assert (seen.requests, seen.console) == ((), ())
