"""The peers, each as it is meant to be used: labels of an instance from a seed.

Every library is imported by its own function, as each runs in a process of its own. METIS (Karypis and Kumar 1998)
through pymetis, KaHIP (Sanders and Schulz 2013), ReCom of GerryChain (DeFord, Duchin and Solomon 2021), and the
regions of spopt (SKATER, AZP, max-p).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.instances import Instance, Ints
from benchmarks.scorer import score

Labels = NDArray[np.integer[Any]]

CAREFUL_RUNS = 50
BURST, BURSTS = 10, 20
"""Steps of a short burst of ReCom (Cannon and others 2023), and bursts."""


def metis(instance: Instance, seed: int) -> Labels:
    """METIS k-way with contiguity asked for."""
    return _metis(instance, seed, np.ones(len(instance.edges), np.int64))


def metis_border(instance: Instance, seed: int) -> Labels:
    """METIS k-way with contiguity, each edge weighing its border: the best METIS can do for compact outlines."""
    border = np.where(instance.border > 0, instance.border, 0.1 * np.median(instance.border[instance.border > 0]))
    return _metis(instance, seed, np.maximum(1, np.round(100 * border / np.median(border))).astype(np.int64))


def metis_plain(instance: Instance, seed: int) -> Labels:
    """METIS k-way as it comes, contiguity not asked for."""
    return _metis(instance, seed, np.ones(len(instance.edges), np.int64), contiguous=False)


def metis_recursive(instance: Instance, seed: int) -> Labels:
    """METIS by recursive bisection."""
    return _metis(instance, seed, np.ones(len(instance.edges), np.int64), contiguous=False, recursive=True)


def metis_careful(instance: Instance, seed: int) -> Labels:
    """A careful user's script: 50 runs of both kinds and three tolerances, the least violation, then inertia."""
    ones = np.ones(len(instance.edges), np.int64)
    runs: list[tuple[int, float, int, Labels]] = []
    for run in range(CAREFUL_RUNS):
        share, recursive = (1, 0.6, 0.3)[run % 3], run % 2 == 0
        labels = _metis(instance, 1000 * seed + run, ones, share=share, recursive=recursive)
        worth = score(instance, labels)
        runs.append((worth.excess_pieces + worth.out_of_bounds, worth.inertia, run, labels))
    return min(runs, key=lambda one: one[:3])[3]


def _metis(
    instance: Instance,
    seed: int,
    costs: Ints,
    *,
    share: float = 1.0,
    contiguous: bool = True,
    recursive: bool = False,
) -> Labels:
    import pymetis

    starts, neighbours, paid = instance.neighbours(costs)
    options = pymetis.Options()
    options.set_defaults()
    options.seed, options.ufactor = seed, max(1, int(instance.tolerance * share * 1000))
    if contiguous:
        options.contig = 1
    answer = pymetis.part_graph(
        instance.k,
        xadj=starts.astype(np.int32),
        adjncy=neighbours.astype(np.int32),
        vweights=instance.weights.astype(np.int32),
        eweights=paid.astype(np.int32),
        recursive=recursive,
        options=options,
    )
    return np.array(answer.vertex_part)


def kahip(instance: Instance, seed: int) -> Labels:
    """KaHIP's KaFFPa, configuration "eco"."""
    import kahip as library

    starts, neighbours, costs = instance.neighbours(np.ones(len(instance.edges), np.int64))
    people = instance.weights.astype(int).tolist()
    configuration = 1
    _, labels = library.kaffpa(
        people, starts.tolist(), costs.tolist(), neighbours.tolist(), instance.k, instance.tolerance, True, seed,
        configuration,
    )  # fmt: skip
    return np.array(labels)


def recom_tree(instance: Instance, seed: int) -> Labels:
    """GerryChain's recursive tree partition: the start of every chain."""
    return _in_order(instance, _tree(instance, _network(instance), seed))


def recom(instance: Instance, seed: int) -> Labels:
    """GerryChain: short bursts of ReCom for fewest cut edges, from a recursive tree partition."""
    from functools import partial

    from gerrychain import Partition, constraints, proposals, updaters
    from gerrychain.optimization import SingleMetricOptimizer

    network = _network(instance)
    tallies = {"people": updaters.Tally("people", alias="people"), "cut_edges": updaters.cut_edges}
    first = Partition(network, assignment=_tree(instance, network, seed), updaters=tallies)
    draws = random.Random(seed)  # one stream for the whole chain: a bare seed would start every step alike
    step = partial(
        proposals.recom, pop_col="people", pop_target=instance.target, epsilon=instance.tolerance, node_repeats=1,
        rng=draws,
    )  # fmt: skip
    within = constraints.within_percent_of_ideal_population(first, instance.tolerance, pop_key="people")
    search = SingleMetricOptimizer(
        step, [within], first, lambda plan: len(plan["cut_edges"]), maximize=False, rng=draws
    )
    for _ in search.short_bursts(BURST, BURSTS):
        pass
    return _in_order(instance, dict(search.best_part.assignment.items()))


def _network(instance: Instance) -> Any:
    import networkx as nx
    from gerrychain import Graph

    network = nx.Graph()
    network.add_nodes_from((i, {"people": people}) for i, people in enumerate(instance.weights.tolist()))
    network.add_edges_from(instance.edges.tolist())
    return Graph.from_networkx(network)


def _tree(instance: Instance, network: Any, seed: int) -> dict[Any, int]:
    from gerrychain.tree import recursive_tree_part

    parts = range(instance.k)
    return dict(recursive_tree_part(network, parts, instance.target, "people", instance.tolerance, 1, rng=seed))


def _in_order(instance: Instance, assignment: dict[Any, int]) -> Labels:
    return np.array([assignment[i] for i in range(instance.n_units)])


def skater(instance: Instance, seed: int) -> Labels:
    """Spopt's SKATER on coordinates; its floor counts units, not people, and it takes no seed."""
    from spopt.region import Skater

    table, weights = _table(instance)
    floor = max(2, instance.n_units // (4 * instance.k))
    model = Skater(table, weights, ["x", "y"], n_clusters=instance.k, floor=floor, islands="increase")
    model.solve()
    return np.asarray(model.labels_)


def azp(instance: Instance, seed: int) -> Labels:
    """Spopt's AZP on coordinates; it knows no bounds."""
    from spopt.region import AZP

    table, weights = _table(instance)
    model = AZP(table, weights, ["x", "y"], n_clusters=instance.k, random_state=seed)
    model.solve()
    return np.asarray(model.labels_)


def max_p(instance: Instance, seed: int) -> Labels:
    """Spopt's max-p: a lower bound on people, no upper bound, and it chooses the number of regions itself."""
    from spopt.region import MaxPHeuristic

    np.random.seed(seed)  # noqa: NPY002 — the peer draws from the global state
    table, weights = _table(instance)
    floor = (1 - instance.tolerance) * instance.target
    model = MaxPHeuristic(
        table, weights, ["x", "y"], "people", floor, top_n=2, max_iterations_construction=5, max_iterations_sa=5
    )
    model.solve()
    return np.asarray(model.labels_)


def _table(instance: Instance) -> tuple[Any, Any]:
    import geopandas as gpd
    import libpysal

    x, y = ((instance.xy - instance.xy.mean(axis=0)) / instance.xy.std()).T
    table = gpd.GeoDataFrame({"people": instance.weights, "x": x, "y": y}, geometry=gpd.points_from_xy(*instance.xy.T))
    near: dict[int, list[int]] = {i: [] for i in range(instance.n_units)}
    for a, b in instance.edges.tolist():
        near[a].append(b)
        near[b].append(a)
    return table, libpysal.weights.W(near, silence_warnings=True)


PEERS: dict[str, Callable[[Instance, int], Labels]] = {
    "METIS contig": metis,
    "METIS border": metis_border,
    "METIS k-way": metis_plain,
    "METIS recursive": metis_recursive,
    "METIS best of 50": metis_careful,
    "KaHIP eco": kahip,
    "GerryChain tree": recom_tree,
    "GerryChain ReCom": recom,
    "spopt SKATER": skater,
    "spopt AZP": azp,
    "spopt max-p": max_p,
}
LIBRARIES = {"METIS": "pymetis", "KaHIP": "kahip", "GerryChain": "gerrychain", "spopt": "spopt"}
"""The library behind each family of peers, by the first word of its name."""
