"""Imports run one way (DESIGN §2): nlp knows no other room, corpora only nlp's records, training and serving the two below them.

Read from the syntax tree, so an import inside a function counts as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("nlp", "training", "serving", "corpora")
# Room → what else of ours it may import; corpora is narrower still, see below.
ALLOWED = {
    "nlp": {"nlp"},
    "corpora": {"corpora", "nlp"},
    "training": {"training", "nlp", "corpora"},
    "serving": {"serving", "nlp", "corpora"},
}
OF_NLP_FOR_CORPORA = {"nlp.records", "nlp.taxonomy", "nlp.errors"}
# Frameworks for training: never in a process that reads or serves.
HEAVY = {"torch", "transformers", "datasets", "sklearn", "pandas", "onnx", "matplotlib"}
WEB_AND_SQL = {
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "requests",
    "httpx",
    "urllib3",
    "typer",
    "rich",
}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports; `from a import b` gives a.b, relative ones are resolved."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def found_in(room: str) -> list[tuple[str, str]]:
    """(file:line, dotted name) of every import of a room."""
    return [
        (f"{path.relative_to(ROOT)}:{line}", name)
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, name in imports(path)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    wrong = [
        (where, name)
        for where, name in found_in(room)
        if (top := name.split(".")[0]) in ROOMS
        and top not in ALLOWED[room]
        # The one place where serving starts training (DESIGN §2).
        and not (top == "training" and where.startswith("serving/model_command.py:"))
    ]
    assert wrong == []


def test_corpora_imports_only_records_taxonomy_and_errors_of_nlp() -> None:
    def allowed(name: str) -> bool:
        return name.startswith("corpora") or any(
            name == module or name.startswith(f"{module}.") for module in OF_NLP_FOR_CORPORA
        )

    assert [
        (where, name) for where, name in found_in("corpora") if name.split(".")[0] in ROOMS and not allowed(name)
    ] == []


@pytest.mark.parametrize("room", ["nlp", "corpora", "serving"])
def test_training_frameworks_stay_in_training(room: str) -> None:
    found = [(where, name) for where, name in found_in(room) if name.split(".")[0] in HEAVY]
    # The client gives frames to those who have pandas; it is loaded when they ask for one.
    assert [each for each in found if not (each[0].startswith("serving/client.py:") and each[1] == "pandas")] == []


def test_the_console_s_framework_stays_in_the_console() -> None:
    at = {where.split(":")[0] for room in ROOMS for where, name in found_in(room) if name.split(".")[0] == "nicegui"}
    assert {path for path in at if not path.startswith("serving/console/")} == set()


@pytest.mark.parametrize("room", ["nlp", "corpora", "training"])
def test_web_and_sql_stay_in_serving(room: str) -> None:
    assert [(where, name) for where, name in found_in(room) if name.split(".")[0] in WEB_AND_SQL] == []


def test_spacy_is_imported_in_one_place() -> None:
    at = {where.split(":")[0] for room in ROOMS for where, name in found_in(room) if name == "spacy"}
    assert at <= {"nlp/lean.py"}


def test_the_reader_of_imports_sees_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    source = "import a.b\nfrom c import d\ndef f():\n    from . import e\n    from ..g import h\n"
    path = tmp_path / "room" / "inner" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert [name for _, name in imports(path)] == ["a.b", "c.d", "room.inner.e", "room.g.h"]
