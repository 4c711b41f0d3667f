"""Where to put facilities, as arrays: set covering (Toregas and others 1971) and p-median (Hakimi 1964).

Maximal covering (Church and ReVelle 1974) is a p-median in which a place costs nothing where it is covered.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array, csr_array, hstack, vstack

from gridopt.milp.gate import Floats, Program
from gridopt.milp.rows import matrix


def covering(covers: csr_array, *, integral: bool = True) -> Program:
    """The fewest columns of ``covers`` (places, sites) so that every place has at least one of its sites."""
    n, m = covers.shape
    rows = csc_array(covers, dtype=np.float64)
    return Program(np.ones(m), rows, np.ones(n), np.full(n, np.inf), integral)


def median(costs: csr_array, beyond: Floats, n_sites: int, least: Floats | None = None) -> Program:
    """At most ``n_sites`` sites at least cost; stored entries of ``costs`` (places, sites) are who may serve whom.

    ``beyond`` (places,) is what a place costs that none of its chosen sites serves; every stored cost is below
    it. Columns are the sites, then the stored entries, of which each counts its saving; only the sites need be
    whole. ``least`` (sites,) is 1 where a site is chosen already.
    """
    n, m = costs.shape
    e = costs.nnz
    place, site = np.repeat(np.arange(n), np.diff(costs.indptr)), costs.indices
    entry = m + np.arange(e)
    once = matrix(place, entry, np.ones(e), (n, m + e))
    both = np.concatenate([np.arange(e), np.arange(e)])
    columns = np.concatenate([entry, site])
    opened = matrix(both, columns, np.concatenate([np.ones(e), -np.ones(e)]), (e, m + e))
    number = matrix(np.zeros(m, np.int64), np.arange(m), np.ones(m), (1, m + e))
    high = np.concatenate([np.ones(n), np.zeros(e), [float(n_sites)]])
    low = np.concatenate([np.zeros(m) if least is None else least, np.zeros(e)])
    cost = np.concatenate([np.zeros(m), costs.data - beyond[place]])
    rows = csc_array(vstack([once, opened, number], format="csc"))
    return Program(cost, rows, np.full(n + e + 1, -np.inf), high, np.arange(m + e) < m, low)


def maximal_covering(covers: csr_array, weights: Floats, n_sites: int, least: Floats | None = None) -> Program:
    """At most ``n_sites`` sites that leave the least weight uncovered: columns the sites, then each place left out."""
    n, m = covers.shape
    left = matrix(np.arange(n), np.arange(n), np.ones(n), (n, n))
    rows = hstack([csc_array(covers, dtype=np.float64), left], format="csc")
    number = matrix(np.zeros(m, np.int64), np.arange(m), np.ones(m), (1, m + n))
    low = np.concatenate([np.zeros(m) if least is None else least, np.zeros(n)])
    return Program(
        np.concatenate([np.zeros(m), weights]),
        csc_array(vstack([rows, number], format="csc")),
        np.concatenate([np.ones(n), [-np.inf]]),
        np.concatenate([np.full(n, np.inf), [float(n_sites)]]),
        np.arange(m + n) < m,
        low,
    )
