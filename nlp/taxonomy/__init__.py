"""The scam types as data: reads `VERSION.toml` beside this file and checks it.

In: a version name. Out: a frozen `Taxonomy`. It does not classify; phrases under `cues` and `tactics` are for others to use.
A model may know further labels (learned from examples on the spot); it brings their names, and `adopt` puts them behind those of the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from nlp.errors import TaxonomyError

CURRENT = "2026.1"
UNRELATED = "unrelated"  # the kind that has no label


@dataclass(frozen=True, slots=True)
class Label:
    """One scam type. `handbook` and `ccl2023` name the nearest class elsewhere, "" where there is none.

    border: what decides between this one and its neighbours; examples: short invented cases. "" and () where a version has none.
    """

    id: str
    name: str
    meaning: str
    handbook: str
    ccl2023: str
    cues: tuple[str, ...]
    border: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KindOfText:
    """One of the three kinds: what it is called and means."""

    id: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """One version of the scam types. `labels` holds the types of scams in file order; the empty label stands apart."""

    version: str
    kinds: tuple[KindOfText, ...]
    labels: tuple[Label, ...]
    empty: Label
    tactics: Mapping[str, tuple[str, ...]]  # name → phrases
    merged: Mapping[str, tuple[str, ...]]  # name of the merged class → label ids

    def label(self, label_id: str) -> Label:
        """The label with this id; raises TaxonomyError for an unknown one."""
        for label in (*self.labels, self.empty):
            if label.id == label_id:
                return label
        known = "、".join(label.id for label in self.labels)
        raise TaxonomyError(f"未知标签 {label_id!r}", where=f"标签体系 {self.version}", expected=f"其中之一：{known}")

    def look_up(self, label_id: str) -> Label:
        """The label, or one named by its id where nobody here knows it: what was stored under a model with further labels stays readable."""
        known = (label for label in (*self.labels, self.empty) if label.id == label_id)
        return next(known, Label(label_id, label_id, "", "", "", ()))

    def name_of(self, label_id: str) -> str:
        """The name that people are shown; see `look_up`."""
        return self.look_up(label_id).name

    @property
    def label_ids(self) -> tuple[str, ...]:
        """Ids of the scam types, in file order, without the empty one: the order of every probability vector."""
        return tuple(label.id for label in self.labels)


def label_told(kind: str, best: str) -> str:
    """The label that is told of an article: the best one, but the empty one where the article is about no scam at all."""
    return load().empty.id if kind == UNRELATED else best


_adopted: dict[str, Label] = {}


def adopt(labels: Sequence[Label]) -> None:
    """Let the current version know further labels, in this process; raises TaxonomyError for an id or a name that means something else."""
    for label in labels:
        known = {own.id: own.name for own in (*load().labels, load().empty)}
        if known.get(label.id) == label.name:
            continue
        if label.id in known or label.name in known.values():
            raise TaxonomyError(
                f"标签 {label.id}（{label.name}）与已有的重名", where=f"标签体系 {CURRENT}", expected="另一个编号和名称"
            )
        _adopted[label.id] = label
        load.cache_clear()


@cache
def load(version: str = CURRENT) -> Taxonomy:
    """One version of the taxonomy, the current one with what was adopted; raises TaxonomyError when it is missing or breaks its own rules."""
    own = shipped(version)
    return replace(own, labels=(*own.labels, *_adopted.values())) if version == CURRENT else own


@cache
def shipped(version: str = CURRENT) -> Taxonomy:
    """One version as the file has it, nothing adopted; raises TaxonomyError."""
    source = resources.files(__package__).joinpath(f"{version}.toml")
    if not source.is_file():
        raise TaxonomyError(f"没有版本 {version!r}", where="nlp/taxonomy", advice=f"现行版本为 {CURRENT}")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    labels = {
        row["id"]: Label(
            row["id"],
            row["name"],
            row["meaning"],
            row["handbook"],
            row["ccl2023"],
            tuple(row["cues"]),
            row.get("border", ""),
            tuple(row.get("examples", ())),
        )
        for row in table["labels"]
    }
    if len(labels) != len(table["labels"]):
        raise TaxonomyError("标签 id 重复", where=source.name)
    merged = {row["name"]: tuple(row["labels"]) for row in table["merged"]}
    unknown = {table["empty"], *(label for group in merged.values() for label in group)} - labels.keys()
    if unknown:
        raise TaxonomyError(f"引用了未定义的标签 {sorted(unknown)}", where=source.name)
    empty = labels.pop(table["empty"])
    return Taxonomy(
        version=table["version"],
        kinds=tuple(KindOfText(row["id"], row["name"], row["meaning"]) for row in table["kinds"]),
        labels=tuple(labels.values()),
        empty=empty,
        tactics={row["name"]: tuple(row["phrases"]) for row in table["tactics"]},
        merged=merged,
    )
