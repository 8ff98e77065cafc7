"""The taxonomy is data (DESIGN §2): no id of a scam type stands in code outside `nlp/taxonomy`, so a new version needs no code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from nlp import taxonomy

ROOT = Path(__file__).resolve().parents[1]
# "other" is also a role of people, places and sums; "none" is a word of many formats.
EXEMPT = {"other", "none"}


def ids() -> set[str]:
    """Every id that must not stand in code."""
    scheme = taxonomy.load()
    return {*scheme.label_ids, scheme.empty.id} - EXEMPT


def literals(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every string literal that is not a docstring."""
    tree = ast.parse(source)
    notes = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
            yield node.lineno, node.value


def test_no_label_id_stands_in_code() -> None:
    forbidden = ids()
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for room in ("nlp", "training", "serving", "corpora")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.parent != ROOT / "nlp" / "taxonomy"
        for line, text in literals(path.read_text(encoding="utf-8"))
        if text in forbidden
    ]
    assert found == []


def test_the_search_would_find_one() -> None:
    label = sorted(ids())[0]
    assert list(literals(f'"""{label}"""\nx = {{"a": ["{label}"]}}\n')) == [(2, "a"), (2, label)]
