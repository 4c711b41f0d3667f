"""Verbs on a plan that is stored already: export its grids, measure reach again, publish its pages anew."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridopt.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gridopt.grids.plan import Plan
    from gridopt.plan.draw import Ground
    from gridopt.publish.sheets import Sheets

PLATFORMS = tuple("amap tencent baidu tianditu mapbox kepler arcgis leaflet wgs84 plain geojson gpkg".split())
ENDINGS = tuple(".geojson .gpkg .fgb .kml .shp .csv .xlsx".split())

SHEETS = "sheets"
"""The folder of map sheets inside a plan folder."""


def export(asked: argparse.Namespace) -> int:
    """The grids of a stored plan in a platform's coordinates, then what must be said of them."""
    from gridopt.plan.stored import read_plan
    from gridopt.publish.export import export as write
    from gridopt.publish.export_files import check_target
    from gridopt.publish.formats import check_ending
    from gridopt.publish.platforms import platform_named

    lang = asked.lang
    platform = platform_named(asked.to)
    check_ending(asked.out)
    check_target(asked.out)
    names = _names(asked.names)
    plan = read_plan(asked.folder)
    posts = stored_layer(asked.folder, "posts")
    options: dict[str, Any] = {"names": names, "public": asked.public, "simplify": asked.simplify, "posts": posts}
    made = write(plan, asked.out, to=platform.name, **options)
    for one in made.notes:
        sys.stderr.write(f"{one.text(lang)}\n")
    sys.stdout.write(f"{say('exported', lang, n=made.n_grids)}\n")
    for path in (*made.files, made.manifest):
        sys.stdout.write(f"{say('wrote', lang, path=path)}\n")
    return 0


def reach(asked: argparse.Namespace) -> int:
    """The reach of services on a stored plan, again; everything else of the folder as it stands."""
    from gridopt.coverage import out_of_reach
    from gridopt.coverage import reach as measure
    from gridopt.plan.stored import read_plan
    from gridopt.publish.folder import publish

    plan = _with_facilities(read_plan(asked.folder), asked)
    spoken = plan.replace(city=plan.city.replace(settings=dataclasses.replace(plan.city.settings, lang=asked.lang)))
    found, beyond = measure(spoken), out_of_reach(spoken)
    posts, today = stored_layer(asked.folder, "posts"), _todays_stored(plan)
    publish(plan, asked.folder, posts=posts, reach=found, today=today, lang=asked.lang)
    whole = found[found["level"] == "city"]
    for tier, share in zip(whole["tier"], whole["share"].fillna(1.0), strict=True):
        left = beyond[beyond["tier"] == tier]
        people = left["residents"].sum()
        sys.stdout.write(f"{say('reached', asked.lang, tier=tier, share=share, out=len(left), people=people)}\n")
    sys.stdout.write(f"{say('plan_at', asked.lang, path=asked.folder)}\n")
    return 0


def publish(asked: argparse.Namespace) -> int:
    """Map, report and tables of a stored plan made anew; its grids, posts and reach stay as they are."""
    from gridopt.cli.before import check_out
    from gridopt.plan.stored import read_plan
    from gridopt.publish.folder import publish as write
    from gridopt.publish.sentences import say as told
    from gridopt.publish.sentences import speaks_otherwise

    lang, folder = asked.lang, asked.folder
    plan = read_plan(folder)
    check_out(folder)
    sheets = _sheets(plan, asked) if asked.sheets else None
    stages = {name: stored_layer(folder, name) for name in ("posts", "reach")}
    write(plan, folder, today=_todays_stored(plan), lang=lang, **stages)
    if sheets is not None:
        sys.stdout.write(f"{say('sheets_at', lang, n=len(sheets.documents), path=folder / SHEETS)}\n")
    for key, name in (("plan_at", ""), ("map_at", "map.html"), ("report_at", "report.html")):
        sys.stdout.write(f"{say(key, lang, path=folder / name)}\n")
    if speaks_otherwise(plan, lang):
        sys.stdout.write(f"{told('other_language', lang)}\n")
    return 0


def _with_facilities(plan: Plan, asked: argparse.Namespace) -> Plan:
    """The plan with the facilities, roads and tiers that were named; its own facilities where none were."""
    from gridopt.errors import GridoptError
    from gridopt.read.city import read_city
    from gridopt.read.facilities import read_facilities

    layers, settings = dict(plan.city.layers), plan.city.settings
    if asked.project:
        city = read_city(asked.project, lang=settings.lang)
        layers |= {name: city.layer(name) for name in ("facilities", "roads") if city.layer(name) is not None}
        settings = dataclasses.replace(settings, tiers=city.settings.tiers)
    if asked.facilities:
        layers["facilities"] = read_facilities(asked.facilities)
    if "facilities" not in layers:
        raise GridoptError(
            f"{asked.folder} was drawn without facilities. Name points with a tier column: --facilities FILE.",
            zh=f"{asked.folder} 的方案没有设施。请指定带层级列的点文件：--facilities FILE。",
        )
    return plan.replace(city=plan.city.replace(layers=layers, settings=settings))


def _sheets(plan: Plan, asked: argparse.Namespace) -> Sheets:
    from gridopt.publish.sheets import write_sheets

    posts = stored_layer(asked.folder, "posts")
    return write_sheets(plan, asked.folder / SHEETS, posts=posts, paper=asked.sheets, lang=asked.lang)


def todays_plan(ground: Ground) -> Plan | None:
    """Today's grids by the same ruler, wherever they are given."""
    from gridopt.plan.assess import assessed_on

    return None if ground.city.current_grids is None else assessed_on(ground)


def _todays_stored(plan: Plan) -> Plan | None:
    """Today's grids beside a stored plan."""
    from gridopt.plan.assess import assess

    return None if plan.city.current_grids is None else assess(plan.city)


def _names(given: str) -> str | Mapping[str, str]:
    from gridopt.publish.properties import check_names
    from gridopt.read.exports import read_names

    names = given if given in ("en", "zh") else read_names(Path(given))
    check_names(names)
    return names


def stored_layer(folder: Path, layer: str) -> Any:
    """A layer of the folder, None where it is empty: the stage has not been run."""
    from gridopt.read.plan_folder import read_layer

    table = read_layer(folder, layer)
    return table if len(table) else None
