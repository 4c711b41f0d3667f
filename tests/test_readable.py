"""The formulations to be read: their optimum is that of full enumeration, whatever water lies in the way."""

import networkx as nx
import numpy as np
import pulp
import pytest

from gridopt.errors import SolverError
from gridopt.milp.readable import Task, centres, cut_edges, hess, solved, told_by_highs
from gridopt.solvers.problem import Problem
from tests.reference import hess as hess_cost
from tests.reference import is_connected, partitions, problem_on, terms, violation

TOWNS = {
    "river": [(0, 1), (1, 2), (3, 4), (4, 5), (2, 5), (6, 7), (5, 7)],
    "ring": [(i, (i + 1) % 8) for i in range(8)],
    "corridor": [(i, i + 1) for i in range(7)],
    "island": [(0, 1), (1, 2), (2, 3), (0, 3), (4, 5), (5, 6), (6, 7), (4, 7)],
}
PLACES = np.array([(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (0, 2), (1, 2)], float)
SIZES = [3.0, 4, 2, 4, 3, 4, 3, 2]


def town(name: str, n_grids: int) -> tuple[Problem, Task]:
    graph = nx.Graph()
    graph.add_nodes_from(range(8))
    graph.add_edges_from(TOWNS[name])
    mean = sum(SIZES) / n_grids
    low, high = 0.7 * mean, 1.3 * mean
    problem = problem_on(graph, SIZES, n_grids, xy=PLACES, low=low, high=high)
    return problem, Task(SIZES, TOWNS[name], n_grids, low, high)


def distances(problem: Problem) -> np.ndarray:
    away = ((problem.xy[:, None] - problem.xy[None]) ** 2).sum(axis=2)
    return problem.mass[:, None] * away


def plans(problem: Problem) -> list[tuple[int, ...]]:
    return [one for one in partitions(problem) if violation(problem, one) == 0]


@pytest.mark.parametrize("n_grids", [2, 3])
@pytest.mark.parametrize("name", list(TOWNS))
def test_the_hess_model_with_flow_ends_at_the_optimum_of_full_enumeration(name, n_grids) -> None:
    problem, task = town(name, n_grids)
    best = min((hess_cost(problem, one) for one in plans(problem)), default=None)
    model = hess(task, distances(problem))
    outcome = solved(model)
    if best is None:
        assert outcome.status == "infeasible"
        return
    assert outcome.status == "optimal"
    assert outcome.objective == pytest.approx(best)
    assert outcome.bound == pytest.approx(best)
    labels = np.unique(centres(model, task), return_inverse=True)[1]
    assert is_connected(problem, labels.tolist())


@pytest.mark.parametrize("n_grids", [2, 3])
@pytest.mark.parametrize("name", list(TOWNS))
def test_the_cut_edges_model_ends_at_the_optimum_of_full_enumeration(name, n_grids) -> None:
    problem, task = town(name, n_grids)
    best = min((terms(problem, one)[1] for one in plans(problem)), default=None)
    model = cut_edges(task)
    outcome = solved(model)
    if best is None:
        assert outcome.status == "infeasible"
        return
    assert outcome.objective == pytest.approx(best)
    labels = np.unique(centres(model, task), return_inverse=True)[1]
    assert is_connected(problem, labels.tolist())


def test_dear_edges_are_left_whole() -> None:
    task = Task([1.0] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)], 2, 1, 3)
    model = cut_edges(task, [9.0, 1, 9, 1])
    assert solved(model).objective == pytest.approx(2)
    assert centres(model, task) == [0, 0, 2, 2]


@pytest.mark.skipif(not pulp.COIN_CMD().available(), reason="CBC is not installed")
def test_cbc_agrees_with_highs() -> None:
    problem, task = town("ring", 2)
    costs = distances(problem)
    assert solved(hess(task, costs), "cbc").objective == pytest.approx(solved(hess(task, costs)).objective)
    assert solved(cut_edges(Task(SIZES, TOWNS["ring"], 2, 99, 100)), "cbc").status == "infeasible"


def test_a_model_that_ends_at_its_limit_is_not_called_optimal() -> None:
    """PuLP calls it optimal; HiGHS knows that it stopped."""
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(5, 5))
    model = cut_edges(Task([1.0] * 25, list(network.edges), 5, 5, 5))
    model.solve(pulp.HiGHS(msg=False, threads=1, timeLimit=0.0))
    assert told_by_highs(model).status == "limit"


def test_the_models_print_as_lp_files(tmp_path) -> None:
    _, task = town("river", 2)
    for name, model in (("hess", hess(task, np.ones((8, 8)))), ("cut", cut_edges(task))):
        model.writeLP(tmp_path / f"{name}.lp")
        printed = (tmp_path / f"{name}.lp").read_text()
        assert "unit_3_sends_one_to_2" in printed
        assert "grid_0_at_least_low" in printed


def test_a_solver_that_is_not_there_is_named() -> None:
    with pytest.raises(SolverError, match='no solver "gurobi"'):
        solved(cut_edges(town("ring", 2)[1]), "gurobi")
