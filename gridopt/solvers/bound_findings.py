"""What holds units together and is not met: groups in several grids, institutions not alone, locked grids changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gridopt.formula import spoken
from gridopt.graph import UnitGraph
from gridopt.solvers.clash_words import Words, told
from gridopt.solvers.community import Community
from gridopt.solvers.contraction import connected
from gridopt.solvers.reasons import Row, Search, row_of
from gridopt.solvers.relaxation import whole_up_to

Ints = NDArray[np.int32]


def groups(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
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


def institutions(community: Community, labels: Ints, search: Search, words: Words) -> list[Row]:
    """Institutions that share a grid with others or lie in several grids."""
    rows = []
    for name, units in _members(community.bindings.dedicated).items():
        grids, called = np.unique(labels[units]), community.bindings.name_of(name)
        others = np.isin(labels, grids) & np.array([d != name for d in community.bindings.dedicated])
        mixed = community.graph.weights[others].sum() > 0
        if len(grids) == 1 and not mixed:
            continue
        ids = ";".join(community.graph.ids[i] for i in units)
        row = row_of(("decide", "dedicated", search.gone and "dedicated"), grids, ids, (len(grids), 1))
        reason = words(f"{called} is not a grid of its own", f"{called} 未单独成格")
        remedy = words("give it its own grid", "应单独划为专属网格")
        if search.gone:
            reason += words(": rules that may never give way leave no other way", "：不可放宽的规则别无他法满足")
            remedy = words(
                "accept it, or take a rule out of rules.relax.never", "确认即可，或将某项移出 rules.relax.never"
            )
        rows.append({**row, "reason": reason, "remedy": remedy, "proof": "proved"})
    return rows


def locked_grids(community: Community, labels: Ints, words: Words) -> list[Row]:
    """Locked grids that are not exactly as they were."""
    rows = []
    for name, units in _members(community.bindings.locked).items():
        grids = np.unique(labels[units])
        others = np.isin(labels, grids).sum() - len(units)
        if len(grids) == 1 and not others:
            continue
        ids = ";".join(community.graph.ids[i] for i in units)
        row = row_of(("decide", "locked_grid", ""), grids, ids, (len(grids), 1))
        reason = words(
            f"the locked grid {name} lies in {len(grids)} grids with {others} other units",
            f"锁定的网格 {name} 分属 {len(grids)} 格，另含其他单元 {others} 个",
        )
        remedy = words("put it together again, or unlock it", "恢复原样，或解除锁定")
        rows.append({**row, "reason": reason, "remedy": remedy, "proof": "proved"})
    return rows


def parted(community: Community, labels: Ints, words: Words) -> list[Row]:
    """Institutions and locked grids that cut what is left of their piece of the community in two or more."""
    graph, own = community.graph, community.dedicated | community.locked
    before = graph.pieces()
    rows = []
    for names, rule in ((community.bindings.dedicated, "dedicated"), (community.bindings.locked, "locked_grid")):
        for name, units in _members(names).items():
            sharing = np.isin(labels, labels[units]) & (graph.weights[:, 0] > 0)
            if sharing.sum() > (graph.weights[units, 0] > 0).sum():
                continue  # no grid of its own, which is told elsewhere
            left = ~own
            left[units] = False
            inhabited = left & (graph.weights[:, 0] > 0)
            around = inhabited & np.isin(before, before[units])
            within = np.isin(np.arange(graph.n_units), units)
            n_parts = len(np.unique(_parts(graph, left)[around]))
            n_without = len(np.unique(_parts(graph, left | within)[around]))
            if n_parts <= max(n_without, 1):
                continue
            ids = ";".join(graph.ids[i] for i in units)
            row = row_of(("information", rule, ""), np.unique(labels[units]), ids, (n_parts, n_without))
            called = community.bindings.name_of(name)
            reason = words(
                f"{called} parts the rest of its community into {n_parts} pieces, which are drawn by themselves",
                f"{called} 将其村（社区）的其余部分隔为 {n_parts} 块，各块分别划格",
            )
            rows.append({**row, "reason": reason, "remedy": words("none needed", "无需处理"), "proof": "proved"})
    return rows


def _parts(graph: UnitGraph, kept: NDArray[np.bool_]) -> Ints:
    """Connected parts of the units that are kept; numbers of the others mean nothing."""
    return connected(graph.n_units, graph.edges[kept[graph.edges].all(axis=1)])


def _members(names: tuple[str, ...]) -> Mapping[str, NDArray[np.int64]]:
    listed = np.asarray(names, dtype=object)
    return {name: np.flatnonzero(listed == name) for name in sorted({n for n in names if n})}
