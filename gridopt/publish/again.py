"""Posts of a stored plan published again: their rows replaced, everything else as it was."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridopt.coverage import blind_spots
from gridopt.grids.plan import Plan
from gridopt.publish.folder import Publication, write_folder
from gridopt.publish.layers import settled
from gridopt.publish.report import staff_section, write_report
from gridopt.publish.sentences import say
from gridopt.read import plan_folder
from gridopt.terms import LANGUAGES, label


def publish_posts(plan: Plan, folder: str | Path, posts: pd.DataFrame, *, lang: str | None = None) -> Path:
    """The plan of a folder with other posts: in its GeoPackage, lists, workbook, map, report and blind spots.

    The grids stay byte for byte. What layers of the project were needed for stays as it is on record: services
    within reach, blind spots other than those of posts, and the report but for its section on staff. Written aside,
    read back, then moved: where anything fails the old folder stands.
    """
    from gridopt.publish.maps import write_map

    path = plan_folder.find_plan_folder(folder)
    reach = plan_folder.read_layer(path, "reach")
    spots = _spots(plan_folder.read_layer(path, "blind_spots"), blind_spots(plan, posts))

    def draw_map(shown: Publication, place: Path) -> None:
        write_map(shown.plan, place / "map.html", posts=shown.posts, reach=shown.reach, lang=shown.lang)

    def carry_report(shown: Publication, place: Path) -> None:
        page = _restaffed(path, shown)
        if page is None:
            write_report(shown.plan, place, posts=shown.posts, reach=shown.reach, lang=shown.lang)
        else:
            (place / "report.html").write_text(page, encoding="utf-8", newline="\n")
            shutil.copytree(path / plan_folder.FIGURES, place / plan_folder.FIGURES, dirs_exist_ok=True)

    publication = Publication(settled(plan), posts, reach, spots, None, lang or plan.city.settings.lang)
    return write_folder(publication, path, pages=(draw_map, carry_report))


def _spots(known: gpd.GeoDataFrame, fresh: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The blind spots on record, those of posts found anew."""
    parts = [part for part in (known[known["kind"] != "post"], fresh[fresh["kind"] == "post"]) if len(part)]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=fresh.crs) if parts else fresh.iloc[:0]


def _restaffed(folder: Path, shown: Publication) -> str | None:
    """The stored report with another section on staff, in its own language; None where that has no place in it."""
    try:
        page = (folder / "report.html").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if not (folder / plan_folder.FIGURES).is_dir():
        return None
    for lang in LANGUAGES:
        fresh = staff_section(shown.plan, shown.posts, lang)
        for title, rest in ((say("staff", lang), r".*?</section>"), (label("reach", lang), "")):
            place = re.search(rf"<section>\n<h2>{re.escape(title)}</h2>{rest}", page, re.DOTALL)
            if place is not None:
                after = "" if rest else f"\n{place[0]}"
                return f"{page[: place.start()]}{fresh}{after}{page[place.end() :]}"
    return None
