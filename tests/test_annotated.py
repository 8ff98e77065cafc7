"""The markup of authored documents: what it means, what it refuses and where, and that writing it out loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.annotated import TAGS, Example, Span, read_annotated, scan_annotated, to_text
from nlp import taxonomy
from nlp.errors import InputError

LABELS = taxonomy.load().label_ids
HEAD = f"voice: 甲\nregister: statement\n\n=== a-1\nkind: case\nlabel: {LABELS[0]}\n"


def write(tmp_path: Path, content: str, name: str = "甲-01.txt") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def one(tmp_path: Path, content: str) -> Example:
    (example,) = read_annotated(write(tmp_path, content))
    return example


def surfaces(example: Example) -> list[tuple[str, str, int]]:
    return [(example.text[span.start : span.end], span.tag, span.case) for span in example.spans]


def test_a_worked_example(tmp_path: Path) -> None:
    example = one(
        tmp_path,
        f"# 一次写成\n{HEAD}also: {LABELS[1]}、{LABELS[2]}\ntactics: 屏幕共享 验证码\ncase 2: {LABELS[3]}\n\n"
        "我住<scene>河南省邓州市</scene>，被<loss>骗走3634元</>。\n\n"
        "后来<victim 2>阮女士</victim>也转了<loss 2>两千</>，<official 0>周警官</>来过。\n",
    )
    assert example.text == "我住河南省邓州市，被骗走3634元。\n\n后来阮女士也转了两千，周警官来过。"
    assert (example.also, example.tactics, example.cases) == (
        LABELS[1:3],
        ("屏幕共享", "验证码"),
        (LABELS[0], LABELS[3]),
    )
    assert (example.voice, example.register, example.split) == ("甲", "statement", "train")
    assert surfaces(example) == [
        ("河南省邓州市", "scene", 1), ("骗走3634元", "loss", 1), ("阮女士", "victim", 2), ("两千", "loss", 2), ("周警官", "official", 0)
    ]  # fmt: skip


def test_a_name_marked_once_is_marked_everywhere(tmp_path: Path) -> None:
    example = one(
        tmp_path,
        f"{HEAD}\n屈某找<suspect>屈某</>，<victim>屈某强</>报警，屈某强哭，屈某跑，<plain>屈某</plain>寨村。\n",
    )
    assert surfaces(example) == [
        ("屈某", "suspect", 1), ("屈某", "suspect", 1), ("屈某强", "victim", 1), ("屈某强", "victim", 1), ("屈某", "suspect", 1)
    ]  # fmt: skip


def test_a_bare_surname_is_not_looked_for(tmp_path: Path) -> None:
    assert surfaces(one(tmp_path, f"{HEAD}\n姓<suspect>单</>的不给账单\n")) == [("单", "suspect", 1)]


def test_a_document_overrides_the_defaults_of_its_file(tmp_path: Path) -> None:
    assert one(tmp_path, f"{HEAD}register: forum\n\n正文\n").register == "forum"


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (f"{HEAD}\n第一行\n有<money>5元</money>\n", 9, "未知标记 <money>"),
        (f"{HEAD}\n第一行\n有<loss>5元\n\n末行\n", 9, "没有关闭"),
        (f"{HEAD}\n<loss>5<price>元</loss></price>\n", 8, "不可嵌套或交叉"),
        (f"{HEAD}\n5元</loss>\n", 8, "没有与之相配"),
        (f"{HEAD}\n<loss>5元</price>\n", 8, "没有与之相配"),
        (f"{HEAD}\n<loss 2>5元</loss>\n", 8, "只有 1 案"),
        (f"{HEAD}\n<loss></loss>\n", 8, "标了 ''"),
        (f"{HEAD}\n金额<5元\n", 8, "孤立的“<”"),
        (f"{HEAD}正文没有空行\n", 7, "看不懂的头部行"),
        (f"{HEAD}\n", 4, "没有正文"),
        (f"{HEAD}case 3: {LABELS[1]}\n\n正文\n", 4, "case 3"),
        ("voice: 甲\nregister: letter\n\n=== a-1\nkind: case\nlabel: other\n\n正文\n", 4, "register 是 'letter'"),
        ("voice: 甲\nregister: news\n\n=== a-1\nkind: story\nlabel: other\n\n正文\n", 4, "kind 是 'story'"),
        ("voice: 甲\nregister: news\n\n=== a-1\nkind: case\nlabel: fraud\n\n正文\n", 4, "标签 'fraud'"),
        ("voice: 甲\nregister: news\n\n=== a-1\nkind: unrelated\nlabel: other\n\n正文\n", 4, "矛盾"),
        ("register: news\n\n=== a-1\nkind: case\nlabel: other\n\n正文\n", 3, "缺少 voice"),
        ("=== a 1\n\n正文\n", 1, "编号行"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_file_and_line(tmp_path: Path, content: str, line: int, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError) as error:
        list(read_annotated(path))
    assert error.value.where == f"{path}:{line}"
    assert said in str(error.value)


def test_the_others_go_on(tmp_path: Path) -> None:
    found = list(scan_annotated(write(tmp_path, f"{HEAD}\n<x>坏</x>\n\n=== a-2\nkind: case\nlabel: other\n\n好的\n")))
    assert [type(item) for item in found] == [InputError, Example]


def test_an_id_stands_once_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}\n正文\n")
    write(tmp_path, f"{HEAD}\n别的\n", "甲-02.txt")
    first, second = scan_annotated(tmp_path)
    assert isinstance(first, Example)
    assert isinstance(second, InputError)
    assert "编号 a-1 重复" in str(second)


@pytest.mark.parametrize("content", [b"", b"voice: x\n", "编号".encode("gb18030")])
def test_a_file_without_documents_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    (found,) = scan_annotated(path)
    assert isinstance(found, InputError)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="没有这个文件"):
        list(read_annotated(tmp_path / "none"))


@st.composite
def example_texts(draw: st.DrawFn) -> Example:
    texts = st.text("屈某强5元<>&=;lt#61\n ，", min_size=1, max_size=60)
    text = draw(texts.filter(lambda t: bool(t.split("\n")[0].strip() and t.split("\n")[-1].strip())))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    spans = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        surface = text[start:end]
        if surface == surface.strip() and "\n" not in surface:
            spans.append(Span(start, end, draw(st.sampled_from(sorted(TAGS))), draw(st.integers(0, 2))))
    return Example(
        "x-1", text, "case", LABELS[0], "chat", "乙", LABELS[1:2], ("跑分",), tuple(spans), LABELS[:2], "test", "注"
    )


@settings(max_examples=150, deadline=None)
@given(example_texts())
def test_writing_out_and_reading_back_loses_nothing(tmp_path_factory: pytest.TempPathFactory, example: Example) -> None:
    path = tmp_path_factory.mktemp("round") / "x.txt"
    path.write_text(
        to_text([example, example.__class__("x-2", "短", "unrelated", "none", "forum", "乙")]), encoding="utf-8"
    )
    assert next(iter(read_annotated(path))) == example


def test_a_long_text_of_brackets_is_quick(tmp_path: Path) -> None:
    assert len(one(tmp_path, f"{HEAD}\n" + "<loss>5元</>" * 2_000 + "某" * 200_000 + "\n").spans) == 2_000
