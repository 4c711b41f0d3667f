"""The demo town's project file: an example to start one's own from."""

PROJECT = """\
# 示范镇项目文件 · project file of the demo town
# Paths are relative to this file. A line that begins with # is off. Only [layers.communities] must be given.

[city]
name = "云河示范镇"
crs = "EPSG:4549"             # CGCS2000, 3-degree zone, 120 E; without this line it is found from the communities
edition = "2023"              # of the division codes (区划代码版本)

[layers.communities]          # 村(社区): what a grid may not cross
path = "demo_town.gpkg"
layer = "communities"
id = "id"                     # 12 digits: grid codes become 15 (template stat15)
name = "name"
township = "township"
county = "county"
urban_rural_class = "urban_rural_class"
area_kind = "area_kind"       # urban, old_town, fringe, commercial, park, rural, hill: chooses the rules below

# There is no [layers.units] here: units are built from streets, water, railway, estates and buildings.

[layers.population]           # 人口: control totals of every community; grids add up to them exactly
path = "population.csv"
id = "id"
households = "households"
residents = "residents"
# or a raster of residents, which agrees with the table (then keep household totals in [layers.communities]):
# path = "population.tif"
# band = 1

[layers.buildings]            # 楼栋
path = "demo_town.gpkg"
layer = "buildings"
id = "id"
name = "name"
number = "number"             # 幢号、门牌号
estate = "estate"
use = "use"                   # residential, mixed, dormitory: homes; all others hold no households
floors = "floors"
dwellings = "dwellings"       # 套数
households = "households"     # 户数; without it, households are shared out by dwellings, else by floor area

[layers.roads]                # 道路: their classes say which are good borders
path = "demo_town.gpkg"
layer = "roads"
id = "id"
name = "name"
class = "class"
width = "width"

[layers.rivers]               # 河流: a named river is crossed at bridges only
path = "demo_town.gpkg"
layer = "rivers"
id = "id"
name = "name"
class = "class"
width = "width"

[layers.railways]             # 铁路: at grade, crossed at the underpass only
path = "demo_town.gpkg"
layer = "railways"
id = "id"
name = "name"
class = "class"
width = "width"

[layers.walls]                # 小区围墙: good borders
path = "demo_town.gpkg"
layer = "walls"
id = "id"
name = "name"
class = "class"
width = "width"

[layers.crossings]            # 跨越通道: bridges, underpass, gates
path = "demo_town.gpkg"
layer = "crossings"
id = "id"
name = "name"
class = "class"

[layers.estates]              # 住宅小区: kept whole as long as they fit into a grid
path = "demo_town.gpkg"
layer = "estates"
id = "id"
name = "name"

[layers.groups]               # 村民小组、自然村
path = "demo_town.gpkg"
layer = "groups"
id = "id"
name = "name"

[layers.dedicated]            # 专属网格: institutions that form their own grid
path = "demo_town.gpkg"
layer = "dedicated"
id = "id"
name = "name"

[layers.facilities]           # 服务设施, in the tiers listed under [rules.tiers]
path = "demo_town.gpkg"
layer = "facilities"
id = "id"
name = "name"
tier = "tier"

[layers.events]               # 事件: a year of reports
path = "demo_town.gpkg"
layer = "events"
id = "id"
date = "date"
kind = "kind"

[layers.roster]               # 人员名册: roles and places only, no names
path = "roster.csv"
id = "id"
role = "role"                 # adviser 网格指导员, chief 网格长, worker 网格员
employment = "employment"     # full_time 专职, part_time 兼职
base = "base"                 # a township or a community
capacity = "capacity"         # grids that one person can hold

[layers.current_grids]        # 现有网格: last year's grids, measured by the same ruler
path = "demo_town.gpkg"
layer = "current_grids"
id = "id"
name = "name"
grid_code = "grid_code"
community = "community_id"

# Rules. The figures are provincial practice: confirm each locally.
[rules.size]                  # 规模适度
measure = "households"
low = 300
target = 350                  # chooses the number of grids
high = 500
comfort = [330, 450]          # no border moves for size inside it
count = "auto"
also = { residents = { high = 2500 } }

[rules.area.old_town.size]    # 老城: smaller grids where old people live alone and houses are old
low = 250
target = 320
high = 450
comfort = [280, 400]

[rules.area.rural.size]       # 平原村: the default for villages, restated to be seen
low = 100
target = 250
high = 400
comfort = [150, 350]

[rules.area.hill.size]        # 山区村: fewer, as walks are long
low = 80
target = 200
high = 350
comfort = [120, 300]

[rules.area.rural.governance]
keep_whole = ["estates", "groups"]    # villages go by natural village (自然村)

[rules.area.hill.governance]
keep_whole = ["estates", "groups"]

[rules.proximity]             # 就近就便
weight = 1.0

[rules.governance]            # 有利治理
weight = 1.0
keep_whole = ["estates"]

[rules.tiers]                 # 服务层级, nearest first: 500 / 1,000 / 10,000 m in town; one in each village
names = ["grid_room", "community_room", "station"]

[rules.code]
template = "auto"
"""
