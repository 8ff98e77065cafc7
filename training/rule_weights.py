"""What the commands that learn weights beside the rules of `nlp.extract` share: their arguments, and the cases they learn from and check on.

In: a command line, the two readers of a command (one of gold files, one of the open corpus). Out: what was read, apart by where it came from. Each
command says for itself what a row is, how it is fitted and what it prints.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from corpora.annotated import Example, read_annotated
from training.evaluate import TEXTS
from training.gather import read_rows, read_texts

Row = TypeVar("Row")
Texts = Mapping[str, tuple[str, str]]
HELD_OUT = "留出的执笔口吻"


@dataclass(frozen=True, slots=True)
class Material(Generic[Row]):
    """Rows to learn from, of the open corpus and of the gold; rows to check on, by name; where the weights go."""

    authored: list[Row]
    gold: list[Row]
    checks: dict[str, list[Row]]
    output: Path


def gold_cases(path: Path, texts: Texts) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Text and incidents of the documents of kind "case" of a gold file."""
    for row in read_rows(path):
        if row["kind"] == "case":
            incidents: Any = row["incidents"]
            yield texts[str(row["doc_id"])][0], incidents


def authored_cases(folder: Path, *, learned: bool) -> Iterator[Example]:
    """Documents of kind "case" of the open corpus: of the voices to learn from, or of those held out."""
    for example in read_annotated(folder):
        if example.kind == "case" and (example.split == "train") == learned:
            yield example


def read_material(
    arguments: Sequence[str] | None,
    description: str,
    read_gold: Callable[[Path, Texts], Iterable[Row]],
    read_authored: Callable[..., Iterable[Row]],
) -> Material[Row]:
    """Parse the command line and read what it names; read_authored is called with the folder and learned=True or False."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=Path("../shared"), help="带标注与正文的文件夹")
    parser.add_argument("--authored", type=Path, default=Path("corpora/authored"), help="自撰语料的文件夹")
    parser.add_argument("--check", default="dev", help="只用来检验的标注，gold 里的名字")
    parser.add_argument("--output", type=Path, required=True, help="权重写到哪里（nlp/extract 里的 JSON）")
    given = parser.parse_args(arguments)
    texts, gold = read_texts(given.data, TEXTS), given.data / "gold"
    return Material(
        list(read_authored(given.authored, learned=True)),
        list(read_gold(gold / "train.jsonl", texts)),
        {
            given.check: list(read_gold(gold / f"{given.check}.jsonl", texts)),
            HELD_OUT: list(read_authored(given.authored, learned=False)),
        },
        given.output,
    )
