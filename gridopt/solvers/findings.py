"""Every rule a drawing does not meet: which, where, by how much, why, and what would help."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.formula import spoken
from gridopt.partition import Partition
from gridopt.solvers.clash_words import Words, told
from gridopt.solvers.community import Community
from gridopt.solvers.reasons import Case, Row, Search, row_of
from gridopt.solvers.relaxation import whole_up_to
from gridopt.solvers.solution import SOLUTION_VIOLATIONS

Ints = NDArray[np.int32]


def findings(community: Community, labels: Ints, search: Search, *, lang: str) -> pd.DataFrame:
    """The rows of one community, in the columns of `SOLUTION_VIOLATIONS`; labels as in ``labels``."""
    words = Words(lang)
    rows = [*_sizes(community, labels, search, words), *_numbers(community, labels, search, words)]
    rows += [*_pieces(community, labels, words), *_groups(community, labels, search, words)]
    rows += _institutions(community, labels, words)
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
    """Communities and pieces whose number of grids is not the one asked for, or nearest to the target."""
    if community.count is not None:
        return _asked(community, labels, search, words)
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


def _asked(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    n_grids = int(labels.max()) + 1
    if n_grids == community.count:
        return []
    kind = ("decide", "size.count", "" if search.given else "size.count")
    row = row_of(kind, range(n_grids), "", (n_grids, community.count or 0))
    reason = words(
        f"{community.count} grids are asked for, there are {n_grids}",
        f"要求 {community.count} 格，现为 {n_grids} 格",
    )
    remedy = words(
        "ask for another number, or widen the bounds of size: low times the number must not exceed the total, "
        "nor the total high times the number",
        "调整网格数，或放宽规模上下限：总数须在“下限×格数”与“上限×格数”之间",
    )
    return [{**row, "reason": reason, "remedy": remedy}]


def _pieces(community: Community, labels: Ints, words: Words) -> list[Row]:
    """Grids that are not connected."""
    pieces = Partition(community.graph, labels).n_pieces()
    whole = len(np.unique(community.graph.pieces()))
    rows = []
    for grid in np.flatnonzero(pieces > 1):
        if community.locked[labels == grid].any():
            rows.append(_locked_in_pieces(int(grid), int(pieces[grid]), words))
            continue
        forced = whole > 1
        row = row_of(("information" if forced else "decide", "connected", ""), [int(grid)], "", (pieces[grid], 1))
        reason = words(
            f"this grid has {pieces[grid]} pieces; its community has {whole} (walls, water or exclaves)"
            if forced
            else f"this grid has {pieces[grid]} pieces though its community is connected",
            f"该网格有 {pieces[grid]} 块；其村（社区）本身分为 {whole} 块（受围墙、水系或飞地分隔）"
            if forced
            else f"该网格有 {pieces[grid]} 块，而其村（社区）是连片的",
        )
        remedy = words(
            "name a crossing if there is one" if forced else "give the smaller piece to a neighbour",
            "如有通道请在 crossings 图层补充" if forced else "将较小的一块划给相邻网格",
        )
        proof = "proved" if forced else "not found"
        rows.append({**row, "reason": reason, "remedy": remedy, "proof": proof})
    return rows


def _locked_in_pieces(grid: int, n_pieces: int, words: Words) -> Row:
    row = row_of(("information", "connected", ""), [grid], "", (n_pieces, 1))
    reason = words(f"this grid is kept as it is and has {n_pieces} pieces", f"该网格按决定保持不变，分为 {n_pieces} 块")
    return {**row, "reason": reason, "remedy": words("none needed", "无需处理"), "proof": "proved"}


def _groups(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """Groups that do not lie in one grid."""
    rows = []
    for name, units in _members(community.bindings.groups).items():
        grids = np.unique(labels[units])
        if len(grids) == 1:
            continue
        total, limit = community.graph.weights[units, 0].sum(), community.high[0] * whole_up_to(community.rules)
        ids = ";".join(community.graph.ids[i] for i in units)
        row = row_of(("decide", "governance.keep_whole", "governance.keep_whole"), grids, ids, (total, limit))
        called = community.bindings.name_of(name)
        if _in_parts(community, units) == len(grids):
            rows.append({**row, **_lying_apart(called, words)})
        elif total > limit:
            rows.append({**row, **_too_large(community, called, row, words)})
        else:
            rows.append({**row, **_in_the_way(community, (called, units), len(grids), search, words)})
    return rows


def _lying_apart(called: str, words: Words) -> Row:
    reason = words(
        f"{called} lies in parts that do not touch; each part stays whole",
        f"{called} 分为互不相连的几部分，各部分保持完整",
    )
    return {"class": "information", "reason": reason, "remedy": words("none needed", "无需处理"), "proof": "proved"}


def _too_large(community: Community, called: str, row: Row, words: Words) -> Row:
    measure, total, limit = spoken(community.graph.measures[0], words.lang), row["value"], row["limit"]
    n_parts = len(row["labels"])
    reason = words(
        f"{called} has {total:,.0f} {measure.lower()} and cannot stay whole under {limit:,.0f}: "
        f"it is cut into {n_parts} parts",
        f"{called} 有{measure} {total:,.0f}，超过 {limit:,.0f}，无法保持完整，分为 {n_parts} 部分",
    )
    remedy = words("allow the split, raise the limit, or exempt it", "同意拆分、提高上限，或予以豁免")
    return {"reason": reason, "remedy": remedy, "proof": "proved"}


def _in_the_way(
    community: Community, group: tuple[str, NDArray[np.int64]], n_grids: int, search: Search, words: Words
) -> Row:
    """A group that would fit by itself, but not among its surroundings."""
    called, units = group
    lies = words(f"{called} lies in {n_grids} grids", f"{called} 分属 {n_grids} 个网格")
    if search.given:
        return {"relaxed": "", "reason": lies, "remedy": words("put it into one of them", "划入其中一格")}
    proved = bool(search.impossible[units[0]])
    piece = search.piece[units[0]]
    known = told(community, search.clash(units[0]), int((search.piece == piece).sum()), words)
    if known is not None:
        reason = known.reason + words("; ", "；") + lies
        return {"reason": reason, "remedy": known.remedy, "proof": "proved" if proved else "not found"}
    sure = ("there is no division", "不存在") if proved else ("no division was found", "未找到")
    reason = words(
        f"{sure[0]} within the other rules that keeps {called} whole; {lies}",
        f"{sure[1]}既保持 {called} 完整又符合其他规则的划分方案；{lies}",
    )
    remedy = words(
        "allow the split, widen the bounds, or let another rule give way first in rules.relax.order",
        "同意拆分、放宽上下限，或在 rules.relax.order 中让其他规则先放宽",
    )
    return {"reason": reason, "remedy": remedy, "proof": "proved" if proved else "not found"}


def _in_parts(community: Community, units: NDArray[np.int64]) -> int:
    """Parts of a group that do not touch each other."""
    part, _ = community.graph.subgraph(units.astype(np.int32))
    return len(np.unique(part.pieces()))


def _institutions(community: Community, labels: Ints, words: Words) -> list[Row]:
    """Institutions that share a grid with others or lie in several grids."""
    rows = []
    for name, units in _members(community.bindings.dedicated).items():
        grids, called = np.unique(labels[units]), community.bindings.name_of(name)
        others = np.isin(labels, grids) & np.array([d != name for d in community.bindings.dedicated])
        mixed = community.graph.weights[others].sum() > 0
        if len(grids) == 1 and not mixed:
            continue
        ids = ";".join(community.graph.ids[i] for i in units)
        row = row_of(("decide", "dedicated", ""), grids, ids, (len(grids), 1))
        reason = words(f"{called} is not a grid of its own", f"{called} 未单独成格")
        remedy = words("give it its own grid", "应单独划为专属网格")
        rows.append({**row, "reason": reason, "remedy": remedy, "proof": "proved"})
    return rows


def _members(names: tuple[str, ...]) -> Mapping[str, NDArray[np.int64]]:
    listed = np.asarray(names, dtype=object)
    return {name: np.flatnonzero(listed == name) for name in sorted({n for n in names if n})}
