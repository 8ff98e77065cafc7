"""The commands train, evaluate and model: through the command line itself, on models made in the test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nlp import model_folder, taxonomy
from nlp.lexical import LexicalEngine, count_ngrams, write_engine
from serving import model_command
from serving.command import app

KNOWN = taxonomy.load()
KINDS = [kind.id for kind in KNOWN.kinds]
CALM = "周五下午区里组织植树，一共栽下三百棵香樟。"
LURE = "对方拉她进群做任务，垫付之后佣金没有返还，她报了警。"


def make_folder(folder: Path, label: int) -> Path:
    """A lexical model that knows LURE as a case of one label and all else as unrelated."""
    folder.mkdir(parents=True)
    buckets = np.setdiff1d(count_ngrams(LURE)[0], count_ngrams(CALM)[0])
    weights = np.zeros((len(buckets), len(KINDS) + len(KNOWN.label_ids)), dtype=np.float32)
    weights[:, KINDS.index("case")] = 1.0
    weights[:, len(KINDS) + label] = 1.0
    bias = np.zeros(weights.shape[1], dtype=np.float32)
    bias[KINDS.index("unrelated")] = 2.0
    engine = LexicalEngine(buckets, np.ones(len(buckets), dtype=np.float32), weights + 1e-6, bias)
    write_engine(engine, folder / "lexical.npz")
    names = {"taxonomy": taxonomy.CURRENT, "kinds": KINDS, "labels": list(KNOWN.label_ids)}
    (folder / "labels.json").write_text(json.dumps(names))
    numbers = ("kind_temperature", "label_temperature", "kind_threshold", "label_threshold", "also_threshold")
    (folder / "calibration.json").write_text(json.dumps(dict.fromkeys(numbers, 0.5)))
    (folder / "card.md").write_text("# 试做的模型\n", encoding="utf-8")
    model_folder.seal(folder, name=folder.name, version="7", engine="lexical", code_version="0")
    return folder


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models as if installed, the first of them the default; and an annotated file."""
    installed = tmp_path / "installed"
    for number, name in enumerate(("lexical-one", "two")):
        make_folder(installed / name, number)
    (installed / "default.txt").write_text("lexical-one\n")
    monkeypatch.setattr(model_folder, "MODELS", installed)
    monkeypatch.chdir(tmp_path)
    rows = [
        {"id": "a", "text": LURE, "kind": "case", "label": KNOWN.label_ids[0]},
        {"id": "b", "text": CALM, "kind": "unrelated", "label": KNOWN.empty.id},
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "gold.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def run(*arguments: str, fails: bool = False) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    if fails:
        return str(result.exception)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_list_names_all_and_marks_the_default(world: Path) -> None:
    make_folder(world / "runs" / "models" / "own", 2)
    lines = [line for line in run("model", "list").splitlines() if "版本 7" in line]
    assert [
        ("默认" in line, name in line) for line, name in zip(lines, ("lexical-one", "two", "own"), strict=True)
    ] == [
        (True, True),
        (False, True),
        (False, True),
    ]


def test_show_checks_the_files_and_prints_the_card(world: Path) -> None:
    assert "# 试做的模型" in run("model", "show", "two")
    (world / "installed" / "two" / "card.md").write_text("另一张", encoding="utf-8")
    assert "被改动" in run("model", "show", "two", fails=True)


def test_use_changes_the_default_and_refuses_what_is_not_whole(world: Path) -> None:
    run("model", "use", "two")
    assert model_folder.default_folder() == model_folder.MODELS / "two"
    assert model_folder.load().classify([LURE])[0].label == KNOWN.label_ids[1]
    other = make_folder(world / "elsewhere" / "own", 2)
    (other / "lexical.npz").write_bytes(b"cut off")
    assert "被改动" in run("model", "use", str(other), fails=True)
    assert model_folder.default_folder() == model_folder.MODELS / "two"
    third = make_folder(world / "elsewhere" / "third", 2)
    run("model", "use", str(third))  # outside the installation: by its path
    assert model_folder.load().classify([LURE])[0].label == KNOWN.label_ids[2]


def test_an_unknown_name_lists_the_known_ones(world: Path) -> None:
    assert "lexical-one、two" in run("model", "show", "three", fails=True)


def test_evaluate_writes_a_report_beside_baseline_and_default(world: Path) -> None:
    pytest.importorskip("matplotlib")
    printed = run("evaluate", "two", "gold.jsonl")
    rows = [line for line in printed.splitlines() if line.startswith(("| two", "| lexical-one"))]
    assert [row.split("|")[2].strip()[:5] for row in rows] == ["1.000", "1.000"]  # kind
    assert [row.split("|")[3].strip()[:5] for row in rows] == ["0.500", "1.000"]  # label
    folder = world / "runs" / "report"
    assert (folder / "confusion.png").read_bytes()[:4] == (folder / "reliability.png").read_bytes()[:4] == b"\x89PNG"
    page, text = (
        (folder / "report.html").read_text(encoding="utf-8"),
        (folder / "report.md").read_text(encoding="utf-8"),
    )
    for part in ("各标签", "各长度", "最有把握的错误", "混淆矩阵"):
        assert part in page
        assert part in text
    assert f"a: case/{KNOWN.label_ids[0]} → case/{KNOWN.label_ids[1]}" in text
    assert LURE not in page + text  # ids and scores, no text


def test_compare_is_the_same_for_two(world: Path) -> None:
    pytest.importorskip("matplotlib")
    assert "| lexical-one |" in run("model", "compare", "lexical-one", "two", "gold.jsonl")


def test_two_folders_of_one_name_are_told_apart(world: Path) -> None:
    pytest.importorskip("matplotlib")
    other = make_folder(world / "elsewhere" / "two", 0)
    printed = run("model", "compare", "two", str(other), "gold.jsonl")
    assert "| installed/two |" in printed
    assert "| elsewhere/two |" in printed


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": CALM, "label": "x"}, "缺少 kind"),
        ({"kind": "case", "label": KNOWN.label_ids[0]}, "text 或 doc_id"),
        ({"text": CALM, "kind": "rumour", "label": KNOWN.label_ids[0]}, "rumour"),
        ({"text": CALM, "kind": "case", "label": "no_such_type"}, "no_such_type"),
    ],
)
def test_a_wrong_file_is_one_clear_error(world: Path, row: dict[str, str], message: str) -> None:
    pytest.importorskip("matplotlib")
    (world / "wrong.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    assert message in run("evaluate", "two", "wrong.jsonl", fails=True)


def test_train_names_what_is_wrong_with_a_configuration(world: Path) -> None:
    (world / "bad.toml").write_text('name = "x"\nlearning_rat = 1\n', encoding="utf-8")
    assert "未知的键 learning_rat" in run("train", "bad.toml", fails=True)


def test_the_names_come_from_three_places(world: Path) -> None:
    make_folder(world / "third" / "own", 2)
    assert list(model_command.known_folders([world / "third"])) == ["lexical-one", "two", "own"]
