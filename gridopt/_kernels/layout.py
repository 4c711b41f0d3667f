"""How a problem lies in memory: units along a Hilbert curve, neighbours in rotation, and connected pieces."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import int64, void

from gridopt._kernels.compiling import B1, F1, F2, I1, I2, Flags, Ints, compiled_tuple, helper, kernel

RUN = 8
"""Members that are sorted by insertion before they are merged."""

BITS = 16
"""Bits of a coordinate on the Hilbert curve."""


class Layout(NamedTuple):
    """Where the units and edges of a graph go. n units, e directed edges."""

    order: Ints  # (n) units along the curve
    place: Ints  # (n) where each unit goes
    indptr: Ints  # (n + 1)
    neighbours: Ints  # (e) places of neighbours, in rotation around each unit
    edges: Ints  # (e) which of the given edges each is
    linked: Flags  # (e) the neighbour and the next one in the rotation are neighbours themselves


LAYOUT = compiled_tuple((I1, I1, I1, I1, I1, B1), Layout)


@helper(void(I1, F1, I1))
def sort_by(members: Any, along: Any, scratch: Any) -> Any:
    """Sort members by their value in ``along``, ties in the order given: short runs by insertion, then merged."""
    n, width = len(members), RUN
    for low in range(0, n, RUN):
        for at in range(low + 1, min(low + RUN, n)):
            member, place = members[at], at
            while place > low and along[members[place - 1]] > along[member]:
                members[place] = members[place - 1]
                place -= 1
            members[place] = member
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            left, right = low, middle
            for place in range(low, high):
                if left < middle and (right >= high or along[members[left]] <= along[members[right]]):
                    scratch[place] = members[left]
                    left += 1
                else:
                    scratch[place] = members[right]
                    right += 1
        for place in range(n):
            members[place] = scratch[place]
        width *= 2


@helper(int64(int64, int64))
def _along_the_curve(x: Any, y: Any) -> Any:
    """Place of a point on a Hilbert curve (Hamilton 2006, in two dimensions)."""
    key = 0
    for bit in range(BITS - 1, -1, -1):
        side = 1 << bit
        right, up = (x & side) > 0, (y & side) > 0
        key += side * side * ((3 if right else 0) ^ (1 if up else 0))
        x, y = x & (side - 1), y & (side - 1)
        if right and not up:
            x, y = side - 1 - x, side - 1 - y
        if not up:
            x, y = y, x
    return key


@helper(void(F2, F1))
def _hilbert(xy: Any, keys: Any) -> Any:
    """Place of each point on a Hilbert curve over the points' square."""
    low_x, low_y, high_x, high_y = xy[0, 0], xy[0, 1], xy[0, 0], xy[0, 1]
    for i in range(len(xy)):
        low_x, high_x = min(low_x, xy[i, 0]), max(high_x, xy[i, 0])
        low_y, high_y = min(low_y, xy[i, 1]), max(high_y, xy[i, 1])
    extent = max(high_x - low_x, high_y - low_y)
    if extent <= 0.0:
        extent = 1.0
    last = float((1 << BITS) - 1)
    for i in range(len(xy)):
        x, y = (xy[i, 0] - low_x) / extent * last, (xy[i, 1] - low_y) / extent * last
        keys[i] = float(_along_the_curve(int64(x), int64(y)))


@helper(void(LAYOUT))
def _link(layout: Any) -> Any:
    """Which neighbours are neighbours of the next one in the rotation, looked up where fewer are listed."""
    indptr, neighbours = layout.indptr, layout.neighbours
    for unit in range(len(layout.order)):
        for e in range(indptr[unit], indptr[unit + 1]):
            one, two = neighbours[e], neighbours[e + 1 if e + 1 < indptr[unit + 1] else indptr[unit]]
            if indptr[two + 1] - indptr[two] < indptr[one + 1] - indptr[one]:
                one, two = two, one
            found = False
            for f in range(indptr[one], indptr[one + 1]):
                found = found or neighbours[f] == two
            layout.linked[e] = found


@kernel(void(I1, I1, F2, LAYOUT), allocates=True)
def lay_out(indptr: Any, neighbours: Any, xy: Any, layout: Any) -> Any:
    """Fill the layout of a graph: CSR of both directions of its edges, xy (n, 2).

    Units at the same place keep their order; neighbours in the same direction come in the order of the layout.
    """
    n, order, place = len(layout.order), layout.order, layout.place
    along, scratch = np.empty(n), np.empty(max(n, len(neighbours)), np.int32)
    rank, angle = np.empty(len(neighbours)), np.empty(len(neighbours))
    for i in range(n):
        order[i] = i
    if n > 0:
        _hilbert(xy, along)
    sort_by(order, along, scratch)
    for i in range(n):
        place[order[i]] = i
    at = 0
    for i in range(n):
        unit, first = order[i], at
        layout.indptr[i] = at
        for e in range(indptr[unit], indptr[unit + 1]):
            other = neighbours[e]
            rank[e] = place[other]
            angle[e] = math.atan2(xy[other, 1] - xy[unit, 1], xy[other, 0] - xy[unit, 0])
            layout.edges[at] = e
            at += 1
        sort_by(layout.edges[first:at], rank, scratch)
        sort_by(layout.edges[first:at], angle, scratch)
    layout.indptr[n] = at
    for e in range(at):
        layout.neighbours[e] = place[neighbours[layout.edges[e]]]
    _link(layout)


@kernel(int64(I1, I1, I1, I1, I1))
def number_pieces(indptr: Any, neighbours: Any, labels: Any, pieces: Any, queue: Any) -> Any:
    """Number in ``pieces`` (n,) the connected pieces of units of one label, by first unit; returns how many.

    labels (n,) any numbers, queue (n,) scratch.
    """
    n, count = len(labels), 0
    for unit in range(n):
        pieces[unit] = -1
    for unit in range(n):
        if pieces[unit] >= 0:
            continue
        pieces[unit] = count
        queue[0] = unit
        head, tail = 0, 1
        while head < tail:
            here = queue[head]
            head += 1
            for e in range(indptr[here], indptr[here + 1]):
                there = neighbours[e]
                if pieces[there] < 0 and labels[there] == labels[unit]:
                    pieces[there] = count
                    queue[tail] = there
                    tail += 1
        count += 1
    return count


@kernel(int64(I2, I1))
def number_joined(pairs: Any, parts: Any) -> Any:
    """Number in ``parts`` (n,) the parts that pairs of units (p, 2) join, by first unit; returns how many.

    Union-find with path halving (Tarjan and van Leeuwen 1984); the first unit of a part is its root.
    """
    n, count = len(parts), 0
    for unit in range(n):
        parts[unit] = unit
    for i in range(len(pairs)):
        one, two = pairs[i, 0], pairs[i, 1]
        while parts[one] != one:
            parts[one] = parts[parts[one]]
            one = parts[one]
        while parts[two] != two:
            parts[two] = parts[parts[two]]
            two = parts[two]
        parts[max(one, two)] = min(one, two)
    for unit in range(n):
        if parts[unit] == unit:
            parts[unit] = count
            count += 1
        else:
            parts[unit] = parts[parts[unit]]
    return count
