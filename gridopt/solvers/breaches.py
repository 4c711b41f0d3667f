"""Grids that break a rule beyond bounds: walks that are too long, grids inside others; with reason and remedy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridopt.formula import spoken
from gridopt.solvers.clash_words import Words, out_of_reach, told
from gridopt.solvers.community import Community
from gridopt.solvers.conditions import MAX_WALK, NO_ENCLOSED
from gridopt.solvers.posts import given_centres
from gridopt.solvers.reasons import Row, Search, row_of

Ints = NDArray[np.int32]


def breached(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """The rows of one drawn community; pairs are the affair of the decisions that they come from."""
    return [*_far(community, labels, search, words), *_inside(community, labels, search, words)]


def _far(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """Grids from whose post somebody walks further than allowed."""
    walks = community.conditions.walks
    if walks is None:
        return []
    n_grids = int(labels.max()) + 1
    members, centres = labels == np.arange(n_grids)[:, None], given_centres(community, labels)
    posts, metres = walks.from_posts(members, centres)
    return [
        _too_far(community, (grid, int(posts[grid]), walks.limit), metres[grid], (search, words))
        for grid in np.flatnonzero(walks.excess(members, centres) > 0).tolist()
    ]


def _too_far(
    community: Community, which: tuple[int, int, float], metres: NDArray[np.float64], known: tuple[Search, Words]
) -> Row:
    """The row of one grid: ``which`` is its number, the unit of its post and the limit, ``metres`` (n,) the ways."""
    (grid, post, limit), (search, words), graph = which, known, community.graph
    beyond = np.flatnonzero(metres > limit * (1 + 1e-9))
    far, people = int(np.argmax(metres)), graph.weights[beyond, 0].sum()
    on_foot = community.rules.proximity.metric == "walk"
    measure, own = spoken(graph.measures[0], words.lang), bool(community.dedicated[far])
    relaxed = "" if search.given else MAX_WALK
    row = row_of(("information" if own else "decide", MAX_WALK, relaxed), [grid],
                 ";".join(graph.ids[i] for i in beyond), (metres[far], limit))  # fmt: skip
    reason = words(
        f"from the post at unit {graph.ids[post]} it is {metres[far]:,.0f} m "
        f"{'on foot' if on_foot else 'in a straight line'} to unit {graph.ids[far]}; {people:,.0f} {measure.lower()} "
        f"live further off than {limit:,.0f} m",
        f"自驻点（划分单元 {graph.ids[post]}）至划分单元 {graph.ids[far]} {'步行' if on_foot else '直线'} "
        f"{metres[far]:,.0f} 米；{measure} {people:,.0f} 在 {limit:,.0f} 米以外",
    )
    why = _standing(words) if own else _why(community, far, search, words)
    return {**row, **why, "reason": words("; ", "；").join([reason, *filter(None, [why["reason"]])])}


def _standing(words: Words) -> Row:
    """What is said of the grid of an institution: it is as it is."""
    remedy = words("none needed: it stands where its institution stands", "无需处理：其范围即单位所在")
    return {"reason": "", "remedy": remedy, "proof": "proved"}


def _why(community: Community, far: int, search: Search, words: Words) -> Row:
    """Why a unit is too far off: the rules that clash, as far as that is known."""
    remedy = words(
        "open a second post there, allow smaller grids (size.low), or raise max_walk",
        "在该处增设驻点、允许更小的网格（size.low），或放宽 max_walk",
    )
    if search.given or not search.impossible[far]:
        return {"reason": "", "remedy": remedy, "proof": "not found"}
    clash = search.clash(far)
    known = told(community, clash, int((search.piece == search.piece[far]).sum()), words)
    if known is not None:
        return {"reason": known.reason, "remedy": known.remedy, "proof": "proved"}
    reason = words("no division keeps within it", "不存在符合限值的划分方案")
    reason = out_of_reach(community, clash, words) if clash.apart else reason
    return {"reason": reason, "remedy": remedy, "proof": "proved"}


def _inside(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """Grids that lie wholly inside another although the rule forbids it."""
    conditions, rows = community.conditions, []
    if conditions.beside is None:
        return []
    ends = labels[conditions.beside]
    for grid in np.flatnonzero(conditions.enclosed(labels, int(labels.max()) + 1)).tolist():
        around = ends[(ends == grid).any(axis=1) & (ends[:, 0] != ends[:, 1])]
        host = int(around[around != grid][0])
        units = np.flatnonzero(labels == grid)
        own = bool(community.dedicated[units].all())
        kind = ("information" if own else "decide", NO_ENCLOSED, "" if search.given else NO_ENCLOSED)
        row = row_of(kind, [grid, host], ";".join(community.graph.ids[i] for i in units), (1, 0))
        reason = words("this grid lies wholly inside another", "该网格完全位于另一网格之内")
        remedy = words(
            "join the two, or give units to it that reach another grid or the edge of the community",
            "合并两格，或调整单元使其与另一网格或村（社区）边界相接",
        )
        proved = not search.given and bool(search.impossible[units].all())
        why = {"remedy": remedy, "proof": "proved" if proved else "not found"}
        rows.append({**row, **(_standing(words) if own else why), "reason": reason})
    return rows
