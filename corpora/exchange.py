"""Label files in four forms: our own JSON Lines, CoNLL columns, Label Studio, doccano; each round-trips without loss.

In: judgments, or a file's text. Out: the file's text in pieces, or judgments with an InputError for each that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from corpora.conll_columns import read_conll, write_conll
from corpora.doccano import read_doccano, write_doccano
from corpora.gold_lines import read_gold_lines, write_gold_lines
from corpora.judgments import JudgedDocument
from corpora.label_studio import read_label_studio, write_label_studio
from nlp.errors import InputError


@dataclass(frozen=True, slots=True)
class Form:
    """One form of label files: its name for people, the ending of its files, how to write and read it."""

    name: str
    ending: str
    write: Callable[[Iterable[JudgedDocument]], Iterator[str]]
    read: Callable[[str, str], Iterator[JudgedDocument | InputError]]


FORMS: Mapping[str, Form] = {
    "gold": Form("JSON Lines（本项目，可直接训练）", ".jsonl", write_gold_lines, read_gold_lines),
    "label-studio": Form("Label Studio JSON", ".json", write_label_studio, read_label_studio),
    "doccano": Form("doccano JSON Lines", ".doccano.jsonl", write_doccano, read_doccano),
    "conll": Form("CoNLL（逐字）", ".conll", write_conll, read_conll),
}


def form_called(name: str) -> Form:
    """The form of this name. Raises InputError."""
    if name not in FORMS:
        raise InputError(f"未知的格式 {name[:40]!r}", expected="、".join(FORMS))
    return FORMS[name]


def guess_form(text: str) -> str:
    """Which form a file is in, by its beginning: a list is Label Studio's, "# key = " CoNLL's, cats or entities doccano's, else ours."""
    head = text.lstrip("\ufeff \r\n\t")
    if head.startswith("["):
        return "label-studio"
    if head.startswith("# "):
        return "conll"
    first = head.split("\n", 1)[0]
    return "doccano" if '"cats"' in first or '"entities"' in first else "gold"


def read_labels(data: bytes, name: str, form: str = "") -> Iterator[JudgedDocument | InputError]:
    """The judgments of a file. form: a key of FORMS, "" to guess it. Files are UTF-8, with or without a byte order mark."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield InputError(
            f"不是 UTF-8（第 {error.start} 字节）", where=name, expected="UTF-8 文本", advice="请另存为 UTF-8"
        )
        return
    yield from form_called(form or guess_form(text)).read(text, name)
