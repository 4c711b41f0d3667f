"""What every sheet of a plan is drawn from, gathered once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from gridopt.grids.bounds_text import bounds_texts
from gridopt.grids.plan import Plan
from gridopt.publish.facts import split_codes, status_of
from gridopt.publish.lettering import Lettering
from gridopt.publish.sheets.words import say
from gridopt.read.building_names import places
from gridopt.read.numbers import fold

POSTS_SHOWN = ("chief", "worker")


@dataclass(frozen=True, eq=False)
class Atlas:
    """A plan with the paper, letters and language of its sheets.

    communities  those with grids, by ``community_id``, with ``township`` names, in the order of the sheets
    bounds       四至 of each community
    numbers      what stands beside each building, "" for nothing
    posts        chiefs and workers of each grid, empty where no posts were given
    """

    plan: Plan
    paper: str
    letters: Lettering
    lang: str
    communities: gpd.GeoDataFrame
    bounds: pd.Series[str]
    numbers: pd.Series[str]
    posts: pd.DataFrame
    rows: Mapping[tuple[str, str], Any]

    @classmethod
    def of(cls, plan: Plan, *, posts: pd.DataFrame | None, paper: str, letters: Lettering, lang: str) -> Atlas:
        """Everything gathered, nothing drawn."""
        all_of_them = plan.city.communities
        bounds = bounds_texts(all_of_them.assign(community_id=all_of_them.index.to_numpy()), plan.city)
        communities = all_of_them[all_of_them.index.isin(plan.grids["community_id"])]
        township = communities["township"].fillna("") if "township" in communities else ""
        communities = communities.assign(township=township).sort_values(["township_id", "community_id"], kind="stable")
        rows = {
            (name, owner): positions
            for name, table in (("grids", plan.grids), ("buildings", plan.buildings))
            for owner, positions in table.groupby("community_id", sort=True).indices.items()
        }
        counts = _posts_of_grids(posts)
        return cls(plan, paper, letters, lang, communities, bounds, _numbers(plan), counts, rows)

    def grids(self, community_id: str) -> gpd.GeoDataFrame:
        """The grids of a community in the order of their codes."""
        return self.plan.grids.iloc[self.rows["grids", community_id]]

    def buildings(self, community_id: str) -> gpd.GeoDataFrame:
        """The buildings of a community."""
        return self.plan.buildings.iloc[self.rows.get(("buildings", community_id), [])]

    def name(self, community_id: str) -> str:
        """A community's name, its id where it has none or one that cannot be written."""
        return self.letters.name(str(self.communities.loc[community_id, "community"] or ""), community_id)

    def township(self, township_id: str) -> str:
        """A township's name, its id where it has none or one that cannot be written."""
        own = self.communities.loc[self.communities["township_id"] == township_id, "township"]
        return self.letters.name(str(own.iloc[0]), township_id) or say("whole", self.lang)

    def prose(self, text: str) -> str:
        """A text, or where to read it if the fonts lack one of its characters."""
        return text if self.letters.writes(text) else say("no_letters", self.lang)

    @property
    def edition(self) -> list[str]:
        """Status and version, and the day from which the grids are in force, never the day of printing."""
        given = self.plan.grids["valid_from"].dropna()
        day = self.plan.city.valid_from or (str(given.iloc[0]) if len(given) else "")
        version = say("version", self.lang, text=status_of(self.plan, self.lang))
        return [version, say("from", self.lang, text=day or say("no_date", self.lang))]


def _posts_of_grids(posts: pd.DataFrame | None) -> pd.DataFrame:
    """By grid code the number of chiefs and of workers; no rows where no posts are known."""
    if posts is None or posts.empty:
        return pd.DataFrame(columns=list(POSTS_SHOWN))
    held = posts.assign(grid_code=posts["grid_code"].map(split_codes)).explode("grid_code")
    counts = pd.crosstab(held["grid_code"], held["role"])
    return counts.reindex(columns=list(POSTS_SHOWN), fill_value=0).rename_axis(columns=None)


def _numbers(plan: Plan) -> pd.Series[str]:
    """The number of each building as it stands on its door, else its own name."""
    table = plan.buildings
    given = plan.city.layer("buildings")
    if "number" not in table and given is not None and "number" in given:
        table = table.assign(number=given["number"].reindex(table.index))
    read = places(table.fillna({"name": "", "estate": "", "number": ""}))
    doors = [fold(labels) + suffix for labels, suffix in zip(read["labels"], read["suffix"], strict=True)]
    return pd.Series(doors, table.index, dtype="str").where(read["labels"].map(len) > 0, read["name"])
