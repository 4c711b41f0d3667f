"""Is the longest walk of every grid true and within its limit, and no grid inside another, or is it declared?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, found
from gridopt.verify.files import Stored
from gridopt.verify.limits import declared

TOLERANCE = 0.05
"""Metres by which a walk may differ from the one measured here, or exceed its limit."""
AS_NEAR = 1e-3
"""Metres by which two units are equally near to the centre of a grid: either may be its post."""


def walks(stored: Stored) -> Iterator[Fault]:
    """The longest walk of each grid is the one from its post to its units with people, and keeps ``max_walk``.

    The post is the unit of the grid's one declared post, else the unit nearest the centroid of the people. Streets
    are in no plan folder: walks on foot are only known to be no shorter than straight ones.
    """
    grids = once(stored.layers["grids"])
    kind_of = once(stored.layers["communities"])["area_kind"].to_dict()
    kinds = pd.Series([kind_of.get(one, "") for one in grids["community_id"]], grids.index, dtype=object)
    by_grid = dict(list(stored.layers["units"].groupby("grid_code")))
    wrong = []
    for kind in sorted(set(kinds)):
        inside, rules = grids[kinds == kind], stored.record["rules"]
        own = _restated(rules, kind, "proximity")
        limit = own.get("max_walk")
        measure = _restated(rules, kind, "size").get("measure", "households")
        for code, stated in inside["walk_max_m"].items():
            if code in by_grid and measure in by_grid[code]:
                straight = _straight_walks(by_grid[code], measure)
                wrong += [code] if not _agrees(stated, straight, own.get("metric", "straight")) else []
        if limit is None:
            continue
        known = declared(stored.layers["violations"], lambda name: name == "proximity.max_walk")
        far = [code for code in inside.index[inside["walk_max_m"] > float(limit) + TOLERANCE] if code not in known]
        yield from found(
            ("bounds", "grids"),
            far,
            f"grids break proximity.max_walk = {limit}, undeclared",
            f"{{n}} 个网格超出最远步行距离 {limit} 米，且未列入需说明事项",
        )
    yield from found(
        ("walks", "grids"),
        wrong,
        "grids state a longest walk that their units do not have",
        "{n} 个网格所列最远步行距离与其划分单元不符",
    )


def declared_posts(stored: Stored) -> Iterator[Fault]:
    """Every grid of a community with declared posts holds exactly one, unless violations say so."""
    units = stored.layers["units"]
    if "post" not in units:
        return
    counts = (units["post"] != "").groupby(units["grid_code"]).sum()
    owners = units.groupby("grid_code")["community_id"].first()
    has_posts = counts.groupby(owners).transform("sum") > 0
    known = declared(stored.layers["violations"], lambda name: name == "proximity.posts")
    silent = [code for code in counts.index[has_posts & (counts != 1)] if code not in known]
    yield from found(
        ("bounds", "grids"),
        silent,
        "grids hold no declared post or several, undeclared",
        "{n} 个网格没有或有多个网格站点，且未列入需说明事项",
    )


def inside_others(stored: Stored) -> Iterator[Fault]:
    """No grid lies wholly inside another where the rules forbid it, unless violations say so."""
    grids = once(stored.layers["grids"])
    kind_of = once(stored.layers["communities"])["area_kind"].to_dict()
    known = declared(stored.layers["violations"], lambda name: name == "governance.enclosed")
    silent = []
    for community, own in grids.groupby("community_id"):
        rules = _restated(stored.record["rules"], str(kind_of.get(community, "")), "governance")
        if rules.get("enclosed", "allow") == "forbid":
            silent += [code for code in _enclosed(own) if code not in known]
    yield from found(
        ("bounds", "grids"),
        sorted(silent),
        "grids lie wholly inside another, undeclared",
        "{n} 个网格完全位于另一网格之内，且未列入需说明事项",
    )


def _enclosed(grids: Any) -> Iterator[str]:
    """Grids of one community whose whole outline runs inside one hole of another."""
    for code, shape in grids.geometry.items():
        for other, host in grids.geometry.items():
            if other != code and host.intersects(shape):
                around = host.boundary.intersection(shape.boundary).length
                if around > shape.boundary.length - TOLERANCE:
                    yield str(code)


def _straight_walks(units: Any, measure: str) -> list[float]:
    """The longest straight walk of a grid from each unit that may be its post."""
    ordered = units.sort_index()
    points = ordered.geometry.representative_point()
    xy, people = np.column_stack([points.x, points.y]), ordered[measure].fillna(0).to_numpy(float)
    if people.sum() <= 0:
        return [0.0]
    held = np.flatnonzero(ordered["post"] != "") if "post" in ordered else np.empty(0, np.int64)
    if len(held) == 1:
        return [_longest(xy, people, int(held[0]))]
    away = np.hypot(*(xy - people @ xy / people.sum()).T)
    posts = np.flatnonzero(away <= away.min() + AS_NEAR)
    return [_longest(xy, people, int(post)) for post in posts]


def _longest(xy: Any, people: Any, post: int) -> float:
    return float(np.hypot(*(xy[people > 0] - xy[post]).T).max())


def _agrees(stated: float, straight: list[float], metric: str) -> bool:
    if metric == "walk":
        return stated >= min(straight) - TOLERANCE
    return any(abs(stated - walk) <= TOLERANCE for walk in straight)


def _restated(rules: Mapping[str, Any], kind: str, part: str) -> dict[str, Any]:
    """One part of the rules as an area kind has it."""
    return {**rules.get(part, {}), **rules.get("area", {}).get(kind, {}).get(part, {})}
