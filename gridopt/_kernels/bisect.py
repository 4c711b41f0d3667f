"""Recursive inertial bisection of connected pieces into connected parts."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import float64, int64, uint64, void

from gridopt._kernels.chance import uniform
from gridopt._kernels.compiling import F1, F2, I1, I2, Floats, Ints, compiled_tuple, helper, kernel
from gridopt._kernels.layout import sort_by


class Ground(NamedTuple):
    """What bisection needs to know of the units."""

    indptr: Ints  # (n + 1)
    neighbours: Ints  # (e)
    xy: Floats  # (n, 2) centred
    mass: Floats  # (n)
    sizes: Floats  # (n)


GROUND = compiled_tuple((I1, I1, F2, F1, F1), Ground)


@helper(float64(GROUND, I1))
def _axis(ground: Any, members: Any) -> Any:
    """Angle of the principal axis of the members' mass; where no member has any, all count alike."""
    xy, mass = ground.xy, ground.mass
    total, x, y = 0.0, 0.0, 0.0
    for i in members:
        total += mass[i]
    plain = total <= 0.0
    if plain:
        total = float(len(members))
    for i in members:
        w = 1.0 if plain else mass[i]
        x += w * xy[i, 0] / total
        y += w * xy[i, 1] / total
    xx, cross, yy = 0.0, 0.0, 0.0
    for i in members:
        w = 1.0 if plain else mass[i]
        dx, dy = xy[i, 0] - x, xy[i, 1] - y
        xx += w * dx * dx
        cross += w * dx * dy
        yy += w * dy * dy
    return 0.5 * math.atan2(2.0 * cross, xx - yy)


@helper(int64(I1, F1, int64, int64))
def _cut(members: Any, sizes: Any, parts: Any, first: Any) -> Any:
    """How many of the sorted members go to the first side, which is to become ``first`` of ``parts`` parts.

    The prefix nearest to its share of the size (of the number of units where all sizes are 0), at least one
    unit for every part on either side.
    """
    total = 0.0
    for i in members:
        total += sizes[i]
    plain = total <= 0.0
    aim = (float(len(members)) if plain else total) * first / parts
    best, nearest, reached = first, np.inf, 0.0
    for position in range(len(members) - (parts - first)):
        reached += 1.0 if plain else sizes[members[position]]
        if position + 1 >= first and abs(reached - aim) < nearest:
            best, nearest = position + 1, abs(reached - aim)
    return best


@helper(void(GROUND, I1, I1, I1, int64))
def _join(ground: Any, members: Any, side: Any, queue: Any, which: Any) -> Any:
    """Keep the largest connected piece of one side, hand the others over to the other side.

    ``side`` (n,) is ``which``, ``which ^ 1`` or anything else outside; visited units are marked by -which - 3.
    """
    indptr, neighbours, sizes = ground.indptr, ground.neighbours, ground.sizes
    mark = -which - 3
    best, best_size, best_count = -1, -1.0, 0
    for i in members:
        if side[i] != which:
            continue
        side[i] = mark
        queue[0] = i
        head, tail, size = 0, 1, 0.0
        while head < tail:
            here = queue[head]
            head += 1
            size += sizes[here]
            for e in range(indptr[here], indptr[here + 1]):
                if side[neighbours[e]] == which:
                    side[neighbours[e]] = mark
                    queue[tail] = neighbours[e]
                    tail += 1
        if size > best_size or (size == best_size and tail > best_count):
            best, best_size, best_count = i, size, tail
    if best < 0:
        return
    side[best] = which
    queue[0] = best
    head, tail = 0, 1
    while head < tail:
        here = queue[head]
        head += 1
        for e in range(indptr[here], indptr[here + 1]):
            if side[neighbours[e]] == mark:
                side[neighbours[e]] = which
                queue[tail] = neighbours[e]
                tail += 1
    for i in members:
        if side[i] == mark:
            side[i] = which ^ 1


@helper(int64(I1, I1, F1, int64))
def _worth(members: Any, side: Any, sizes: Any, parts: Any) -> Any:
    """How many of the parts side 0 is worth by size, with a unit for every part on either side."""
    total, low, count = 0.0, 0.0, 0
    for i in members:
        total += sizes[i]
        if side[i] == 0:
            low += sizes[i]
            count += 1
    share = low / total if total > 0.0 else count / len(members)
    most, least = min(parts - 1, count), max(1, parts - (len(members) - count))
    return max(least, min(most, math.floor(parts * share + 0.5)))


@helper(int64(I1, I1, I1))
def _arrange(members: Any, side: Any, scratch: Any) -> Any:
    """Put the members of side 0 first, order kept; returns how many they are."""
    for position in range(len(members)):
        scratch[position] = members[position]
    place = 0
    for which in range(2):
        if which == 1:
            first = place
        for position in range(len(members)):
            if side[scratch[position]] == which:
                members[place] = scratch[position]
                place += 1
    return first


@kernel(void(GROUND, I1, I2, float64, uint64, I1), allocates=True)
def bisect(ground: Any, members: Any, pieces: Any, jitter: Any, seed: Any, parts: Any) -> Any:
    """Number in ``parts`` (n,) the connected parts into which recursive inertial bisection splits each piece.

    members (n',) units grouped by piece, reordered in place; pieces (p, 3) first position, last position + 1
    and number of parts, at least 1 and at most the piece's units. Parts are numbered piece by piece, the low
    side first. Every piece must be connected; then every part is, and none is empty. ``jitter`` turns every
    axis at random by up to so many radians.
    """
    n, xy, sizes = len(ground.mass), ground.xy, ground.sizes
    random = np.empty(1, np.uint64)
    random[0] = seed
    scratch, side, along = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n)
    for i in range(n):
        side[i] = -1
    stack = np.empty((n + len(pieces) + 1, 4), np.int64)
    depth, label = 0, 0
    for p in range(len(pieces)):
        for j in range(3):
            stack[depth, j] = pieces[p, j]
        stack[depth, 3] = label
        label += pieces[p, 2]
        depth += 1
    while depth > 0:
        depth -= 1
        low, high, wanted, label = stack[depth, 0], stack[depth, 1], stack[depth, 2], stack[depth, 3]
        here = members[low:high]
        if wanted == 1:
            for i in here:
                parts[i] = label
            continue
        angle = _axis(ground, here) + jitter * (2.0 * uniform(random) - 1.0)
        for position in range(len(here)):
            i = here[position]
            along[i] = xy[i, 0] * math.cos(angle) + xy[i, 1] * math.sin(angle)
        sort_by(here, along, scratch)
        cut = _cut(here, sizes, wanted, wanted // 2)
        for position in range(len(here)):
            side[here[position]] = 0 if position < cut else 1
        _join(ground, here, side, scratch, 0)
        _join(ground, here, side, scratch, 1)
        first = _worth(here, side, sizes, wanted)
        middle = low + _arrange(here, side, scratch)
        for i in here:
            side[i] = -1
        stack[depth, 0], stack[depth, 1], stack[depth, 2], stack[depth, 3] = low, middle, first, label
        depth += 1
        stack[depth, 0], stack[depth, 1] = middle, high
        stack[depth, 2], stack[depth, 3] = wanted - first, label + first
        depth += 1
