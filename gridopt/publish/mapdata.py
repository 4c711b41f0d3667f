"""Everything that the offline map knows, as one value ready for JSON: grids, cards, search, ground."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.formula import spoken
from gridopt.grids.plan import Plan
from gridopt.publish.cards import card_rows, findings, reach_by_place, tier_name
from gridopt.publish.colours import DECISION_COLOURS, OUTLINE, SIZE_COLOURS, community_colours
from gridopt.publish.facts import SIZE_CLASSES, decision_classes, grid_sizes, size_classes, size_rules, status_of
from gridopt.publish.sentences import SENTENCES, number, say
from gridopt.publish.shapes import coded_lines, coded_points, coded_polygons, thin, wgs84

MOST_FOOTPRINTS = 20_000
MOST_SEARCHED_BUILDINGS = 200_000
MOST_LINE_VERTICES = 200_000
THIN_FOOTPRINT_M = 0.5
AROUND_M = 120.0
MAJOR_ROADS = ("motorway", "trunk", "primary", "secondary")


def map_data(plan: Plan, *, posts: pd.DataFrame | None, reach: pd.DataFrame | None, lang: str) -> dict[str, Any]:
    """The content of ``map.html`` for one plan; coordinates are WGS84, see `shapes.coded_polygons`."""
    shapes = thin(plan.grids.geometry.to_numpy())
    strong, fills = community_colours(plan.grids, shapes)
    return {
        "lang": lang,
        "title": say("map_title", lang, city=plan.city.name),
        "status": status_of(plan, lang),
        "counts": _counts(plan, lang),
        "text": {name: say(name, lang) for name, words in SENTENCES.items() if "{" not in words[0]},
        "grids": {**_grids(plan, shapes), "fill": fills.tolist()},
        "communities": _communities(plan, shapes, strong),
        "cards": card_rows(plan, posts=posts, lang=lang),
        "findings": findings(plan, lang),
        "reach": reach_by_place(reach, lang),
        "views": _views(plan, lang),
        "outline": OUTLINE,
        "buildings": _buildings(plan),
        "footprints": _footprints(plan),
        "lines": _lines(plan),
        "facilities": _facilities(plan, lang),
    }


def _counts(plan: Plan, lang: str) -> str:
    totals = plan.totals
    return say(
        "counts",
        lang,
        grids=number(len(plan.grids)),
        communities=number(len(plan.communities)),
        households=number(totals["households"]),
        residents=number(totals["residents"]),
    )


def _grids(plan: Plan, shapes: NDArray[np.object_]) -> dict[str, list[Any]]:
    grids = plan.grids
    labels = gpd.GeoSeries.from_xy(grids["label_x"], grids["label_y"], crs=plan.city.crs).to_crs(4326)
    x, y = coded_points(labels.x.to_numpy(), labels.y.to_numpy())
    owners = pd.Index(sorted(grids["community_id"].unique()))
    return {
        "code": grids.index.tolist(),
        "name": [name or code for name, code in zip(grids["name"], grids.index, strict=True)],
        "short": [_short(code, seq) for code, seq in zip(grids.index, grids["seq"], strict=True)],
        "owner": owners.get_indexer(grids["community_id"]).tolist(),
        "size": size_classes(plan)["size"].tolist(),
        "decision": decision_classes(plan).tolist(),
        "amount": [number(size) for size in grid_sizes(plan)],
        "side": np.sqrt(grids.geometry.area.to_numpy()).round(1).tolist(),
        "x": x,
        "y": y,
        "shape": coded_polygons(wgs84(shapes, plan.city.crs)),
    }


def _short(code: str, seq: Any) -> str:
    return str(int(seq)) if seq else code[-3:]


def _communities(plan: Plan, shapes: NDArray[np.object_], colours: pd.Series[str]) -> dict[str, list[Any]]:
    grids = plan.grids
    names = grids.groupby("community_id")["community"].first()
    owner = grids["community_id"].to_numpy(dtype=object)
    whole = np.array([shapely.union_all(shapes[owner == one]) for one in names.index], dtype=object)
    points = shapely.point_on_surface(whole)
    centres = wgs84(points, plan.city.crs)
    x, y = coded_points(shapely.get_x(centres), shapely.get_y(centres))
    return {
        "id": names.index.tolist(),
        "name": [name or one for one, name in names.items()],
        "colour": colours[names.index].tolist(),
        "n": grids["community_id"].value_counts()[names.index].tolist(),
        "x": x,
        "y": y,
        "side": np.sqrt(shapely.area(whole)).round(1).tolist(),
        "shape": coded_polygons(wgs84(whole, plan.city.crs)),
    }


def _views(plan: Plan, lang: str) -> dict[str, Any]:
    present = set(size_classes(plan)["size"])
    said = {name: say(f"size_{name}", lang) for name in SIZE_CLASSES}
    kinds = sorted(plan.grids["area_kind"].unique())
    if len(kinds) == 1:
        size = size_rules(plan.city.rules, kinds[0])
        edges = {
            "below": f"< {size.low:g}",
            "low": f"{size.low:g}–{size.comfort[0]:g}",
            "comfort": f"{size.comfort[0]:g}–{size.comfort[1]:g}",
            "high": f"{size.comfort[1]:g}–{size.high:g}",
            "above": f"> {size.high:g}",
        }
        unit = spoken(size.counted, lang)
        said |= {name: f"{said[name]} · {unit} {edge}" for name, edge in edges.items()}
    return {
        "size": [[name, SIZE_COLOURS[name], said[name]] for name in SIZE_CLASSES if name in present],
        "decision": [[name, colour, say(f"decide_{name}", lang)] for name, colour in DECISION_COLOURS.items()],
    }


def _buildings(plan: Plan) -> dict[str, Any]:
    """A search index: estates, and for each building its estate, number or name, grid and place."""
    table = plan.buildings[plan.buildings["grid_code"].isin(plan.grids.index)]
    if table.empty or len(table) > MOST_SEARCHED_BUILDINGS:
        return {"estates": [], "estate": [], "number": [], "grid": [], "x": [], "y": []}
    points = wgs84(table.geometry.representative_point().to_numpy(), plan.city.crs)
    x, y = coded_points(shapely.get_x(points), shapely.get_y(points))
    estate = table["estate"].fillna("").astype(str)
    estates = pd.Index(sorted(estate.unique()))
    return {
        "estates": estates.tolist(),
        "estate": estates.get_indexer(estate).tolist(),
        "number": _numbers(plan, table).tolist(),
        "grid": plan.grids.index.get_indexer(table["grid_code"]).tolist(),
        "x": x,
        "y": y,
    }


def _numbers(plan: Plan, table: gpd.GeoDataFrame) -> pd.Series[str]:
    """What a building is called: its number inside its estate, else its name, else its id."""
    given = plan.city.layer("buildings")
    number_of = table["number"] if "number" in table else pd.Series("", index=table.index)
    if "number" not in table and given is not None and "number" in given:  # a plan read back from its folder
        number_of = given["number"].reindex(table.index)
    called = number_of.fillna("").astype(str)
    called = called.mask(called == "", table["name"].fillna("").astype(str))
    return called.mask(called == "", table.index.to_series())


def _footprints(plan: Plan) -> list[Any]:
    table = plan.buildings
    if len(table) > MOST_FOOTPRINTS or table.empty:
        return []
    outlines = shapely.simplify(table.geometry.to_numpy(), THIN_FOOTPRINT_M)
    return [part for shape in coded_polygons(wgs84(outlines, plan.city.crs)) for part in shape]


def _lines(plan: Plan) -> dict[str, list[Any]]:
    """Background lines by kind; areas of water come as polygons under ``water``."""
    city = plan.city
    listed: dict[str, list[Any]] = {"major": [], "minor": [], "rail": [], "river": [], "water": []}
    roads = city.layer("roads")
    if roads is not None and len(roads):
        major = roads["class"].fillna("").isin(MAJOR_ROADS)
        listed["major"] = _coded(roads[major], plan)
        listed["minor"] = _coded(roads[~major], plan)
    railways = city.layer("railways")
    if railways is not None and len(railways):
        listed["rail"] = _coded(railways, plan)
    rivers = city.layer("rivers")
    if rivers is not None and len(rivers):
        areas = rivers.geom_type.str.endswith("Polygon")
        listed["river"] = _coded(rivers[~areas], plan)
        listed["water"] = coded_polygons(wgs84(shapely.simplify(rivers[areas].geometry.to_numpy(), 1), city.crs))
    return listed


def _coded(table: gpd.GeoDataFrame, plan: Plan) -> list[list[int]]:
    """Lines inside the city and a little around it."""
    around = shapely.buffer(shapely.concave_hull(_land(plan), ratio=0.4), AROUND_M)
    lines = shapely.intersection(shapely.simplify(table.geometry.to_numpy(), 1), around)
    if shapely.get_num_coordinates(lines).sum() > MOST_LINE_VERTICES:
        return []
    return coded_lines(wgs84(lines, plan.city.crs))


def _land(plan: Plan) -> shapely.Geometry:
    return shapely.geometrycollections(plan.communities.geometry.to_numpy())


def _facilities(plan: Plan, lang: str) -> dict[str, list[Any]]:
    table = plan.city.layer("facilities")
    if table is None or not len(table):
        return {"name": [], "tier": [], "tiers": [], "x": [], "y": []}
    points = wgs84(table.geometry.representative_point().to_numpy(), plan.city.crs)
    x, y = coded_points(shapely.get_x(points), shapely.get_y(points))
    tiers = table["tier"].fillna("").astype(str)
    named = list(plan.city.settings.tiers.get("names", ()))
    order = pd.Index(sorted(tiers.unique(), key=lambda one: (named.index(one) if one in named else len(named), one)))
    return {
        "name": table["name"].fillna("").astype(str).tolist(),
        "tier": order.get_indexer(tiers).tolist(),
        "tiers": [tier_name(tier, lang) if tier else "" for tier in order],
        "x": x,
        "y": y,
    }
