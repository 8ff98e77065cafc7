"""nlp.model_folder: a whole folder loads, an altered one does not, and loading pulls in no training library."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nlp import model_folder, taxonomy
from nlp.errors import ModelError
from nlp.lexical import LexicalEngine, write_engine

KINDS = ("case", "advisory", "unrelated")
SHIPPED = sorted(path.parent for path in model_folder.MODELS.glob("*/manifest.json"))


def make_folder(folder: Path, version: str = taxonomy.CURRENT, outputs: int | None = None) -> Path:
    """A tiny sealed lexical folder."""
    labels = taxonomy.load().label_ids
    width = len(KINDS) + len(labels) if outputs is None else outputs
    engine = LexicalEngine(
        np.array([3, 70, 9000]),
        np.ones(3, np.float32),
        np.ones((3, width), np.float32),
        np.arange(width, dtype=np.float32),
    )
    folder.mkdir()
    write_engine(engine, folder / "lexical.npz")
    (folder / "labels.json").write_text(json.dumps({"taxonomy": version, "kinds": KINDS, "labels": labels}))
    numbers = dict.fromkeys(("kind_temperature", "label_temperature"), 1.0)
    numbers |= dict.fromkeys(("kind_threshold", "label_threshold", "also_threshold"), 0.5)
    (folder / "calibration.json").write_text(json.dumps(numbers))
    (folder / "card.md").write_text("# 试验\n", encoding="utf-8")
    model_folder.seal(folder, name="tiny", version="1", engine="lexical", code_version="0")
    return folder


def test_a_sealed_folder_loads(tmp_path: Path) -> None:
    classifier = model_folder.load(make_folder(tmp_path / "tiny"))
    verdict = classifier.classify(["村里来人说送鸡蛋"])[0]
    assert verdict.model == "tiny 1"
    assert verdict.kind == KINDS[-1]  # the largest bias among the kinds
    assert verdict.label == classifier.labels[-1]


@pytest.mark.parametrize("name", ["lexical.npz", "labels.json", "calibration.json", "card.md"])
def test_an_altered_file_is_named(tmp_path: Path, name: str) -> None:
    folder = make_folder(tmp_path / "tiny")
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelError, match="被改动") as caught:
        model_folder.load(folder)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["lexical.npz", "labels.json", "manifest.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = make_folder(tmp_path / "tiny")
    (folder / name).unlink()
    with pytest.raises(ModelError, match="缺少文件") as caught:
        model_folder.load(folder)
    assert name in str(caught.value)


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="没有这个模型文件夹"):
        model_folder.load(tmp_path / "nowhere")


def test_an_unknown_taxonomy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="1999"):
        model_folder.load(make_folder(tmp_path / "tiny", version="1999.9"))


def test_a_version_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="未知"):
        model_folder.load(make_folder(tmp_path / "tiny", version="../models/x"))


def test_a_model_with_the_wrong_number_of_outputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="模型输出"):
        model_folder.load(make_folder(tmp_path / "tiny", outputs=7))


def test_an_unlisted_weight_file_is_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    table = json.loads((folder / "manifest.json").read_text())
    del table["files"]["lexical.npz"]
    (folder / "manifest.json").write_text(json.dumps(table))
    with pytest.raises(ModelError, match=r"lexical\.npz"):
        model_folder.load(folder)


def test_a_manifest_cannot_reach_out_of_its_folder(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    table = json.loads((folder / "manifest.json").read_text())
    table["files"]["../outside"] = "0" * 64
    (tmp_path / "outside").write_text("x")
    (folder / "manifest.json").write_text(json.dumps(table))
    with pytest.raises(ModelError, match="缺少文件"):
        model_folder.load(folder)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    np.savez(folder / "lexical.npz", bucket_steps=np.array([{"an": "object"}], dtype=object))
    model_folder.seal(folder, name="tiny", version="1", engine="lexical", code_version="0")
    with pytest.raises(ModelError, match="词面模型"):
        model_folder.load(folder)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_folder_loads_and_tells_where_it_comes_from(folder: Path) -> None:
    classifier = model_folder.load(folder)
    known = taxonomy.load()
    assert classifier.labels == known.label_ids
    assert classifier.kinds == tuple(kind.id for kind in known.kinds)
    card = (folder / "card.md").read_text(encoding="utf-8")
    for heading in ("训练数据", "许可", "评测", "已知不足"):
        assert heading in card
    assert "| 0." in card or "0." in card.split("## 评测")[1], "the card has no scores"


def test_the_default_folder_is_one_of_the_shipped() -> None:
    assert model_folder.default_folder() in SHIPPED


def test_shipped_folders_fit_the_budget() -> None:
    size = sum(path.stat().st_size for path in model_folder.MODELS.rglob("*") if path.is_file())
    assert size <= 45_000_000


def test_loading_needs_no_training_library(tmp_path: Path) -> None:
    copy = tmp_path / "copy"  # a folder outside the package loads the same way
    shutil.copytree(model_folder.default_folder(), copy)
    program = (
        "import sys, pathlib\n"
        "from nlp import model_folder\n"
        f"classifier = model_folder.load(pathlib.Path({str(copy)!r}), threads=1)\n"
        "classifier.classify(['男子称帮忙刷单被骗3460元'])\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'pandas', 'scipy'} & set(sys.modules)))\n"
    )
    root = Path(model_folder.__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=root, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
