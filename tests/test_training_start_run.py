"""training.start_run: a configuration in, a folder out; what goes wrong says so and leaves the old folder as it was. No torch is needed."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from corpora import labels_beside
from nlp import model_folder, taxonomy
from nlp.errors import InputError, TaxonomyError
from training import start_run
from training.start_run import Places, start

LABELS = taxonomy.load().label_ids[:2]
EMPTY = taxonomy.load().empty.id
STORIES = {
    LABELS[0]: "{}在群里做任务垫付，佣金没有返还，报警称被骗{}元。",
    LABELS[1]: "{}接到客服来电说快递丢失可以理赔，转走{}元后失联。",
    EMPTY: "{}建议在路口增设红绿灯，方便{}名学生过马路。",
}
TOML = """
name = "own"
version = "1"
seed = 1
folds = 4
kind_precision = 0.9
label_precision = 0.9

[data]
texts = ["own"]
gold = ["train"]
evaluation = []
negatives = {}
negative_weight = 0.5
scam_words = []
narratives = false

[lexical]
least_documents = 2
buckets = 2000
loss = "logistic"
kind_c = 10.0
label_c = 10.0
balance = 0.5
"""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Ninety invented documents of three sorts."""
    monkeypatch.setattr("training.gather.cluster", lambda texts: {name: index for index, name in enumerate(texts)})
    names = [f"{first}{second}某" for first in "赵钱孙李周吴郑王冯陈" for second in "甲乙丙"]
    rows = [
        ({"id": f"{label}{n}", "text": story.format(name, n * 7)}, "unrelated" if label == EMPTY else "case", label)
        for n, name in enumerate(names)
        for label, story in STORIES.items()
    ]
    for part in ("data", "gold"):
        (tmp_path / "in" / part).mkdir(parents=True)
    lines = [json.dumps(row, ensure_ascii=False) for row, _, _ in rows]
    (tmp_path / "in" / "data" / "own.jsonl").write_text("\n".join(lines), encoding="utf-8")
    lines = [json.dumps({"doc_id": row["id"], "kind": kind, "label": label}) for row, kind, label in rows]
    (tmp_path / "in" / "gold" / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return Places(tmp_path / "in", tmp_path / "runs")


def write(tmp_path: Path, text: str = TOML) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_lexical_model_out_of_a_configuration(places: Places, tmp_path: Path) -> None:
    folder = start(write(tmp_path), places)
    assert folder == tmp_path / "runs" / "models" / "own"
    verdict = model_folder.load(folder).classify([STORIES[LABELS[1]].format("卫丁某", 3)])[0]
    assert (verdict.kind, verdict.label) == ("case", LABELS[1])
    assert [path.name for path in folder.parent.iterdir()] == ["own"]  # nothing half-made is left beside it


def test_a_label_that_an_installation_added_is_learned_and_named_by_the_model(places: Places, tmp_path: Path) -> None:
    """The first label of the data is one that the package does not have; the model says what it is called, wherever it is loaded."""
    gold = places.data / "gold" / "train.jsonl"
    gold.write_text(
        gold.read_text(encoding="utf-8").replace(f'"label": "{LABELS[0]}"', '"label": "task_groups"'), encoding="utf-8"
    )
    with pytest.raises(TaxonomyError, match="task_groups"):  # said, not passed over
        start(write(tmp_path), places)
    told = {"id": "task_groups", "name": "任务群骗局", "meaning": "拉群做任务"}
    beside = places.data / labels_beside.FILE
    beside.write_text(json.dumps({"version": "2026.1+1", "labels": [told]}, ensure_ascii=False), encoding="utf-8")
    try:
        folder = start(write(tmp_path), places)
        assert json.loads((folder / "labels.json").read_text(encoding="utf-8"))["added"] == [told]
        verdict = model_folder.load(folder).classify([STORIES[LABELS[0]].format("卫丁某", 3)])[0]
        assert verdict.label == "task_groups"
    finally:
        taxonomy._adopted.clear()
        taxonomy.load.cache_clear()
    beside.write_text('{"labels": [{}]}', encoding="utf-8")
    with pytest.raises(InputError, match="读不出新增的类型"):
        start(write(tmp_path), places)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("least_documents = 2", "least_dokuments = 2"), "未知的键 least_dokuments"),
        (("[lexical]", "[lexicon]"), "未知的键 lexicon"),
        (("seed = 1", 'seed = "one"'), "seed"),
        (('gold = ["train"]', 'gold = ["nothing"]'), r"nothing\.jsonl"),
    ],
)
def test_what_is_wrong_is_one_clear_error(
    places: Places, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        start(write(tmp_path, TOML.replace(*change)), places)


def test_a_class_without_examples_beside_one_is_an_error(places: Places, tmp_path: Path) -> None:
    gold = places.data / "gold" / "train.jsonl"
    lines = [line for line in gold.read_text(encoding="utf-8").splitlines() if json.loads(line)["label"] == EMPTY]
    gold.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match="1 类"):
        start(write(tmp_path), places)


def test_a_full_disk_leaves_the_previous_model(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = start(write(tmp_path), places)
    before = model_folder.verify(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "lexical.npz")

    monkeypatch.setattr("training.train_lexical.write_engine", full)
    with pytest.raises(InputError, match="No space left"):
        start(write(tmp_path), places)
    assert model_folder.verify(folder) == before


def test_a_run_killed_between_two_steps_leaves_the_previous_model(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = start(write(tmp_path), places)
    before = model_folder.verify(folder)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(start_run, "verify", die)
        with pytest.raises(KeyboardInterrupt):
            start(write(tmp_path), places)
    assert model_folder.verify(folder) == before
    assert start(write(tmp_path), places) == folder


def test_a_missing_library_is_named(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ImportError("no module", name="sklearn")

    monkeypatch.setattr("training.train_lexical.train", missing)
    with pytest.raises(InputError, match=r"sklearn.*fanzha\[train\]"):
        start(write(tmp_path), places)
