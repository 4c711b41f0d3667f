"""The tables between rooms: their columns, and one validator that gathers all of a table's faults."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gridopt.errors import TableError, preview
from gridopt.terms import TERMS

GRIDS = (
    "grid_code name status scope bounds_text kind community_id community township_id county_id area_kind seq "
    "households residents buildings units workload deviation area_m2 cut_border_m unrecognised_border_share "
    "walk_mean_m walk_max_m polsby_popper neck_m unmet label_x label_y valid_from valid_to geometry"
).split()
UNITS = (
    "unit_id community_id area_kind households residents buildings floor_area events workload keep_whole dedicated "
    "category locked_grid people_known grid_code geometry"
).split()
COUNTED = ("households", "residents", "buildings", "floor_area", "events", "workload")
"""The columns of units that hold counts: a size may be counted in any of them."""
BORDERS = ["unit_a", "unit_b", "metres", "kind"]
BORDER_KINDS = ("open", "wall", "crossing", "seam")
LIST_SIGN = ";"
"""What stands between the ids of a list, as in ``unit_ids``."""
VIOLATIONS = "class rule community_id grid_codes unit_ids value limit proof reason remedy relaxed".split()
COMMUNITIES = (
    "community_id community township_id county_id area_kind n_grids households residents objective bound gap status "
    "geometry"
).split()
BUILDINGS = "building_id name estate use floors households unit_id grid_code community_id geometry".split()
REPAIRS = "layer fault ids n action area_before area_after".split()
REPAIR_PLACES = ["repair", "layer", "id", "geometry"]
DISPUTES = (
    "dispute_id claimants names given_to rule area_m2 width_m buildings building_ids households residents geometry"
).split()
CODES = ["grid_code", "valid_from", "valid_to", "successor"]
POSTS = "post_id role role_name grid_code community_id township_id employment fte reason".split()
HELD = "status staff_id walk_m minutes_day".split()
"""Columns of posts that say who holds each: status (needed | held | vacant), and the minutes of a working day."""
REACH = (
    "level place_id place tier limit_m residents residents_reached households households_reached share target met"
).split()
FACILITIES = "facility_id name tier geometry".split()
LINES = "line_id name class width barrier geometry".split()
SURROUNDINGS = {
    **dict.fromkeys(("roads", "rivers", "railways", "walls"), LINES),
    "crossings": "crossing_id name class geometry".split(),
    "estates": "estate_id name geometry".split(),
    "current_grids": "current_id name grid_code geometry".split(),
}
"""Layers of the city that a plan is shown on and measured against: what a plan folder keeps of them."""
EVENTS = (
    "level place_id place year events settled_grid settled_community settled_township settled_county settled_city "
    "expected ratio is_hot"
).split()
"""Events of a grid or community in a year (the year "all" sums them up, "" is not known); shares settled by level."""
BLIND_SPOTS = "kind id community_id n_grids reason geometry".split()


def check_columns(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise one `TableError` that names every missing column of a table."""
    present = {*table.columns, table.index.name}
    missing = [name for name in columns if name not in present]
    if missing:
        named = TERMS.get(f"layer.{what}") or TERMS.get(what)
        raise TableError(
            f"{what} lacks the columns {preview(missing, 20)}; it has {preview(table.columns, 20)}.",
            zh=f"{named.zh if named else what}缺少列：{preview(missing, 20)}；现有列：{preview(table.columns, 20)}。",
        )


def check_listed(ids: pd.Index, what: str) -> None:
    """Raise a `TableError` for ids that would be two where ids stand in a list."""
    parted = [str(one) for one in ids if LIST_SIGN in str(one)]
    if parted:
        named = TERMS.get(f"layer.{what}") or TERMS[what]
        raise TableError(
            f'{what}: {len(parted)} ids hold "{LIST_SIGN}", which stands between the ids of a list: {preview(parted)}. '
            "Put another sign in its place.",
            zh=f"{named.zh}：{len(parted)} 个编码含有“{LIST_SIGN}”，而多个编码并列时以此分隔："
            f"{preview(parted)}。请改用其他符号。",
        )


def unit_columns(named: Sequence[str]) -> list[str]:
    """The columns of a units table but its index: the contract's, and the ones ``named`` by rules before the shape."""
    own = UNITS[1:-1]
    return [*own, *(name for name in named if name not in own), UNITS[-1]]


def empty(columns: Sequence[str]) -> pd.DataFrame:
    """A table without rows, text columns throughout."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in columns if name != "geometry"})
