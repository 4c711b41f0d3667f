"""GCJ-02 and BD-09: known places, the way there and back, nothing moved outside, and how long it takes."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridopt.coordinates import OFFSETS, from_offset, to_offset

METRES = 111_320.0
"""Metres in a degree, at most."""


def plainly_shifted(longitude: float, latitude: float) -> tuple[float, float]:
    """GCJ-02 of one place, as the formula is printed (*eviltransform*)."""
    x, y = longitude - 105.0, latitude - 35.0
    sin, pi = math.sin, math.pi
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    turn = latitude / 180.0 * pi
    magic = 1 - 0.00669342162296594323 * sin(turn) ** 2
    root = math.sqrt(magic)
    north = north * 180.0 / ((6378245.0 * (1 - 0.00669342162296594323)) / (magic * root) * pi)
    east = east * 180.0 / (6378245.0 / root * math.cos(turn) * pi)
    return longitude + east, latitude + north


@given(st.floats(73.0, 136.0), st.floats(3.0, 54.0))
def test_gcj_is_the_printed_formula(longitude: float, latitude: float) -> None:
    shown = to_offset("GCJ-02", np.array([longitude]), np.array([latitude]))
    assert np.concatenate(shown) == pytest.approx(plainly_shifted(longitude, latitude), abs=1e-10)


@pytest.mark.parametrize("name", OFFSETS)
@given(longitude=st.floats(73.0, 136.0), latitude=st.floats(3.0, 54.0))
def test_there_and_back_ends_within_a_millimetre(name: str, longitude: float, latitude: float) -> None:
    x, y = from_offset(name, *to_offset(name, np.array([longitude]), np.array([latitude])))
    assert math.hypot(x[0] - longitude, y[0] - latitude) * METRES < 0.001


@pytest.mark.parametrize("name", OFFSETS)
def test_there_and_back_over_all_china_and_its_meridian_of_the_root(name: str) -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(73, 136, 50_000), 105 + rng.normal(0, 1e-4, 2_000)])
    y = rng.uniform(3, 54, len(x))
    shown = to_offset(name, x, y)
    back = from_offset(name, *shown)
    assert (np.hypot(back[0] - x, back[1] - y) * METRES).max() < 0.001
    moved = np.hypot((shown[0] - x) * np.cos(np.radians(y)), shown[1] - y) * METRES
    assert 200 < np.median(moved) < moved.max() < 2_500


@pytest.mark.parametrize("name", OFFSETS)
def test_nothing_moves_outside(name: str) -> None:
    x, y = np.array([2.35, -74.0, 151.2, 139.7, 71.0]), np.array([48.86, 40.7, -33.9, 35.7, 30.0])
    for move in (to_offset, from_offset):
        there = move(name, x, y)
        assert there[0].tolist() == x.tolist()
        assert there[1].tolist() == y.tolist()


def test_baidu_shows_the_tiananmen_gate_where_its_converter_does() -> None:
    # The place that handbooks of Baidu's converter print: GCJ-02 116.404, 39.915 is BD-09 116.41036949, 39.92133699.
    x, y = from_offset("GCJ-02", np.array([116.404]), np.array([39.915]))
    assert np.concatenate(to_offset("BD-09", x, y)) == pytest.approx([116.41036949, 39.92133699], abs=2e-8)


def test_shapes_of_arrays_stay_and_inputs_are_left_alone() -> None:
    x, y = np.full((2, 3), 120.0), np.full((2, 3), 31.5)
    shown = to_offset("GCJ-02", x, y)
    assert shown[0].shape == (2, 3)
    assert (x == 120.0).all()
    assert from_offset("BD-09", x[:0], y[:0])[0].shape == (0, 3)
    single = to_offset("GCJ-02", np.float64(120.0), np.float64(31.5))
    assert single[0].shape == ()


def test_a_million_vertices_take_seconds_at_most() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(73, 136, 1_000_000), rng.uniform(3, 54, 1_000_000)
    start = time.process_time()
    from_offset("GCJ-02", *to_offset("GCJ-02", x, y))
    assert time.process_time() - start < 6
