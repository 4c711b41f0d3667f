"""A partition of units into grids: total by construction, so that no unit is left blank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridopt.errors import TableError
from gridopt.graph import UnitGraph


@dataclass(frozen=True, eq=False)
class Partition:
    """A graph and one label a unit, 0 .. n_grids - 1, every label used, no grid across two communities."""

    graph: UnitGraph
    labels: NDArray[np.int32]

    def __post_init__(self) -> None:
        labels = np.array(self.labels, np.int32)  # a copy: what the caller holds stays writeable
        if labels.shape != (self.graph.n_units,):
            raise TableError(
                f"{labels.size} labels for {self.graph.n_units} units: every unit needs exactly one.",
                zh=f"{self.graph.n_units} 个划分单元却有 {labels.size} 个网格标号：每个单元须恰有一个。",
            )
        if len(labels) and (labels.min() < 0 or len(np.unique(labels)) != labels.max() + 1):
            raise TableError(
                "labels must run 0 .. k - 1 with every label used: no unit may be left blank.",
                zh="网格标号须为 0 至 k - 1 且每个都用到：不留空白。",
            )
        parents = np.unique(labels.astype(np.int64) * len(self.graph.parent_ids) + self.graph.parents)
        if len(parents) != self.n_grids_of(labels):
            raise TableError(
                "a grid holds units of two communities; cut it along the community's boundary.",
                zh="有网格跨越两个村（社区）；请沿村（社区）界线分开。",
            )
        labels.flags.writeable = False
        object.__setattr__(self, "labels", labels)

    @staticmethod
    def n_grids_of(labels: NDArray[np.int32]) -> int:
        return int(labels.max()) + 1 if len(labels) else 0

    @property
    def n_grids(self) -> int:
        return self.n_grids_of(self.labels)

    def sums(self) -> NDArray[np.float64]:
        """Every measure summed by grid, (n_grids, m)."""
        weights = self.graph.weights
        return np.column_stack([np.bincount(self.labels, weights[:, j], self.n_grids) for j in range(weights.shape[1])])

    def n_pieces(self) -> NDArray[np.int64]:
        """Connected pieces of each grid: 1 where the grid is connected."""
        n, edges = self.graph.n_units, self.graph.edges
        inside = edges[self.labels[edges[:, 0]] == self.labels[edges[:, 1]]]
        lattice = coo_array((np.ones(len(inside)), (inside[:, 0], inside[:, 1])), shape=(n, n)).tocsr()
        piece = connected_components(lattice, directed=False)[1]
        first = np.unique(piece, return_index=True)[1]
        return np.bincount(self.labels[first], minlength=self.n_grids)

    def __repr__(self) -> str:
        return f"<Partition: {self.graph.n_units:,} units in {self.n_grids:,} grids>"
