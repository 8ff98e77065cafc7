"""The documents say what is: commands, targets, files and endpoints that they name exist."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "corpora" / "samples.md"])
READMES = [ROOT / "README.md", ROOT / "README.en.md"]


def commands():
    import typer

    from serving.command import app

    return typer.main.get_command(app)


def lines_of_code(text):
    for block in re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL):
        yield from (line.strip().removeprefix("$ ") for line in block.splitlines())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_exists(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in lines_of_code(path.read_text(encoding="utf-8")):
        if found := re.match(r"make ([a-z-]+)", line):
            assert found.group(1) in targets, line


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_every_command_and_option_exists(path):
    group = commands()
    checked = 0
    for line in lines_of_code(path.read_text(encoding="utf-8")):
        words = line.split("#")[0].split()
        if not words or words[0] != "fanzha":
            continue
        command = group.commands[words[1]]
        if hasattr(command, "commands"):
            command = command.commands[words[2]]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for word in words[2:]:
            if word.startswith("--"):
                assert word.split("=")[0] in known, line
        checked += 1
    assert checked >= 6


def test_every_command_is_in_the_readme_or_a_guide():
    """The everyday ones are in the README; what one needs once a year has a guide of its own."""
    guides = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md"))
    for path in READMES:
        text = path.read_text(encoding="utf-8") + guides
        for name in commands().commands:
            assert f"fanzha {name}" in text, (path.name, name)


def test_every_setting_is_in_the_code_that_the_readme_names():
    from serving.settings import VARIABLES

    for path in READMES:
        for name in re.findall(r"FANZHA_[A-Z_]+", path.read_text(encoding="utf-8")):
            assert name in VARIABLES, name


def test_no_path_of_a_machine_and_no_registry_stands_in_a_file():
    forbidden = re.compile(
        r"(?<![\w.])/(?:work|tmp/w|root|home)/|pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian"
    )
    for path in ROOT.rglob("*"):
        inside = path.relative_to(ROOT).parts
        if inside[0] in (".git", "runs", "data") or any(
            part.startswith(".venv") or part == "__pycache__" for part in inside
        ):
            continue
        if (
            path.suffix in (".py", ".md", ".toml", ".tsv", ".txt", ".json", ".jsonl", ".yml", ".ini")
            and path != ROOT / "tests" / "test_docs.py"
        ):
            found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, (path, found)
