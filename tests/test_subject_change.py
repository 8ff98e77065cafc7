"""Pages whose line breaks were lost: several articles in one running text, and single articles that must stay whole."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from line_breaks import join_all, join_wrapped
from newspaper import Layout, Piece, agreement, compose
from reading_pages import read, words

from nlp.blockmarks import Page, break_at_credits
from nlp.markup import read_lines
from nlp.subject_change import cut_where_subject_changes
from nlp.unwrap import FEWEST_PIECES, unwrap

SCAM = Piece(
    "刷单群里套路深青禾警方捣毁诈骗窝点",
    (
        "近日，云州市青禾县公安局捣毁一个以刷单返利为名的诈骗窝点，抓获犯罪嫌疑人九名，扣押手机四十部、银行卡二十六张。",
        "今年五月，青禾县居民罗女士被拉进一个刷单群，群主让她先垫付小额货款，刷单完成后返还本金和佣金。前三单佣金都按时到账，罗女士对刷单深信不疑。",
        "随后群主发来联单任务，要求罗女士连续垫付货款，并以操作失误、账户冻结为由拒绝返还本金。罗女士先后向诈骗团伙提供的银行卡转账七次，共被骗十二万元。",
        "青禾县公安局刑侦民警顺着资金流向追查，发现该诈骗团伙租用民房作为窝点，有人负责拉人进刷单群，有人扮演导师发布联单任务，有人专门提供银行卡转移诈骗资金。",
        "民警介绍，刷单本身就是违法行为，所有要求垫付货款的刷单都是诈骗。群众一旦发现被骗，应立即保存聊天记录和转账记录并报警。",
        "目前，九名犯罪嫌疑人因涉嫌诈骗罪被刑事拘留，民警正在追缴被转移的诈骗资金，案件在进一步侦办中。",
    ),
)
METRO = Piece(
    "地铁六号线隧道贯通年底开通运营",
    (
        "随着盾构机破土而出，海宁市轨道交通六号线最后一段区间隧道昨日贯通，六号线全线进入铺轨阶段。",
        "六号线全长二十八公里，设车站二十一座，其中换乘车站六座。六号线途经火车东站、体育中心和大学城，建成后将与三条已有线路换乘，成为轨道交通线网的东西骨架。",
        "施工单位负责人说，这段区间隧道下穿河道和居民楼，地层复杂。施工人员采用冻结加固技术，盾构机每天只掘进六米，把隧道沉降控制在三毫米以内。",
        "铺轨阶段，施工单位将在隧道里铺设减振轨道，降低列车运行对沿线居民的影响。车站装修和供电、信号设备安装也将同步进行，首列列车已经运抵车辆段。",
        "按照计划，六号线明年六月开始列车空载试运行，年底前开通运营。届时沿线居民乘坐轨道交通到市中心的时间可缩短二十分钟，换乘车站的客流也将得到疏解。",
        "轨道交通集团表示，六号线二期工程的车站选址正在征求沿线居民意见，二期隧道计划后年开工。",
    ),
)
PADDY = Piece(
    "早稻机收忙粮仓添新绿",
    (
        "盛夏时节，江临县十二万亩早稻陆续成熟，一台台联合收割机在金色的田野间来回穿梭，奏响丰收的序曲。",
        "在白沙镇的连片稻田里，种粮大户抓住晴好天气抢收早稻，烘干房里机器轰鸣，湿谷经过八个小时烘干便可入仓。",
        "县农业农村部门组织农机手开展跨区作业，为农户提供收割、运输、烘干一条龙服务，机收率达到百分之九十八。",
        "农技人员还深入田间地头，指导农户做好晚稻育秧和病虫害防治，确保颗粒归仓的同时不误农时。",
    ),
)


def single_gone(text: str) -> str:
    return re.sub(r"(?<!\n)\n(?!\n)", "", text)


def to_spaces(text: str) -> str:
    return re.sub(r"\n+", " ", text)


def page_of(text: str) -> Page:
    blocks, _ = unwrap(read_lines(text, 0))
    return Page(break_at_credits(blocks))


def test_a_text_that_changes_its_subject_is_cut_at_the_sentence_where_it_does() -> None:
    text = "".join(SCAM.paragraphs) + "".join(METRO.paragraphs)
    blocks = cut_where_subject_changes(page_of(text), set())
    assert [block.text for block in blocks] == ["".join(SCAM.paragraphs), "".join(METRO.paragraphs)]
    assert [block.fresh for block in blocks] == [False, True]


def test_paragraphs_are_cut_between_and_not_within() -> None:
    text = "\n".join((*METRO.paragraphs, *SCAM.paragraphs))
    blocks = cut_where_subject_changes(page_of(text), set())
    assert [block.text for block in blocks] == [*METRO.paragraphs, *SCAM.paragraphs]
    assert [block.fresh for block in blocks].index(True) == len(METRO.paragraphs)


@pytest.mark.parametrize("piece", [SCAM, METRO, PADDY])
def test_a_text_of_one_subject_is_not_cut(piece: Piece) -> None:
    page = page_of("".join(piece.paragraphs))
    assert cut_where_subject_changes(page, set()) == page.blocks


@pytest.mark.parametrize("form", ["text", "newspaper"])
@pytest.mark.parametrize("copyist", [join_wrapped, join_all, single_gone, to_spaces, str])
def test_an_article_without_an_end_does_not_swallow_the_next(copyist: Callable[[str], str], form: str) -> None:
    """The page's first article is closed by its agency; the second has no credit and its title is glued to the text."""
    first = compose([PADDY], Layout(credit="end", gaps="always"), random.Random(0))[0]
    others = compose([SCAM, METRO], Layout(credit="none", gaps="always"), random.Random(0))[0]
    articles = read(copyist(f"{first}\n\n{others}"), form)
    assert len(articles) == 3
    scam = next(article for article in articles if "罗女士" in article.text)
    assert "".join(SCAM.paragraphs) in words(scam)
    assert "盾构机" not in scam.text


@pytest.mark.parametrize("copyist", [join_wrapped, join_all])
@pytest.mark.parametrize("credit", ["opening", "byline", "end"])
def test_openings_and_bylines_in_running_text_part_articles(credit: str, copyist: Callable[[str], str]) -> None:
    pieces = [METRO, SCAM, PADDY]
    text, owners = compose(pieces, Layout(credit=credit, gaps="always"), random.Random(1))
    joined = copyist(text)
    at, places = 0, []
    for character in joined:
        at = text.index(character, at)
        places.append(owners[at])
        at += 1
    articles = read(joined)
    assert len(articles) == 3
    assert agreement(places, [article.offsets for article in articles]) >= 0.9


@pytest.mark.parametrize("copyist", [join_wrapped, join_all, single_gone])
def test_two_halves_without_a_headline_find_each_other(copyist: Callable[[str], str]) -> None:
    second = compose([Piece(SCAM.paragraphs[3], SCAM.paragraphs[4:])], Layout(credit="end"), random.Random(0))[0]
    first = compose([Piece(SCAM.paragraphs[0], SCAM.paragraphs[1:3])], Layout(credit="none"), random.Random(0))[0]
    other = compose([METRO], Layout(credit="byline"), random.Random(0))[0]
    articles = read(copyist(f"{second}\n{first}\n{other}"))
    scam = next(article for article in articles if "罗女士" in article.text)
    assert words(scam) == "".join(SCAM.paragraphs)


def test_breaks_that_became_spaces_are_found_and_spaces_of_a_writer_are_kept() -> None:
    text, _ = compose([SCAM, METRO, PADDY], Layout(width=18, gaps="always"), random.Random(2))
    assert [words(article) for article in read(to_spaces(text))] == [words(article) for article in read(text)]
    told = " ".join(part for paragraph in SCAM.paragraphs for part in re.split("[，。、]", paragraph) if part)
    assert told.count(" ") > FEWEST_PIECES
    (article,) = read(told)
    assert article.text == told


def test_a_summary_above_its_own_text_is_no_article() -> None:
    summary = "".join(SCAM.paragraphs[:3])
    text = f"{summary}\n{SCAM.title}\n本报讯（记者 王一甲）{''.join(SCAM.paragraphs)}"
    assert len(read(text)) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "据本报讯息中心统计，此类骗局今年已发生三十起。",
        "罗女士向本报记者 讲述了被骗的经过。",
        "□刷单返利 □虚假贷款 □冒充客服，以上都是骗局。",
    ],
)
def test_words_of_the_trade_in_a_sentence_part_nothing(sentence: str) -> None:
    text = "".join(SCAM.paragraphs[:4]) + sentence + "".join(SCAM.paragraphs[4:])
    assert len(read(text)) == 1


@pytest.mark.parametrize("unit", ["某", "□ ", "。本报", "一句话。", "“", "（据", "123 "])
def test_a_long_text_of_anything_is_read_to_its_end(unit: str) -> None:
    text = "".join(PADDY.paragraphs) + "（据新华社电）" + unit * (200_000 // len(unit))
    assert read(text, "newspaper")
