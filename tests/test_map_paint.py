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


LAID = """new Promise((done) => {
  window.print = () => setTimeout(() => {
    const rows = [...document.querySelectorAll('#LIST ROWS')], seen = rows.filter((row) => row.offsetHeight);
    const more = document.querySelector('#LIST .more');
    const inside = seen.every((row) => row.getBoundingClientRect().bottom <= 694);
    window.dispatchEvent(new Event('afterprint'));
    const back = rows.every((row) => row.style.display === '') && !document.querySelector('.more');
    done({ all: rows.length, seen: seen.length, more: more ? more.textContent : '', inside, back });
  }, 100);
  document.getElementById('print').click();
})"""


@needs_chromium
@pytest.mark.parametrize("n", [8, 90])
def test_what_finds_no_room_on_paper_is_counted_there(page, n) -> None:
    """Lists of eight rows are whole; of ninety, the rows that are left out are told, and come back on the screen."""
    with opened() as tab:
        paints(tab, page)
        tab.value(
            "const list = document.getElementById('keys'), row = list.querySelector('.key'); list.replaceChildren("
            f"...Array.from({{ length: {n} }}, () => row.cloneNode(true)))"
            "; document.getElementById('legend').open = true"
        )
        laid = tab.value(LAID.replace("LIST", "keys").replace("ROWS", "li.key"))
    left = laid["all"] - laid["seen"]
    assert laid["all"] == n
    assert (left > 0) == (n > 8)
    assert str(left) in laid["more"] if left else laid["more"] == ""
    assert laid["inside"]
    assert laid["back"]
