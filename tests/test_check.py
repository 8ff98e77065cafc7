"""The linter of the authored corpus: each fault is found, a sound corpus passes, and the figures mean what they say."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from corpora.annotated import Example, Span, read_annotated, to_text
from corpora.check import find_shortages, kappa, main
from corpora.faults import COMMON, alike_pairs, find_faults
from corpora.realness import distinct_share, find_copied, read_real, tell_apart, variety
from nlp.errors import InputError

DRAW = random.Random(5)
ALPHABET = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]


def words(size: int, alphabet: list[str] = ALPHABET) -> str:
    return "".join(DRAW.choices(alphabet, k=size))


def example(name: str, text: str, *spans: Span, voice: str = "甲", split: str = "train") -> Example:
    return Example(name, text, "case", "other", "statement", voice, spans=spans, cases=("other",), split=split)


def sorts(*examples: Example) -> set[str]:
    return {fault.sort for fault in find_faults(examples)}


def test_a_sound_corpus_has_no_fault() -> None:
    assert sorts(*(example(f"a-{n}", words(80)) for n in range(30))) == set()


def test_the_same_text_twice_whatever_its_white_space() -> None:
    text = words(60)
    assert "重复" in sorts(example("a", text), example("b", f"  {text[:30]}\n{text[30:]}"))


def test_near_duplicates() -> None:
    text = words(100)
    assert "近似" in sorts(example("a", text), example("b", words(20) + text[:70]))
    assert "近似" not in sorts(example("a", text), example("b", words(80) + text[:20]))


def test_overlap_worked_by_hand() -> None:
    # 一二三四五六 has two 5-character runs, 一二三四五七 has two, one is shared: 1 of 3.
    assert alike_pairs({"a": "一二三四五六", "b": "一二三四五七"}) == {("a", "b"): pytest.approx(1 / 3)}


def test_openings_that_repeat() -> None:
    assert "开头" not in sorts(*(example(f"a-{n}", "昨天下午我在" + words(60)) for n in range(2)))
    assert "开头" in sorts(*(example(f"a-{n}", "昨天 下午我在" + words(60)) for n in range(3)))


@pytest.mark.parametrize(
    ("surface", "tag", "limit"),
    [("王某", "suspect", COMMON[0]), ("阮荣恩", "suspect", 2), ("5000元", "loss", COMMON[0]), ("48,650元", "loss", 2)],
)
def test_names_and_sums_that_repeat(surface: str, tag: str, limit: int) -> None:
    def holding(count: int) -> set[str]:
        return sorts(*(example(f"a-{n}", words(60) + surface, Span(60, 60 + len(surface), tag)) for n in range(count)))

    assert "复现" not in holding(limit)
    assert "复现" in holding(limit + 1)


def test_a_voice_on_both_sides_of_the_split() -> None:
    one = example("a", words(60))
    assert "泄漏" in sorts(one, example("b", words(60), split="test"))
    assert "泄漏" not in sorts(one, example("b", words(60), split="test", voice="乙"))


def test_marks_that_cannot_be_meant() -> None:
    assert "标记" in sorts(example("a", "钱被骗光了", Span(0, 1, "loss")))
    assert "号码" in sorts(example("a", "他的号是13800001234"))
    assert sorts(example("a", "转了1234567元", Span(2, 10, "loss"))) == set()


def write(folder: Path, *examples: Example) -> Path:
    (folder / "甲-01.txt").write_text(to_text(list(examples)), encoding="utf-8")
    return folder


def test_the_command_passes_a_sound_folder_and_prints_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, *(replace(example(f"a-{n}", words(90)), tactics=("跑分", "新花样")) for n in range(5)))
    (tmp_path / "second_reading.tsv").write_text("a-1\tcase\tother\na-2\tunrelated\tnone\n", encoding="utf-8")
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for part in (
        "标签 × 体裁",
        "当事人自述",
        "标签体系之外的手法：新花样",
        "复读 2 篇",
        "unrelated/none",
        "5 篇，0 处错误",
        "尚缺：文档 5/1000",
    ):
        assert part in printed


def test_the_command_fails_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, example("a-1", words(50)))
    (tmp_path / "乙-01.txt").write_text(
        "=== b-1\nvoice: 乙\nkind: case\nlabel: other\nregister: chat\n\n<zz>1</>\n", encoding="utf-8"
    )
    assert main([str(tmp_path)]) == 1
    assert "乙-01.txt:7：未知标记 <zz>" in capsys.readouterr().out


def test_the_command_fails_when_quantities_are_demanded(tmp_path: Path) -> None:
    write(tmp_path, example("a-1", words(50)))
    assert main([str(tmp_path), "--complete"]) == 1


def test_an_id_in_two_paths_and_a_wrong_second_reading_are_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, example("a-1", words(50)))
    (tmp_path / "second_reading.tsv").write_text("a-9\tcase\tother\n", encoding="utf-8")
    assert main([str(tmp_path), str(tmp_path / "甲-01.txt")]) == 1
    printed = capsys.readouterr().out
    assert "编号 a-1 重复" in printed
    assert "second_reading.tsv:1" in printed


def test_what_the_second_reader_gets_shows_no_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, *(example(f"a-{n}", words(50)) for n in range(60)))
    assert main([str(tmp_path), "--blind"]) == 0
    printed = capsys.readouterr().out
    assert 1 <= printed.count("=== a-") <= 15
    assert "other" not in printed


def test_kappa_worked_by_hand() -> None:
    # 3 of 4 agree; chance is 0.75·0.5 + 0.25·0.5 = 0.5, so (0.75 − 0.5) / 0.5.
    assert kappa([("a", "a"), ("a", "a"), ("a", "b"), ("b", "b")]) == pytest.approx(0.5)
    assert kappa([("a", "a")]) == 1.0


def test_shortages_count_cases_and_not_documents() -> None:
    twice = replace(example("a", "甲"), cases=("other", "other"))
    assert any(line.startswith("other 2/") for line in find_shortages([twice]))


def test_templates_have_less_variety_than_prose() -> None:
    prose, template = [words(200) for _ in range(20)], ["一个固定的模板反复使用" * 10 + words(90) for _ in range(20)]
    assert distinct_share(prose, 3000) > 0.99
    assert variety(template, prose)[0] < 0.7
    assert variety(prose, [words(200) for _ in range(20)])[0] == pytest.approx(1, abs=0.02)


def test_the_classifier_tells_styles_apart_and_not_samples() -> None:
    first, second = ALPHABET[:300], ALPHABET[200:500]
    same = [words(120, first) for _ in range(60)]
    assert tell_apart(same[:30], [words(120, second) for _ in range(30)]) > 0.95
    assert 0.25 < tell_apart(same[:30], same[30:]) < 0.75
    assert tell_apart(same[:3], same[3:]) != tell_apart(same[:3], same[3:])  # too few: not a number


def test_real_texts_are_read_by_register_and_their_absence_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="没有可比的真实文本"):
        read_real(tmp_path)
    (tmp_path / "data").mkdir()
    rows = [{"title": "市民受骗", "text": "对方冒充客服"}, {"title": "修路", "text": "坑太多"}]
    (tmp_path / "data" / "citizen_messages.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_real(tmp_path)["complaint_form"] == ["市民受骗\n对方冒充客服"]


def test_a_run_taken_from_a_real_text_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    real = words(40)
    (tmp_path / "data" / "news_ccbps.jsonl").write_text(json.dumps({"title": "", "text": real}), encoding="utf-8")
    texts = {"a": words(30) + real[5:21], "b": words(30) + real[5:20]}
    assert find_copied(texts, tmp_path) == {"a": real[5:21]}


@pytest.mark.shared
def test_nothing_in_the_corpus_is_copied_from_the_shared_texts() -> None:
    examples = read_annotated(Path(__file__).resolve().parents[1] / "corpora" / "authored")
    assert find_copied({one.id: one.text for one in examples}, Path(__file__).resolve().parents[2] / "shared") == {}


def test_the_corpus_of_the_project_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0, capsys.readouterr().out
