"""One scorer for every method: labels in, figures out, nothing that the method says of itself is trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.instances import Floats, Instance, Ints, pieces

WITHIN = 1e-9


@dataclass(frozen=True)
class Score:
    """What a labelling is worth.

    n_grids            grids drawn, however many were asked for
    excess_pieces      pieces of grids beyond one each, less those that the graph itself forces
    out_of_bounds      grids that leave the mean by more than the tolerance (a missing grid is one)
    largest_deviation  share by which the worst grid leaves the mean
    inertia            sum of people times squared distance to their grid's centroid, people m2
    hess               the same to the best centre unit of each grid, people m2
    cut_edges, border  edges between grids, and their length in metres
    polsby_popper      mean over grids of 4 pi area / perimeter squared; None where outlines are not known
    crossing           grids that hold units of two communities
    """

    n_grids: int
    excess_pieces: int
    out_of_bounds: int
    largest_deviation: float
    inertia: float
    hess: float
    cut_edges: int
    border: float
    polsby_popper: float | None
    crossing: int

    @property
    def is_feasible(self) -> bool:
        """Whether every grid is there, connected as far as the graph allows, within bounds and one community."""
        return not (self.excess_pieces or self.out_of_bounds or self.crossing)


def score(instance: Instance, given: ArrayLike) -> Score:
    """Measure labels, one a unit; their values mean nothing but which units are together."""
    labels = np.asarray(given)
    if labels.shape != (instance.n_units,) or (labels < 0).any():
        raise ValueError(f"{instance.n_units} units need a label each, at least 0; got an array {labels.shape}.")
    labels = np.unique(labels, return_inverse=True)[1].reshape(-1)
    n_grids = int(labels.max()) + 1
    deviations = np.abs(np.bincount(labels, instance.weights, n_grids) / instance.target - 1)
    lacking = max(0, instance.k - n_grids)
    deviations = np.concatenate([deviations, np.ones(lacking)])
    cut = labels[instance.edges[:, 0]] != labels[instance.edges[:, 1]]
    inertia, hess = _inertia(instance, labels, n_grids)
    return Score(
        n_grids,
        _excess_pieces(instance, labels, cut),
        int((deviations > instance.tolerance + WITHIN).sum()) + max(0, n_grids - instance.k),
        float(deviations.max()),
        inertia,
        hess,
        int(cut.sum()),
        float(instance.border[cut].sum()),
        _polsby_popper(instance, labels, cut) if instance.has_outlines else None,
        len(np.unique(labels * (instance.parents.max() + 1) + instance.parents)) - n_grids,
    )


def _excess_pieces(instance: Instance, labels: Ints, cut: NDArray[np.bool_]) -> int:
    """Pieces beyond one a grid, but for those that the graph forces.

    k grids on a graph of c pieces leave at least c - k pieces over; a piece of the graph too light to be a grid
    of its own must also hang on to another one.
    """
    n_grids = int(labels.max()) + 1
    drawn = int(pieces(instance.n_units, instance.edges[~cut]).max()) + 1
    own = instance.pieces()
    light = np.bincount(own, instance.weights) < instance.target * (1 - instance.tolerance) - WITHIN
    forced = int(light.sum()) if len(light) > 1 else 0
    forced = min(forced, len(light) - 1) if len(np.unique(instance.parents)) == 1 else 0
    return max(0, drawn - n_grids - forced)


def _inertia(instance: Instance, labels: Ints, n_grids: int) -> tuple[float, float]:
    """Moment of inertia about the centroids, and about the best centre units.

    For one grid both are tied: hess = inertia + people * squared distance from centroid to centre unit, so that
    the best centre is the unit nearest the centroid.
    """
    people = np.bincount(labels, instance.weights, n_grids)
    units = np.bincount(labels, minlength=n_grids)
    weights = np.where(people[labels] > 0, instance.weights, 1.0)  # a grid without people: its plain mean
    mass = np.where(people > 0, people, units)
    xy = instance.xy - instance.xy.mean(axis=0)
    centres = np.column_stack([np.bincount(labels, weights * axis, n_grids) for axis in xy.T]) / mass[:, None]
    squared = ((xy - centres[labels]) ** 2).sum(axis=1)
    nearest = np.full(n_grids, np.inf)
    np.minimum.at(nearest, labels, squared)
    inertia = float((instance.weights * squared).sum())
    return inertia, inertia + float((people * nearest).sum())


def _polsby_popper(instance: Instance, labels: Ints, cut: NDArray[np.bool_]) -> float:
    area = np.bincount(labels, instance.area)
    perimeter = np.bincount(labels, instance.perimeter)
    inner = labels[instance.edges[~cut, 0]]
    perimeter = perimeter - 2 * np.bincount(inner, instance.border[~cut], len(area))
    compactness: Floats = 4 * np.pi * area / np.maximum(perimeter, 1e-9) ** 2
    return float(np.minimum(1, compactness).mean())
