"""Empty land that holds a grid together: a strip of it is no way from one half to the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import UnitGraph
from gridopt.solvers.clash_words import Words
from gridopt.solvers.community import Community
from gridopt.solvers.contraction import connected
from gridopt.solvers.reasons import Row, row_of

Ints = NDArray[np.int32]

THIN = 30.0
"""Metres of shared border below which empty land is a strip, not a park."""


def strips(community: Community, labels: Ints, words: Words) -> list[Row]:
    """Grids whose inhabited parts only a thin strip of empty land joins."""
    graph = community.graph
    rows = []
    for grid, metres in thin_strips(graph, labels, THIN).items():
        row = row_of(("information", "corridor", ""), [grid], "", (metres, THIN))
        reason = words(
            f"only empty land joins the inhabited parts of this grid, {metres:,.0f} m wide at its narrowest border",
            f"该网格有人居住的部分仅靠空地相连，最窄处公共边界 {metres:,.0f} 米",
        )
        remedy = words("look whether one can walk there; else divide the grid by hand", "请核实可否通行，否则手工调整")
        rows.append({**row, "reason": reason, "remedy": remedy, "proof": "proved"})
    return rows


def thin_strips(graph: UnitGraph, labels: Ints, width: float) -> dict[int, float]:
    """Grids that fall apart into several inhabited parts without borders of empty land below ``width`` metres.

    With each the width of the widest way between those parts: the border that must be crossed in any case. A grid
    that lies in pieces anyhow is not listed; where borders are not known, none is.
    """
    if not graph.knows_border or not len(graph.edges):
        return {}
    empty = (graph.weights == 0).all(axis=1)
    inside = labels[graph.edges[:, 0]] == labels[graph.edges[:, 1]]
    edges, metres = graph.edges[inside], graph.metres[inside]
    lived = ~empty[edges].any(axis=1)
    found = {}
    for grid in _falling_apart(graph, labels, edges[lived | (metres >= width)], ~empty):
        if grid in _falling_apart(graph, labels, edges, ~empty):
            continue
        own = labels[edges[:, 0]] == grid
        widths = np.unique(metres[own & ~lived & (metres < width)])[::-1]
        found[grid] = next(
            float(one)
            for one in widths
            if grid not in _falling_apart(graph, labels, edges[lived | (metres >= one)], ~empty)
        )
    return found


def _falling_apart(graph: UnitGraph, labels: Ints, edges: Ints, inhabited: NDArray[np.bool_]) -> list[int]:
    """Grids whose inhabited units lie in several parts under some edges."""
    parts = connected(graph.n_units, edges)
    pairs = np.unique(np.column_stack([labels[inhabited], parts[inhabited]]), axis=0)
    return [int(grid) for grid in np.flatnonzero(np.bincount(pairs[:, 0], minlength=int(labels.max()) + 1) > 1)]
