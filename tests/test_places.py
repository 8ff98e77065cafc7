"""Places: paths, codes, towns, ambiguity, roles, false friends. Sentences are invented."""

import json
import pathlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.extract.organisations import find_organisations
from nlp.extract.place_roles import CUED, CUES, role_of
from nlp.extract.places import find_places

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"


def places(text, **options):
    mentions = find_places(text, find_organisations(text), **options)
    assert all(text[m.start : m.end] == m.surface for m in mentions)
    assert all(a.end <= b.start for a, b in pairwise(mentions))
    return mentions


def regions(text, **options):
    return [m.value.region for m in places(text, **options)]


def test_a_full_address_is_one_mention_to_the_village():
    (mention,) = places("他是河南省邓州市构林镇张坡村人，常年在外。")
    assert mention.surface == "河南省邓州市构林镇张坡村"
    assert mention.value.region == "河南省/南阳市/邓州市/构林镇/张坡村"
    assert (mention.value.code, mention.value.level, mention.value.town_code[:6]) == ("411381", "village", "411381")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("家住广西钦州的李某被骗。", ["广西壮族自治区/钦州市"]),
        ("民警赶赴湖南长沙望城抓人。", ["湖南省/长沙市/望城区"]),
        ("湖北咸宁崇阳县公安局立案。", ["湖北省/咸宁市/崇阳县"]),
        ("他住在重庆市巴南区。", ["重庆市/巴南区"]),
        ("海南澄迈县福山镇的王某报警。", ["海南省/澄迈县/福山镇"]),
        ("在东莞市茶山镇一出租屋内落网。", ["广东省/东莞市/茶山镇"]),
        ("家住青岛市南区的女士", ["山东省/青岛市/市南区"]),
        ("内蒙古科尔沁左翼后旗的牧民报警", ["内蒙古自治区/通辽市/科尔沁左翼后旗"]),
        ("河北省大厂县一公司内", ["河北省/廊坊市/大厂回族自治县"]),
        ("家住南京江北新区的郭女士", ["江苏省/南京市/江北新区"]),
        ("巴中市经开区一工地", ["四川省/巴中市/经开区"]),
    ],
)
def test_paths(text, expected):
    assert regions(text) == expected


def test_the_county_inside_a_police_units_name_and_the_town_of_its_station():
    found = places("近日，禄劝县公安局通报。群众到马鹿塘派出所报案。")
    assert [(m.surface, m.value.region) for m in found] == [
        ("禄劝县", "云南省/昆明市/禄劝彝族苗族自治县"),
        ("马鹿塘", "云南省/昆明市/禄劝彝族苗族自治县/马鹿塘乡"),
    ]
    assert {m.role for m in found} == {"handling_police"}


def test_a_town_needs_a_county_named_in_the_text_or_a_name_no_other_has():
    assert "浙江省/温州市/瑞安市/高楼镇" in regions("瑞安警方通报，高楼镇一养殖户被骗。")
    assert regions("高楼镇一养殖户被骗。") == []  # two towns of China are called so
    assert regions("泗泾镇居民张某被骗。") == ["上海市/松江区/泗泾镇"]


def test_a_station_is_no_county_of_another_province():
    assert regions("梧州市公安局河南派出所民警赶到。") == ["广西壮族自治区/梧州市"]


def test_a_town_with_its_own_bureau_is_one_of_a_city_without_counties():
    assert regions("茶山公安分局接到报警。") == ["广东省/东莞市/茶山镇"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("石家庄市民张某在新华区被骗。", "河北省/石家庄市/新华区"),
        ("平顶山警方在新华区将其抓获。", "河南省/平顶山市/新华区"),
        ("北京警方通报，朝阳的李女士被骗。", "北京市/朝阳区"),
        ("辽宁警方通报，朝阳市一男子被骗。", "辽宁省/朝阳市"),
    ],
)
def test_an_ambiguous_name_is_decided_by_the_other_places(text, expected):
    assert expected in regions(text)


def test_two_open_names_decide_one_another():
    assert regions("男子在长安区开店，由新城区法院判决。") == ["陕西省/西安市/长安区", "陕西省/西安市/新城区"]


def test_an_undecided_name_stays_open_with_candidates():
    (mention,) = places("新华区警方破获一起案件。")
    assert mention.value.region == ""
    assert mention.value.code == ""
    assert "河北省/石家庄市/新华区" in mention.value.candidates


def test_a_city_comes_before_the_county_of_its_name():
    assert regions("濮阳警方破获此案。") == ["河南省/濮阳市"]


def test_former_names_and_the_path_of_the_year():
    assert regions("高要市的陈女士被骗。") == ["广东省/肇庆市/高要市"]
    assert regions("2010年5月，简阳市的陈女士被骗。") == ["四川省/资阳市/简阳市"]
    assert regions("简阳市的陈女士被骗。", published="2022-03-01") == ["四川省/成都市/简阳市"]


def test_foreign_places():
    assert regions("团伙藏匿在柬埔寨金边和缅北，另有人被菲律宾警方抓获。") == ["柬埔寨/金边", "缅甸", "菲律宾"]
    assert places("他逃往金边")[0].value.code == ""
    assert regions("其宣称投资美国指数，还有法国总统背书。") == []


def test_provinces_by_letter_only_in_lists():
    assert regions("在沪、苏、浙、皖等地抓获10人") == ["上海市", "江苏省", "浙江省", "安徽省"]
    assert regions("苏某和浙商宁某") == []


def test_stand_ins_of_registers():
    assert regions("A市A5区警方至今没有答复") == ["A市/A5区"]


@pytest.mark.parametrize(
    "text",
    [
        "双方合作三年，生活富裕，资源丰富。",
        "公安机关提醒，公安民警已介入。",
        "他是医保定点医院的医生。",
        "买东西要当心，大同小异的骗局。",
        "家里四平方米，日照充足，来宾很多。",
        "从中牟利，涉黄平台，微商都是骗子，拆迁安置。",
        "对方自称上海市公安局民警。",
        "用贵州茅台和云南白药作礼品，转入北京银行。",
        "据濮阳日报和温州新闻网报道。",
        "三十多个省份和新疆生产建设兵团都已开通。",
        "新华社北京3月30日电",
        "来源：海口公安",
        "显示归属地为三亚市的号码。",
        "在沙县小吃店吃饭。",
        "“北京赛车”“澳门皇冠”等游戏。",
        "陈永康和李平安说，全县共和平相处。",
    ],
)
def test_false_friends_are_no_places(text):
    assert regions(text) == []


def test_advice_at_the_end_names_no_place_of_the_case():
    text = "王某接到陌生电话，被骗两万元。" * 8 + "三亚市警方提醒：请勿转账。"
    assert regions(text) == []


def test_a_province_told_only_in_passing_gives_way_to_its_city():
    assert regions("浙江：团伙落网。温州警方通报了此案。") == ["浙江省/温州市"]
    assert "浙江省" in regions("民警赶赴浙江，温州警方协助。")


def test_a_citizen_keeps_the_cities_name_short():
    (mention,) = places("沈阳市民冯先生报警。")
    assert (mention.surface, mention.value.region, mention.role) == ("沈阳", "辽宁省/沈阳市", "victim_home")


def marked(example):
    start = example.index("【")
    end = example.index("】") - 1
    return example.replace("【", "").replace("】", ""), start, end


@pytest.mark.parametrize("cue", CUES, ids=lambda cue: cue.example)
def test_every_cue_fits_its_example_and_not_its_counter_example(cue):
    assert role_of(*marked(cue.example)) == (cue.role, CUED)
    if cue.counter:
        assert role_of(*marked(cue.counter))[0] != cue.role


def test_a_list_shares_its_role():
    found = places("民警分三组，分别在江西抚州、山东日照市、河北邢台市等多地同时抓捕。")
    assert [(m.surface, m.role) for m in found] == [
        ("江西抚州", "arrest"),
        ("山东日照市", "arrest"),
        ("河北邢台市", "arrest"),
    ]


def test_traditional_and_full_width_text_is_read_at_its_own_offsets():
    (mention,) = places("家住廣西貴港的李某")
    assert mention.surface == "廣西貴港"
    assert mention.value.region == "广西壮族自治区/贵港市"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *"省市区县镇乡村的在、，。\n（）某A5 ",
                "广西",
                "朝阳",
                "新华区",
                "公安局",
                "派出所",
                "和平",
                "金边",
                "赶赴",
            ]
        )
    )
)
def test_no_text_raises_and_every_surface_is_at_its_offsets(pieces):
    places("".join(pieces))


def test_the_countys_body_is_no_part_of_a_towns_name():
    text = "四川省宜宾市长宁县公安局双河镇派出所民警赶到。"
    found = [(m.surface, m.value.region) for m in find_places(text, find_organisations(text))]
    assert found == [("四川省宜宾市长宁县", "四川省/宜宾市/长宁县"), ("双河镇", "四川省/宜宾市/长宁县/双河镇")]


@pytest.mark.parametrize(
    "piece", ["某", "镇", "广西", "公安", "新华区", "来源：", "在北京", "A市", "（", "沪、", "黄平"]
)
def test_a_long_text_of_one_piece_is_read_to_its_end(piece):
    text = piece * (30_000 // len(piece))
    assert all(text[m.start : m.end] == m.surface for m in find_places(text))


@pytest.mark.shared
def test_county_level_f1_on_the_development_gold():
    """Floors below what was measured (0.915 on train, 0.878 on dev; title + text, no cleaning, cases only)."""
    if not SHARED.exists():
        pytest.skip("../shared is not here")
    texts = {}
    for name in ("news_toutiao", "news_ccbps", "citizen_messages", "ccks2021_dev"):
        for line in (SHARED / "data" / f"{name}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            texts[str(row["id"])] = f"{row.get('title') or ''}\n{row['text']}"
    scores = {}
    for name in ("train", "dev"):
        both = wanted = given_ = 0
        for line in (SHARED / "gold" / f"{name}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            if row["kind"] == "case":
                gold = {county(p["region"]) for case in row["incidents"] for p in case["places"]} - {""}
                found = {county(region) for region in regions(texts[row["doc_id"]])} - {""}
                both, wanted, given_ = both + len(gold & found), wanted + len(gold), given_ + len(found)
        scores[name] = 2 * both / (wanted + given_)
    assert scores["train"] >= 0.90, scores
    assert scores["dev"] >= 0.86, scores


def county(region):
    parts = [part for part in region.split("/") if part not in ("市辖区", "县", "")]
    return "/".join(parts[: 2 if region[:2] in ("北京", "天津", "上海", "重庆") else 3])
