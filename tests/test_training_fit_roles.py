"""The linear models that stand beside the rules: fitted, written, read back, and the same by the functions that serve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpora.annotated import read_annotated
from nlp.extract import linear
from nlp.extract.person_learned import SURE
from tests.processes import ROOT

AUTHORED = ROOT / "corpora" / "authored"
pytest.importorskip("sklearn", reason="needs the extra train (make test-all)")


def test_roles_are_learned_and_come_back_from_the_file(tmp_path: Path) -> None:
    from training.fit_roles import fit_roles, write_roles

    rows = [["cue:caught", "d:me0"], ["cue:lost", "d:me0"], ["cue:told", "d:me0"]] * 6 + [["cue:rare", "cue:lost"]]
    roles = ["suspect", "victim", "official"] * 6 + ["victim"]
    weights = fit_roles(rows, roles, [1.0] * len(rows), strength=1.0, smallest=0.01, least=2)
    assert "cue:rare" not in weights.rows
    write_roles(weights, tmp_path / "own.json")
    told = json.loads((tmp_path / "own.json").read_text(encoding="utf-8"))
    again = linear.Weights(tuple(told["roles"]), told["weights"])
    assert linear.best(["cue:caught", "d:me0", "never seen"], again)[0] == "suspect"
    assert linear.best(["cue:lost"], again)[0] == "victim"
    assert linear.best(["cue:lost"], again)[1] <= 0


def test_yes_and_no_are_learned_from_the_open_corpus_alone() -> None:
    """The rows that the training command makes of a few documents, and a model that tells most of them apart."""
    from training.fit_roles import fit_whether
    from training.train_person_names import measure, rows_of

    examples = [example for example in read_annotated(AUTHORED / "nb-01.txt") if example.kind == "case"]
    rows = [row for e in examples for row in rows_of(e.text, {(s.start, s.end) for s in e.spans})]
    assert any(is_name for _, is_name in rows)
    assert not all(is_name for _, is_name in rows)
    weights = fit_whether(rows, strength=1.0, smallest=0.01, least=1)
    right = sum((linear.logit(features, weights) > 0) == is_name for features, is_name in rows)
    assert right / len(rows) > 0.97
    assert 0 < SURE < 1
    assert {sort for sort, *_ in measure(rows, weights)} <= {"full", "familiar", "titled", "masked"}
