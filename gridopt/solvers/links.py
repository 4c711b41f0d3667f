"""Pieces of a graph that are too light to be grids, tied to what lies nearest."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridopt.graph import UnitGraph
from gridopt.solvers.contraction import connected

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


def linked(graph: UnitGraph, low: Floats, pieces: Ints | None = None) -> UnitGraph:
    """The graph with an edge of no cost from every piece below ``low`` (m,) to the nearest unit outside it.

    Such a piece cannot be a grid by itself, so some grid must lie in two pieces: along these edges, the shortest
    there are, each piece (the first unit's first) growing until it is heavy enough or the graph is in one.
    ``pieces`` (n,) is `UnitGraph.pieces`, where it is known already.
    """
    piece = connected(graph.n_units, graph.edges) if pieces is None else pieces.copy()
    sums = np.column_stack([np.bincount(piece, column) for column in graph.weights.T])
    light = (sums < low).any(axis=1)
    if len(sums) == 1 or not light.any():
        return graph
    added: list[tuple[int, int]] = []
    for number in np.flatnonzero(light):
        while (sums[number] < low).any() and (piece != number).any():
            a, b = _nearest(graph.xy, piece == number)
            added.append((min(a, b), max(a, b)))
            other = piece[b]
            sums[number] += sums[other]
            sums[other] = np.inf
            piece[piece == other] = number
    edges = np.concatenate([graph.edges, np.array(added, np.int32)])
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    free = np.zeros(len(added))
    return dataclasses.replace(
        graph,
        edges=edges[order],
        metres=np.concatenate([graph.metres, free])[order],
        cost=np.concatenate([graph.cost, free])[order],
    )


def _nearest(xy: Floats, inside: NDArray[np.bool_]) -> tuple[int, int]:
    """The closest pair of a unit inside and one outside, the first of equals."""
    within, without = np.flatnonzero(inside), np.flatnonzero(~inside)
    away, place = cKDTree(xy[without]).query(xy[within])
    first = int(np.argmin(away))
    return int(within[first]), int(without[place[first]])
