"""Nothing that a plan or a layer says runs as script in the report or on the page of an inspection."""

import re

import geopandas as gpd
import pandas as pd
import pytest

from gridopt.contracts import DISPUTES, EVENTS, REPAIR_PLACES, REPAIRS
from gridopt.publish.inspection import _page
from gridopt.publish.report import write_report
from gridopt.read.coverage import RULES
from gridopt.read.decisions import KINDS
from gridopt.read.inspection import inspect_city
from gridopt.read.matches import HEADINGS
from gridopt.read.plausibility import COLUMNS
from tests.browser import needs_chromium, visit, with_script
from tests.payloads import MARK, PAYLOADS
from tests.test_map_payloads import hostile_plan, hostile_posts, hostile_reach

# Every fold, link and button of a page, and the pointer over everything.
TOUR = """
  document.querySelectorAll('details').forEach((one) => { one.open = true; });
  const fire = (chosen, kind) => document.querySelectorAll(chosen)
    .forEach((one) => one.dispatchEvent(new MouseEvent(kind, { bubbles: true })));
  fire('button, a, .fault', 'click');
  fire('body *', 'mouseover');
  document.body.dataset.toured = 'yes';
"""


def texts(columns, **known):
    """Fifty rows, every column that is not known a payload."""
    rows = range(len(PAYLOADS))
    return pd.DataFrame({name: known.get(name, list(PAYLOADS)) for name in columns}, index=pd.RangeIndex(len(rows)))


def hostile_city(plan):
    """The city of the hostile plan with repairs, disputes and decisions that are payloads too."""
    at = plan.units.geometry.to_numpy()
    numbers = list(range(len(PAYLOADS)))
    repairs = texts(REPAIRS, n=2, area_before=1.0, area_after=2.0)
    places = gpd.GeoDataFrame(texts(REPAIR_PLACES, repair=numbers, geometry=at), geometry="geometry", crs=plan.city.crs)
    rules = [list(RULES)[number % len(RULES)] for number in numbers]
    known = {"rule": rules, "area_m2": 4.0, "width_m": 1.0, "buildings": 1, "households": 1.0, "geometry": at}
    disputes = gpd.GeoDataFrame(texts(DISPUTES, **known), geometry="geometry", crs=plan.city.crs)
    kinds = [list(KINDS)[number % len(KINDS)] for number in numbers]
    columns = ("row", "kind", "object", "target", "community", "who", "date", "reason")
    decisions = texts(columns, row=numbers, kind=kinds)
    layers = {**plan.city.layers, "decisions": decisions}
    return plan.city.replace(repairs=repairs, repair_places=places, disputes=disputes, layers=layers)


def hostile_report(folder):
    plan = hostile_plan()
    events = texts(EVENTS, level="community", year="all", events=9.0, expected=1.0, ratio=9.0, is_hot=True)
    events = events.assign(**{name: 0.1 for name in EVENTS if name.startswith("settled_")})
    details = {**plan.details, "events": events, "decisions": dict(enumerate([[unit] for unit in plan.units.index]))}
    few = plan.grids.assign(area_kind=list(PAYLOADS[-5:]) * 10)  # a histogram of fifty kinds takes long to draw
    hostile = plan.replace(city=hostile_city(plan), details=details, grids=few)
    staffed = hostile_posts(hostile)
    return write_report(hostile, folder, posts=staffed, reach=hostile_reach(hostile), today=hostile, lang="en")


def hostile_inspection(folder):
    city = hostile_city(hostile_plan())
    inspection = inspect_city(city, meanings=dict(enumerate(PAYLOADS)))
    vars(inspection)["matches"] = texts(HEADINGS)
    vars(inspection)["outliers"] = texts(COLUMNS)
    page = folder / "inspection.html"
    page.write_text(_page(inspection, "zh"), encoding="utf-8")
    return page


@pytest.fixture(scope="module", params=[hostile_report, hostile_inspection])
def page(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("hostile"))


@needs_chromium
@pytest.mark.parametrize("policy", [True, False])
def test_no_payload_runs_whatever_is_opened(page, policy, tmp_path):
    assert "Content-Security-Policy\" content=\"default-src 'none'" in page.read_text(encoding="utf-8")
    seen = visit(page if policy else with_script(page, TOUR), tmp_path)
    root, content = seen.dom.split("<html", 1)[1].split(">", 1)
    assert "data-owned" not in root
    assert policy or 'data-toured="yes"' in content
    shown = re.sub(r"<script.*?</script>", "", content, flags=re.DOTALL)
    unwanted = [r"<script", r"<iframe", r"<object", r"<embed", r"<video", r"<audio", r"<form", r"<base", r"<animate"]
    assert [tag for tag in unwanted if re.search(tag, shown)] == []
    assert not re.search(r'<img(?! src="data:image/png)', shown)
    assert not re.search(r"<[a-z][^<>]*\son\w+=", shown)
    assert [line for line in seen.console if "Throttling navigation" not in line] == []
    told = seen.text()
    assert MARK in told
    missing = [payload for payload in PAYLOADS if payload_text(payload) not in told.replace(" ", "")]
    assert missing == []


def payload_text(payload):
    """A payload as the words of a document show it."""
    escaped = payload.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"\s", "", escaped)
