"""What stands where in the demo town: for each built parcel its pattern and name, for each hamlet its middle.

Coordinates are those of the layout. Every name is invented.
"""

from __future__ import annotations

from typing import NamedTuple


class Plot(NamedTuple):
    """What stands on the parcel that holds a point.

    ``households`` is the number that the pattern is fitted to, ``floors`` the least and most of its homes;
    ``is_new`` marks what was built since last year's grids were drawn.
    """

    x: float
    y: float
    pattern: str
    name: str
    households: int = 0
    floors: tuple[int, int] = (5, 6)
    is_new: bool = False


class Hamlet(NamedTuple):
    """A natural village: its name, its middle and how many households live there."""

    name: str
    x: float
    y: float
    households: int


PLOTS = (
    # 金狮社区: estates of towers, 2008 and later
    Plot(1670, 655, "towers", "金狮花园", 340, (11, 16)),
    Plot(1810, 655, "towers", "金狮名苑", 330, (11, 16)),
    Plot(1955, 655, "towers", "云河湾", 380, (15, 20)),
    Plot(2100, 655, "school", "云河实验小学"),
    Plot(2255, 655, "towers", "翡翠园", 340, (11, 16)),
    Plot(2405, 655, "towers", "东方华庭", 330, (11, 18)),
    Plot(1740, 920, "towers", "金狮豪庭", 690, (18, 26)),
    Plot(1955, 920, "green", "中央公园"),
    Plot(2110, 920, "towers", "星河国际", 340, (17, 26)),
    Plot(2255, 920, "towers", "学林雅居", 350, (15, 20)),
    Plot(2405, 920, "slabs", "星河花园", 320, (6, 6)),
    Plot(2330, 1140, "towers", "滨河壹号", 420, (20, 28), is_new=True),
    Plot(2330, 1245, "green", "滨河公园"),
    # 青年社区: walk-up estates of the 1980s and 1990s
    Plot(1075, 655, "slabs", "青年新村", 390),
    Plot(1225, 655, "slabs", "纺织新村", 370),
    Plot(1370, 655, "slabs", "红星小区", 380),
    Plot(1520, 655, "school", "云河第三中学"),
    Plot(1075, 920, "slabs", "西园小区", 350),
    Plot(1225, 920, "green", "西园"),
    Plot(1370, 920, "slabs", "文昌苑", 400),
    Plot(1520, 920, "hospital", "云河第二人民医院"),
    Plot(1075, 1170, "slabs", "河滨新村", 360),
    Plot(1225, 1170, "offices", "运输公司"),
    Plot(1370, 1170, "slabs", "桃园一村", 330),
    Plot(1520, 1170, "slabs", "桃园二村", 320),
    # 北门社区: what was built into the lanes of the old town, which fill its other parcels
    Plot(1540, 1650, "slabs", "北门新村", 230, (4, 5)),
    Plot(1060, 1655, "slabs", "古城新村", 150, (4, 5)),
    Plot(1260, 1530, "school", "北门小学"),
    # 人民桥社区: the commercial core, on both banks
    Plot(1670, 1170, "shops", "新华里", 315, (4, 6)),
    Plot(1810, 1170, "mall", "人民商场"),
    Plot(1955, 1170, "mall", "云河大厦"),
    Plot(2105, 1170, "shops", "建设里", 315, (5, 6)),
    Plot(1740, 1480, "market", "云河小商品市场"),
    Plot(1670, 1670, "shops", "北门里", 220, (3, 4)),
    Plot(1810, 1680, "shops", "钟楼里", 220, (3, 5)),
    Plot(1955, 1490, "shops", "桥北里", 315, (4, 6)),
    Plot(2105, 1490, "offices", "行政服务中心"),
    Plot(1960, 1710, "slabs", "钟楼新村", 250, (5, 6)),
    Plot(2110, 1720, "towers", "城北公寓", 150, (14, 18)),
    # 学府社区: a campus and those who live by it
    Plot(2680, 1700, "campus", "云河师范学院"),
    Plot(2255, 1500, "towers", "学府家园", 360, (11, 18)),
    Plot(2400, 1500, "school", "师院附属中学"),
    Plot(2250, 1740, "slabs", "教工新村", 350, (5, 6)),
    Plot(2390, 1750, "slabs", "书香苑", 340, (6, 6)),
    Plot(2990, 1700, "slabs", "河东新村", 320, (5, 6)),
    # 站前社区: works, sidings, villages swallowed by the town, and a new estate
    Plot(1500, 470, "slabs", "铁路新村", 312, (5, 6)),
    Plot(1170, 465, "sheds", "货运仓库"),
    Plot(1790, 465, "offices", "站前旅社"),
    Plot(2020, 460, "station", "云河站"),
    Plot(2390, 450, "sheds", "铁路货场"),
    Plot(1450, 320, "rows", "南塘", 170, (2, 4)),
    Plot(1150, 320, "sheds", "云河纺机厂"),
    Plot(860, 300, "sheds", "建材堆场"),
    Plot(1740, 320, "slabs", "南园小区", 190, (5, 6)),
    Plot(2060, 310, "towers", "南苑新城", 430, (17, 24), is_new=True),
    Plot(2450, 300, "sheds", "南园工业区"),
    Plot(2850, 280, "sheds", "云河铸造厂"),
    Plot(1690, 140, "sheds", "物流园"),
    Plot(2040, 140, "rows", "南桥头", 70, (2, 3)),
    Plot(2620, 585, "slabs", "东园小区", 330, (6, 7)),
    Plot(2620, 720, "sheds", "东园机电厂"),
    Plot(2920, 570, "rows", "东塘", 110, (2, 4)),
    Plot(2550, 920, "sheds", "云河电子"),
    Plot(2690, 920, "sheds", "云河包装厂"),
    Plot(2920, 850, "sheds", "东园标准厂房"),
    Plot(2550, 1200, "sheds", "冷链物流"),
    Plot(2740, 1240, "sheds", "东园仓储"),
    Plot(2920, 705, "offices", "东园孵化中心"),
    Plot(2920, 1000, "sheds", "云岭茶厂"),
)

HAMLETS = (
    Hamlet("石湾", 700, 1125, 128),
    Hamlet("西山", 470, 1075, 84),
    Hamlet("山口", 250, 895, 62),
    Hamlet("下塘", 730, 880, 92),
    Hamlet("桥北", 592, 1690, 104),
    Hamlet("上塘", 800, 1615, 88),
    Hamlet("渡口", 330, 1925, 76),
    Hamlet("岭下", 1868, 2000, 96),
    Hamlet("岭中", 1560, 2260, 92),
    Hamlet("岭脚", 1240, 1940, 86),
    Hamlet("岭西", 1040, 2290, 82),
    Hamlet("枫林", 620, 2250, 66),
    Hamlet("东湾", 2240, 2092, 74),
    Hamlet("茶场", 2600, 2290, 58),
)
