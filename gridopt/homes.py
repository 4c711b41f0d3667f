"""Which buildings people live in, by what they are used for."""

from __future__ import annotations

import pandas as pd

NOT_HOMES = frozenset(
    "arts_centre bank barn bunker bus_station car_wash carport cathedral chapel church cinema civic clinic college "
    "commercial community_centre courthouse cowshed factory farm_auxiliary fire_station fuel garage garages gas "
    "government grandstand greenhouse hangar hospital hotel industrial institution kindergarten kiosk library market "
    "mosque museum office parking pavilion place_of_worship police post_office prison public public_building railway "
    "religious retail roof ruins school service shed shelter shop shrine silo social_centre sports_centre sports_hall "
    "stable stadium station storage storage_tank sty substation supermarket swimming_pool synagogue temple theatre "
    "toilets townhall train_station transformer_tower transportation university warehouse works".split()
)
"""Values of ``use`` (OpenStreetMap's ``building=*`` among them) that nobody lives in."""

NOT_HOMES_ZH = tuple(
    "商业 商场 商铺 市场 超市 办公 写字楼 工业 厂房 工厂 仓储 仓库 学校 教学 教育 幼儿园 医院 医疗 卫生 公共 行政 政府 "
    "文化 体育 宗教 寺 教堂 交通 车站 车库 停车 市政 设施 酒店 旅馆 养殖 温室 农业 变电 公厕 "
    "商業 辦公 工業 廠房 倉儲 倉庫 學校 醫院 宗教".split()
)
LIVED_IN_ZH = ("住", "宿舍", "公寓")


def is_home(use: pd.Series) -> pd.Series:
    """Whether people may live in a building of this use; unknown uses count as homes."""
    codes, words = pd.factorize(use.fillna("").astype("str"))
    text = pd.Series(words, dtype="str").str.strip().str.lower()
    named = text.isin(NOT_HOMES) | text.str.contains("|".join(NOT_HOMES_ZH), regex=True)
    homes = ~(named & ~text.str.contains("|".join(LIVED_IN_ZH), regex=True))
    return pd.Series(homes.to_numpy(bool)[codes], index=use.index)
