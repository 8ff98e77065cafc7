"""The scam types as data: reads `VERSION.toml` beside this file and checks it.

In: a version name. Out: a frozen `Taxonomy`. It does not classify; phrases under `cues` and `tactics` (nlp.tactics) are for others to use.
A model may know further labels (learned from examples on the spot); it brings their names, and `adopt` puts them behind those of the file.
Versions that people published stand in the store, which this package never sees: whoever opens one hands them over by `install`. Models
go on speaking the words of the file; `Taxonomy.now` says what such a word is called under the version in force.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

from nlp.errors import TaxonomyError

CURRENT = "2026.1"
UNRELATED = "unrelated"  # the kind that has no label
# The kind that tells of a case: its cases are incidents; what an article of another kind tells of one is only retold there.
CASE = "case"


@dataclass(frozen=True, slots=True)
class Label:
    """One scam type. `handbook` and `ccl2023` name the nearest class elsewhere, "" where there is none.

    border: what decides between this one and its neighbours; examples: short invented cases. "" and () where a version has none.
    parent: the label that this one was split from, "" for none.
    """

    id: str
    name: str
    meaning: str
    handbook: str
    ccl2023: str
    cues: tuple[str, ...]
    border: str = ""
    examples: tuple[str, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True)
class KindOfText:
    """One of the three kinds: what it is called and means."""

    id: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """One version of the scam types. `labels` holds the types of scams in file order; the empty label stands apart.

    former: labels that nobody is given any more (retired, split); what was said under them stays. successors: a label that was merged (or
    that this version does not have) → the one that counts for it now.
    """

    version: str
    kinds: tuple[KindOfText, ...]
    labels: tuple[Label, ...]
    empty: Label
    tactics: Mapping[str, tuple[str, ...]]  # name → phrases
    merged: Mapping[str, tuple[str, ...]]  # name of the merged class → label ids
    former: tuple[Label, ...] = ()
    successors: Mapping[str, str] = field(default_factory=dict)

    def now(self, label_id: str) -> str:
        """What a label that a model or a person once said is called now: itself, but for one that was merged."""
        return self.successors.get(label_id, label_id)

    def is_former(self, label_id: str) -> bool:
        """Is nobody given this label any more (it was retired or split)?"""
        return any(label.id == label_id for label in self.former)

    @property
    def split(self) -> Mapping[str, tuple[Label, ...]]:
        """Labels that were split → those that came of them: what stands under the first is to be judged again."""
        found = {one.id: tuple(label for label in self.labels if label.parent == one.id) for one in self.former}
        return {label_id: parts for label_id, parts in found.items() if parts}

    def label(self, label_id: str) -> Label:
        """The label with this id; raises TaxonomyError for an unknown one, and for one that nobody is given any more."""
        for label in (*self.labels, self.empty):
            if label.id == label_id:
                return label
        known = "、".join(label.id for label in self.labels)
        if self.is_former(label_id):
            parts = "、".join(f"{part.name}（{part.id}）" for part in self.split.get(label_id, ()))
            raise TaxonomyError(
                f"标签 {label_id}（{self.name_of(label_id)}）已{'拆分' if parts else '停用'}", where=f"标签体系 {self.version}",
                expected=parts or f"其中之一：{known}",
            )  # fmt: skip
        raise TaxonomyError(f"未知标签 {label_id!r}", where=f"标签体系 {self.version}", expected=f"其中之一：{known}")

    def look_up(self, label_id: str) -> Label:
        """The label, or one named by its id where nobody here knows it: what was stored under a model with further labels stays readable."""
        known = (label for label in (*self.labels, self.empty, *self.former) if label.id == label_id)
        return next(known, Label(label_id, label_id, "", "", "", ()))

    def name_of(self, label_id: str) -> str:
        """The name that people are shown; see `look_up`."""
        return self.look_up(label_id).name

    @property
    def kind_ids(self) -> tuple[str, ...]:
        """Ids of the kinds, in file order: the order of every probability vector."""
        return tuple(kind.id for kind in self.kinds)

    @property
    def label_ids(self) -> tuple[str, ...]:
        """Ids of the scam types, in file order, without the empty one: the order of every probability vector."""
        return tuple(label.id for label in self.labels)


def label_told(kind: str, best: str) -> str:
    """The label that is told of an article: the best one (as it is called now), but the empty one where the article is about no scam at all."""
    return load().empty.id if kind == UNRELATED else load().now(best)


_adopted: dict[str, Label] = {}
_installed: dict[str, Taxonomy] = {}
_in_force = [CURRENT]  # one entry


def adopt(labels: Sequence[Label]) -> None:
    """Let the shipped version know further labels, in this process; raises TaxonomyError for an id or a name that means something else."""
    for label in labels:
        known = {own.id: own.name for own in (*load(CURRENT).labels, load(CURRENT).empty)}
        if known.get(label.id) == label.name:
            continue
        if label.id in known or label.name in known.values():
            raise TaxonomyError(
                f"标签 {label.id}（{label.name}）与已有的重名", where=f"标签体系 {CURRENT}", expected="另一个编号和名称"
            )
        _adopted[label.id] = label
        load.cache_clear()


def install(versions: Sequence[Taxonomy], in_force: str) -> None:
    """Let this process know the versions that people published, and which one is in force: one of them, or the shipped one."""
    known = {version.version: version for version in versions}
    if in_force != CURRENT and in_force not in known:
        raise TaxonomyError(f"没有版本 {in_force!r}", where="标签体系", expected="、".join((CURRENT, *known)))
    known[in_force] = complete(known.get(in_force, shipped()), versions)
    _installed.clear()
    _installed.update(known)
    _in_force[0] = in_force
    load.cache_clear()


def complete(own: Taxonomy, versions: Sequence[Taxonomy]) -> Taxonomy:
    """A version that also knows the labels of the others: one that it lacks counts for the label it was split from, where it has that
    one; else it is a former one. So a version that was rolled back leaves nothing behind that has no name.
    """
    ids = {label.id for label in (*own.labels, own.empty, *own.former)} | own.successors.keys()
    strange = {label.id: label for version in versions for label in version.labels if label.id not in ids}
    return replace(
        own,
        successors=dict(own.successors) | {label.id: label.parent for label in strange.values() if label.parent in ids},
        former=(*own.former, *(label for label in strange.values() if label.parent not in ids)),
    )


def in_force() -> str:
    """The version that labels are given under."""
    return _in_force[0]


@cache
def load(version: str = "") -> Taxonomy:
    """A version of the taxonomy, "" for the one in force; raises TaxonomyError when it is missing or breaks its own rules.

    The shipped one and the one in force know what was adopted, as far as nothing published says otherwise of it.
    """
    version = version or in_force()
    own = _installed.get(version) or shipped(version)
    if version not in (CURRENT, in_force()):
        return own
    ids = {label.id for label in (*own.labels, *own.former)} | own.successors.keys()
    return replace(own, labels=(*own.labels, *(label for label in _adopted.values() if label.id not in ids)))


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
