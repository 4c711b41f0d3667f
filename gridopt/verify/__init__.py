"""The independent verifier: judges a plan folder by its files alone, with none of the code that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import shapely

from gridopt.read.plan_folder import find_plan_folder
from gridopt.verify import codes, contents, copies, counts, disputes, files, limits, locks, shapes, walks
from gridopt.verify.faults import Fault, as_table, fault
from gridopt.verify.files import Stored, open_folder

__all__ = ["check"]

_CHECKS = (
    (files.ids, ("grids", "units", "buildings", "communities")),
    (counts.labels, ("grids", "units", "communities")),
    (counts.sums, ("grids", "units", "buildings")),
    (counts.roll_ups, ("grids", "communities", "townships", "counties")),
    (counts.record, ("grids", "units", "communities", "violations")),
    (shapes.valid, ()),
    (shapes.cover, ("grids", "units", "communities", "borders", "violations")),
    (shapes.borders, ("units", "borders")),
    (limits.bounds, ("grids", "units", "communities", "violations")),
    (limits.deviations, ("grids", "units", "communities")),
    (limits.declarations, ("grids", "units", "communities", "violations")),
    (walks.walks, ("grids", "units", "communities", "violations")),
    (walks.declared_posts, ("units", "violations")),
    (walks.inside_others, ("grids", "communities", "violations")),
    (locks.locked, ("units", "violations")),
    (codes.codes, ("grids", "codes")),
    (contents.buildings, ("grids", "units", "buildings")),
    (contents.scopes, ("grids", "buildings")),
    (contents.responsibility, ("grids", "posts", "blind_spots")),
    (contents.events, ("grids", "communities", "events")),
    (disputes.disputes, ("communities", "disputes")),
    (copies.features, ("grids",)),
    (copies.tables, ("grids", "buildings", "posts", "reach")),
)
"""Each check and the layers it needs; one whose layers are missing is left out, their absence being a fault."""


def check(folder: str | Path, *, lang: str = "en") -> pd.DataFrame:
    """Every fault of a plan folder: columns ``rule, layer, ids, message``; no rows where it is whole and true.

    Judges meaning, not bytes: a file that another program rewrote without change passes. ``ids`` are
    the first 50 concerned, ";" between. Raises `NoPlanFolderError` where there is no plan folder.
    """
    stored, faults = open_folder(find_plan_folder(folder))
    for rule, needed in _CHECKS:
        if all(layer in stored.layers for layer in needed) and stored.record:
            faults += _judged(rule, stored)
    return as_table([_hinted(fault, stored) for fault in faults], lang)


def _judged(rule: Callable[[Stored], Iterable[Fault]], stored: Stored) -> list[Fault]:
    """The faults of one check; content so strange that the check itself stumbles is a fault, never a pass."""
    try:
        return list(rule(stored))
    except (LookupError, SyntaxError, TypeError, ValueError, AttributeError, shapely.errors.GEOSException) as error:
        what = f"{type(error).__name__} {error}"
        return [
            fault(
                ("form", "plan.gpkg"),
                [],
                f"the check of {rule.__name__} cannot read what is written: {what}",
                f"{rule.__name__} 检查无法理解文件内容：{what}",
            )
        ]


def _hinted(fault: Fault, stored: Stored) -> Fault:
    """A fault with the news that its file was changed after the run, where it was."""
    changed = sorted(stored.touched & {fault.file, "plan.gpkg"})
    if not changed:
        return fault
    return fault.hinted(
        f"{', '.join(changed)} changed after the run: `gridopt assess` carries a correction by hand through, "
        "`gridopt publish` writes the other files anew",
        f"{'、'.join(changed)} 在运行后被改动：手工修改请用 `gridopt assess` 重新核算，或用 `gridopt publish` 重新写出",
    )
