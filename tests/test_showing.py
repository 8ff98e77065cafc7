"""`fanzha show`: spans that overlap are both seen, a reader sees masks only, a page runs and fetches nothing."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from fake_analyzer import FakeAnalyzer
from fake_classifier import FakeClassifier
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from test_command import Here, run  # noqa: F401

from corpora.read import read
from nlp import mask
from nlp.records import (
    Account,
    Amount,
    AmountRole,
    Analysis,
    Case,
    Contact,
    Document,
    Mention,
    MentionKind,
    Moment,
    Organisation,
    Outcome,
    Person,
    PersonName,
    PersonRole,
    Place,
    PlaceRole,
    Reading,
    Verdict,
)
from nlp.taxonomy import load
from serving import showing, showing_html, showing_terminal, showing_words
from serving.showing_spans import Span, lines, masked, nest, reads_as, visible

ROOT = Path(__file__).resolve().parents[1]
LABEL = load().labels[0]
TEXT = (
    "2024年5月6日，滦县居民柳小荷被曹大伟骗走3万元，微信号kefu88_test，电话13812345678。\n"
    "滦县公安局抓获曹大伟。若1 < 2 & 3 > 2，则\x1b[31m“<script>”"
)


def at(text: str, surface: str, nth: int = 0) -> tuple[int, int]:
    start = -1
    for _ in range(nth + 1):
        start = text.index(surface, start + 1)
    return start, start + len(surface)


def reading(text: str = TEXT, *, review: bool = False, kind: str = "case") -> Reading:
    """A reading made by hand of the text above."""

    def mention(kind_of, surface, value, role="", nth=0):
        return Mention(kind_of, *at(text, surface, nth), surface, value, role, 0.9, "rule:hand")

    victim = mention("person", "柳小荷", PersonName("柳小荷"), "victim")
    suspect = [mention("person", "曹大伟", PersonName("曹大伟"), "suspect", nth) for nth in (0, 1)]
    place = mention("place", "滦县", Place("河北省/唐山市/滦州市", "130284", "county"), "handling_police", 1)
    police = mention("organisation", "滦县公安局", Organisation("滦县公安局", "police"))
    money = mention("amount", "3万元", Amount(Decimal(30000), Decimal(30000), id="a1"), "loss")
    contacts = (
        mention("contact", "kefu88_test", Contact("kefu88_test", "wechat")),
        mention("contact", "13812345678", Contact("13812345678", "phone")),
    )
    case = Case(
        LABEL.id, "柳小荷被曹大伟骗走3万元", 0, len(text), 0.8, places=(place,), amounts=(money,), organisations=(police,),
        persons=(Person("柳小荷", "victim", (victim,), origin="滦县人"), Person("曹大伟", "suspect", tuple(suspect), age=40)),
        contacts=contacts,
    )  # fmt: skip
    verdict = Verdict(kind, 0.95, LABEL.id, 0.8, {LABEL.id: 0.8}, review=review, model="hand 1")  # type: ignore[arg-type]
    mentions = (victim, suspect[0], money, *contacts, police, place, suspect[1])
    return Reading("柳小荷.txt", (Analysis("", 0, len(text), verdict, ("假冒客服",), mentions, (case,)),))


def document(text: str = TEXT, nature: str = "published") -> Document:
    return Document("柳小荷.txt", text, nature=nature)  # type: ignore[arg-type]


def page_of(*documents: showing.ShownDocument) -> str:
    return "".join(showing_html.page(documents))


def terminal_of(*documents: showing.ShownDocument, colours: bool = True) -> str:
    console = Console(
        file=io.StringIO(), width=100, force_terminal=colours, color_system="truecolor" if colours else None
    )
    showing_terminal.draw(console, documents)
    return console.file.getvalue()  # type: ignore[attr-defined]


# Spans


def test_a_place_inside_an_organisation_is_drawn_inside_it():
    text = "滦县公安局报案"
    [line] = lines(text, [Span(0, 2, "place", "办案地"), Span(0, 5, "organisation", "公安机关")])
    drawn = [event.text or f"{event.what} {event.span.kind}" for event in line if event.text or event.span]
    assert drawn == ["open organisation", "open place", "滦县", "close place", "公安局", "close organisation", "报案"]


def test_crossing_spans_are_cut_and_tell_their_tag_once():
    nested = nest([Span(0, 4, "time", "甲"), Span(2, 6, "place", "乙")])
    assert [(span.start, span.end, span.tag) for span in nested] == [(0, 4, "甲"), (2, 4, ""), (4, 6, "乙")]


@settings(max_examples=150, deadline=None)
@given(st.text("张三骗\n", max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8))
def test_lines_keep_the_text_and_colour_exactly_what_the_spans_cover(text, pairs):
    spans = [Span(min(a, b), min(max(a, b), len(text)), f"k{n}", "t") for n, (a, b) in enumerate(pairs)]
    spans = [span for span in spans if span.start < span.end]
    drawn = lines(text, spans)
    assert "\n".join(map(reads_as, drawn)) == text
    covered: dict[str, list[str]] = {span.kind: [] for span in spans}
    for line in drawn:
        stack = []
        for event in line:
            if event.what == "open":
                stack.append(event.span)
            elif event.what == "close":
                assert stack.pop() == event.span
            else:
                for span in stack:
                    covered[span.kind].append(event.text)
        assert stack == []
    for span in spans:
        assert "".join(covered[span.kind]) == text[span.start : span.end].replace("\n", "")


def test_what_steers_a_terminal_becomes_visible_and_keeps_its_place():
    text = "甲\x1b[31m\u202e乙\x07\t丙\r\n\ud800"
    shown = visible(text)
    assert len(shown) == len(text)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", shown)
    shown.encode("utf-8")


# Masking


def test_spans_move_with_the_masks():
    text = "王小红说，曹大伟的微信号：kefu88_test在这里，电话13812345678。王小红"
    spans = [
        Span(*at(text, part, nth), "x")
        for part, nth in (("王小红", 0), ("曹大伟", 0), ("kefu88_test", 0), ("13812345678", 0), ("王小红", 1))
    ]
    names = {"王小红": "victim", "曹大伟": "suspect"}
    hidden = [(*at(text, "kefu88_test"), "ke***")]
    shown, kept = masked(text, spans, hidden, lambda part: mask.render(part, "text", "reader", names))
    assert shown == "王某说，曹某伟的微信号ke***在这里，电话138****5678。王某"
    assert [shown[span.start : span.end] for span in kept] == ["王某", "曹某伟", "ke***", "138****5678", "王某"]


def test_a_long_line_of_numbers_is_masked_to_its_end():
    text = "联系13812345678找陈大丰" * 4000
    spans = [Span(17 * n + 2, 17 * n + 13, "contact") for n in range(4000)]
    shown, kept = masked(text, spans, [], lambda part: mask.render(part, "text", "reader", {"陈大丰": "suspect"}))
    assert {shown[span.start : span.end] for span in kept} == {"138****5678"}
    assert len(kept) == 4000


SECRETS = ("柳小荷", "曹大伟", "kefu88_test", "13812345678", "滦县人")


@pytest.mark.parametrize("draw", [page_of, terminal_of], ids=["html", "terminal"])
def test_a_reader_sees_masks_and_an_analyst_everything(draw):
    readers = draw(showing.shown(document(), reading(), "reader"))
    stranger = draw(showing.shown(document(), reading(), "nobody"))
    everything = draw(showing.shown(document(), reading(), "analyst"))
    for secret in SECRETS:
        assert secret not in readers
        assert secret not in stranger
        assert secret in everything
    for mask_ in ("柳某", "曹某伟", "ke***", "138****5678"):
        assert mask_ in readers


def test_a_name_that_is_a_victim_anywhere_is_masked_everywhere():
    told = reading()
    [analysis] = told.analyses
    witness = Mention("person", *at(TEXT, "柳小荷"), "柳小荷", PersonName("柳小荷"), "other", 0.9, "rule:hand")
    both = (Analysis("", 0, len(TEXT), analysis.verdict, (), (witness,), ()), analysis)
    assert "柳小荷" not in page_of(showing.shown(document(), Reading("x", both), "reader"))


def test_of_a_complaint_a_reader_sees_nothing():
    shown = showing.shown(document(nature="complaint"), reading(), "reader")
    assert shown.articles == ()
    assert shown.problem == showing.WITHHELD
    assert "骗走" not in page_of(shown)
    assert showing.shown(document(nature="complaint"), reading(), "analyst").articles


# The page and the terminal


class Page(HTMLParser):
    """Checks that tags are balanced, and keeps tags, attributes and text."""

    VOID = ("meta", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.paths: list[tuple[str, ...]] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
            self.paths.append(tuple(self.open))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words += data


def test_the_page_is_whole_escaped_and_fetches_nothing():
    told = reading()
    hostile = '"><img src=x onerror=alert(1)>&amp;'
    told = replace(told, analyses=(replace(told.analyses[0], publisher=hostile, tactics=(hostile,)),))
    shown = showing.shown(replace(document(), doc_id=hostile), told, "analyst")
    text = page_of(shown)
    page = Page(text)
    assert "若1 < 2 & 3 > 2，则" in page.words
    assert page.words.count(hostile) == 3
    assert "\x1b" not in text
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "b", "form", "object"} == set()
    for _, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on")} | ({"src", "style"} & set(attributes))
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert "prefers-color-scheme:dark" in text


def test_the_page_shows_the_inner_place_and_the_outer_police():
    page = Page(page_of(showing.shown(document(), reading(), "analyst")))
    assert any(path[-2:] == ("mark", "mark") for path in page.paths)
    tags = [attributes["data-tag"] for tag, attributes in page.tags if tag == "mark"]
    assert {"办案地", "公安机关", "受害人", "嫌疑人", "损失"} <= set(tags)
    details = [attributes["title"] or "" for tag, attributes in page.tags if tag == "mark"]
    assert any("河北省/唐山市/滦州市（130284）" in detail and "rule:hand" in detail for detail in details)


@pytest.mark.parametrize("colours", [True, False])
def test_the_terminal_shows_the_same(colours):
    out = terminal_of(showing.shown(document(), reading(review=True), "analyst"), colours=colours)
    assert "\x1b[31m�" not in out
    plain = re.sub("\x1b\\[[0-9;]*m", "", out)
    assert ("\x1b[" in out) == colours
    assert ("滦县‹办案地›公安局‹公安机关›" if colours else "［［滦县 办案地］公安局 公安机关］") in plain
    for told in (
        f"{LABEL.name} 80%",
        "案件 95%",
        "假冒客服",
        "请人复核",
        "河北省/唐山市/滦州市",
        "130284",
        "3万元",
        "40岁",
        "图例",
    ):
        assert told in plain


def test_columns_are_aligned_by_width_not_by_characters():
    out = terminal_of(showing.shown(document(), reading(), "analyst"), colours=False)
    rows = [line for line in out.splitlines() if re.match(r" {2}(人物|柳小荷|曹大伟) +(身份|受害人|嫌疑人) ", line)]
    assert len(rows) == 3
    assert len({cell_len(re.match(r" {2}\S+ +", row)[0]) for row in rows}) == 1  # type: ignore[index]


def test_a_line_breaks_at_no_tag_number_or_closing_mark():
    text = Text("王女士‹受害人›转出26000元‹付款›，他说“行”。" * 12)
    broken = showing_terminal.wrapped(text, 37).plain.split("\n")
    assert "".join(broken) == text.plain
    assert len(broken) > 5
    for line in broken:
        assert cell_len(line) <= 37
        assert line[0] not in "，。”›"
        assert line.count("‹") == line.count("›")
        assert not re.match(r"\d{1,4}元", line)


def test_unrelated_and_refused_documents_say_so():
    shown = showing.shown(document(), reading(kind="unrelated"), "analyst")
    assert dict(shown.articles[0].facts)["类型"] == f"{load().empty.name}（若是诈骗，最像{LABEL.name} 80%）"
    assert "坏了" in page_of(showing.ShownDocument("x", problem="<坏了>"))
    assert "<坏了>" not in page_of(showing.ShownDocument("x", problem="<坏了>"))


# Words


def test_every_kind_and_role_has_a_word_and_a_colour():
    kinds = set(get_args(MentionKind))
    assert set(showing_words.KINDS) == set(showing_terminal.STYLES) == set(showing_html.HUES) == kinds
    for kind, roles in (("person", PersonRole), ("place", PlaceRole), ("amount", AmountRole)):
        assert set(showing_words.ROLES[kind]) == set(get_args(roles))


@pytest.mark.parametrize(
    ("kind", "value", "word"),
    [
        ("time", Moment("--10-14", "--10-14", "day"), "10月14日"),
        ("time", Moment("---15", "---15", "day"), "15日"),
        ("time", Moment("2023-01", "2023-05", "range"), "2023-01 至 2023-05"),
        ("time", Moment("", "", "duration", "P3M"), "3个月"),
        ("time", Moment("", "", "day"), "日期未定"),
        ("amount", Amount(Decimal("3.5"), Decimal("3.5"), per="单"), "3.5元/单"),
        ("place", Place("", candidates=("江苏省/南京市/鼓楼区", "福建省/福州市/鼓楼区")), "未定：江苏省/南京市/鼓楼区、福建省/福州市/鼓楼区"),
        ("account", Account("6222021234567890128", "bank_card"), "6222021234567890128"),
        ("outcome", Outcome("sentenced", "诈骗罪", 36, 36), "判刑（诈骗罪） 36个月"),
    ],
)  # fmt: skip
def test_values_in_words(kind, value, word):
    assert showing_words.value_text(Mention(kind, 0, 1, "x", value)) == word


# A newspaper page, and the command


def test_every_span_of_a_newspaper_page_lies_on_its_surface():
    from nlp.analyze import Analyzer

    [page] = [d for d in read([ROOT / "corpora" / "samples" / "pages" / "newspaper_a3.txt"]) if isinstance(d, Document)]
    [told] = Analyzer(FakeClassifier()).analyze([page])
    shown = showing.shown(page, told, "analyst")
    assert len(shown.articles) == len(told.analyses) > 1
    for article, analysis in zip(shown.articles, told.analyses, strict=True):
        drawn = []
        for line in article.lines:
            stack: list[list[str]] = []
            for event in line:
                if event.what == "open":
                    stack.append([])
                    drawn.append(stack[-1])
                elif event.what == "close":
                    stack.pop()
                for open_ in stack:
                    open_.append(event.text)
        found = sorted("".join(parts) for parts in drawn)
        assert found == sorted(mention.surface for mention in analysis.mentions)


def test_show_in_the_terminal_and_as_a_page(run: Here, tmp_path: Path):  # noqa: F811
    text = "有人设下骗局，警方已介入调查，请大家注意防范。\n嫌疑人：陈大丰\n受害人：王小红\n损失：38000"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    shown = run("show", "a.txt")
    assert shown.returncode == 0
    assert "［陈大丰 嫌疑人］" in shown.stdout
    assert "3.8万元" in shown.stdout
    made = run("show", "a.txt", "--html", "页.html", "--role", "reader")
    assert made.returncode == 0
    assert "已写入 页.html：1 件" in made.stderr
    page = (tmp_path / "页.html").read_text(encoding="utf-8")
    assert "陈某丰" in page
    assert "陈大丰" not in page + made.stdout + made.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "页.html"]


def test_show_says_what_it_cannot(run: Here, tmp_path: Path):  # noqa: F811
    missing = run("show", "没有.txt")
    assert missing.returncode == 1
    assert "没有.txt" in missing.stdout + missing.stderr
    assert "Traceback" not in missing.stderr
    (tmp_path / "a.txt").write_text("有人设下骗局，警方已介入调查，请大家注意防范。", encoding="utf-8")
    role = run("show", "a.txt", "--role", "guest")
    assert role.returncode == 1
    assert "未知角色 guest" in role.stderr
    nowhere = run("show", "a.txt", "--html", "没有/页.html")
    assert nowhere.returncode == 1
    assert "不能写入" in nowhere.stderr


def test_a_document_that_fails_leaves_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(showing, "load_analyzer", lambda _settings: FakeAnalyzer())
    from serving.settings import load as load_settings

    (tmp_path / "a.txt").write_text("POISON 骗局一场，警方已介入调查，请大家注意防范。", encoding="utf-8")
    [shown] = showing.show([str(tmp_path / "a.txt")], load_settings({}), viewer="analyst")
    assert shown.problem.startswith("分析失败：ValueError")
    assert "13812345678" not in shown.problem
