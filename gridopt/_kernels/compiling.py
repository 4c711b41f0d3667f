"""How every kernel is compiled: the types of arrays and of named tuples, and the three kinds of function.

numba keeps one cache a file and does not look at what a kernel calls: whoever changes a helper must remove
``_kernels/__pycache__`` before measuring or testing the kernels of other files that call it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, float64, int32, int64, njit, types, uint64
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

_compiler: Any = njit
_types: Any = types

F1, F2 = float64[::1], float64[:, ::1]
I1, I2, I8, U1 = int32[::1], int32[:, ::1], int64[::1], uint64[::1]
B1, B2 = boolean[::1], boolean[:, ::1]
PAIR = _types.UniTuple(float64, 2)
TRIPLE = _types.UniTuple(float64, 3)


def compiled_tuple(fields: tuple[Any, ...], cls: type) -> Any:
    """The compiled type of a named tuple; numba has one of its own where all fields are alike."""
    if len(set(fields)) == 1:
        return _types.NamedUniTuple(fields[0], len(fields), cls)
    return _types.NamedTuple(fields, cls)


_KERNEL = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}


def kernel(signature: Any, *, allocates: bool = False, inline: bool = False) -> Any:
    """The one way kernels are compiled: explicit types, cached on disk, free of the interpreter lock.

    Arrays belong to the caller: without counting references to them a kernel runs three to five times faster,
    but can make no array of its own unless it ``allocates``. ``inline`` as in `inlined`.
    """
    return _compiler(signature, **{**_KERNEL, "_nrt": allocates}, forceinline=inline)


def helper(signature: Any) -> Any:
    """A function that only kernels call: without an entry from Python it compiles in half the time."""
    return _when_called(signature, no_cpython_wrapper=True)


def inlined(signature: Any) -> Any:
    """A helper so small that copying its arguments would cost more than its work."""
    return _when_called(signature, forceinline=True, no_cpython_wrapper=True)


def _when_called(signature: Any, **options: bool) -> Any:
    """Compiled, or fetched from the cache, when a kernel that calls it is compiled: one from the cache holds it."""

    def wrapped(function: Any) -> Any:
        dispatcher = _compiler(**options, **_KERNEL)(function)
        template = dispatcher.get_call_template

        def compiled_first(args: Any, kws: Any) -> Any:
            if not dispatcher.overloads:
                dispatcher.compile(signature)
                dispatcher.disable_compile()
            return template(args, kws)

        dispatcher.get_call_template = compiled_first
        return dispatcher

    return wrapped
