import pytest

from gridopt.read.addresses import parse_address


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("中山路12号", {"street": "中山路", "number": "12"}),
        ("中山路１２-３号", {"street": "中山路", "number": "12之3"}),
        ("延陵西路100号甲", {"street": "延陵西路", "number": "100甲"}),
        ("中山路一段80巷2弄3號", {"street": "中山路1段80巷2弄", "number": "3"}),
        ("小营前12号", {"street": "小营前", "number": "12"}),
        ("中山路12号3幢2单元501室", {"street": "中山路", "number": "12", "building": "3", "stairwell": "2"}),
        ("金狮路12号金狮小区3幢", {"street": "金狮路", "number": "12", "estate": "金狮小区", "building": "3"}),
        ("金狮小区１５号楼", {"estate": "金狮小区", "building": "15"}),
        ("翠竹新村12幢甲单元201室", {"estate": "翠竹新村", "building": "12", "stairwell": "甲"}),
        ("里仁街12号院3号楼", {"street": "里仁街12号院", "building": "3"}),
        ("九里镇黄山路5号", {"township": "9里镇", "street": "黄山路", "number": "5"}),
        ("南大街道小营前12号", {"township": "南大街道", "street": "小营前", "number": "12"}),
        ("中山路12号(陽信銀行)", {"street": "中山路", "number": "12"}),
        ("中山路12号对面空地", {"street": "中山路", "number": "12", "rest": "对面空地"}),
        ("健身工厂", {"rest": "健身工厂"}),
        ("", {}),
    ],
)
def test_an_address_is_read_into_its_parts(text, parts):
    address = parse_address(text)
    read = (
        {name: getattr(address, name) for name in address.__slots__} if hasattr(address, "__slots__") else vars(address)
    )
    assert {name: part for name, part in read.items() if part} == parts


def test_areas_before_the_street_are_told_apart():
    address = parse_address("江苏省常州市天宁区红梅街道翠竹社区中山路一段12号3幢")
    assert (address.county, address.township, address.community) == ("天宁区", "红梅街道", "翠竹社区")
    assert address.keys == ("中山路1段12号3栋",)


def test_one_address_in_several_spellings_has_one_key():
    spellings = ("金狮小区5幢", "金狮小区5#", "金狮小区５号楼", "金狮小区五栋", "金獅小区5幢(北门)")
    assert len({parse_address(text).keys for text in spellings[:4]}) == 1
    assert parse_address("中山路12号").keys == parse_address("中山路 12 號").keys


def test_what_stands_beside_a_house_is_not_exact():
    assert parse_address("中山路12号").is_exact
    assert not parse_address("中山路12号旁").is_exact
    assert not parse_address("中山路").is_exact
