"""Documents written for this project: from readable markup to text, spans and cases, and back. How to write it: authored/README.md.

In: a `.txt` file or a folder of them. Out: `Example`s, offsets in characters of `Example.text`, end exclusive; a document with a fault
is an InputError with file and line, and the others go on. It reads no meaning: what a sum is worth is `nlp.extract`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from nlp import taxonomy
from nlp.errors import InputError

# Tag → (kind of mention, role), roles as in nlp.records. Short words: a writer types them hundreds of times.
TAGS: Mapping[str, tuple[str, str]] = {
    "loss": ("amount", "loss"), "gain": ("amount", "gain"), "flow": ("amount", "flow"), "recovered": ("amount", "recovered"),
    "frozen": ("amount", "frozen"), "payment": ("amount", "payment"), "price": ("amount", "price"), "fine": ("amount", "fine"),
    "sum": ("amount", "other"), "suspect": ("person", "suspect"), "victim": ("person", "victim"),
    "official": ("person", "official"), "person": ("person", "other"), "scene": ("place", "scene"),
    "victim_home": ("place", "victim_home"), "suspect_home": ("place", "suspect_home"), "arrest": ("place", "arrest"),
    "police": ("place", "handling_police"), "place": ("place", "other"),
}  # fmt: skip
PLAIN = "plain"  # <plain>王某</plain>: these characters are not the marked 王某
REGISTERS: Mapping[str, str] = {
    "police_record": "警情与笔录", "statement": "当事人自述", "complaint_form": "投诉单", "news": "新闻", "police_notice": "警方通报",
    "court_news": "庭审与判决报道", "forum": "论坛帖", "roundup": "多案综述", "chat": "聊天记录及投诉",
}  # fmt: skip
SPLITS = ("train", "dev", "test")
_KEYS = ("kind", "label", "also", "register", "voice", "tactics", "split", "note")
_DOCUMENT = re.compile(r"=== *([\w-]{1,60}) *")
_ENTRY = re.compile(r"(case [2-9]|[a-z]{1,20}) *[:：] *(.*)")
_TAG = re.compile(r"<(/?)([a-z_]{0,20})(?: ([0-9]))?>")
_SEPARATORS = re.compile(r"[\s,，、;；]+")


@dataclass(frozen=True, slots=True)
class Span:
    """A mention: characters start..end of the text, its tag (a key of TAGS), and the case it belongs to, 0 for none."""

    start: int
    end: int
    tag: str
    case: int = 1


@dataclass(frozen=True, slots=True)
class Example:
    """One authored document. `cases[i]` is the label of case i+1; empty unless the kind is that of a case."""

    id: str
    text: str
    kind: str
    label: str
    register: str
    voice: str
    also: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()  # by start, none overlap
    cases: tuple[str, ...] = ()
    split: str = "train"
    note: str = ""
    source: str = field(default="", compare=False)  # file:line of its header


def read_annotated(path: Path) -> Iterator[Example]:
    """Documents of a file, or of every .txt file of a folder; raises InputError, with file and line, at the first fault."""
    for found in scan_annotated(path):
        if isinstance(found, InputError):
            raise found
        yield found


def scan_annotated(path: Path) -> Iterator[Example | InputError]:
    """The same with each faulty document as a value, so that a linter can show all of them."""
    if not path.exists():
        yield InputError("没有这个文件或文件夹", where=str(path))
        return
    seen: dict[str, str] = {}  # document id → where it stood first
    for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
        try:
            lines = file.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            yield InputError(f"读不出：{error}", where=str(file), expected="UTF-8 文本")
            continue
        for found in _parse_file(lines, file):
            if isinstance(found, Example) and found.id in seen:
                found = InputError(f"编号 {found.id} 重复", where=found.source, advice=f"首次见于 {seen[found.id]}")
            elif isinstance(found, Example):
                seen[found.id] = found.source
            yield found


def _parse_file(lines: list[str], file: Path) -> Iterator[Example | InputError]:
    """Cut a file at its `===` lines; what stands before the first is the defaults of the file."""
    starts = [number for number, line in enumerate(lines) if line.startswith("===")]
    if not starts:
        yield InputError("没有文档", where=str(file), expected="以“=== 编号”开头的行")
        return
    try:
        defaults = _read_header([(n, line) for n, line in enumerate(lines[: starts[0]], 1)], file)
    except InputError as error:
        yield error
        return
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        try:
            yield _parse_document(lines, start, end, defaults, file)
        except InputError as error:
            yield error


def _read_header(numbered: list[tuple[int, str]], file: Path) -> dict[str, str]:
    """`key: value` lines; empty ones and those that begin with # are passed over."""
    entries: dict[str, str] = {}
    for number, line in numbered:
        if not line.strip() or line.startswith("#"):
            continue
        match = _ENTRY.fullmatch(line.strip())
        key = match[1] if match else ""
        if match is None or (key not in _KEYS and not key.startswith("case ")):
            _refuse(
                f"看不懂的头部行 {line.strip()[:30]!r}",
                file,
                number,
                "、".join((*_KEYS, "case 2")) + "（头部与正文之间空一行）",
            )
        if key in entries:
            _refuse(f"头部的 {key} 写了两次", file, number)
        entries[key] = match[2].strip()
    return entries


def _parse_document(lines: list[str], start: int, end: int, defaults: dict[str, str], file: Path) -> Example:
    """One document, lines[start:end], the first of them its `=== id` line."""
    # 1. Header: up to the first empty line.
    name = _DOCUMENT.fullmatch(lines[start].strip())
    if name is None:
        _refuse(f"编号行 {lines[start][:30]!r} 不成形", file, start + 1, "“=== 编号”，编号用字母、数字、连字符")
    blank = next((n for n in range(start + 1, end) if not lines[n].strip()), end)
    own = _read_header([(n + 1, lines[n]) for n in range(start + 1, blank)], file)
    entries = defaults | own
    # 2. Values that must be known.
    for key in ("kind", "label", "register", "voice"):
        if not entries.get(key):
            _refuse(f"{name[1]} 缺少 {key}", file, start + 1)
    known = taxonomy.load(taxonomy.CURRENT)
    kinds = known.kind_ids
    kind, label, split = entries["kind"], entries["label"], entries.get("split", SPLITS[0])
    also = _words(entries.get("also", ""))
    for what, value, allowed in (
        ("kind", kind, kinds),
        ("register", entries["register"], tuple(REGISTERS)),
        ("split", split, SPLITS),
    ):
        if value not in allowed:
            _refuse(f"{name[1]} 的 {what} 是 {value!r}", file, start + 1, "、".join(allowed))
    told = sorted(key for key in entries if key.startswith("case "))
    for value in (label, *also, *(entries[key] for key in told)):
        if value != known.empty.id and value not in known.label_ids:
            _refuse(f"{name[1]} 的标签 {value!r} 不在标签体系内", file, start + 1, "、".join(known.label_ids))
    if (label == known.empty.id) != (kind == "unrelated"):
        _refuse(
            f"{name[1]} 的 kind {kind} 与 label {label} 矛盾",
            file,
            start + 1,
            f"unrelated 配 {known.empty.id}，其余不配",
        )
    if told != [f"case {n}" for n in range(2, len(told) + 2)] or (told and kind != "case"):
        _refuse(f"{name[1]} 的 {'、'.join(told)} 不合规", file, start + 1, "kind 为 case，从 case 2 起连续编号")
    cases = (label, *(entries[key] for key in told)) if kind == "case" else ()
    # 3. Body: without the empty lines around it.
    first, last = blank, end
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    if first == last:
        _refuse(f"{name[1]} 没有正文", file, start + 1, "头部之后空一行，再写正文")
    text, spans = _parse_body("\n".join(lines[first:last]), len(cases), file, first + 1)
    return Example(
        name[1], text, kind, label, entries["register"], entries["voice"], also, _words(entries.get("tactics", "")),
        spans, cases, split, entries.get("note", ""), f"{file}:{start + 1}",
    )  # fmt: skip


def _parse_body(markup: str, cases: int, file: Path, line: int) -> tuple[str, tuple[Span, ...]]:
    """Text and spans of a body that begins at a line of the file; `cases` are told in it."""
    pieces: list[str] = []
    marked: list[Span] = []
    length = position = 0
    opened: tuple[str, int, int, int] | None = None  # tag, case, start in the text, line
    for at in re.finditer("<", markup):
        if at.start() < position:
            continue
        here = line + markup.count("\n", 0, at.start())
        tag = _TAG.match(markup, at.start())
        if tag is None:
            _refuse(f"孤立的“<”：{markup[at.start() : at.start() + 12]!r}", file, here, "标记，或把它写成 &lt;")
        piece = _unescape(markup[position : tag.start()])
        pieces.append(piece)
        length += len(piece)
        position = tag.end()
        closing, word, number = tag.groups()
        if word not in TAGS and word != PLAIN and not (closing and not word):
            _refuse(f"未知标记 {tag[0]}", file, here, "、".join((*TAGS, PLAIN)))
        if not closing:
            if opened is not None:
                _refuse(
                    f"{tag[0]} 在 <{opened[0]}>（第 {opened[3]} 行）之内，标记不可嵌套或交叉",
                    file,
                    here,
                    advice="先写 </>",
                )
            case = int(number) if number else min(1, cases)
            if case > cases:
                _refuse(
                    f"{tag[0]} 指第 {case} 案，而头部只有 {cases} 案", file, here, advice=f"在头部写 case {case}: 标签"
                )
            opened = (word, case, length, here)
            continue
        if opened is None or word not in ("", opened[0]):
            _refuse(f"{tag[0]} 没有与之相配的开头标记", file, here, f"</{opened[0]}>" if opened else "")
        surface = "".join(pieces)[opened[2] :]
        if not surface or surface != surface.strip() or "\n" in surface:
            _refuse(f"<{opened[0]}> 标了 {surface!r}", file, here, "非空、两端无空白、不跨行")
        marked.append(Span(opened[2], length, opened[0], opened[1]))
        opened = None
    if opened is not None:
        _refuse(f"<{opened[0]}> 没有关闭", file, opened[3], "</> 或 " + f"</{opened[0]}>")
    pieces.append(_unescape(markup[position:]))
    text = "".join(pieces)
    spans = [span for span in marked if span.tag != PLAIN] + _repeat_persons(text, marked)
    return text, tuple(sorted(spans, key=lambda span: span.start))


def _repeat_persons(text: str, marked: list[Span]) -> list[Span]:
    """A name marked once is marked wherever the same characters stand again: a training text must not hide a mention.

    Longest names first, so that 王某 is not found in 王某强; the role is that of the marked mention before it, else the first.
    """
    taken = [False] * len(text)
    names: dict[str, list[Span]] = {}
    for span in marked:
        taken[span.start : span.end] = [True] * (span.end - span.start)
        # A bare surname (单) stands in too many words (账单) to be looked for.
        if span.tag != PLAIN and TAGS[span.tag][0] == "person" and span.end - span.start > 1:
            names.setdefault(text[span.start : span.end], []).append(span)
    found = []
    for name in sorted(names, key=len, reverse=True):
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if any(taken[start:end]):
                start = text.find(name, start + 1)
                continue
            before = [span for span in names[name] if span.start < start] or names[name][:1]
            found.append(Span(start, end, before[-1].tag, before[-1].case))
            taken[start:end] = [True] * len(name)
            start = text.find(name, end)
    return found


def to_text(examples: list[Example]) -> str:
    """The markup of documents: `read_annotated` of it gives equal ones. Names that are not mentions come out in <plain>."""
    parts = []
    for example in examples:
        header = {
            "kind": example.kind, "label": example.label, "also": " ".join(example.also), "register": example.register,
            "voice": example.voice, "tactics": " ".join(example.tactics),
            "split": example.split if example.split != SPLITS[0] else "", "note": example.note,
        } | {f"case {number}": label for number, label in enumerate(example.cases[1:], 2)}  # fmt: skip
        head = "\n".join(f"{key}: {value}" for key, value in header.items() if value)
        parts.append(f"=== {example.id}\n{head}\n\n{_mark(example)}\n")
    return "\n".join(parts)


def _mark(example: Example) -> str:
    """The text with its spans as tags; the case is written where it is not the usual one."""
    plain = [Span(span.start, span.end, PLAIN) for span in _repeat_persons(example.text, list(example.spans))]
    usual = min(1, len(example.cases))
    pieces, position = [], 0
    for span in sorted((*example.spans, *plain), key=lambda span: span.start):
        number = f" {span.case}" if span.case != usual and span.tag != PLAIN else ""
        surface = _escape(example.text[span.start : span.end])
        pieces += [_escape(example.text[position : span.start]), f"<{span.tag}{number}>{surface}</{span.tag}>"]
        position = span.end
    body = "".join((*pieces, _escape(example.text[position:])))
    return re.sub(r"^===", "&#61;==", body, flags=re.MULTILINE)


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for word in _SEPARATORS.split(value) if word)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _unescape(markup: str) -> str:
    return markup.replace("&lt;", "<").replace("&#61;", "=").replace("&amp;", "&")


def _refuse(found: str, file: Path, line: int, expected: str = "", advice: str = "") -> NoReturn:
    raise InputError(found, where=f"{file}:{line}", expected=expected, advice=advice)
