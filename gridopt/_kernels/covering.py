"""A search for the fewest sites that cover all places: row weighting (Gao, Weise and Li 2015).

One site fewer than the best cover known is kept and one exchanged for another; places that stay uncovered weigh
more and more, until some exchange covers them all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import int64, void
from numpy.typing import NDArray

from gridopt._kernels.chance import below
from gridopt._kernels.compiling import B1, I1, I8, U1, Flags, Ints, compiled_tuple, helper, kernel

Longs = NDArray[np.int64]


class Covers(NamedTuple):
    """Which of m sites cover which of n places, by place and by site."""

    of_place: Ints  # (n + 1) where the sites of each place begin
    sites: Ints
    of_site: Ints  # (m + 1) where the places of each site begin
    places: Ints


class Trial(NamedTuple):
    """A choice of sites, and what the search knows of it."""

    chosen: Flags  # (m)
    times: Ints  # (n) how many chosen sites cover a place
    weights: Longs  # (n)
    scores: Longs  # (m) weight of what a site would cover anew; chosen: of what it alone covers, below zero
    stamps: Longs  # (m) step in which a site last came or went
    ready: Flags  # (m) whether a site around it has come or gone since it went
    bare: Ints  # (n) places uncovered
    where: Ints  # (n) their position in ``bare``
    counts: Longs  # (2) places uncovered, sites chosen
    random: NDArray[np.uint64]  # (1)

    @classmethod
    def of(cls, chosen: Flags, n_places: int, seed: int = 0) -> Trial:
        """A trial of the chosen sites, still to be settled."""
        ints = [np.zeros(n_places, np.int32) for _ in range(3)]
        scores, stamps = (np.zeros(len(chosen), np.int64) for _ in range(2))
        ready, counts = np.zeros(len(chosen), np.bool_), np.zeros(2, np.int64)
        weights, random = np.zeros(n_places, np.int64), np.array([seed], np.uint64)
        return cls(chosen.copy(), ints[0], weights, scores, stamps, ready, ints[1], ints[2], counts, random)


COVERS = compiled_tuple((I1, I1, I1, I1), Covers)
TRIAL = compiled_tuple((B1, I1, I8, I8, I8, B1, I1, I1, I8, U1), Trial)


@helper(void(TRIAL, int64))
def _uncover(trial: Any, place: Any) -> None:
    trial.bare[trial.counts[0]] = place
    trial.where[place] = trial.counts[0]
    trial.counts[0] += 1


@helper(void(TRIAL, int64))
def _cover(trial: Any, place: Any) -> None:
    trial.counts[0] -= 1
    last = trial.bare[trial.counts[0]]
    trial.bare[trial.where[place]] = last
    trial.where[last] = trial.where[place]


@helper(void(COVERS, TRIAL, int64, int64))
def _move(covers: Any, trial: Any, site: Any, step: Any) -> None:
    """Bring a site in, or take it out if it is chosen, and tell the sites that share places with it."""
    leaves = trial.chosen[site]
    trial.chosen[site] = not leaves
    trial.counts[1] += -1 if leaves else 1
    trial.scores[site] = -trial.scores[site]
    trial.stamps[site] = step
    for e in range(covers.of_site[site], covers.of_site[site + 1]):
        place = covers.places[e]
        weight = trial.weights[place]
        if leaves:
            trial.times[place] -= 1
            if trial.times[place] == 0:
                _uncover(trial, place)
        else:
            trial.times[place] += 1
            if trial.times[place] == 1:
                _cover(trial, place)
        fewer = trial.times[place] if leaves else trial.times[place] - 1
        sign = 1 if leaves else -1
        for f in range(covers.of_place[place], covers.of_place[place + 1]):
            other = covers.sites[f]
            if other == site:
                continue
            trial.ready[other] = True
            # Between none and one every site may gain the place; between one and two one holder is left alone.
            if fewer == 0 or (fewer == 1 and trial.chosen[other]):
                trial.scores[other] += sign * weight if fewer == 0 else -sign * weight
    trial.ready[site] = not leaves


@helper(int64(TRIAL, int64, int64))
def _before(trial: Any, one: Any, other: Any) -> Any:
    if trial.scores[one] != trial.scores[other]:
        return trial.scores[one] > trial.scores[other]
    return trial.stamps[one] < trial.stamps[other]


@helper(int64(TRIAL, int64))
def _least_missed(trial: Any, spared: Any) -> Any:
    """The chosen site that alone covers least, the one longest there of equals; -1 if there is none."""
    found = -1
    for site in range(len(trial.chosen)):
        if trial.chosen[site] and site != spared and (found < 0 or _before(trial, site, found)):
            found = site
    return found


@helper(int64(COVERS, TRIAL, int64))
def _most_gained(covers: Any, trial: Any, place: Any) -> Any:
    """The site that covers most along with a place, of those ready, or of all where none is."""
    found, found_ready = -1, False
    for f in range(covers.of_place[place], covers.of_place[place + 1]):
        site = covers.sites[f]
        ready = trial.ready[site]
        if found < 0 or (ready and not found_ready) or (ready == found_ready and _before(trial, site, found)):
            found, found_ready = site, ready
    return found


@kernel(void(COVERS, TRIAL))
def settle(covers: Any, trial: Any) -> None:
    """Count what the chosen sites of a new trial cover, all places weighing one."""
    for place in range(len(trial.times)):
        trial.weights[place] = 1
        begin, end = covers.of_place[place], covers.of_place[place + 1]
        for f in range(begin, end):
            trial.times[place] += trial.chosen[covers.sites[f]]
        if trial.times[place] == 0:
            _uncover(trial, place)
        for f in range(begin, end):
            site = covers.sites[f]
            if trial.times[place] == 0:
                trial.scores[site] += 1
            elif trial.times[place] == 1 and trial.chosen[site]:
                trial.scores[site] -= 1
    for site in range(len(trial.chosen)):
        trial.counts[1] += trial.chosen[site]
        trial.ready[site] = True


@kernel(int64(COVERS, TRIAL, B1, int64, int64))
def fewer(covers: Any, trial: Any, best: Any, enough: Any, steps: Any) -> Any:
    """Search so many exchanges for a cover of ``enough`` sites; writes the ``best`` (m) found, returns its size.

    The trial, settled, must cover every place.
    """
    size, newest = trial.counts[1] + 1, -1
    for step in range(1, steps + 1):
        if trial.counts[0] == 0:
            size = trial.counts[1]
            for site in range(len(best)):
                best[site] = trial.chosen[site]
            if size <= enough:
                break
        while trial.counts[1] > max(size - 2, 0):
            site = _least_missed(trial, newest)
            _move(covers, trial, site if site >= 0 else newest, step)
        if trial.counts[0] == 0:
            continue
        place = trial.bare[below(trial.random, trial.counts[0])]
        newest = _most_gained(covers, trial, place)
        _move(covers, trial, newest, step)
        for u in range(trial.counts[0]):
            place = trial.bare[u]
            trial.weights[place] += 1
            for f in range(covers.of_place[place], covers.of_place[place + 1]):
                trial.scores[covers.sites[f]] += 1
    return size
