"""A label more from a handful of examples: through the command line, on a small model made here; what it knew before stays as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from test_model_command import KINDS, make_folder
from typer.testing import CliRunner

from corpora.annotated import read_annotated
from nlp import model_folder, taxonomy
from nlp.added_labels import FILE, Head, join, read_heads, write_heads
from nlp.classify import Calibration, softmax
from nlp.errors import FanzhaError, ModelError, TaxonomyError
from serving.command import app
from training import add_label
from training.gather import Example

PLACES = ("小区活动室", "镇上旅馆", "公园凉亭", "菜场旁边", "老年大学", "文化站")
GOODS = ("灵芝口服液", "磁疗床垫", "远红外背心")
NEW = "外婆在{}听养生课，讲师说{}能治百病，老人掏出养老钱{}元买了六箱，家里一查只是普通糖水。"
OLD = (
    "她在{}被拉进群做任务，说是给{}点赞返佣金，垫付{}元以后提现失败。",
    "{}接到客服来电，称{}快递丢失可以理赔，照着操作转走{}元后对方失联。",
)
CALM = "{}本周整修，{}的展销推迟，预计投入{}元，请居民留意通知。"


def told(story: str, count: int) -> list[str]:
    return [story.format(PLACES[n % 6], GOODS[n % 3], 1700 + 310 * n) for n in range(count)]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What a test lets the taxonomy know is gone after it."""
    yield
    taxonomy._adopted.clear()
    taxonomy.load.cache_clear()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model as the installed default, an invented background, a file of twelve examples."""
    installed = tmp_path / "installed"
    make_folder(installed / "base", 0)
    (installed / "default.txt").write_text("base\n")
    monkeypatch.setattr(model_folder, "MODELS", installed)
    monkeypatch.chdir(tmp_path)
    known = taxonomy.load()
    stories = [
        (OLD[0], "case", known.label_ids[0]),
        (OLD[1], "case", known.label_ids[1]),
        (CALM, "unrelated", known.empty.id),
    ]
    background = [
        (Example(f"{label}{n}", text, kind, label), "train" if n % 2 else "dev")
        for story, kind, label in stories
        for n, text in enumerate(told(story, 18))
    ]
    monkeypatch.setattr(add_label, "read_authored", lambda: background)
    write(tmp_path / "few.jsonl", told(NEW, 12))
    return tmp_path


def write(path: Path, texts: list[str]) -> Path:
    path.write_text("\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts), encoding="utf-8")
    return path


def run(*arguments: str, fails: bool = False) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    if fails:
        assert isinstance(result.exception, FanzhaError), (result.output, result.exception)
        return str(result.exception)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_a_label_is_learned_used_and_seen(world: Path) -> None:
    before = {path.name: path.read_bytes() for path in (world / "installed" / "base").iterdir()}
    printed = run("train", "--add-label", "elder_goods=保健品骗局", "--examples", "few.jsonl")
    folder = Path("runs") / "models" / "base+elder_goods"
    assert "例子 12 篇" in printed
    assert {path.name: path.read_bytes() for path in (world / "installed" / "base").iterdir()} == before
    # 1. The model has it, with its name, and knows it on a text that it never saw; the others are called what they were.
    run("model", "use", str(folder))
    classifier = model_folder.load()
    assert classifier.labels[-1] == "elder_goods"
    assert taxonomy.load().name_of("elder_goods") == "保健品骗局"
    fresh = NEW.format("棋牌室", "蜂胶胶囊", 8800)
    verdict = classifier.classify([fresh])[0]
    assert (verdict.label, verdict.kind != "unrelated") == ("elder_goods", True)
    assert sum(verdict.labels.values()) == pytest.approx(1, abs=1e-5)
    own = model_folder.load(world / "installed" / "base")
    for text in (*told(OLD[0], 2), *told(CALM, 2)):
        now, then = classifier.classify([text])[0], own.classify([text])[0]
        assert (now.label, now.kind) == (then.label, then.kind)
    # 2. What people see: the analysis, its name, the card without a word of the examples.
    write(world / "one.jsonl", [fresh])
    line = json.loads(run("analyze", "one.jsonl").splitlines()[0])
    assert line["articles"][0]["label"] == "elder_goods"
    card = run("model", "show", str(folder))
    assert "新增标签：保健品骗局" in card
    assert add_label.fingerprint(told(NEW, 1)[0]) in card
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    assert "外婆".encode() not in held
    assert "保健品" in run("show", "one.jsonl")


def test_a_second_label_comes_behind_the_first(world: Path) -> None:
    run("train", "--add-label", "elder_goods=保健品骗局", "--examples", "few.jsonl", "-o", "one")
    other = "租客在网上看中{}附近的房子，房东说先付定金，附赠{}，转出{}元才知道房子早已租出。"
    write(world / "more.jsonl", told(other, 9))
    run("train", "--add-label", "rental=租房骗局", "--examples", "more.jsonl", "--model", "one", "-o", "two")
    classifier = model_folder.load(world / "two")
    assert classifier.labels[-2:] == ("elder_goods", "rental")
    texts = [NEW.format("棋牌室", "蜂胶胶囊", 8800), other.format("地铁口", "空调", 2600), *told(OLD[0], 1)]
    verdicts = classifier.classify(texts)
    assert [verdict.label for verdict in verdicts] == ["elder_goods", "rental", taxonomy.load().label_ids[0]]


@pytest.mark.parametrize(
    ("words", "texts", "message"),
    [
        ("Elder=养老", None, "标签编号 'Elder'"),
        ("elder_goods", None, "没有可用的中文名"),
        ("elder_goods=", None, "没有可用的中文名"),
        (f"{taxonomy.load().label_ids[2]}", None, "模型已有标签"),
        (f"elder_goods={taxonomy.load().labels[3].name}", None, "重名"),
        ("elder_goods=保健品骗局", told(NEW, 3), "不重复的例子 3 篇"),
        ("elder_goods=保健品骗局", [told(NEW, 1)[0]] * 12, "不重复的例子 1 篇"),
        ("elder_goods=保健品骗局", ["", *told(NEW, 9)], "few.jsonl:1：没有 text"),
    ],
)
def test_what_will_not_do_is_one_clear_error(world: Path, words: str, texts: list[str] | None, message: str) -> None:
    if texts is not None:
        write(world / "few.jsonl", texts)
    assert message in run("train", "--add-label", words, "--examples", "few.jsonl", fails=True)
    assert not (world / "runs" / "models").exists()


def test_options_that_contradict_one_another(world: Path) -> None:
    assert "--examples" in run("train", "--add-label", "elder_goods=保健品骗局", fails=True)
    assert "没有说按哪个配置" in run("train", fails=True)
    assert "没有说按哪个配置" in run("train", "own.toml", "--examples", "few.jsonl", fails=True)


def test_a_run_that_ends_early_leaves_the_previous_folder(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("train", "--add-label", "elder_goods=保健品骗局", "--examples", "few.jsonl", "-o", "own")
    before = model_folder.verify(world / "own")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "added.npz")

    monkeypatch.setattr("nlp.added_labels.write_heads", full)
    again = ("train", "--add-label", "elder_goods=保健品骗局", "--examples", "few.jsonl", "-o", "own")
    assert "No space left" in run(*again, fails=True)
    assert model_folder.verify(world / "own") == before


def test_learning_needs_no_training_library(world: Path) -> None:
    write(world / "few.jsonl", told(NEW, 8))
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from training import add_label\n"
        "label = add_label.parse_label('elder_goods=保健品骗局')\n"
        "add_label.read_authored = lambda: __import__('pickle').loads(sys.stdin.buffer.read())\n"
        "add_label.add_label(label, Path('few.jsonl'), Path('installed/base'), Path('own'), Path('kept'))\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'pandas', 'scipy'} & set(sys.modules)))\n"
    )
    import pickle

    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(add_label.read_authored()), capture_output=True,
        cwd=world, env={"PYTHONPATH": str(ROOT)}, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().strip() == "[]"


def test_the_gate_keeps_the_shares_of_the_others() -> None:
    calibration = Calibration(0.7, 1.9, 0.5, 0.5, 0.5)
    logits = np.array([0.4, -0.2, 1.1, 0.3, 2.0, -0.5], dtype=np.float32)  # 3 kinds, 3 labels
    kinds, labels = softmax(logits[:3] / 0.7), softmax(logits[3:] / 1.9)
    for odds in (-7.0, -0.4, 3.0):
        q = 1 / (1 + np.exp(-odds))
        joined = join(logits, odds, 3, KINDS.index("unrelated"), calibration)
        now = softmax(joined[3:] / 1.9)
        assert now == pytest.approx([*(labels * (1 - q)), q], abs=1e-5)
        kind = softmax(joined[:3] / 0.7)
        assert kind[2] == pytest.approx(kinds[2] * (1 - q), abs=1e-5)
        assert kind[0] / kind[1] == pytest.approx(kinds[0] / kinds[1], rel=1e-4)


def test_heads_survive_writing_and_odd_files_do_not(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    head = Head(
        draw.normal(size=(4, 3)).astype(np.float32), np.ones(3, np.float32), np.array([2, 9]),
        np.array([0.5, -1.0], np.float32), np.array([1.0, 2.0, -3.0], np.float32),
    )  # fmt: skip
    write_heads([head, head], tmp_path / FILE)
    (first, second) = read_heads(tmp_path / FILE)
    vectors = draw.normal(size=(5, 4)).astype(np.float32)
    assert np.array_equal(first.margin(vectors), head.margin(vectors))
    assert np.array_equal(second.weights, head.weights)
    # Counts 1 and e: values 1 and 2, length √5; only bucket 9 is known.
    assert first.words(np.array([5, 9]), np.array([1.0, np.e], np.float32)) == pytest.approx(-2 / np.sqrt(5))
    np.savez(tmp_path / FILE, heads=np.array(1), **{"0.offsets": np.ones(3)})
    with pytest.raises(ModelError, match="新增标签"):
        read_heads(tmp_path / FILE)


def test_names_of_labels_that_nobody_knows_any_more(world: Path) -> None:
    assert taxonomy.load().name_of("gone_again") == "gone_again"
    with pytest.raises(TaxonomyError):
        taxonomy.load().label("gone_again")


def test_the_background_holds_neither_the_label_nor_what_shares_text_with_an_example() -> None:
    corpus = list(read_annotated(ROOT / "corpora" / "authored" / "nb-01.txt"))
    examples = [Example(document.id, document.text, document.kind, document.label) for document in corpus]
    label = examples[0].label
    shared = next(example for example in examples if example.label != label)
    left = add_label.without(examples, label, [f"另记：{shared.text}"])
    assert left
    assert shared.id not in {example.id for example in left}
    assert label not in {example.label for example in left}
    drawn = add_label.a_few_each([replace(example, label=label) for example in examples * 9])
    assert len(drawn) == add_label.A_LABEL
