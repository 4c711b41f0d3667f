"""Covering problems made smaller without loss (Toregas and ReVelle 1973).

Places with the same sites are one, a site that covers no more than another is not needed, and a place that is covered
whenever another one is asks for nothing of its own; what then shares no place is solved apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import connected_components

Positions = NDArray[np.int64]

CHUNK = 2_000
"""Places compared with all others at a time, for the sake of memory."""

MOST_PAIRS = 1_000_000_000
"""Pairs of places with a site in common that are compared at most: beyond, the solver's own reduction must do."""


def reduced(covers: csr_array) -> tuple[csr_array, Positions]:
    """Fewer places and sites with the same optimum, and which sites are left."""
    rows, sites = distinct(covers)[0], np.arange(covers.shape[1])
    while True:
        kept = undominated(rows)
        fewer = distinct(rows[:, kept])[0]
        fewer = fewer[_needed(fewer)]
        same = len(kept) == rows.shape[1] and fewer.shape[0] == rows.shape[0]
        rows, sites = fewer, sites[kept]
        if same:
            return rows, sites


def distinct(covers: csr_array) -> tuple[csr_array, Positions]:
    """The rows that differ, in order of their first, and which of them each row is."""
    ordered = csr_array(covers, copy=True)
    ordered.sort_indices()
    ordered.data = np.ones(ordered.nnz, np.float64)
    names: dict[bytes, int] = {}
    first: list[int] = []
    which = np.empty(covers.shape[0], np.int64)
    for row, (begin, end) in enumerate(zip(ordered.indptr[:-1], ordered.indptr[1:], strict=True)):
        key = ordered.indices[begin:end].tobytes()
        if key not in names:
            names[key] = len(first)
            first.append(row)
        which[row] = names[key]
    return ordered[first], which


def undominated(covers: csr_array) -> Positions:
    """The sites that cover some place which no other one site covers along with all the rest; the first of equals."""
    columns = csr_array(covers, dtype=np.float64)
    shared = csr_array(columns.T @ columns)
    sizes = shared.diagonal()
    m = covers.shape[1]
    one = np.repeat(np.arange(m), np.diff(shared.indptr))
    other = shared.indices
    inside = (shared.data >= sizes[one]) & (one != other) & ((sizes[other] > sizes[one]) | (other < one))
    return np.setdiff1d(np.flatnonzero(sizes > 0), one[inside])


def _needed(covers: csr_array) -> Positions:
    """The distinct places of which no other's sites are a part: whoever covers that other one covers them too."""
    n = covers.shape[0]
    usage = np.diff(csr_array(covers.T).indptr).astype(np.float64)
    if float((usage**2).sum()) > MOST_PAIRS:
        return np.arange(n)
    sizes, dropped, across = np.diff(covers.indptr), np.zeros(n, bool), csr_array(covers.T)
    for begin in range(0, n, CHUNK):
        shared = csr_array(covers[begin : begin + CHUNK] @ across)
        one = begin + np.repeat(np.arange(shared.shape[0]), np.diff(shared.indptr))
        other = shared.indices
        dropped[one[(shared.data >= sizes[other]) & (one != other)]] = True
    return np.flatnonzero(~dropped)


def pieces(covers: csr_array) -> list[tuple[csr_array, Positions]]:
    """The problems that share neither place nor site, each with its sites; sites without a place are left out."""
    n = covers.shape[0]
    both = block_array([[None, covers], [covers.T, None]], format="csr")
    piece = connected_components(both, directed=False)[1]
    sites = _members(piece[n:])
    return [(csr_array(covers[rows][:, sites[one]]), sites[one]) for one, rows in _members(piece[:n]).items()]


def _members(piece: NDArray[np.int32]) -> dict[int, Positions]:
    """The positions of each piece, ascending."""
    order = np.argsort(piece, kind="stable")
    names, begin = np.unique(piece[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, begin[1:]), strict=True))
