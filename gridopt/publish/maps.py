"""``map.html``: one page made with folium that needs no network and runs nothing but its own scripts."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import folium
import pandas as pd
from branca.element import Element

from gridopt.grids.plan import Plan
from gridopt.publish.mapdata import map_data
from gridopt.publish.markup import asset
from gridopt.publish.sentences import say

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SCRIPTS = [
    *("map_shapes map_labels map_search map_page map_views map_layers".split()),
    *("map_card map_finder map_present map_print map".split()),
]
_POLICY, _DATA, _TITLE = "GRIDOPT-POLICY", "GRIDOPT-DATA", "GRIDOPT-TITLE"


def write_map(
    plan: Plan,
    path: str | Path,
    *,
    posts: pd.DataFrame | None = None,
    reach: pd.DataFrame | None = None,
    lang: str = "zh",
) -> Path:
    """Write the plan as one web page that opens from a file, and return its path.

    The page holds everything it shows: Leaflet, styles, grids, the search index. ``posts`` and ``reach``
    (`gridopt.staff`, `gridopt.reach`) add staff and services to the card of each grid. Values of the plan
    reach the page as JSON only and are shown as plain text, so that no name can run as script.
    """
    target = Path(path)
    target.write_text(map_page(plan, posts=posts, reach=reach, lang=lang), encoding="utf-8", newline="\n")
    return target


def map_page(
    plan: Plan, *, posts: pd.DataFrame | None = None, reach: pd.DataFrame | None = None, lang: str = "zh"
) -> str:
    """The text of ``map.html``."""
    page = _frame()
    # The scripts allowed by the policy are listed while no value of the plan is in the page yet.
    page = page.replace(_POLICY, _policy(_SCRIPT.findall(page)))
    page = page.replace("<html>", f'<html lang="{"zh-CN" if lang == "zh" else "en"}">', 1)
    page = page.replace(_TITLE, html.escape(say("map_title", lang, city=plan.city.name)))
    return page.replace(_DATA, embedded_json(map_data(plan, posts=posts, reach=reach, lang=lang)))


def embedded_json(content: Any) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element or open a comment."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def explore(
    plan: Plan, *, posts: pd.DataFrame | None = None, reach: pd.DataFrame | None = None, lang: str = "zh"
) -> folium.Map:
    """The page of `write_map` as a folium map, which a notebook shows and to which folium's own layers may be added.

    It has no policy, which would forbid what is added; the plan's own values are plain text here too.
    """
    return _board(
        title=html.escape(say("map_title", lang, city=plan.city.name)),
        data=embedded_json(map_data(plan, posts=posts, reach=reach, lang=lang)),
        policy="",
    )


class _Markup(Element):
    """Text that enters the page as it stands; folium would read it as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **_: Any) -> str:
        return self._text


def _frame() -> str:
    """The page without any value of a plan, the same for every plan."""
    return str(_board(title=_TITLE, data=_DATA, policy=_POLICY).get_root().render())


def _board(*, title: str, data: str, policy: str) -> folium.Map:
    board = folium.Map(
        tiles=None,
        prefer_canvas=True,
        zoom_control=False,
        attribution_control=False,
        zoom_snap=0.25,
        zoom_delta=0.5,
        wheel_px_per_zoom_level=90,
        max_zoom=20,
    )
    board.default_js, board.default_css = [], []  # what folium would fetch from four other sites
    board._id = "gridopt"  # folium draws a random one, and the page must be the same on every run
    figure: Any = board.get_root()
    figure.title = title
    for number, text in enumerate(_head(policy)):
        figure.header.add_child(_Markup(text), name=f"gridopt_head_{number}")
    figure.html.add_child(_Markup(asset("map_body.html")), name="gridopt_body")
    figure.html.add_child(
        _Markup(f'<script type="application/json" id="gridopt-data">{data}</script>'), name="gridopt_data"
    )
    return board


def _head(policy: str) -> list[str]:
    leaflet = asset("leaflet.js").split("//# sourceMappingURL")[0]
    leaflet_style = re.sub(r"url\([^)]*\)", "none", asset("leaflet.css"))
    return [
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>' if policy else "",
        '<meta name="referrer" content="no-referrer"/>',
        f"<!--\nLeaflet\n{asset('leaflet-LICENSE.txt')}-->",
        f"<style>{leaflet_style}</style>",
        f"<style>{asset('map.css')}</style>",
        f"<script>{leaflet}</script>",
        *(f"<script>{asset(f'{name}.js')}</script>" for name in _SCRIPTS),
    ]


def _policy(scripts: list[str]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
