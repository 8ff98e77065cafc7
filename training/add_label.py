"""One more label for a model folder, from 8–16 examples, in under a minute, with numpy and ONNX Runtime alone.

In: a model folder, a JSON Lines file of examples (text, perhaps title), the label's id and Chinese name. Out: a sealed folder beside the old
one: the same weights, a head more (nlp.added_labels), the label in labels.json, a card that names the examples by fingerprint. The background
that the examples are told apart from is the open corpus: its held-out voices, which no model learned from, and for the words a few documents
a label of the other voices too. Vectors of the background are kept between runs. No text is stored.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp import added_labels, taxonomy
from nlp.added_labels import AddedEngine, Head, Tagging
from nlp.classify import Classifier
from nlp.errors import InputError
from nlp.lexical import count_ngrams
from nlp.model_folder import load, read_manifest, seal, verify
from nlp.taxonomy import Label
from training.containment import find_overlaps
from training.gather import TRAIN, Example, read_authored, read_rows
from training.learn_head import Material, count_elsewhere, learn
from training.start_run import put_in_place

LEAST, MOST = 8, 200
# Documents a label for the words (twice as many that are unrelated): forty or all of them gave no better F1.
A_LABEL = 20
# How common the new label is taken to be. With words alone, six labels: at 0.04 F1 0.66 and 0.9 % of other texts drawn in, at 0.08 0.67 and
# 2.0 %, at 0.15 0.63 and 4 %. The others are not to suffer, so the first.
SHARE = 0.04
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it."""

    folder: Path
    measured: dict[str, float]
    taken_for: tuple[tuple[str, int], ...]  # what the model had called the examples: names of labels, how often


def parse_label(words: str, meaning: str = "") -> Label:
    """A label out of "id=中文名"; the id alone where the taxonomy has it. Raises InputError."""
    name_id, _, name = (part.strip() for part in words.partition("="))
    if not _ID.fullmatch(name_id):
        raise InputError(
            f"标签编号 {name_id!r}", where="--add-label", expected="编号=中文名，编号用小写字母、数字、下划线，如 elder_care=养老骗局"
        )  # fmt: skip
    known = {label.id: label for label in taxonomy.load().labels}
    if name_id in known and name in ("", known[name_id].name):
        return known[name_id]
    if not name or len(name) > 40 or not name.isprintable():
        raise InputError("没有可用的中文名", where="--add-label", expected=f"{name_id}=中文名，40 字以内")
    return Label(name_id, name, meaning.strip() or f"{name}（据少量例子新增）", "", "", ())


def read_few(path: Path) -> list[str]:
    """Texts of the examples (title + newline + text), no two alike; raises InputError with file and line."""
    texts: dict[str, int] = {}
    for number, row in enumerate(read_rows(path), 1):
        text = str(row.get("text") or "").strip() if isinstance(row, dict) else ""
        if not text:
            raise InputError(
                "没有 text", where=f"{path}:{number}", expected='每行一个 JSON：{"text": "正文", "title": "标题，可无"}'
            )
        title = str(row.get("title") or "").strip()
        texts.setdefault(f"{title}\n{text}" if title else text, number)
    if not LEAST <= len(texts) <= MOST:
        raise InputError(
            f"不重复的例子 {len(texts)} 篇", where=str(path), expected=f"{LEAST} 到 {MOST} 篇",
            advice="8–16 篇就够；再多请用 fanzha train 配置 重新训练" if len(texts) > MOST else "补几篇写法不同的",
        )  # fmt: skip
    return list(texts)


def without(examples: Sequence[Example], label: str, texts: Sequence[str]) -> list[Example]:
    """Documents that are not under the label and share no text with any of the examples."""
    free = [example for example in examples if example.label != label]
    shared = find_overlaps({e.id: e.text for e in free}, {str(n): text for n, text in enumerate(texts)})
    return [example for example in free if example.id not in shared]


def a_few_each(examples: Sequence[Example], seed: int = 0) -> list[Example]:
    """A few documents a label, drawn."""
    groups: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.label].append(example)
    draw, empty = random.Random(seed), taxonomy.load().empty.id
    return [
        example
        for name, group in sorted(groups.items())
        for example in draw.sample(group, min(len(group), A_LABEL * (2 if name == empty else 1)))
    ]


def own_engine(classifier: Classifier) -> tuple[Tagging, tuple[Head, ...]]:
    """A classifier's engine without added heads, and the heads."""
    engine = classifier.engine
    return (engine.own, engine.heads) if isinstance(engine, AddedEngine) else (engine, ())  # type: ignore[return-value]


def vectors_of(engine: Tagging, texts: Sequence[str], kept: Path | None = None) -> NDArray[np.float32]:
    """The encoder's vectors (n, d) of texts, d = 0 where the model gives none out; those of texts met before are read from the file `kept`."""
    if engine.represent("测试") is None:
        return np.zeros((len(texts), 0), dtype=np.float32)
    known: dict[str, NDArray[np.float32]] = {}
    if kept is not None and kept.is_file():
        with np.load(kept, allow_pickle=False) as arrays:
            known = dict(zip(arrays["keys"].tolist(), arrays["vectors"], strict=True))
    keys = [fingerprint(text) for text in texts]
    before = len(known)
    for key, text in zip(keys, texts, strict=True):
        if key not in known and (vector := engine.represent(text)) is not None:
            known[key] = vector
    if kept is not None and len(known) > before:
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial.npz")
        np.savez(partial, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
        partial.replace(kept)
    return np.stack([known[key] for key in keys])


def material_of(
    engine: Tagging,
    texts: Sequence[str],
    held_out: Sequence[Example],
    written: Sequence[Example],
    label: str,
    kept: Path | None,
) -> Material:
    """Examples and background as numbers. Texts that the model learned from (`written`) are part of the background only where words alone decide."""
    seen = engine.represent("测试") is not None
    background = [*held_out, *([] if seen else written)]
    every = [*texts, *(example.text for example in background)]
    return Material(
        vectors=vectors_of(engine, every, kept),
        ngrams=[count_ngrams(text) for text in every],
        groups=[label] * len(texts) + [example.label for example in background],
        new=np.arange(len(every)) < len(texts),
        elsewhere=count_elsewhere([count_ngrams(example.text) for example in written] if seen else []),
    )


def fingerprint(text: str) -> str:
    """The first 16 hexadecimal digits of a text's SHA-256: enough to know it again, nothing to read."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def add_label(label: Label, examples: Path, base: Path, output: Path, kept: Path) -> Added:
    """Learn `label` from the file `examples` on top of the model folder `base`; write the folder `output`, which is replaced only when all is done.

    kept: folder for vectors of the background. Raises InputError for examples that will not do, a label that the model has, a folder that
    cannot be written; ModelError for a base that is not whole.
    """
    # 1. Does the model lack it? What does it call the examples?
    classifier, manifest = load(base), read_manifest(base)
    if label.id in classifier.labels:
        raise InputError(f"模型已有标签 {label.id}", where=str(base), advice="换一个编号，或用没有它的模型")
    taxonomy.adopt([label])
    texts = read_few(examples)
    called = Counter(taxonomy.load().name_of(verdict.label) for verdict in classifier.classify(texts))
    # 2. The background, and everything as numbers.
    corpus = read_authored()
    background = without([example for example, split in corpus if split != TRAIN], label.id, texts)
    written = a_few_each(without([example for example, split in corpus if split == TRAIN], label.id, texts))
    engine, heads = own_engine(classifier)
    weights = sorted(name for name in manifest.files if name.endswith((".onnx", ".npz")) and name != added_labels.FILE)
    digest = hashlib.sha256("".join(manifest.files[name] for name in weights).encode()).hexdigest()[:16]
    material = material_of(engine, texts, background, written, label.id, kept / f"{digest}.npz")
    # 3. The head.
    head, measured = learn(material, SHARE)
    # 4. The folder: a copy, a head more, sealed; then it takes its place.
    partial = output.with_name(output.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name in manifest.files:
            shutil.copyfile(base / name, partial / name)
        added_labels.write_heads([*heads, head], partial / added_labels.FILE)
        _tell(partial, label, measured, texts)
        told = asdict(manifest) | {"name": f"{manifest.name}+{label.id}"}
        told.pop("files")
        seal(partial, **told)
        load(partial, threads=1)
        verify(base)
        put_in_place(partial, output)
    except OSError as error:
        raise InputError(f"写不了：{error.strerror or error}", where=str(error.filename or partial)) from error
    return Added(output, measured, tuple(called.most_common()))


def _tell(folder: Path, label: Label, measured: dict[str, float], texts: Sequence[str]) -> None:
    """The label in labels.json, what was measured in calibration.json, where it comes from in card.md."""
    names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    names["labels"].append(label.id)
    shipped = {own.id for own in taxonomy.shipped().labels}
    if label.id not in shipped:
        names["added"] = [
            *names.get("added", []), {"id": label.id, "name": label.name, "meaning": label.meaning},
        ]  # fmt: skip
    calibration = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    calibration.setdefault("added", {})[label.id] = measured
    for name, table in (("labels.json", names), ("calibration.json", calibration)):
        (folder / name).write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    card = (folder / "card.md").read_text(encoding="utf-8").rstrip()
    lines = [
        f"## 新增标签：{label.name}（{label.id}）",
        "",
        f"{label.meaning}。由 {len(texts)} 篇例子学成，原有权重未动；上面的分数是加它之前的，加它之后没有在评测文档上量过。",
        "",
        *(f"- {name}: {value}" for name, value in measured.items()),
        "",
        "以上各例由没见过它的拟合来判（六折）。例子的指纹（SHA-256 前 16 位，不存原文）：",
        "",
        "、".join(fingerprint(text) for text in texts),
        "",
    ]
    (folder / "card.md").write_text(card + "\n\n" + "\n".join(lines), encoding="utf-8")
