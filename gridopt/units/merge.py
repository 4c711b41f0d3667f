"""Merging pieces of land into neighbours: what is too small to stand alone joins who it borders most."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def absorb(small: Flags, areas: Floats, pairs: Integers, scores: Floats) -> Integers:
    """A label for each piece, 0 .., such that small pieces share that of a neighbour.

    The smallest go first, each to the neighbour (as merged so far) with the highest score over their
    common border, a large one if there is any. Small pieces with no neighbour stay alone.
    """
    groups = _Groups(small, pairs, scores)
    waiting = [int(piece) for piece in np.lexsort((np.arange(len(areas)), areas)) if small[piece]]
    while waiting:
        left = [piece for piece in waiting if not groups.join(piece, only_large=True)]
        if len(left) == len(waiting):
            left = left[1:] if not groups.join(left[0], only_large=False) else left
        waiting = left
    return groups.labels()


def components(labels: Integers, pairs: Integers) -> Integers:
    """The connected part of its label that each piece lies in."""
    inside = pairs[labels[pairs[:, 0]] == labels[pairs[:, 1]]]
    n = len(labels)
    lattice = coo_array((np.ones(len(inside)), (inside[:, 0], inside[:, 1])), shape=(n, n))
    return np.asarray(connected_components(lattice.tocsr(), directed=False)[1], np.int64)


class _Groups:
    """Pieces merged so far: a forest of roots, and for each root its neighbours with scores."""

    def __init__(self, small: Flags, pairs: Integers, scores: Floats) -> None:
        self._root = list(range(len(small)))
        self._small = small.tolist()
        self._near: list[dict[int, float]] = [{} for _ in self._root]
        for (one, two), score in zip(pairs.tolist(), scores.tolist(), strict=True):
            self._near[one][two] = self._near[one].get(two, 0.0) + score
            self._near[two][one] = self._near[two].get(one, 0.0) + score

    def root(self, piece: int) -> int:
        while self._root[piece] != piece:
            self._root[piece] = self._root[self._root[piece]]
            piece = self._root[piece]
        return piece

    def join(self, piece: int, *, only_large: bool) -> bool:
        """Merge the group of a small piece into its best neighbour; True once it belongs to a large group."""
        root = self.root(piece)
        if not self._small[root]:
            return True
        scores = self._scores(root)
        large = {other: score for other, score in scores.items() if not self._small[other]}
        chosen = large if only_large else scores
        if not chosen:
            return False
        self._merge(root, _best(chosen.items()))
        return True

    def labels(self) -> Integers:
        """One label a piece, numbered by first piece."""
        roots = np.array([self.root(piece) for piece in range(len(self._root))], np.int64)
        _, first, label = np.unique(roots, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return np.asarray(rank[label], np.int64)

    def _scores(self, root: int) -> dict[int, float]:
        merged: dict[int, float] = {}
        for other, score in self._near[root].items():
            now = self.root(other)
            if now != root:
                merged[now] = merged.get(now, 0.0) + score
        self._near[root] = merged
        return merged

    def _merge(self, piece: int, into: int) -> None:
        self._root[piece] = into
        for other, score in self._near[piece].items():
            self._near[into][other] = self._near[into].get(other, 0.0) + score
        self._near[piece] = {}


def _best(scored: Iterable[tuple[int, float]]) -> int:
    return min(scored, key=lambda pair: (-pair[1], pair[0]))[0]
