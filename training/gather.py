"""Training and evaluation examples: the open corpus of this project, and a folder in the form of ../shared with gold and texts.

In: the folder, and which files of it to read. Out: `Example`s with kind, label, spans, source, register, voice and cluster; voices
held out for measuring; what was left out because it shares text with an evaluation document. It trains nothing and writes nothing.
"""

from __future__ import annotations

import json
import random
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import corpora
from corpora.annotated import TAGS, read_annotated
from nlp import taxonomy
from nlp.errors import InputError
from training.configuration import DataSettings
from training.containment import Overlap, cluster, find_overlaps
from training.project_spans import Tagged, project, project_roles

NARRATIVES = Path(__file__).parent / "narratives.toml"
AMOUNT_ROLES = Path(__file__).parent / "amount_role_labels.tsv"
AUTHORED = Path(corpora.__file__).parent / "authored"
TRAIN = "train"  # the split of corpora.annotated that may be learned from


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text. `label` is "" where nobody judged it; `also` are further labels that count as right."""

    id: str
    text: str  # title + newline + text
    kind: str
    label: str
    also: tuple[str, ...] = ()
    source: str = ""  # name of the file it came from
    weight: float = 1.0
    judged: bool = True  # a person said so; False for a weak example
    cluster: int = 0  # examples that share text, or a voice of the open corpus, have the same number
    register: str = ""  # of the open corpus, and of the data files that the settings name; "" elsewhere
    voice: str = ""
    spans: tuple[Tagged, ...] | None = None  # None where nobody marked mentions; () where there are none
    beliefs: tuple[
        float, ...
    ] = ()  # of a teacher: probabilities of the kinds, then of the labels; () for a judged example
    related: float = 1.0  # how far a teacher's label counts: its probability that the text is about scams


@dataclass(frozen=True, slots=True)
class Gathered:
    """Examples to train on, and what was left out: voices to measure on, overlaps of candidates with evaluation documents."""

    examples: tuple[Example, ...]
    dropped: tuple[Overlap, ...]
    held_out: tuple[Example, ...] = ()  # voices of the open corpus that nothing is learned from

    def describe(self) -> str:
        """A few lines for the person who trains: counts by source, kind and label, and what was dropped."""
        lines = [
            f"训练 {len(self.examples)} 篇：" + _counts(example.source for example in self.examples),
            "种类：" + _counts(example.kind for example in self.examples),
            "标签：" + _counts(example.label for example in self.examples),
            f"留作评测的执笔口吻：{_counts(example.voice for example in self.held_out) or '无'}",
            f"与评测文档重合而剔除 {len(self.dropped)} 篇",
        ]
        lines += [f"  {o.candidate} ↔ {o.reference}，{o.share:.2f}" for o in self.dropped]
        return "\n".join(lines)


def read_rows(path: Path) -> Iterator[dict[str, object]]:
    """Rows of a JSON Lines file; raises InputError with file and line for one that is none."""
    if not path.is_file():
        raise InputError("没有这个文件", where=str(path))
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise InputError(f"不是 JSON：{error}", where=f"{path}:{number}") from error


def read_texts(folder: Path, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Texts of data files: id → (title + newline + text, name of the file). "seeds" are the pages in a folder of that name."""
    texts = {}
    for name in names:
        if name == "seeds":
            pages = sorted((folder / name).glob("*.txt"))
            texts |= {page.name: (page.read_text(encoding="utf-8"), name) for page in pages}
            continue
        for row in read_rows(folder / "data" / f"{name}.jsonl"):
            title, text = str(row.get("title") or ""), str(row["text"])
            texts[str(row["id"])] = (f"{title}\n{text}" if title else text, name)
    return texts


def read_gold(paths: Sequence[Path], texts: dict[str, tuple[str, str]]) -> list[Example]:
    """Annotated documents with their texts; raises InputError for an unknown document or label."""
    known = taxonomy.load()
    kinds = known.kind_ids
    examples = []
    for path in paths:
        for row in read_rows(path):
            name, kind, label = str(row["doc_id"]), str(row["kind"]), str(row["label"])
            if name not in texts:
                raise InputError(f"没有文档 {name!r} 的文本", where=str(path))
            if kind not in kinds:
                raise InputError(f"未知种类 {kind!r}", where=f"{path}，{name}", expected="、".join(sorted(kinds)))
            known.label(label)
            also = row.get("also") or []
            text, source = texts[name]
            incidents = row.get("incidents")
            spans = None if incidents is None else project(text, incidents)
            examples.append(Example(name, text, kind, label, tuple(map(str, also)), source, spans=spans))
    return examples


def read_authored(path: Path | None = None) -> list[tuple[Example, str]]:
    """Documents of the open corpus (`AUTHORED` unless a folder is named), each with its split; raises InputError for a fault in one."""
    found = []
    for document in read_annotated(path or AUTHORED):
        spans = tuple(Tagged(span.start, span.end, *TAGS[span.tag]) for span in document.spans)
        example = Example(
            document.id, document.text, document.kind, document.label, document.also,
            "authored", register=document.register, voice=document.voice, spans=spans,
        )  # fmt: skip
        found.append((example, document.split))
    return found


def read_amount_roles(path: Path = AMOUNT_ROLES) -> dict[str, list[tuple[int, int, str]]]:
    """Roles of sums judged one by one outside the gold: id of the document → (start, end, role)."""
    found: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, start, end, role = line.split("\t")
            found[name].append((int(start), int(end), role))
    return dict(found)


def read_narratives(path: Path = NARRATIVES) -> list[Example]:
    """The short narratives written for this project (every person, number and firm in them is invented)."""
    known = taxonomy.load()
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["narratives"]
    examples = []
    for number, row in enumerate(rows):
        known.label(row["label"])
        examples.append(Example(f"authored-{number:03}", row["text"], row["kind"], row["label"], (), "narratives"))
    return examples


def _counts(names: Iterable[str]) -> str:
    return "，".join(f"{name or '（空）'} {count}" for name, count in Counter(names).most_common())


def gather(folder: Path, settings: DataSettings, seed: int) -> Gathered:
    """Examples to train on: gold, the open corpus, the project's narratives, and a drawn number of weak negatives a file.

    folder: holds data/ and gold/. Raises InputError for what cannot be read.
    """
    # 1. What is evaluated on, so that neither it nor a text that shares with it is trained on.
    texts = read_texts(folder, settings.texts)
    roles = read_amount_roles() if settings.amount_roles else {}
    held_out = read_gold([folder / "gold" / f"{name}.jsonl" for name in settings.evaluation], texts)
    references = {example.id: example.text for example in held_out}
    # 2. What people judged, and what was written for the project.
    examples = read_gold([folder / "gold" / f"{name}.jsonl" for name in settings.gold], texts)
    judged = {example.id for example in examples}
    # A document judged for kind and label alone may have roles of its sums from elsewhere.
    examples = [
        replace(e, spans=project_roles(e.text, roles[e.id])) if e.spans is None and e.id in roles else e
        for e in examples
    ]
    if settings.narratives:
        examples += read_narratives()
    written = read_authored() if settings.authored else []
    examples += [example for example, split in written if split == TRAIN]
    voices = [example for example, split in written if split != TRAIN]
    # 3. Weak negatives: no word of the field stands in them.
    draw = random.Random(seed)
    empty = taxonomy.load().empty.id
    for name, wanted in settings.negatives.items():
        rows = [(key, text) for key, (text, _) in read_texts(folder, [name]).items()]
        free = [row for row in rows if row[0] not in judged and row[0] not in references]
        free = [row for row in free if not any(word in row[1] for word in settings.scam_words)]
        for key, text in draw.sample(free, min(wanted, len(free))):
            examples.append(Example(key, text, "unrelated", empty, (), name, settings.negative_weight, judged=False))
    # 4. Registers, and out with those that are not wanted.
    examples = [replace(e, register=e.register or settings.registers.get(e.source, "")) for e in examples]
    examples = [example for example in examples if example.register not in settings.without_registers]
    # 5. Out with what shares text with evaluation; the rest in clusters, for folds that do not leak. A voice is one cluster.
    references |= {example.id: example.text for example in voices}
    overlaps = find_overlaps({example.id: example.text for example in examples}, references)
    kept = [e for e in examples if e.id not in overlaps and e.id not in references]
    clusters = cluster({example.id: example.text for example in kept})
    first: dict[str, int] = {}
    for example in kept:
        if example.voice:
            clusters[example.id] = first.setdefault(example.voice, clusters[example.id])
    known = tuple(replace(e, cluster=clusters[e.id]) for e in kept)
    # Numbers of their own for the voices held out, below those of the others.
    own = {name: -1 - number for number, name in enumerate(dict.fromkeys(e.voice or e.id for e in voices))}
    held = tuple(replace(e, cluster=own[e.voice or e.id]) for e in voices)
    return Gathered(known, tuple(overlaps.values()), held)
