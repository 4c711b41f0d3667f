"""The p sites that leave the farthest home as near as can be: p-center (Hakimi 1964).

A choice within a distance is a set covering (Minieka 1970), so the distances still in question are halved: one is
proved too near by the linear program of the covering, or a search covers everything within it. A few places stand for
all, and those that their sites leave too far join them (Chen and Chen 2009): what is too near for some of the places
is so for all, and what a choice is worth is always measured over all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from gridopt.coverage.covering import LIMITS, Choice, coverable, greedy, least_of, searched
from gridopt.coverage.locations import Floats, Task
from gridopt.coverage.reduction import Positions
from gridopt.milp import Limits

SAMPLE, MORE = 5_000, 500
"""Places that first stand for all, and how many of those left too far join them at once."""

JOININGS, MOST = 40, 20_000
"""How often places join for one distance, and how many there may be, before the question stays open."""

NARROW = 2e-3
"""Share of the answer below which the distances in question are not told apart: two metres in a kilometre."""

FEW = 100_000
"""Pairs of places and candidates up to which they are told apart all the same."""

ROUNDING = 1e-9
"""Share of a distance that two ways of measuring it may differ by."""


@dataclass(frozen=True, eq=False)
class _Sample:
    """The places (``rows``) that stand for all, with what they go to a candidate (``pairs``) and to what stands."""

    rows: Positions
    pairs: csr_array
    standing: Floats

    def covers(self, metres: float) -> csr_array:
        """Which candidates are that near, for every place here that nothing standing is."""
        return _nearer(self.pairs[np.flatnonzero(self.standing > metres)], metres)

    def between(self, low: float, high: float) -> Floats:
        """The distances above one and below another, ascending: the answer for these places is among them."""
        every = np.concatenate([self.pairs.data, self.standing])
        inside = (every > low * (1 + ROUNDING)) & (every < high * (1 - ROUNDING))
        return np.asarray(np.unique(every[inside]), np.float64)


@dataclass(frozen=True, eq=False)
class _Known:
    """The best ``sites`` so far and their farthest place, in metres; the distances ``below`` which none come.

    ``asked`` is the least distance at which neither a choice nor a proof was found.
    """

    sites: Positions
    metres: float
    below: float
    asked: float = np.inf


def least_farthest(task: Task, n_sites: int, *, limits: Limits = LIMITS) -> Choice:
    """At most ``n_sites`` sites that leave the farthest place as near as can be (p-center), in metres.

    Every place must have a way to some candidate or standing facility. Where the distances in question could not be
    told apart the ``bound`` is the least that is not proved too near.
    """
    standing = task.nearest(task.standing)
    low = float(np.minimum(task.nearest(task.candidates), standing).max(initial=0.0))
    sample, known = _begun(task, standing, low, n_sites)
    sample, known = _searched(task, (sample, standing), known, low, (n_sites, limits))
    known = _proved(_thinned(sample), known, n_sites, limits)
    left = sample.between(known.below, known.metres)
    bound = max(low, float(left[0])) if len(left) else known.metres
    bound = min(bound, known.metres)
    optimal = known.metres <= bound * (1 + ROUNDING)
    return Choice(np.sort(known.sites), known.metres, bound, "optimal" if optimal else "limit")


def _begun(task: Task, standing: Floats, low: float, n_sites: int) -> tuple[_Sample, _Known]:
    """Places that stand for all, and sites for them one by one, within distances that grow until so many do."""
    rows = np.arange(0, len(task.places), max(1, len(task.places) // SAMPLE))
    metres = max(low, 1.0) * (1 + ROUNDING)
    while True:
        sample = _sample(task, standing, rows, metres)
        covers = sample.covers(metres)
        chosen = greedy(covers)
        if len(chosen) <= n_sites:
            break
        metres *= 1.5
    farthest = float(_to(task, chosen, standing).max(initial=0.0))
    if farthest > metres:
        sample = _sample(task, standing, rows, farthest)
    # Nothing is nearer than the place that is worst off with all candidates open.
    return sample, _Known(chosen, farthest, low * (1 - 2 * ROUNDING))


def _searched(
    task: Task, places: tuple[_Sample, Floats], known: _Known, low: float, asked: tuple[int, Limits]
) -> tuple[_Sample, _Known]:
    """Better choices, and distances proved too near on the way, until those in question are few or narrow.

    The least of all is asked first: often the place worst off with all candidates open decides.
    """
    sample, standing = places
    tried, metres = known.below, low
    while True:
        sample, known, answer = _asked(task, (sample, standing), known, metres, asked)
        if answer == "too near":
            known, tried = replace(known, below=metres), metres
        elif answer == "open":
            known, tried = replace(known, asked=min(known.asked, metres)), metres
        left = sample.between(tried, known.metres)
        if not len(left) or _narrow(sample, tried, known):
            return sample, known
        metres = float(left[len(left) // 2])


def _asked(
    task: Task, places: tuple[_Sample, Floats], known: _Known, metres: float, asked: tuple[int, Limits]
) -> tuple[_Sample, _Known, str]:
    """Whether so many sites come within so many metres of all places: "near", "too near" or "open"."""
    sample, standing = places
    n_sites, limits = asked
    chosen = known.sites
    for joined in range(JOININGS):
        covers = sample.covers(metres)
        if (np.diff(covers.indptr) == 0).any():
            return sample, known, "too near"
        chosen = _mended(covers, chosen, n_sites)
        if len(chosen) > n_sites and joined and sample.pairs.nnz > FEW:
            return sample, known, "open"
        if len(chosen) > n_sites:
            found = coverable(covers, n_sites, limits=limits)
            chosen = found.sites
            if found.objective > n_sites:
                return sample, known, "too near" if (found.bound or 0.0) > n_sites else "open"
        away = _to(task, chosen, standing)
        farthest = float(away.max(initial=0.0))
        if farthest < known.metres:
            known = replace(known, sites=chosen, metres=farthest)
        left = np.setdiff1d(np.flatnonzero(away > metres * (1 + ROUNDING)), sample.rows)
        if not len(left):
            return sample, known, "near"
        if len(sample.rows) > MOST:
            return sample, known, "open"
        worst = left[np.argsort(-away[left], kind="stable")]
        joining = worst[:: max(1, len(worst) // MORE)]
        sample = _sample(task, standing, np.union1d(sample.rows, joining), known.metres)
    return sample, known, "open"


def _mended(covers: csr_array, chosen: Positions, n_sites: int) -> Positions:
    """Sites that cover every place, from a choice that leaves few out: others joined, exchanged until few enough."""
    opened = np.zeros(covers.shape[1])
    opened[chosen] = 1.0
    whole = np.concatenate([chosen, greedy(covers[np.flatnonzero(covers @ opened == 0)])])
    afresh = greedy(covers)
    fewer = afresh if len(afresh) < len(whole) else whole
    return fewer if len(fewer) <= n_sites else searched(covers, fewer, enough=n_sites)


def _thinned(sample: _Sample) -> _Sample:
    """Few enough of the places for a linear program; what is too near for these is so for all."""
    kept = np.arange(0, len(sample.rows), max(1, len(sample.rows) // SAMPLE))
    return _Sample(sample.rows[kept], sample.pairs[kept], sample.standing[kept])


def _proved(sample: _Sample, known: _Known, n_sites: int, limits: Limits) -> _Known:
    """The greatest distance, of those below the first open one, that the linear program proves too near."""
    end = min(known.asked, known.metres)
    while True:
        left = sample.between(known.below, end)
        if not len(left) or _narrow(sample, known.below, replace(known, metres=end)):
            return known
        metres = float(left[len(left) // 2])
        covers = sample.covers(metres)
        bare = (np.diff(covers.indptr) == 0).any()
        if bare or (covers.shape[0] and least_of(covers, limits=limits) > n_sites):
            known = replace(known, below=metres)
        else:
            end = metres


def _narrow(sample: _Sample, above: float, known: _Known) -> bool:
    return sample.pairs.nnz > FEW and known.metres - above <= NARROW * known.metres


def _sample(task: Task, standing: Floats, rows: Positions, metres: float) -> _Sample:
    return _Sample(rows, task.take(rows).pairs(metres * (1 + ROUNDING)), standing[rows])


def _to(task: Task, sites: Positions, standing: Floats) -> Floats:
    """Metres from every place to the nearest of some sites, or of what stands."""
    return np.minimum(task.nearest(task.candidates[sites]), standing)


def _nearer(pairs: csr_array, metres: float) -> csr_array:
    """Ones where a pair is at most so many metres apart."""
    near = pairs.data <= metres
    place = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    starts = np.concatenate([[0], np.cumsum(np.bincount(place[near], minlength=pairs.shape[0]))])
    return csr_array((np.ones(near.sum()), pairs.indices[near], starts), shape=pairs.shape)
