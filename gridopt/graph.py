"""The graph of units: what every algorithm sees, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridopt.errors import TableError, preview
from gridopt.formula import measured

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

SEAM_DISCOUNT = 0.25
"""What a metre of border along a recognised line (a seam) costs, against 1 on open ground."""


@dataclass(frozen=True, eq=False)
class UnitGraph:
    """Units as numbers, in the order of ``ids``.

    weights   (n, m) one column per measure, the size measure first
    mass      (n,)   what proximity weighs: the size measure, plus a little for empty land
    xy        (n, 2) metres
    edges     (e, 2) neighbours i < j, sorted
    metres    (e,)   shared border, NaN throughout where it is not known
    cost      (e,)   shared border discounted along seams: what governance pays when it is cut
    walls     (w, 2) pairs that touch only across a wall, ``wall_metres`` (w,) long
    parents   (n,)   number of the community in ``parent_ids``; no edge joins two
    outer     (n,)   units at the edge of their community or beside ground that no unit covers; None: not known
    streets   (s, 4) stretches of street to walk along, from x, y to x, y in metres; None: none are given
    place     (r,)   of a graph cut or merged from another, the number here of each unit there, -1 for those left
                     out; None for a graph of its own
    """

    ids: tuple[str, ...]
    measures: tuple[str, ...]
    weights: Floats
    mass: Floats
    xy: Floats
    edges: Ints
    metres: Floats
    cost: Floats
    walls: Ints
    wall_metres: Floats
    parents: Ints
    parent_ids: tuple[str, ...]
    outer: NDArray[np.bool_] | None = None
    streets: Floats | None = None
    place: Ints | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @property
    def n_units(self) -> int:
        return len(self.ids)

    @property
    def knows_border(self) -> bool:
        """Whether the shared border of every edge is known."""
        return not np.isnan(self.metres).any()

    @classmethod
    def from_arrays(  # noqa: PLR0913 — the arrays of one value, all but three optional
        cls,
        weights: ArrayLike,
        edges: ArrayLike,
        *,
        xy: ArrayLike,
        border: ArrayLike | None = None,
        cost: ArrayLike | None = None,
        walls: tuple[ArrayLike, ArrayLike] | None = None,
        parents: Sequence[object] | NDArray[Any] | None = None,
        ids: Sequence[object] | None = None,
        measures: Sequence[str] = (),
        mass: ArrayLike | None = None,
    ) -> UnitGraph:
        """A graph from plain arrays: weights (n,) or (n, m), edges (e, 2), xy (n, 2) in metres.

        Duplicate edges are merged (their borders added), edges between two parents are left out.
        ``border`` is the shared length of an edge in metres (None: unknown); ``cost`` what cutting it costs,
        the border itself where not given, 1 an edge where that is unknown.
        """
        sizes = np.asarray(weights, np.float64)
        sizes = sizes[:, None] if sizes.ndim == 1 else sizes
        n = len(sizes)
        if not np.isfinite(sizes).all() or (sizes < 0).any():
            bad = np.flatnonzero(~(np.isfinite(sizes) & (sizes >= 0)).all(axis=1))
            raise TableError(
                f"{len(bad)} units have a weight below 0 or not a number: {preview(bad)}. Correct their counts.",
                zh=f"{len(bad)} 个划分单元的权重为负或不是数字：{preview(bad)}。请改正其计数。",
            )
        places = _places(xy, n)
        codes, names = _parent_codes(parents, n)
        pairs = np.asarray(edges, np.int64).reshape(-1, 2)
        lengths = np.full(len(pairs), np.nan) if border is None else _lengths(border, len(pairs))
        costs = np.nan_to_num(lengths, nan=1.0) if cost is None else np.asarray(cost, np.float64)
        merged, metres, paid = _merged(pairs, lengths, costs, codes)
        wall_pairs, wall_lengths = walls if walls is not None else (np.empty((0, 2)), np.empty(0))
        wall_array = np.asarray(wall_pairs, np.int64).reshape(-1, 2)
        across, across_metres, _ = _merged(
            wall_array, np.asarray(wall_lengths, np.float64), np.zeros(len(wall_array)), codes
        )
        return cls(
            tuple(map(str, range(n) if ids is None else ids)),
            tuple(measures) or tuple(f"weight_{j}" for j in range(sizes.shape[1])),
            sizes.copy(),
            (sizes[:, 0] if mass is None else np.asarray(mass, np.float64)).copy(),
            places,
            merged,
            metres,
            paid,
            across,
            across_metres,
            codes,
            names,
        )

    @classmethod
    def from_networkx(
        cls, network: Any, *, weight: str = "weight", xy: tuple[str, str] = ("x", "y"), border: str | None = None
    ) -> UnitGraph:
        """From a networkx graph whose nodes carry a weight and two coordinates in metres.

        Nodes become units in sorted order of their text; ``border`` names the edge attribute with the shared
        length in metres, None where it is unknown. Raises `TableError` for nodes without an attribute.
        """
        nodes = sorted(network.nodes, key=str)
        lacking = [node for node in nodes if not {weight, *xy} <= set(network.nodes[node])]
        if lacking:
            raise TableError(
                f"{len(lacking)} nodes lack {weight}, {xy[0]} or {xy[1]}: {preview(lacking)}. Set them.",
                zh=f"{len(lacking)} 个节点缺少 {weight}、{xy[0]} 或 {xy[1]}：{preview(lacking)}。请补全。",
            )
        place = {node: i for i, node in enumerate(nodes)}
        edges = [(place[a], place[b]) for a, b in network.edges]
        return cls.from_arrays(
            [network.nodes[node][weight] for node in nodes],
            edges,
            xy=[[network.nodes[node][axis] for axis in xy] for node in nodes],
            border=None if border is None else [network.edges[edge][border] for edge in network.edges],
            ids=nodes,
            measures=(weight,),
        )

    def to_networkx(self) -> Any:
        """A networkx graph of the units: nodes by id with every measure, ``x`` and ``y``, edges with ``metres``."""
        import networkx as nx

        network = nx.Graph()
        for i, name in enumerate(self.ids):
            sizes = dict(zip(self.measures, self.weights[i].tolist(), strict=True))
            network.add_node(name, **sizes, x=float(self.xy[i, 0]), y=float(self.xy[i, 1]))
        for (a, b), metres in zip(self.edges.tolist(), self.metres.tolist(), strict=True):
            network.add_edge(self.ids[a], self.ids[b], metres=metres)
        return network

    @classmethod
    def from_units(
        cls, units: gpd.GeoDataFrame, borders: pd.DataFrame, *, measures: Sequence[str], min_border: float = 1.0
    ) -> UnitGraph:
        """The graph of a units table and its borders.

        Two units are neighbours where they share at least ``min_border`` metres that are no wall, or a
        crossing. ``measures`` are columns, or formulas over columns. Land without people weighs 1e-3 of its
        community's mean density times its area.
        """
        position = pd.Series(np.arange(len(units)), index=units.index)
        pair = np.column_stack([position.loc[borders["unit_a"]], position.loc[borders["unit_b"]]])
        table = pd.DataFrame(
            {
                "a": pair.min(axis=1),
                "b": pair.max(axis=1),
                "metres": borders["metres"].to_numpy(float),
                "kind": borders["kind"].to_numpy(str),
            }
        )
        open_ground = table["kind"] != "wall"
        discount = np.where(table["kind"] == "seam", SEAM_DISCOUNT, 1.0)
        table = table.assign(
            walkable=table["metres"].where(open_ground, 0.0),
            cost=(table["metres"] * discount).where(open_ground, 0.0),
            crossing=table["kind"] == "crossing",
        )
        merged = table.groupby(["a", "b"], as_index=False).agg(
            metres=("metres", "sum"), walkable=("walkable", "sum"), cost=("cost", "sum"), crossing=("crossing", "any")
        )
        joined = (merged["walkable"] >= min_border) | merged["crossing"]
        near, across = merged[joined], merged[~joined & (merged["metres"] >= min_border)]
        weights = np.column_stack([measured(units, measure) for measure in measures])
        points = units.geometry.representative_point()
        shared = np.bincount(merged[["a", "b"]].to_numpy(np.int64).ravel(), np.repeat(merged["metres"], 2), len(units))
        graph = cls.from_arrays(
            weights,
            near[["a", "b"]].to_numpy(),
            xy=np.column_stack([points.x, points.y]),
            border=near["metres"].to_numpy(),
            cost=near["cost"].to_numpy(),
            walls=(across[["a", "b"]].to_numpy(), across["metres"].to_numpy()),
            parents=units["community_id"].tolist(),
            ids=units.index.tolist(),
            measures=measures,
            mass=_mass(units, weights[:, 0]),
        )
        return replace(graph, outer=units.length.to_numpy() - shared >= min_border)

    def of_parent(self, parent: int) -> tuple[UnitGraph, Ints]:
        """The subgraph of one community, and the positions of its units here."""
        grouped = self._grouped_by_parent
        units = grouped.units[parent]
        return self._induced(units, grouped.edges[parent], grouped.walls[parent], grouped.place), units

    def by_parent(self) -> list[tuple[UnitGraph, Ints]]:
        """What `of_parent` gives for every community."""
        return [self.of_parent(parent) for parent in range(len(self.parent_ids))]

    @cached_property
    def _grouped_by_parent(self) -> _Groups:
        """Found in one pass, since a city has thousands of communities."""
        number = len(self.parent_ids)
        place, members = np.empty(self.n_units, np.int32), _grouped(self.parents, number)
        for units in members:
            place[units] = np.arange(len(units), dtype=np.int32)
        edges, walls = (_grouped(self.parents[pairs[:, 0]], number) for pairs in (self.edges, self.walls))
        return _Groups(members, edges, walls, place)

    def subgraph(self, units: Ints) -> tuple[UnitGraph, Ints]:
        """The graph induced by some units (ascending positions)."""
        new = np.full(self.n_units, -1, np.int32)
        new[units] = np.arange(len(units), dtype=np.int32)
        kept = np.flatnonzero((new[self.edges] >= 0).all(axis=1))
        walled = np.flatnonzero((new[self.walls] >= 0).all(axis=1))
        place = new if self.place is None else placed(self.place, new)
        return replace(self._induced(units, kept, walled, new), place=place), units

    def _induced(self, units: Ints, edges: NDArray[np.integer], walls: NDArray[np.integer], new: Ints) -> UnitGraph:
        """The graph of some units, edges and walls; ``new`` (n,) gives the units their positions in it."""
        return UnitGraph(
            tuple(map(self.ids.__getitem__, units.tolist())),
            self.measures,
            self.weights[units],
            self.mass[units],
            self.xy[units],
            new[self.edges[edges]],
            self.metres[edges],
            self.cost[edges],
            new[self.walls[walls]],
            self.wall_metres[walls],
            self.parents[units],
            self.parent_ids,
            None if self.outer is None else self.outer[units],
            self.streets,
        )

    def csr(self) -> tuple[Ints, Ints, Floats]:
        """Both directions of every edge: (indptr, neighbours, cost), neighbours ascending."""
        indptr, neighbours, numbers = self.directed()
        return indptr, neighbours, self.cost[numbers]

    def directed(self) -> tuple[Ints, Ints, Ints]:
        """Both directions of every edge: (indptr, neighbours, number of each one's edge), neighbours ascending."""
        n, m = self.n_units, len(self.edges)
        heads = np.concatenate([self.edges[:, 1], self.edges[:, 0]]).astype(np.int64)
        tails = np.concatenate([self.edges[:, 0], self.edges[:, 1]])
        order = np.argsort(heads * n + tails)
        indptr = np.zeros(n + 1, np.int32)
        np.cumsum(np.bincount(heads, minlength=n), out=indptr[1:])
        return indptr, tails[order], np.where(order < m, order, order - m).astype(np.int32)

    def pieces(self) -> Ints:
        """Number of the connected piece each unit lies in, numbered by first unit."""
        n = self.n_units
        lattice = coo_array((np.ones(len(self.edges)), (self.edges[:, 0], self.edges[:, 1])), shape=(n, n))
        return np.asarray(connected_components(lattice.tocsr(), directed=False)[1], np.int32)

    def __repr__(self) -> str:
        return (
            f"<UnitGraph: {self.n_units:,} units, {len(self.edges):,} edges, {len(self.parent_ids):,} communities, "
            f"measures {', '.join(self.measures)}>"
        )


class _Groups(NamedTuple):
    """Units, edges and walls of each community, and where each unit stands in its own."""

    units: list[Ints]
    edges: list[Ints]
    walls: list[Ints]
    place: Ints


EMPTY_LAND = 1e-3
"""Share of the community's mean density at which land without people weighs in proximity."""


def _grouped(numbers: Ints, n_groups: int) -> list[Ints]:
    """Positions of each number 0 .. n_groups - 1, ascending."""
    order = np.argsort(numbers, kind="stable").astype(np.int32)
    return np.split(order, np.cumsum(np.bincount(numbers, minlength=n_groups))[:-1])


def _mass(units: gpd.GeoDataFrame, sizes: Floats) -> Floats:
    area = units.area.to_numpy()
    totals = pd.DataFrame({"size": sizes, "area": area}).groupby(units["community_id"].to_numpy()).transform("sum")
    density = (totals["size"] / totals["area"]).to_numpy()
    return np.asarray(np.where(sizes > 0, sizes, EMPTY_LAND * density * area), np.float64)


def _places(xy: ArrayLike, n: int) -> Floats:
    places = np.array(xy, np.float64)
    if places.size != 2 * n:
        raise TableError(
            f"xy holds {places.size} numbers for {n} units: give each unit two coordinates in metres.",
            zh=f"xy 有 {places.size} 个数，而划分单元有 {n} 个：请为每个单元给出两个坐标（米）。",
        )
    places = places.reshape(n, 2)
    lost = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if len(lost):
        raise TableError(
            f"{len(lost)} units have a coordinate that is not a number: {preview(lost)}. Place them.",
            zh=f"{len(lost)} 个划分单元的坐标不是数字：{preview(lost)}。请补全坐标。",
        )
    return places


def _lengths(border: ArrayLike, n: int) -> Floats:
    lengths = np.asarray(border, np.float64).reshape(-1)
    wrong = np.flatnonzero((lengths < 0) | np.isinf(lengths))
    if len(lengths) != n or len(wrong):
        raise TableError(
            f"{len(lengths)} border lengths for {n} edges, {len(wrong)} of them below 0 or infinite"
            f"{f' (edges {preview(wrong)})' if len(wrong) else ''}: give each edge its shared metres, NaN if unknown.",
            zh=f"{n} 条邻接边有 {len(lengths)} 个边界长度，其中 {len(wrong)} 个为负或无穷"
            f"{f'（第 {preview(wrong)} 条）' if len(wrong) else ''}：请给出公共边界长度（米），未知填 NaN。",
        )
    return lengths


def placed(place: Ints, new: Ints) -> Ints:
    """Where units of a first graph lie in a third: ``place`` in the second, ``new`` from there on; -1 for left out."""
    return np.where(place >= 0, new[place], -1).astype(np.int32)


def _parent_codes(parents: Sequence[object] | NDArray[Any] | None, n: int) -> tuple[Ints, tuple[str, ...]]:
    if parents is None:
        return np.zeros(n, np.int32), ("",)
    if len(parents) != n:
        raise TableError(
            f"{len(parents)} parents for {n} units: every unit needs exactly one.",
            zh=f"{n} 个划分单元却有 {len(parents)} 个上级：每个单元须恰有一个。",
        )
    listed = parents if isinstance(parents, np.ndarray) else list(parents)
    first, given = pd.factorize(pd.Series(listed), use_na_sentinel=False)
    names, place = np.unique(np.asarray([str(one) for one in given], dtype=object), return_inverse=True)
    return place[first].astype(np.int32), tuple(names.tolist())


def _merged(pairs: NDArray[np.int64], metres: Floats, costs: Floats, parents: Ints) -> tuple[Ints, Floats, Floats]:
    low, high = np.minimum(pairs[:, 0], pairs[:, 1]), np.maximum(pairs[:, 0], pairs[:, 1])
    if len(pairs) and ((low == high).any() or low.min() < 0 or high.max() >= len(parents)):
        raise TableError(
            "edges must join two different units that exist; correct the edge list.",
            zh="邻接边须连接两个存在且不同的划分单元；请改正邻接表。",
        )
    kept = parents[low] == parents[high] if len(pairs) else np.zeros(0, bool)
    low, high, metres, costs = low[kept], high[kept], metres[kept], costs[kept]
    keys = low * len(parents) + high
    order = np.argsort(keys)
    edges = np.column_stack([low[order], high[order]]).astype(np.int32)
    if (keys[order[1:]] > keys[order[:-1]]).all():
        return edges, metres[order], costs[order]
    order = np.lexsort((costs, metres, keys))  # added up in the same order whatever the order of the rows
    first = np.flatnonzero(np.diff(keys[order], prepend=-1))
    return edges[first], np.add.reduceat(metres[order], first), np.add.reduceat(costs[order], first)
