"""training.gather: a folder of one's own in the form of ../shared, made in the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlp import taxonomy
from nlp.errors import InputError, TaxonomyError
from training.configuration import DataSettings
from training.gather import NARRATIVES, gather, read_narratives
from training.lint_narratives import find_faults

LABEL = taxonomy.load().label_ids[0]
EMPTY = taxonomy.load().empty.id
TEXT = "某市的居民韩某在群里做任务，先后垫付六千元，对方以操作失误为由拒绝返还本金，韩某随后到派出所报案，编号{}。"


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def settings(**changes: object) -> DataSettings:
    values: dict[str, object] = {
        "texts": ("own",),
        "gold": ("train",),
        "evaluation": ("dev",),
        "negatives": {"plain": 2},
        "negative_weight": 0.5,
        "scam_words": ("骗",),
        "narratives": False,
    }
    return DataSettings(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = [
        {"id": "a", "title": "", "text": "甲" * 30 + TEXT.format("一")},
        {
            "id": "b",
            "title": "标题",
            "text": "完全不同的一件事：林场的护林员发现有人在山脚非法捕鸟，已经移交森林公安处理。",
        },
        {"id": "e", "title": "", "text": TEXT.format("二")},
    ]
    write(tmp_path / "data" / "own.jsonl", own)
    plain = [{"id": f"p{i}", "text": f"第{i}路公交车改道，请留意站牌。"} for i in range(3)]
    write(tmp_path / "data" / "plain.jsonl", [*plain, {"id": "q", "text": "有人被骗"}])
    write(tmp_path / "gold" / "dev.jsonl", [{"doc_id": "e", "kind": "case", "label": LABEL, "also": []}])
    rows = [
        {"doc_id": "a", "kind": "case", "label": LABEL},
        {"doc_id": "b", "kind": "unrelated", "label": EMPTY, "also": []},
    ]
    write(tmp_path / "gold" / "train.jsonl", rows)
    return tmp_path


def test_what_shares_text_with_evaluation_is_dropped_and_told(folder: Path) -> None:
    gathered = gather(folder, settings(), 1)
    assert {example.id for example in gathered.examples} & {"a", "b", "e"} == {"b"}
    assert [(overlap.candidate, overlap.reference) for overlap in gathered.dropped] == [("a", "e")]
    assert "a ↔ e" in gathered.describe()


def test_title_and_text_are_one(folder: Path) -> None:
    example = next(example for example in gather(folder, settings(), 1).examples if example.id == "b")
    assert example.text.startswith("标题\n完全")


def test_weak_negatives_hold_no_word_of_the_field_and_are_the_same_each_time(folder: Path) -> None:
    first, again = (gather(folder, settings(), 5).examples for _ in range(2))
    weak = [example for example in first if not example.judged]
    assert len(weak) == 2
    assert all(example.id.startswith("p") and example.weight == 0.5 for example in weak)
    assert first == again


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"doc_id": "zz", "kind": "case", "label": LABEL}, InputError, "zz"),
        ({"doc_id": "a", "kind": "rumour", "label": LABEL}, InputError, "rumour"),
        ({"doc_id": "a", "kind": "case", "label": "no_such_type"}, TaxonomyError, "no_such_type"),
    ],
)
def test_unknown_documents_kinds_and_labels_are_errors(
    folder: Path, row: dict[str, object], error: type, message: str
) -> None:
    write(folder / "gold" / "train.jsonl", [row])
    with pytest.raises(error, match=message):
        gather(folder, settings(), 1)


def test_a_register_can_be_left_out(folder: Path) -> None:
    examples = gather(folder, settings(registers={"own": "news"}), 1).examples
    assert {(example.source, example.register) for example in examples} == {("own", "news"), ("plain", "")}
    left = gather(folder, settings(registers={"own": "news"}, without_registers=("news",)), 1).examples
    assert {example.source for example in left} == {"plain"}


def test_a_broken_line_is_named(folder: Path) -> None:
    (folder / "data" / "own.jsonl").write_text('{"id": "a", "text": "一"}\n{"id": \n', encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.jsonl:2"):
        gather(folder, settings(), 1)


def test_the_open_corpus_is_learned_from_but_for_its_held_out_voices(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = f"kind: case\nlabel: {LABEL}\nregister: statement\n"
    written = tmp_path / "authored"
    written.mkdir()
    (written / "aa-01.txt").write_text(
        f"{head}voice: aa\n\n=== aa-1\n\n<victim>苗女士</>付了<loss>300元</>。\n\n=== aa-2\n\n网吧里有人丢了钱包。\n",
        encoding="utf-8",
    )
    (written / "bb-01.txt").write_text(
        f"{head}voice: bb\nsplit: dev\n\n=== bb-1\n\n上周三我在单位楼下接到一个陌生电话，对方能叫出我的名字。\n",
        encoding="utf-8",
    )
    (written / "cc-01.txt").write_text(
        f"{head}voice: cc\n\n=== cc-1\n\n上周三我在单位楼下接到一个陌生电话，对方能叫出我的名字！\n", encoding="utf-8"
    )
    monkeypatch.setattr("training.gather.AUTHORED", written)
    gathered = gather(folder, settings(authored=True), 1)
    own = {example.id: example for example in gathered.examples if example.source == "authored"}
    assert own.keys() == {"aa-1", "aa-2"}  # cc-1 shares its text with a held-out voice
    assert own["aa-1"].cluster == own["aa-2"].cluster  # one voice, never on both sides of a fold
    spans = own["aa-1"].spans or ()
    assert [(own["aa-1"].text[s.start : s.end], s.kind, s.role) for s in spans] == [
        ("苗女士", "person", "victim"),
        ("300元", "amount", "loss"),
    ]
    assert [example.id for example in gathered.held_out] == ["bb-1"]
    assert "bb 1" in gathered.describe()


def test_the_narratives_have_labels_of_the_taxonomy_and_are_not_alike() -> None:
    examples = read_narratives(NARRATIVES)
    assert len(examples) >= 150
    assert find_faults(examples) == []
