"""Hard-wrapped lines back to paragraphs; ordinary lines left alone."""

from __future__ import annotations

import random

import pytest
from line_breaks import join_all, join_wrapped
from newspaper import wrap

from nlp.aligned import span
from nlp.markup import read_lines
from nlp.unwrap import Block, despaced, is_wrapped, unwrap, width

PARAGRAPHS = [
    "云州市公安局青禾分局近日通报，罗某等五人假借招聘网络兼职之名，先后骗取二十七名求职者的保证金，涉案金额三十六万余元。",
    "办案民警介绍，该团伙租用写字楼作为据点，分工明确，有人负责在招聘网站发布信息，有人冒充主管面试，还有人专门收款。",
    "目前，罗某等五人已被依法刑事拘留，案件仍在进一步侦办中。",
    "警方提醒，凡是要求先交保证金、培训费、服装费的招聘，都要多问几个为什么，切勿急于转账，以免落入不法分子设下的圈套之中。",
]


def page(gap: int, column: int, *, indent: int = 2, title: str = "云州打掉招聘诈骗团伙") -> str:
    """The paragraphs set in a column under a headline; `gap` empty lines: 0 none, 1 between paragraphs, 2 after every line."""
    lines = [title, *([""] if gap else [])]
    for paragraph in PARAGRAPHS:
        for line in wrap(paragraph, column, indent=indent):
            lines += [line, ""] if gap == 2 else [line]
        if gap == 1:
            lines.append("")
    return "\n".join(lines)


def read(text: str) -> tuple[list[Block], bool]:
    return unwrap(read_lines(text))


@pytest.mark.parametrize("gap", [0, 1, 2])
@pytest.mark.parametrize("column", [13, 17, 22, 26])
def test_columns_become_paragraphs(gap: int, column: int) -> None:
    blocks, wrapped = read(page(gap, column))
    assert wrapped
    assert [block.text for block in blocks] == ["云州打掉招聘诈骗团伙", *PARAGRAPHS]
    assert [block.heading for block in blocks] == [True, False, False, False, False]


def test_no_sentence_is_cut_whatever_the_column() -> None:
    chance = random.Random(7)
    for _ in range(60):
        blocks, wrapped = read(page(chance.choice([0, 1, 2]), chance.randint(11, 34), indent=chance.choice([0, 2])))
        assert wrapped
        joined = "\n".join(block.text for block in blocks)
        for paragraph in PARAGRAPHS:
            for sentence in paragraph.split("。")[:-1]:
                assert sentence in joined


def test_a_list_with_dashes_keeps_its_items_apart() -> None:
    items = [
        "——加大宣传力度。社区、学校、企业要定期开展防诈骗宣传，让群众了解常见手法。",
        "——压实平台责任。招聘网站应当核验企业资质，发现虚假招聘信息及时下架处理。",
    ]
    text = "\n".join(line for item in [PARAGRAPHS[0], *items] for line in wrap(item, 18, indent=2))
    blocks, _ = read(text)
    assert [block.text for block in blocks] == [PARAGRAPHS[0], *items]


def test_empty_lines_inside_a_sentence_are_bridged() -> None:
    lines = wrap(PARAGRAPHS[0] + PARAGRAPHS[1], 24, indent=2)
    text = "\n".join(line + ("\n" if at % 2 else "") for at, line in enumerate(lines))
    blocks, wrapped = read(text)
    assert wrapped
    assert "".join(block.text for block in blocks) == PARAGRAPHS[0] + PARAGRAPHS[1]
    assert all(block.text.endswith("。") for block in blocks)


@pytest.mark.parametrize(
    "lines",
    [
        PARAGRAPHS,
        ["你以为的爱情", "其实是一场骗局", "他每天对你嘘寒问暖", "说要带你一起赚钱", "等你投入全部积蓄", "他就消失了"],
        ["一、什么是刷单", "二、刷单的三个步骤", "三、怎样识别", "四、被骗了怎么办", "五、报警电话96110", "六、结语"],
        ["罗某，男", "方某，女", "丁某，男", "刑事拘留", "取保候审", "另案处理"],
    ],
)
def test_the_writers_own_lines_stay(lines: list[str]) -> None:
    blocks, wrapped = read("\n".join(lines))
    assert not wrapped
    assert [block.text for block in blocks] == lines


def test_letters_set_wide_are_closed_up_and_names_and_numbers_are_not() -> None:
    def closed(text: str) -> str:
        return despaced(span(text, 0, len(text))).text

    assert closed("谨 防 上 当") == "谨防上当"
    assert closed("退 还 的 26 万 元 押 金") == "退还的26万元押金"
    assert closed("丁 丙") == "丁 丙"
    assert closed("5月 7日，冻结 30余万元 QQ 号") == "5月 7日，冻结 30余万元 QQ 号"


def test_width_counts_half_for_latin() -> None:
    assert width("QQ群") == 2.0
    assert width("诈骗") == 2.0


def test_a_short_text_is_never_taken_for_a_column() -> None:
    assert not is_wrapped(read_lines("他说他是\n公安局的\n要我转账"))


@pytest.mark.parametrize("column", [15, 21])
def test_the_copyists_of_the_tests_say_what_they_promise(column: int) -> None:
    text = page(1, column)
    assert join_all(text) == "云州打掉招聘诈骗团伙" + "".join(PARAGRAPHS)
    assert join_wrapped(text).split("\n") == ["云州打掉招聘诈骗团伙", *PARAGRAPHS]
    assert join_wrapped("\n".join(PARAGRAPHS)) == "\n".join(PARAGRAPHS)
