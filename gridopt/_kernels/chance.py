"""Random numbers for kernels: one word of state, the same sequence everywhere."""

from __future__ import annotations

from typing import Any

from numba import float64, int64, uint64

from gridopt._kernels.compiling import U1, inlined


@inlined(uint64(U1))
def draw(random: Any) -> Any:
    """Next number of the splitmix64 generator whose state is ``random[0]`` (Steele, Lea and Flood 2014)."""
    random[0] += uint64(0x9E3779B97F4A7C15)
    z = random[0]
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@inlined(int64(U1, int64))
def below(random: Any, n: Any) -> Any:
    """A random integer in 0 .. n - 1, n < 2**32 (Lemire's multiplication, its bias below n / 2**32)."""
    return int64(((draw(random) >> uint64(32)) * uint64(n)) >> uint64(32))


@inlined(float64(U1))
def uniform(random: Any) -> Any:
    """A random number in [0, 1)."""
    return (draw(random) >> uint64(11)) * (1.0 / 9007199254740992.0)
