"""Pages of several articles, set by hand and by machine, and ordinary articles that must stay whole."""

from __future__ import annotations

import json
import pathlib
import random

import pytest
from line_breaks import join_all, join_wrapped
from newspaper import Layout, Piece, agreement, compose, draw
from reading_pages import read, words

from nlp.clean import clean
from nlp.records import Document

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"

SCAM = Piece(
    "冒充客服退款设圈套三名老人损失九万元",
    (
        "日前，云州市青禾县公安局破获一起冒充购物平台客服的诈骗案，抓获犯罪嫌疑人五名，三名老人共损失九万元。",
        "今年四月，家住青禾县柳溪镇的罗奶奶接到一个电话，对方自称是购物平台的客服，说她买的保暖内衣甲醛超标，可以按原价三倍赔偿。",
        "罗奶奶按照对方的要求下载了一款会议软件，打开共享屏幕，并把短信验证码念给对方听，不到十分钟，银行卡里的四万元就被转走。",
        "青禾县公安局刑侦大队民警方青介绍，嫌疑人通过非法渠道购买老人的购物记录，再按照事先写好的话术逐一拨打电话。",
        "警方提醒，正规客服不会要求顾客共享屏幕，更不会索要验证码，凡是主动提出赔偿的陌生来电，都应先向平台核实。",
        "目前，五名犯罪嫌疑人均已被依法刑事拘留，警方正在追查被转走的钱款，并对其他受害老人进行走访。",
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
METRO = Piece(
    "地铁六号线全线隧道贯通",
    (
        "随着盾构机缓缓破土而出，海宁市轨道交通六号线最后一段区间隧道昨日顺利贯通，全线进入铺轨阶段。",
        "六号线全长二十八公里，设车站二十一座，途经火车东站、体育中心和大学城，建成后将与三条已有线路换乘。",
        "施工单位负责人说，区间下穿河道和居民楼，地层复杂，施工人员采用冻结加固技术，把沉降控制在三毫米以内。",
        "按照计划，六号线将于明年六月开始空载试运行，年底前开通运营，沿线居民到市中心的时间可缩短二十分钟。",
    ),
)


HANDMADE = """ 图为志愿者在社区向老人讲解怎样识别冒充
客服的骗局，并教他们安装预警软件。

云州日报记者 丁 丙 摄

本报讯（记者 罗小川）日前，云州市青
禾县公安局破获一起冒充购物平台客服的诈
骗案，抓获犯罪嫌疑人五名，三名老人共损
失九万元。

今年四月，家住青禾县柳溪镇的罗奶奶
接到一个电话，对方自称是购物平台的客服，
说她买的保暖内衣甲醛超标，可以按原价三
倍赔偿。罗奶奶照做后，银行卡里的四万元
就被转走。

警方提醒，正规客服不会要求顾客共享
屏幕，更不会索要验证码。

早 稻 机 收 忙
粮仓添新绿

□ 本报记者 王一甲 通讯员 李乙

盛夏时节，江临县十二万亩早稻陆续成
熟，一台台联合收割机在金色的田野间来回
穿梭，奏响丰收的序曲。

——烘干房里机器轰鸣，湿谷经过八个
小时烘干便可入仓，机收率达到百分之九十
八，农户脸上乐开了花。

——农技人员深入田间地头，指导农户
做好晚稻育秧和病虫害防治，确保颗粒归仓
的同时不误农时。

随着盾构机缓缓破土而出，海宁市轨道
交通六号线最后一段区间隧道昨日顺利贯通，
全线进入铺轨阶段。

六号线全长二十八公里，设车站二十一
座，建成后将与三条已有线路换乘，沿线居
民到市中心的时间可缩短二十分钟。

（据海宁新闻网）
"""


def test_a_page_set_by_hand() -> None:
    articles = read(HANDMADE)
    assert [article.byline for article in articles[:3]] == [
        "云州日报记者 丁 丙 摄",
        "记者 罗小川",
        "本报记者 王一甲 通讯员 李乙",
    ]
    picture, scam, paddy = articles[:3]
    assert words(picture) == "图为志愿者在社区向老人讲解怎样识别冒充客服的骗局，并教他们安装预警软件。"
    assert scam.dateline == "本报讯"
    assert words(scam).startswith("日前，云州市青禾县公安局破获")
    assert words(scam).endswith("更不会索要验证码。")
    assert paddy.title == "早稻机收忙粮仓添新绿"
    assert "——农技人员深入田间地头，指导农户做好晚稻育秧和病虫害防治，确保颗粒归仓的同时不误农时。" in paddy.text.split(
        "\n"
    )
    assert articles[-1].dateline == "（据海宁新闻网）"


@pytest.mark.parametrize("gaps", ["paragraphs", "always", "never"])
@pytest.mark.parametrize("credit", ["end", "opening", "byline"])
@pytest.mark.parametrize("width", [14, 18, 23])
def test_titles_above(gaps: str, credit: str, width: int) -> None:
    pieces = [METRO, SCAM, PADDY]
    text, owners = compose(pieces, Layout(width=width, gaps=gaps, credit=credit), random.Random(1))
    articles = read(text)
    assert [article.title for article in articles] == [piece.title for piece in pieces]
    assert agreement(owners, [article.offsets for article in articles]) == 1.0
    for article, piece in zip(articles, pieces, strict=True):
        assert words(article) == piece.title + "".join(piece.paragraphs)


@pytest.mark.parametrize("gaps", ["paragraphs", "always"])
@pytest.mark.parametrize("spaced", [False, True])
def test_titles_below(gaps: str, spaced: bool) -> None:
    pieces = [SCAM, METRO, PADDY]
    layout = Layout(width=19, gaps=gaps, titles_below=True, spaced_titles=spaced)
    text, owners = compose(pieces, layout, random.Random(2))
    articles = read(text)
    assert [article.title for article in articles] == [piece.title for piece in pieces]
    assert agreement(owners, [article.offsets for article in articles]) == 1.0


@pytest.mark.parametrize("gaps", ["paragraphs", "always", "never"])
def test_columns_out_of_order_are_read_in_order(gaps: str) -> None:
    second = "\n".join(_column(SCAM.paragraphs[3:], gaps)) + "\n（据云州新闻网）"
    first = "\n".join(_column((SCAM.title, *SCAM.paragraphs[:3]), gaps))
    other = "\n".join(_column((METRO.title, "□ 本报记者 王一甲", *METRO.paragraphs), gaps))
    text = f"{second}\n\n{first}\n\n{other}"
    articles = read(text)
    assert [article.title for article in articles] == [SCAM.title, METRO.title]
    scam = articles[0]
    assert words(scam) == SCAM.title + "".join(SCAM.paragraphs)
    assert scam.offsets[0] > scam.offsets[-1], "the second half stands first in the document"


def _column(paragraphs: tuple[str, ...], gaps: str) -> list[str]:
    text, _ = compose(
        [Piece(paragraphs[0], paragraphs[1:])], Layout(width=17, gaps=gaps, credit="none"), random.Random(0)
    )
    return text.split("\n")


@pytest.mark.parametrize("copyist", [join_wrapped, join_all])
def test_pages_without_their_line_breaks_keep_their_words(copyist: object) -> None:
    pieces = [SCAM, METRO, PADDY]
    text, _ = compose(pieces, Layout(width=18), random.Random(3))
    whole = "".join(sorted("".join(words(article) for article in read(text))))
    articles = read(copyist(text))  # type: ignore[operator]
    assert len(articles) == 3
    assert "".join(sorted("".join(words(article) for article in articles))) == whole


def test_one_article_in_a_column_stays_one() -> None:
    parts = (
        *SCAM.paragraphs[:3],
        "冒充熟人借钱",
        "去年冬天，柳溪镇的丁先生收到老同学发来的消息，称家人住院急需用钱，他没有多想便转了两万元。事后才知道，同学的账号早已被盗。",
        "虚假投资理财",
        "同样在柳溪镇，开小店的方女士被拉进一个炒股群，群里的老师天天晒收益，她先后投入十五万元，等到想提现时平台已经打不开。",
    )
    for gaps in ("paragraphs", "always", "never"):
        text, _ = compose([Piece(SCAM.title, parts)], Layout(width=18, gaps=gaps, credit="end"), random.Random(0))
        (article,) = read(text)
        assert article.title == SCAM.title


def test_pages_set_by_machine_split_well() -> None:
    chance = random.Random(11)
    scores = []
    for _ in range(60):
        pieces = [SCAM, METRO, PADDY]
        chance.shuffle(pieces)
        text, owners = compose(pieces, draw(chance), chance)
        scores.append(agreement(owners, [article.offsets for article in read(text)]))
    assert sum(scores) / len(scores) >= 0.95


# --- texts of the shared folder, never copied -------------------------------------------------------------------------------------


def _skip_without(path: pathlib.Path) -> pathlib.Path:
    if not path.exists():
        pytest.skip(f"needs {path.name} of ../shared, which is not part of the project")
    return path


def _seeds() -> list[tuple[Document, list[dict[str, object]]]]:
    gold = _skip_without(SHARED / "gold" / "seeds_full.jsonl")
    pages = []
    for line in gold.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = (SHARED / "seeds" / row["doc"]).read_text(encoding="utf-8")
        pages.append((Document(row["doc"], text), row["articles"]))
    return pages


def _spans(article: dict[str, object]) -> list[tuple[int, int]]:
    return [tuple(span) for span in article["char_spans"]]  # type: ignore[attr-defined]


@pytest.mark.shared
def test_seed_pages_give_the_articles_people_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints, page by page, what was found against what was marked (run with -s)."""
    for document, marked in _seeds():
        articles = clean(document)
        with capsys.disabled():
            print(f"\n{document.doc_id}: {len(articles)} articles, {len(marked)} marked")
            for article in articles:
                print(f"  found  {article.start:5}-{article.end:5}  {article.title[:24]!r}")
            for row in marked:
                print(f"  marked {_spans(row)}  {str(row['title'] or '')[:24]!r}")
        assert len(articles) == len(marked)
        for article, row in zip(
            articles, sorted(marked, key=lambda row: min(start for start, _ in _spans(row))), strict=True
        ):
            spans = _spans(row)
            inside = sum(any(start <= place < end for start, end in spans) for place in article.offsets)
            assert inside >= 0.99 * len(article.offsets)
            if row["title"] and len(article.title) > 0:
                assert "".join(article.title.split()) in "".join(str(row["title"]).split())
            order = [
                next((at for at, (low, high) in enumerate(spans) if low <= place < high), -1)
                for place in article.offsets
            ]
            order = [at for at in order if at >= 0]
            assert order == sorted(order), "pieces in reading order"


@pytest.mark.shared
@pytest.mark.parametrize("copyist", [join_wrapped, join_all])
def test_seed_pages_without_their_line_breaks_say_the_same(copyist: object) -> None:
    """At most 2 % of the six-character stretches differ."""

    def stretches(document: Document) -> dict[str, int]:
        counts: dict[str, int] = {}
        for article in clean(document):
            text = "".join(article.text.split())
            for at in range(len(text) - 5):
                counts[text[at : at + 6]] = counts.get(text[at : at + 6], 0) + 1
        return counts

    for document, _ in _seeds():
        before = stretches(document)
        after = stretches(Document(document.doc_id, copyist(document.text)))  # type: ignore[operator]
        lost = sum(max(count - after.get(stretch, 0), 0) for stretch, count in before.items())
        assert lost <= 0.02 * sum(before.values())


@pytest.mark.shared
@pytest.mark.parametrize("name", ["news_toutiao", "news_ccbps", "citizen_messages", "ccks2021_dev"])
def test_ordinary_articles_stay_whole(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every fifth text; prints the share that was split (run with -s)."""
    path = _skip_without(SHARED / "data" / f"{name}.jsonl")
    split = total = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        if number % 5:
            continue
        row = json.loads(line)
        title = row.get("title") or ""
        document = Document(str(row["id"]), f"{title}\n{row['text']}" if title else row["text"], title=title)
        articles = clean(document)
        for article in articles:
            for character, place in zip(article.text, article.offsets, strict=True):
                assert document.text[place] == character or character in "\n "
        total += 1
        split += len(articles) > 1
    with capsys.disabled():
        print(f"\n{name}: {split} of {total} split")
    assert split <= 0.002 * total
