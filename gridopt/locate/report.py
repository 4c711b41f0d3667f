"""What became of every row of a file of events: an account that adds up, and words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from gridopt.errors import preview

Words = Mapping[str, tuple[str, str]]

RULES: Words = {
    "building": ("by a building's id", "按楼栋编码"),
    "coordinates": ("by coordinates", "按坐标"),
    "swapped": ("by coordinates with longitude and latitude swapped back", "按坐标（经纬度颠倒，已换回）"),
    "address": ("by address", "按地址"),
    "estate": ("by estate, which lies in one grid", "按小区（位于同一网格）"),
    "sole_grid": ("by community, which has one grid", "按村（社区）（仅有一个网格）"),
    "community": ("community known, grid not", "仅知村（社区），网格不明"),
    "repeated": ("repeats of an earlier row, set aside", "与前面的行完全重复，已另列"),
    "": ("matched nothing", "未对应"),
}
"""What decided a row, in the order of the account."""

REASONS: Words = {
    "outside": ("outside every grid, {0} km from the nearest", "在所有网格之外，距最近网格 {0} 公里"),
    "far": ("in another city or country: {0} km from the nearest grid", "在其他城市或国家：距最近网格 {0} 公里"),
    "no_place": ("says nothing of its place", "没有坐标、楼栋、地址或村（社区）"),
    "no_such_building": ("no building has the id {0}", "没有编码为 {0} 的楼栋"),
    "no_such_address": ("no building has this address: {0}", "没有此地址的楼栋：{0}"),
    "no_address": ("not a standard address: {0}", "不是标准地址：{0}"),
    "no_such_township": ("in no township or county of the plan: {0}", "不在方案的任何乡镇（街道）或县（市、区）：{0}"),
    "no_such_community": ("no community of the plan is called so: {0}", "方案中没有此村（社区）：{0}"),
    "several": ("could be several: {0}", "可能是多个：{0}"),
}
"""Why a row has no place, with what it said."""

DOUBTS: Words = {
    "zero": ("coordinates 0, 0 taken as none", "坐标为 0, 0，视为没有坐标"),
    "outside": ("its coordinates lie outside the plan", "坐标在方案范围之外"),
    "community_differs": ("lies in another community than it says", "所在村（社区）与所填不符"),
    "date_unread": ("its date cannot be read; write 2026-01-31", "日期无法识别，请写成 2026-01-31"),
    "number_unread": ("its number of events cannot be read, counted as 1", "件数无法识别，按 1 件计"),
    "future": ("its date lies in the future", "日期在未来"),
}
"""What is odd about a row that counts all the same."""


SHIFTED = (
    "the coordinates look like {0} taken for WGS84: {1:.1%} of the rows checked fit as they stand, {2:.1%} with the "
    "offset undone; locate again with --crs {0}",
    "坐标疑为 {0}（按 WGS84 读取）：抽查的行中，按原样有 {1:.1%} 相符，还原偏移后有 {2:.1%}；请加 --crs {0} 重新查询",
)


@dataclass(frozen=True, eq=False)
class Located:
    """The rows of a file of events and where each belongs.

    ``rows`` has ``grid_code`` (null where no grid can be told), ``nearest_code``, ``distance_m`` (of rows with
    coordinates), ``community_id``, ``post_id``, ``rule`` (`RULES`), ``carried`` (how a crosswalk led from a former
    code or name to the community), ``reason`` and ``detail`` (`REASONS`) of rows
    that matched nothing, and ``doubts`` (`DOUBTS`, joined by ";"). ``facts`` has ``date, kind, number, settled`` as
    they were read, ``table`` the file's own columns and ``points`` its points (None without coordinates); all are on
    the file's own index, row by row. ``shift`` says that the points look like GCJ-02 or BD-09 taken for WGS84, with
    the shares that fit as they stand and with the offset undone; they are located as they stand.
    """

    rows: pd.DataFrame
    facts: pd.DataFrame
    table: pd.DataFrame
    points: gpd.GeoSeries | None = None
    shift: tuple[str, float, float] | None = None

    @property
    def unmatched(self) -> pd.DataFrame:
        """The rows that no rule placed, with what they said."""
        return self.rows[(self.rows["rule"] == "").to_numpy()]

    @property
    def counted(self) -> pd.Series:
        """True for rows that stand for events of their own: all but repeats."""
        return self.rows["rule"] != "repeated"

    def account(self, lang: str = "en") -> pd.DataFrame:
        """Rows and events by the rule that decided them: ``rule, what, rows, events``; they sum to the file's own."""
        numbers = self.facts["number"].to_numpy()
        sums = pd.DataFrame({"rule": self.rows["rule"].to_numpy(), "events": numbers}).groupby("rule")["events"]
        found = pd.DataFrame({"rows": sums.size(), "events": sums.sum()})
        present = [rule for rule in RULES if rule in found.index]
        table = found.loc[present].reset_index()
        table.insert(1, "what", [RULES[rule][lang == "zh"] for rule in present])
        return table

    def doubtful(self, lang: str = "en") -> pd.DataFrame:
        """Rows by what is odd about them: ``doubt, what, rows``."""
        listed = self.rows["doubts"].str.split(";").explode()
        counts = listed[listed != ""].value_counts()
        present = [name for name in DOUBTS if name in counts.index]
        words = [DOUBTS[name][lang == "zh"] for name in present]
        return pd.DataFrame({"doubt": present, "what": words, "rows": [int(counts[name]) for name in present]})

    def summary(self, lang: str = "en") -> str:
        """The account in words, one line a rule, then what is odd, then why rows matched nothing."""
        zh = lang == "zh"
        n, events = len(self.rows), self.facts["number"].sum()
        lines = [f"共 {n:,} 行，{events:,.0f} 件" if zh else f"{n:,} rows, {events:,.0f} events"]
        for row in self.account(lang).itertuples():
            told = f"{row.rows:,} 行，{row.events:,.0f} 件" if zh else f"{row.rows:,} rows, {row.events:,.0f} events"
            lines.append(f"  {row.what}：{told}" if zh else f"  {row.what}: {told}")
            if row.rule == "":
                lines.extend(f"    {line}" for line in self._reasons(lang))
        n_carried = int((self.rows["carried"] != "").sum())
        if n_carried:
            lines.append(
                f"  按新旧代码对照表归属：{n_carried:,} 行" if zh else f"  carried by the crosswalk: {n_carried:,} rows"
            )
        lines.extend(
            f"  存疑：{row.what}（{row.rows:,} 行）" if zh else f"  doubtful: {row.what} ({row.rows:,} rows)"
            for row in self.doubtful(lang).itertuples()
        )
        if self.shift is not None:
            lines.append(f"  {SHIFTED[zh].format(*self.shift)}")
        return "\n".join(lines)

    def told(self, lang: str = "en") -> pd.DataFrame:
        """``rows`` with rule, reason and doubts in words, as they are written for people."""
        zh = lang == "zh"
        rules = self.rows["rule"].map(lambda one: RULES[one][zh])
        pairs = zip(self.rows["reason"], self.rows["detail"], strict=True)
        reasons = [REASONS[one][zh].format(detail) if one else "" for one, detail in pairs]
        joint = "；" if zh else "; "
        doubts = [joint.join(DOUBTS[one][zh] for one in text.split(";") if one) for text in self.rows["doubts"]]
        return self.rows.assign(rule=rules, reason=reasons, doubts=doubts).drop(columns="detail")

    def _reasons(self, lang: str) -> list[str]:
        """Why rows matched nothing, with the first that each reason is true of."""
        lines = []
        for reason, held in self.unmatched.groupby("reason", sort=False):
            words = REASONS[str(reason)][lang == "zh"].format(preview(dict.fromkeys(held["detail"]), 1))
            lines.append(f"{words}：{len(held):,} 行" if lang == "zh" else f"{words}: {len(held):,} rows")
        return lines
