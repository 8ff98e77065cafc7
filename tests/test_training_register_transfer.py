"""training.register_transfer: what is measured without a register saw nothing of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'fanzha[train]'")

from nlp import taxonomy
from training.configuration import read_configuration
from training.gather import Example
from training.register_transfer import FEWEST, Row, given_labels, markdown, measure, share_right, transfer

KINDS, LABELS = taxonomy.load().kind_ids, taxonomy.load().label_ids
CONFIGURATION = read_configuration(Path("training/configs/lexical.toml"))


def texts_in_two_registers() -> tuple[list[Example], np.ndarray]:
    """Two labels in two registers; each pair of both has words of its own, so that one register tells nothing of the other."""
    examples, columns = [], []
    for register in ("news", "chat"):
        for label in LABELS[:2]:
            for number in range(FEWEST):
                name = f"{register} {label} {number}"
                voice = number % 10
                examples.append(Example(name, name, "case", label, register=register, cluster=voice))
                columns.append([register == r and label == one for r in ("news", "chat") for one in LABELS[:2]])
    # Both kinds must occur.
    examples += [Example(f"u{n}", "", "unrelated", "none", judged=False, cluster=n) for n in range(10)]
    columns += [[False] * 4] * 10
    return examples, np.array(columns, dtype=np.float64)


def test_the_register_that_is_asked_about_is_not_learned_from() -> None:
    examples, columns = texts_in_two_registers()
    given = transfer(columns, examples, CONFIGURATION, "chat")
    assert len(given) == 2 * FEWEST
    assert len(set(given)) == 1  # nothing of these columns was learned: one answer for all
    rows = {row.register: row for row in measure(examples, {"table": (columns, CONFIGURATION)})}
    assert set(rows) == {"news", "chat"}
    for row in rows.values():
        ((model, without, inside),) = row.shares
        assert (model, row.texts, inside) == ("table", 2 * FEWEST, 1.0)
        assert without <= 0.5


def test_registers_with_few_texts_are_left_out() -> None:
    examples, columns = texts_in_two_registers()
    examples = [replace(e, register="forum") if e.id.endswith(" 0") else e for e in examples]
    assert {row.register for row in measure(examples, {"table": (columns, CONFIGURATION)})} == {"news", "chat"}


def test_unrelated_is_a_label_of_its_own() -> None:
    logits = np.zeros((2, len(KINDS) + len(LABELS)), dtype=np.float32)
    logits[0, KINDS.index("unrelated")] = 1.0
    logits[1, KINDS.index("case")] = 1.0
    logits[:, len(KINDS) + 3] = 1.0
    given = given_labels(logits, KINDS, LABELS)
    assert given == ["none", LABELS[3]]
    wanted = [Example("a", "", "unrelated", "none"), Example("b", "", "case", LABELS[4])]
    assert share_right(wanted, given) == 0.5


def test_the_table_has_a_dash_where_nothing_was_measured() -> None:
    rows = [Row("chat", 30, (("a", 0.5, 0.75), ("b", 0.25, math.nan))), Row("news", 40, (("a", 1.0, 1.0),))]
    lines = markdown(rows).splitlines()
    assert lines[2] == "| chat | 30 | 0.500 / 0.750 | 0.250 / – |"
    assert lines[3] == "| news | 40 | 1.000 / 1.000 | – / – |"
