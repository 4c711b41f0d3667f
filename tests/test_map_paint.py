"""What a reader of the map sees first, by a real clock, and what the print button lays on paper."""

import base64
import time

import pytest

from benchmarks.mapping import MOVED
from gridopt.publish.maps import map_page, write_map
from tests.browser import needs_chromium
from tests.devtools import opened, paints
from tests.towns import small_plan


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_map(small_plan(), tmp_path_factory.mktemp("paint") / "map.html", lang="zh")


def test_the_heading_stands_in_the_page_before_any_script_runs() -> None:
    plan = small_plan()
    assert f'<span id="title">{plan.city.name}' in map_page(plan, lang="zh")


@needs_chromium
def test_words_are_painted_before_the_map_is_drawn(page) -> None:
    with opened() as tab:
        found = paints(tab, page)
    assert found["first-contentful-paint"] < found["gridopt-drawing"]


@needs_chromium
def test_every_grid_is_still_drawn_after_the_map_was_moved(page) -> None:
    with opened() as tab:
        paints(tab, page)
        moved = tab.value(MOVED.replace("MOVES", "4"))
    n_grids = len(small_plan().grids)
    assert moved["first"] == moved["last"] == {"inView": n_grids, "drawn": n_grids}
    assert len(moved["pan"]) == 4


@needs_chromium
def test_the_print_button_lays_the_map_on_one_sheet(page) -> None:
    with opened() as tab:
        paints(tab, page)
        tab.value(
            "window.print = () => { window.asked = document.body.className; }; document.getElementById('print').click()"
        )
        end = time.monotonic() + 10
        while tab.value("window.asked || ''") == "" and time.monotonic() < end:
            time.sleep(0.05)
        assert "paper" in tab.value("window.asked")
        sheet = base64.b64decode(tab.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])
        assert sheet.count(b"/Type /Page\n") == 1
        tab.value("window.dispatchEvent(new Event('afterprint'))")
        assert "paper" not in tab.value("document.body.className")
