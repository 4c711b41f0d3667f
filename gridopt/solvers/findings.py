"""Every rule a drawing does not meet: which, where, by how much, why, and what would help."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.partition import Partition
from gridopt.solvers.bound_findings import groups, institutions, locked_grids, parted
from gridopt.solvers.breaches import breached
from gridopt.solvers.clash_words import Words
from gridopt.solvers.community import Community
from gridopt.solvers.land_findings import strips
from gridopt.solvers.posts import post_rows
from gridopt.solvers.reasons import Case, Row, Search, row_of
from gridopt.solvers.solution import SOLUTION_VIOLATIONS

Ints = NDArray[np.int32]


def findings(community: Community, labels: Ints, search: Search, *, lang: str) -> pd.DataFrame:
    """The rows of one community, in the columns of `SOLUTION_VIOLATIONS`; labels as in ``labels``."""
    words = Words(lang)
    rows = [*_sizes(community, labels, search, words), *_numbers(community, labels, search, words)]
    rows += [*_pieces(community, labels, search, words), *groups(community, labels, search, words)]
    rows += [*institutions(community, labels, search, words), *locked_grids(community, labels, words)]
    rows += [*parted(community, labels, words), *strips(community, labels, words)]
    rows += post_rows(community, labels, words)
    rows += breached(community, labels, search, words)
    return pd.DataFrame([{"community_id": community.name, **row} for row in rows], columns=SOLUTION_VIOLATIONS)


def _sizes(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """Grids outside a bound; a dedicated grid has none."""
    graph = community.graph
    n_grids = int(labels.max()) + 1
    dedicated = np.bincount(labels, community.dedicated, n_grids) > 0
    rows = []
    for j in range(graph.weights.shape[1]):
        sizes = np.bincount(labels, graph.weights[:, j], n_grids)
        for side, limit in (("low", community.low[j]), ("high", community.high[j])):
            outside = sizes < limit - 1e-9 if side == "low" else sizes > limit + 1e-9
            for grid in np.flatnonzero(outside & ~dedicated):
                case = Case(community, labels, search, words)
                rows.append(case.explain(int(grid), j, side, (float(sizes[grid]), float(limit))))
    return rows


def _numbers(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """Pieces whose number of grids is not the one nearest to the target; what is asked for is judged by place."""
    if community.count is not None:
        return []
    rows = []
    for number in np.unique(search.piece):
        units = np.flatnonzero(search.piece == number)
        grids, wished = np.unique(labels[units]), int(search.wished[units[0]])
        if search.role[units[0]] != "free" or len(grids) == wished:
            continue
        row = row_of(("information", "size.count", "size.count"), grids, "", (len(grids), wished))
        reason = words(
            f"{wished} grids, the number nearest to the target, have no plan here; {len(grids)} have",
            f"最接近目标的 {wished} 格无可行方案，改为 {len(grids)} 格",
        )
        proof = "proved" if search.impossible[units[0]] else "not found"
        rows.append({**row, "reason": reason, "remedy": words("none needed", "无需处理"), "proof": proof})
    return rows


def _pieces(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """Grids that are not connected."""
    pieces = Partition(community.graph, labels).n_pieces()
    rows: list[Row] = []
    if not (pieces > 1).any():
        return rows
    whole = len(np.unique(community.graph.pieces()))
    for grid in np.flatnonzero(pieces > 1):
        if community.locked[labels == grid].any():
            case = _locked_apart(int(pieces[grid]), words)
        elif search.gone in ("barriers", "connected"):
            case = _gave_way(int(pieces[grid]), search.gone, words)
        else:
            case = _in_pieces(int(pieces[grid]), whole, words)
        row = row_of(("information", "connected", ""), [int(grid)], "", (pieces[grid], 1))
        rows.append({**row, **case})
    return rows


def _locked_apart(n_pieces: int, words: Words) -> Row:
    reason = words(f"this grid is kept as it is and has {n_pieces} pieces", f"该网格按决定保持不变，分为 {n_pieces} 块")
    return {"reason": reason, "remedy": words("none needed", "无需处理"), "proof": "proved"}


def _gave_way(n_pieces: int, gone: str, words: Words) -> Row:
    """A grid in pieces because rules that may never give way left no other drawing."""
    reason = words(
        f"this grid has {n_pieces} pieces: rules that may never give way are met in no other way",
        f"该网格有 {n_pieces} 块：不可放宽的规则别无他法满足",
    )
    remedy = words("accept it, or take a rule out of rules.relax.never", "确认即可，或将某项移出 rules.relax.never")
    return {"class": "decide", "relaxed": gone, "reason": reason, "remedy": remedy}


def _in_pieces(n_pieces: int, whole: int, words: Words) -> Row:
    """A grid in pieces of a community that is in ``whole`` pieces itself."""
    if whole > 1:
        reason = words(
            f"this grid has {n_pieces} pieces; its community has {whole} (walls, water or exclaves)",
            f"该网格有 {n_pieces} 块；其村（社区）本身分为 {whole} 块（受围墙、水系或飞地分隔）",
        )
        remedy = words("name a crossing if there is one", "如有通道请在 crossings 图层补充")
        return {"reason": reason, "remedy": remedy, "proof": "proved"}
    reason = words(
        f"this grid has {n_pieces} pieces though its community is connected",
        f"该网格有 {n_pieces} 块，而其村（社区）是连片的",
    )
    remedy = words("give the smaller piece to a neighbour", "将较小的一块划给相邻网格")
    return {"class": "decide", "reason": reason, "remedy": remedy}
