"""What each verb does: read, call the one function it is named after, write, say where."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gridopt.cli.stored import todays_plan
from gridopt.cli.words import say

if TYPE_CHECKING:
    from gridopt.grids.plan import Plan
    from gridopt.solvers.effort import Effort
    from gridopt.staffing import Staffing

EFFORTS = ("quick", "standard", "thorough")
SHOWN = 8
"""Rows of what must be decided that are printed; all stand in the report."""


def demo(asked: argparse.Namespace) -> int:
    """The demo town drawn and published, its layers and project file left beside the plan."""
    from gridopt.cli.before import check_out
    from gridopt.plan.datasets import write_demo_town

    check_out(asked.out)
    with tempfile.TemporaryDirectory() as place:
        status = _draw_and_publish(write_demo_town(place), asked)
    write_demo_town(asked.out / "town")
    return status


def new(asked: argparse.Namespace) -> int:
    """A project file for the layers of a folder."""
    from gridopt.publish.project_file import new_project

    path = new_project(asked.folder, lang=asked.lang)
    _print(say("wrote", asked.lang, path=path))
    return 0


def inspect(asked: argparse.Namespace) -> int:
    """What was found, repaired and summed up in the layers."""
    from gridopt.cli.before import check_file, check_later, check_units
    from gridopt.plan.decisions import meanings
    from gridopt.publish.candidates import write_candidates
    from gridopt.publish.inspection import inspection_dict, inspection_text, write_inspection
    from gridopt.publish.inspection_sheets import write_sheets
    from gridopt.read.city import read_city
    from gridopt.read.findings import UnplacedError

    for file in (asked.html, asked.sheets):
        if file:
            check_file(file)
    try:
        city = read_city(asked.project, lang=asked.lang)
    except UnplacedError as error:
        if asked.html:
            # The city cannot be read, but where the layer may lie is best seen.
            write_candidates(error, asked.html, lang=asked.lang)
            sys.stderr.write(f"{say('wrote', asked.lang, path=asked.html)}\n")
        raise
    check_later(city)
    check_units(city)
    known = meanings(city)
    facts = inspection_dict(city, meanings=known) if asked.json else {}
    text = json.dumps(facts, ensure_ascii=False, indent=1) if asked.json else inspection_text(city, meanings=known)
    _print(text)
    if asked.html:
        write_inspection(city, asked.html, meanings=known)
        sys.stderr.write(f"{say('wrote', asked.lang, path=asked.html)}\n")
    if asked.sheets:
        write_sheets(city, asked.sheets)
        sys.stderr.write(f"{say('wrote', asked.lang, path=asked.sheets)}\n")
    return 0


def draw(asked: argparse.Namespace) -> int:
    """Read, draw, publish; with ``--only`` some communities of the plan that is there already."""
    if asked.only:
        return _draw_only(asked)
    return _draw_and_publish(asked.project, asked)


def assess(asked: argparse.Namespace) -> int:
    """Read, measure the given drawing, publish."""
    from gridopt.cli.before import check_later, check_out
    from gridopt.plan.assess import assess as measure
    from gridopt.read.city import read_city
    from gridopt.read.drawing import read_drawing

    check_out(asked.out)
    given = read_drawing(asked.grids)
    city = read_city(asked.project, lang=asked.lang)
    check_later(city)
    return _publish(measure(city, given.units, grids=given.grids), asked)


def check(asked: argparse.Namespace) -> int:
    """Verify a plan folder; 0 whole and true, 1 faults, 2 no plan folder."""
    from gridopt.verify import check as verify

    faults = verify(asked.folder, lang=asked.lang)
    if asked.json:
        _print(
            json.dumps({"folder": str(asked.folder), "faults": faults.to_dict("records")}, ensure_ascii=False, indent=1)
        )
    elif len(faults):
        _print(say("faults", asked.lang, folder=asked.folder, n=len(faults)))
        for rule, layer, ids, message in faults[["rule", "layer", "ids", "message"]].itertuples(index=False, name=None):
            _print(f"- {rule} [{layer}] {message}" + (f" ({ids})" if ids else ""))
    else:
        _print(say("sound", asked.lang, folder=asked.folder))
    return 1 if len(faults) else 0


def locate(asked: argparse.Namespace) -> int:
    """The grid of each row of a file, with the rule that decided it; what matched nothing in a table beside."""
    from datetime import datetime

    from gridopt.cli.before import check_file
    from gridopt.coding.crosswalk import read_crosswalk
    from gridopt.locate import locate_events
    from gridopt.plan.stored import read_plan
    from gridopt.publish.located import check_format, write_located
    from gridopt.read.events import read_events
    from gridopt.read.plan_folder import read_layer

    check_format(asked.out)
    check_file(asked.out)
    plan = read_plan(asked.folder)
    today = datetime.now().astimezone().date()
    events = read_events(asked.points, crs=asked.crs)
    crosswalk = read_crosswalk(asked.crosswalk) if asked.crosswalk else None
    posts = read_layer(asked.folder, "posts")
    found = locate_events(plan, events, posts=posts, crosswalk=crosswalk, today=today)
    written = write_located(found, asked.out, lang=asked.lang)
    _print(say("located", asked.lang, inside=int(found.rows["grid_code"].notna().sum()), n=len(found.rows)))
    _print(found.summary(asked.lang))
    for path in written:
        _print(say("wrote", asked.lang, path=path))
    return 0


def _draw_and_publish(project: Path, asked: argparse.Namespace) -> int:
    from gridopt.cli.before import check_later, check_out
    from gridopt.plan.draw import drawn_on, prepare
    from gridopt.read.city import read_city
    from gridopt.solvers.effort import Effort

    check_out(asked.out)
    city = read_city(project, lang=asked.lang)
    check_later(city)
    ground = prepare(city, workers=asked.workers)
    plan = drawn_on(ground, _effort(asked, Effort.named("standard")), asked.seed or 0)
    return _publish(plan, asked, today=todays_plan(ground))


def _draw_only(asked: argparse.Namespace) -> int:
    from gridopt.cli.before import check_later, check_out
    from gridopt.plan.draw import prepare
    from gridopt.plan.only import drawn_again, open_to_drawing
    from gridopt.plan.stored import read_plan
    from gridopt.read.city import read_city
    from gridopt.solvers.effort import Effort

    check_out(asked.out)
    stored = read_plan(asked.out)
    # Reasons and repairs stay in the language in which the plan was drawn, or the other rows would change.
    city = read_city(asked.project, lang=stored.city.settings.lang)
    check_later(city)
    chosen = open_to_drawing(city, stored, asked.only)
    ground = prepare(city, workers=asked.workers)
    plan = drawn_again(ground, stored, chosen, (_effort(asked, Effort.recorded(stored.effort)), asked.seed))
    return _publish(plan, asked, today=todays_plan(ground))


def _effort(asked: argparse.Namespace, usual: Effort) -> Effort:
    """The effort asked for, ``usual`` where none is named, with its proof, time limit and threads."""
    from gridopt.solvers.effort import Effort

    work = Effort.named(asked.effort) if asked.effort else usual
    prove = asked.prove or work.prove
    return dataclasses.replace(work, prove=prove, time_limit=asked.time_limit, workers=asked.workers)


def _publish(plan: Plan, asked: argparse.Namespace, *, today: Plan | None = None) -> int:
    """The whole folder, then where it is and what must be decided."""
    from gridopt.coverage import reach
    from gridopt.publish.folder import publish
    from gridopt.terms import label

    out, lang = asked.out, asked.lang
    staffed = _staffed(plan, lang)
    publish(staffed.on(plan), out, posts=staffed.posts, reach=reach(plan), today=today, lang=lang)
    _print(plan.summary(lang))
    _print(say("plan_at", lang, path=out))
    _print(say("map_at", lang, path=out / "map.html"))
    _print(say("report_at", lang, path=out / "report.html"))
    undecided = plan.to_decide
    if len(undecided):
        sys.stderr.write(f"{say('decide', lang, n=len(undecided))}\n")
        for row in undecided.head(SHOWN).itertuples():
            place = row.grid_codes or row.community_id or plan.city.name
            sys.stderr.write(f"  {place!s} [{label(str(row.rule), lang)}] {row.reason}\n")
    return 1 if asked.strict and len(undecided) else 0


def _staffed(plan: Plan, lang: str) -> Staffing:
    """Posts with the people of the roster; only the posts needed where the new grids leave a roster wrong."""
    from gridopt.errors import TableError
    from gridopt.staffing import staffing

    try:
        return staffing(plan)
    except TableError as error:
        sys.stderr.write(f"{error.text(lang)}\n")
        layers = {name: table for name, table in plan.city.layers.items() if name != "roster"}
        return staffing(plan.replace(city=plan.city.replace(layers=layers)))


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
