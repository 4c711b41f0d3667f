"""Declared posts as centres of grids: which grid has which, what is said where one has none or several."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import RuleError, preview
from gridopt.graph import UnitGraph
from gridopt.measures import sole_posts
from gridopt.rules import Rules
from gridopt.solvers.bonds import bonds_of
from gridopt.solvers.clash_words import Words
from gridopt.solvers.community import Bindings, Community, community_of
from gridopt.solvers.reasons import Row, row_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

POSTS = "proximity.posts"


def given_centres(community: Community, labels: Ints) -> Floats:
    """Where the post of each grid stands, (k, 2); NaN for grids without one of their own."""
    units = sole_posts(labels, community.posts)
    return np.asarray(np.where(units[:, None] >= 0, community.graph.xy[units], np.nan), np.float64)


def refuse_joined_posts(graph: UnitGraph, rules: Rules, bindings: Bindings) -> None:
    """Raise one `RuleError` for all posts that what is kept whole joins: no grid can then have one each."""
    holders = sorted({int(graph.parents[unit]) for unit, post in enumerate(bindings.posts) if post})
    joined = [one for parent in holders for one in _joined(community_of(graph, rules, bindings, parent))]
    if joined:
        raise RuleError(
            f"{len(joined)} places that are kept whole hold several posts of grids: {preview(joined)}. Keep one post "
            "in each, or no longer keep the place whole.",
            zh=f"{len(joined)} 处整体保留的范围内有多个网格站点：{preview(joined)}。请各保留一个站点，"
            "或不再要求整体保留。",
        )


def _joined(community: Community) -> Iterator[str]:
    """What keeps several posts together, each with its posts."""
    whole, bindings = bonds_of(community).whole[community.posts], community.bindings
    for number in np.unique(whole):
        units = community.posts[whole == number].tolist()
        if len(units) > 1:
            names = (bindings.locked[units[0]], bindings.dedicated[units[0]], bindings.groups[units[0]])
            called = next((bindings.name_of(name) for name in names if name), community.graph.ids[units[0]])
            yield f"{called}: {', '.join(bindings.posts[unit] for unit in units)}"


def post_rows(community: Community, labels: Ints, words: Words) -> list[Row]:
    """Grids of a community with declared posts that hold none, or more than one."""
    held = np.bincount(labels[community.posts], minlength=int(labels.max()) + 1)
    if not held.any():
        return []
    own = np.bincount(labels, community.dedicated | community.locked) > 0
    return [_row(community, labels, (int(grid), bool(own[grid])), words) for grid in np.flatnonzero(held != 1)]


def _row(community: Community, labels: Ints, which: tuple[int, bool], words: Words) -> Row:
    grid, own = which
    posts = [community.bindings.posts[unit] for unit in community.posts if labels[unit] == grid]
    kind = "decide" if posts or not own else "information"
    units = ";".join(community.graph.ids[i] for i in np.flatnonzero(labels == grid))
    row = row_of((kind, POSTS, ""), [grid], units, (len(posts), 1))
    if posts:
        listed = preview(posts)
        reason = words(
            f"this grid holds {len(posts)} declared posts ({listed}); its centre is that of its people",
            f"该网格内有 {len(posts)} 个网格站点（{listed}），暂以人口中心为网格中心",
        )
        remedy = words("keep one of them, or divide the grid", "请保留其一，或拆分该网格")
    else:
        reason = words(
            "this grid holds no declared post; its centre is that of its people",
            "该网格内没有网格站点，暂以人口中心为网格中心",
        )
        remedy = (
            words("none needed, or declare a post in it", "无需处理，或在其中设一个网格站点")
            if own
            else words("declare a post in it, or join it to a neighbour", "请在其中设一个网格站点，或并入相邻网格")
        )
    return {**row, "reason": reason, "remedy": remedy}
