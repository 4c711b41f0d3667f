"""Instances: published districting problems read from files, and synthetic towns and cities made from a seed.

A file is one ``.npz`` with ``pop``, ``xy``, ``edges``, ``border``, ``area``, ``perim`` and ``meta`` (JSON). A synthetic
instance is named by what makes it: ``town-1000-7`` (1,000 units, seed 7), ``town-1000-7-k16-lake-river``,
``city-1084-923-1`` (1,084 communities of about 923 units, seed 1).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.spatial import Voronoi

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "data" / "instances"

CELL = 150.0
"""Mean width of a synthetic unit in metres."""

UNITS_A_GRID = 40
"""Units to a grid of a synthetic town that is not told how many grids it has."""

CITY_GRID = 1_000_000 / 10_832
"""Units to a grid of a synthetic city: 923 units, ten grids a community."""


@dataclass(frozen=True, eq=False)
class Instance:
    """Units to be cut into ``k`` grids whose sizes leave the mean by at most the share ``tolerance``.

    weights (n,) people, xy (n, 2) metres, edges (m, 2) with i < j, border (m,) metres, area (n,) square metres,
    perimeter (n,) metres (0 where unknown), parents (n,) the community of each unit, published: optima by name.
    """

    name: str
    weights: Floats
    xy: Floats
    edges: Ints
    border: Floats
    area: Floats
    perimeter: Floats
    parents: Ints
    k: int
    tolerance: float
    published: dict[str, Any] = field(default_factory=dict)

    @property
    def n_units(self) -> int:
        return len(self.weights)

    @property
    def target(self) -> float:
        """Mean size of a grid."""
        return float(self.weights.sum() / self.k)

    @property
    def has_outlines(self) -> bool:
        """Whether area and perimeter of the units are known, as Polsby-Popper needs."""
        return bool((self.area > 0).all() and (self.perimeter > 0).all())

    def pieces(self) -> Ints:
        """Number of the connected piece that each unit lies in."""
        return pieces(self.n_units, self.edges)

    def neighbours(self, costs: Ints) -> tuple[Ints, Ints, Ints]:
        """CSR of the graph, both directions of every edge: (starts, neighbours, cost of each)."""
        heads, tails = np.concatenate([self.edges, self.edges[:, ::-1]]).T
        order = np.lexsort((tails, heads))
        starts = np.concatenate([[0], np.cumsum(np.bincount(heads, minlength=self.n_units))])
        return starts, tails[order], np.concatenate([costs, costs])[order]


def pieces(n_units: int, edges: Ints) -> Ints:
    """Connected piece of each unit of a graph."""
    lattice = coo_array((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(n_units, n_units))
    return np.asarray(connected_components(lattice.tocsr(), directed=False)[1], np.int64)


def find(name: str) -> Instance:
    """A published instance by the name of its file, or the synthetic one that the name describes."""
    kind, _, rest = name.partition("-")
    if kind == "city":
        n_communities, mean_units, own_seed = (int(part) for part in rest.split("-"))
        return synthetic_city(n_communities, mean_units, seed=own_seed)
    if kind != "town":
        return read(PUBLISHED / f"{name}.npz")
    units, seed, *features = rest.split("-")
    asked = [feature[1:] for feature in features if feature[0] == "k"]
    k = int(asked[0]) if asked else None
    return synthetic_town(int(units), int(seed), k=k, lake="lake" in features, river="river" in features, name=name)


def read(path: Path) -> Instance:
    """One instance from its file."""
    with np.load(path, allow_pickle=False) as file:
        meta = json.loads(str(file["meta"]))
        numbers = {name: file[name].astype(float) for name in ("pop", "xy", "border", "area", "perim")}
        edges = file["edges"].astype(np.int64)
        parents = file["parents"] if "parents" in file else np.zeros(len(numbers["pop"]), np.int64)
    return Instance(
        meta["name"], numbers["pop"], numbers["xy"], edges, numbers["border"], numbers["area"], numbers["perim"],
        parents, meta["k"], meta["tol"], meta.get("published", {}),
    )  # fmt: skip


def write(instance: Instance, path: Path) -> None:
    """Store an instance in the format that `read` reads."""
    meta = {"name": instance.name, "k": instance.k, "tol": instance.tolerance, "published": instance.published}
    np.savez(
        path, pop=instance.weights, xy=instance.xy, edges=instance.edges.astype(np.int32), border=instance.border,
        area=instance.area, perim=instance.perimeter, parents=instance.parents, meta=json.dumps(meta),
    )  # fmt: skip


def synthetic_town(  # noqa: PLR0913 — what a town may have, each by name
    n_units: int,
    seed: int,
    *,
    k: int | None = None,
    tolerance: float = 0.10,
    lake: bool = False,
    river: bool = False,
    name: str = "",
) -> Instance:
    """A connected town of Voronoi cells around clustered points, lognormal people, more in small cells, 3 % empty.

    Lakes take cells away; a river cuts every edge across it but for one in twelve, its bridges.
    """
    random = np.random.default_rng(seed)
    n_cells = int(n_units * 1.25) if lake else n_units
    side = CELL * np.sqrt(n_cells)
    points = _relaxed(_clustered(random, n_cells, side), side, times=2)
    cells = _cells(points, side)
    people = np.round(60 * random.lognormal(0, 0.8, n_cells) * (cells.area.mean() / cells.area) ** 0.3)
    people[random.random(n_cells) < 0.03] = 0
    dry = _outside_lakes(random, points, side) if lake else np.ones(n_cells, bool)
    joined: Bools = np.asarray(dry[cells.edges].all(axis=1))
    if river:
        joined &= _passable(random, points, side, cells.edges, joined)
    kept = _connected(n_cells, cells.edges[joined], dry, n_units)
    place = np.full(n_cells, -1)
    place[kept] = np.arange(len(kept))
    joined &= (place[cells.edges] >= 0).all(axis=1)
    return Instance(
        name or f"town-{n_units}-{seed}", people[kept], points[kept], place[cells.edges[joined]], cells.border[joined],
        cells.area[kept], cells.perimeter[kept], np.zeros(len(kept), np.int64),
        k or max(2, round(len(kept) / UNITS_A_GRID)), tolerance,
    )  # fmt: skip


def synthetic_city(n_communities: int, mean_units: int, *, seed: int, tolerance: float = 0.15) -> Instance:
    """Communities of 60-140 % of ``mean_units`` units each, side by side; no edge joins two of them."""
    random = np.random.default_rng(seed)
    sizes = np.maximum(3, np.round(mean_units * random.uniform(0.6, 1.4, n_communities))).astype(int)
    sizes[-1] = max(3, n_communities * mean_units - sizes[:-1].sum())
    columns, width = int(np.ceil(np.sqrt(n_communities))), 1.3 * CELL * np.sqrt(mean_units)
    parts: list[tuple[Floats, Floats, Ints, _Cells]] = []
    start = 0
    for number, size in enumerate(sizes):
        side = CELL * np.sqrt(size)
        points = _clustered(random, size, side)
        cells = _cells(points, side)
        people = np.round(60 * random.lognormal(0, 0.8, size))
        corner = width * np.array([number % columns, number // columns])
        parts.append((people, points + corner, cells.edges + start, cells))
        start += size
    people, points, edges = (np.concatenate([part[i] for part in parts]) for i in range(3))
    border, area, perimeter = (
        np.concatenate([getattr(part[3], name) for part in parts]) for name in ("border", "area", "perimeter")
    )
    return Instance(
        f"city-{n_communities}-{mean_units}-{seed}", people, points, edges, border, area, perimeter,
        np.repeat(np.arange(n_communities), sizes), round(start / CITY_GRID), tolerance,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Cells:
    """Voronoi cells of points in a square: neighbours with their common border, area, perimeter, mean corner."""

    edges: Ints
    border: Floats
    area: Floats
    perimeter: Floats
    corner: Floats


def _clustered(random: np.random.Generator, n: int, side: float) -> Floats:
    """Points in a square, half of them anywhere, half around centres."""
    n_centres = max(3, n // 150)
    centres = random.uniform(0, side, (n_centres, 2))
    spread = side / np.sqrt(n_centres) * random.uniform(0.15, 0.6, n_centres)
    anywhere, share = n // 2, random.dirichlet(np.ones(n_centres))
    own = random.choice(n_centres, n - anywhere, p=share)
    scattered = random.uniform(0, side, (anywhere, 2))
    around = centres[own] + random.normal(0, 1, (n - anywhere, 2)) * spread[own, None]
    points = np.abs(np.concatenate([scattered, around]))
    points = np.where(points > side, 2 * side - points, points)
    return np.asarray(np.clip(points, 1e-3 * side / n, side - 1e-3 * side / n))


def _relaxed(points: Floats, side: float, *, times: int) -> Floats:
    """Points moved half way to the mean corner of their cells, after Lloyd (1982): avoids slivers."""
    for _ in range(times):
        points = 0.5 * points + 0.5 * _cells(points, side).corner
    return points


def _cells(points: Floats, side: float) -> _Cells:
    """The cells of points in a square, whose walls are made by mirroring the points that lie near them."""
    n = len(points)
    near = 12 * side / np.sqrt(n)
    x, y = points.T
    mirrored = [
        np.column_stack([-x, y])[x < near],
        np.column_stack([2 * side - x, y])[x > side - near],
        np.column_stack([x, -y])[y < near],
        np.column_stack([x, 2 * side - y])[y > side - near],
    ]
    diagram = Voronoi(np.concatenate([points, *mirrored]))
    # every ridge bounds two cells: a triangle of each, whose apex is the cell's point
    corners = np.asarray(diagram.ridge_vertices)
    pairs = diagram.ridge_points
    finite = (corners >= 0).all(axis=1)
    a, b = diagram.vertices[corners[finite, 0]], diagram.vertices[corners[finite, 1]]
    pairs, length = pairs[finite], np.hypot(*(a - b).T)
    owner = pairs.T.ravel()
    own = owner < n
    a, b, lengths, owner = np.tile(a, (2, 1))[own], np.tile(b, (2, 1))[own], np.tile(length, 2)[own], owner[own]
    apex = points[owner]
    double = np.abs((a[:, 0] - apex[:, 0]) * (b[:, 1] - apex[:, 1]) - (a[:, 1] - apex[:, 1]) * (b[:, 0] - apex[:, 0]))
    count = np.bincount(owner, minlength=n)
    corner = np.column_stack([np.bincount(owner, axis, n) for axis in (a + b).T]) / (2 * count[:, None])
    inside = (pairs < n).all(axis=1) & (length > 1e-3)
    return _Cells(
        np.sort(pairs[inside], axis=1).astype(np.int64), length[inside],
        np.bincount(owner, double / 2, n), np.bincount(owner, lengths, n), corner,
    )  # fmt: skip


def _outside_lakes(random: np.random.Generator, points: Floats, side: float) -> Bools:
    dry = np.ones(len(points), bool)
    for _ in range(max(2, len(points) // 400)):
        centre = random.uniform(0, side, 2)
        radius = side * random.uniform(0.02, 0.12) / max(1, np.sqrt(len(points) / 2000))
        dry &= np.hypot(*(points - centre).T) > radius
    return dry


def _passable(random: np.random.Generator, points: Floats, side: float, edges: Ints, joined: Bools) -> Bools:
    """Edges that do not cross the river, or cross it at a bridge."""
    north = points[:, 1] > side * (0.5 + 0.15 * np.sin(2.2 * np.pi * points[:, 0] / side))
    crosses = north[edges[:, 0]] != north[edges[:, 1]]
    bridges = np.zeros(len(edges), bool)
    crossing = np.flatnonzero(crosses & joined)
    if len(crossing):
        bridges[random.choice(crossing, max(2, len(crossing) // 12), replace=False)] = True
    return np.asarray(~crosses | bridges)


def _connected(n_cells: int, edges: Ints, dry: Bools, n_units: int) -> Ints:
    """The largest connected piece of dry cells, trimmed to ``n_units`` so that it stays connected."""
    piece = pieces(n_cells, edges)
    kept = np.flatnonzero(dry & (piece == np.bincount(piece[dry]).argmax()))
    if len(kept) <= n_units:
        return kept
    lattice = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n_cells, n_cells)).tocsr()
    reached = breadth_first_order(lattice, kept[0], directed=False, return_predecessors=False)
    return np.sort(reached[:n_units]).astype(np.int64)
