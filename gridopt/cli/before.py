"""Asked before anything is drawn: what a later stage would refuse after minutes of work."""

from __future__ import annotations

import os
from pathlib import Path

from gridopt.city import City
from gridopt.coding.parents import template_of
from gridopt.coding.templates import check_parents
from gridopt.coverage.facilities import check_tiers
from gridopt.coverage.tiers import Tiers
from gridopt.errors import GridoptError
from gridopt.publish.atomic import refuse_irregular
from gridopt.publish.folder import refuse_foreign
from gridopt.staffing import check_roster
from gridopt.units.ready import ready_units
from gridopt.units.record import Record


def check_later(city: City) -> None:
    """Raise for settings and layers that coding, staffing or reach could not use."""
    check_parents(template_of(city), city.communities.index)
    check_roster(city)
    tiers = Tiers.from_settings(city.settings.tiers)
    facilities = city.layer("facilities")
    if facilities is not None:
        check_tiers(facilities, tiers)


def check_units(city: City) -> None:
    """Raise for ready-made units that no grids could be drawn of, and warn of what they leave bare."""
    given = city.layer("units")
    if given is not None and len(given):
        ready_units(city, given, Record(city.settings.lang))


def check_out(folder: Path) -> None:
    """Raise where a plan folder cannot be written: something else stands there, or nothing may be."""
    refuse_foreign(folder)
    _check_writable(folder, folder)


def check_file(path: Path) -> None:
    """Raise where a file cannot be written: its folder is missing, or something irregular stands there."""
    refuse_irregular(path.absolute())
    if not path.absolute().parent.is_dir():
        raise GridoptError(
            f"there is no folder {path.parent} to write {path.name} into. Make it first, or name another.",
            zh=f"没有可写入 {path.name} 的文件夹 {path.parent}。请先新建，或换一个位置。",
        )
    _check_writable(path.parent, path)


def _check_writable(place: Path, named: Path) -> None:
    """Raise unless ``place``, or the nearest folder above it that is there, may be written to."""
    above = place.absolute()
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise GridoptError(
            f"{named} cannot be made: {above} is a file. Name another place with --out.",
            zh=f"无法建立 {named}：{above} 是文件。请用 --out 指定其他位置。",
        )
    if not os.access(above, os.W_OK | os.X_OK):
        raise GridoptError(
            f"{named} cannot be written: {above} is read-only for you. Name another place with --out.",
            zh=f"无法写入 {named}：您对 {above} 没有写权限。请用 --out 指定其他位置。",
        )
