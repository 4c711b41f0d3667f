"""The objective from its definitions, on towns small enough to add up by hand."""

import numpy as np
import pytest

from gridopt.objective import Scales, coefficients, governance, proximity, raw_terms, scales_of, size
from gridopt.rules import Proximity, Rules, Size
from gridopt.solvers.community import Bindings
from gridopt.solvers.effort import Effort
from gridopt.solvers.solve import solve
from tests.towns import graph_of, town


def test_proximity_is_households_times_squared_metres_to_the_centroid() -> None:
    graph = graph_of(town("a a a a"))
    assert proximity(graph, np.array([0, 0, 1, 1])) == pytest.approx(4 * 100 * 50**2)
    assert proximity(graph, np.zeros(4, int)) == pytest.approx(100 * 2 * (150**2 + 50**2))


def test_governance_is_the_border_between_grids() -> None:
    graph = graph_of(town("a a\na a"))
    assert governance(graph, np.array([0, 0, 1, 1])) == 200
    assert governance(graph, np.zeros(4, int)) == 0


def test_size_costs_nothing_inside_the_comfort_band_and_grows_outside() -> None:
    rules, nobody = Rules(), np.zeros(3, bool)
    assert size(np.array([330.0, 400, 450]), rules, exempt=nobody) == 0
    assert size(np.array([485.0, 400, 260]), rules, exempt=nobody) == pytest.approx(0.1**2 + 0.2**2)
    assert size(np.array([485.0, 400, 260]), rules, exempt=np.array([True, False, True])) == 0


def test_a_drawing_scores_its_weights_against_its_own_scales() -> None:
    graph, rules = graph_of(town("a a a a a a a a")), Rules(proximity=Proximity(weight=3.0))
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    scales = scales_of(graph, labels, rules)
    weighted = raw_terms(graph, labels, rules, exempt=np.zeros(2, bool)) * coefficients(rules, scales)
    assert weighted[0] == pytest.approx(3.0)
    assert weighted[1] == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(6))
def test_no_border_moves_for_size_inside_the_comfort_band(seed) -> None:
    """Of all divisions of a row within the bounds, that drawn is the best by proximity where all lie in comfort."""
    sizes = np.random.default_rng(seed).integers(60, 140, 8).astype(float)
    city = town("a a a a a a a a")
    city = city.replace(layers={"units": city.layer("units").assign(households=sizes, residents=sizes)})
    graph = graph_of(city)
    for comfort in ((0.0, 1000.0), (395.0, 405.0)):
        rules = Rules(size=Size(low=250, target=400, high=560, comfort=comfort, also={}))
        solution = solve(graph, rules, bindings=Bindings.none(8), effort=Effort.named("quick"))
        drawn, best = solution.partition.labels, []
        for cut in range(2**7):
            labels = np.concatenate([[0], np.cumsum([(cut >> i) & 1 for i in range(7)])]).astype(np.int32)
            sums = np.bincount(labels, sizes)
            if labels.max() == drawn.max() and (sums >= 250).all() and (sums <= 560).all():
                factors = coefficients(rules, _scales_of(solution))
                best.append(float(raw_terms(graph, labels, rules, exempt=np.zeros(len(sums), bool)) @ factors))
        assert solution.objective == pytest.approx(min(best))
        if comfort[0] == 0:
            assert solution.terms["size"] == 0


def _scales_of(solution) -> Scales:
    row = solution.parts.iloc[0]
    return Scales(*(row[f"{term}_scale"] for term in ("proximity", "governance", "size")))
