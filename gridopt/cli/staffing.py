"""The verb ``staff``: posts of a stored plan, and the people of this month's roster."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from gridopt.cli.words import say

if TYPE_CHECKING:
    from gridopt.staffing import Staffing

SHOWN = 8
"""Rows of what is short that are printed; every vacant post is a row of the folder."""


def staff(asked: argparse.Namespace) -> int:
    """The posts of a stored plan again, with the people of a roster; its grids stay as they are."""
    from gridopt.cli.before import check_out
    from gridopt.plan.stored import read_plan
    from gridopt.publish.again import publish_posts
    from gridopt.publish.facts import post_name
    from gridopt.read.plan_folder import read_layer
    from gridopt.read.roster import read_roster
    from gridopt.staffing import staffing

    folder, lang = asked.folder, asked.lang
    plan = read_plan(folder)
    check_out(folder)
    roster = read_roster(asked.roster, plan.city.crs, lang=lang) if asked.roster else None
    found = staffing(plan, roster, today=read_layer(folder, "posts"))
    publish_posts(found.on(plan), folder, found.posts, lang=lang)
    for line in _said(found, lang):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{say('plan_at', lang, path=folder)}\n")
    short = found.balance[(found.balance["level"] == "township") & (found.balance["short"] > 0)]
    for row in short.head(SHOWN).itertuples():
        place, role = row.place or row.place_id, post_name(str(row.role), str(row.role_name), str(row.employment), lang)
        sys.stderr.write(f"  {say('staff_short', lang, place=place, role=role, short=row.short, needed=row.needed)}\n")
    for below in found.below_any_post.itertuples():
        role = post_name(str(below.Index), str(below.role_name), "", lang)
        sys.stderr.write(f"  {say('staff_below', lang, role=role, n=below.people, grids=below.grids)}\n")
    return 0


def _said(found: Staffing, lang: str) -> list[str]:
    """The outcome in sentences: posts, people, and how good the answer is proved to be."""
    posts = found.posts["status"].value_counts()
    if found.objective is None:
        return [say("staff_needed", lang, n=len(found.posts))]
    held, vacant = int(posts.get("held", 0)), int(posts.get("vacant", 0))
    idle = int((found.people["grid_code"] == "").sum())
    said = [say("staff_held", lang, n=len(found.posts), held=held, vacant=vacant, idle=idle)]
    if found.gap is None:
        return [*said, say("staff_unproved", lang)]
    return [*said, say("staff_best" if found.gap < 5e-4 else "staff_gap", lang, gap=f"{100 * found.gap:.1f}")]
