"""training.configuration: a wrong key is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.errors import InputError
from training.configuration import read_configuration

CONFIGS = Path(__file__).resolve().parents[1] / "training" / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_configuration_reads(path: Path) -> None:
    configuration = read_configuration(path)
    assert configuration.lexical or configuration.encoder
    assert not set(configuration.data.gold) & set(configuration.data.evaluation)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("seed = ", "sed = ", "未知的键 sed"),
        ("folds = 5\n", "", "缺少 folds"),
        ("buckets = 80000", 'buckets = "many"', "buckets 为 'many'"),
        ("negative_weight", "negatives_weight", "未知的键 negatives_weight"),
        ("[data]", "[data", "不是 TOML"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = (CONFIGS / "lexical.toml").read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "run.toml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_configuration(path)


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="没有这个配置文件"):
        read_configuration(tmp_path / "none.toml")
