"""The five changes to a taxonomy: add, rename, retire, split, merge. A version and a step in, the next version out; nothing is stored.

A step is plain data (it stands in the store): {"act", …} as the functions below read it. Raises InputError that says what is wrong with it.
No label is ever lost: what is retired or split stays as a former one, what is merged names its successor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from nlp import taxonomy
from nlp.errors import InputError
from nlp.taxonomy import Label, Taxonomy

ACTS = {"add": "新增", "rename": "改名", "retire": "停用", "split": "拆分", "merge": "合并"}
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")
LONGEST_NAME, LONGEST_TEXT = 40, 500
MOST_PARTS = 8


def apply(known: Taxonomy, step: Mapping[str, Any]) -> Taxonomy:
    """`known` after one step. Raises InputError."""
    act = step.get("act")
    if act not in ACTS:
        raise InputError(f"未知的改动 {act!r}", where="标签体系", expected="、".join(ACTS))
    return {"add": _add, "rename": _rename, "retire": _retire, "split": _split, "merge": _merge}[act](known, step)


def apply_all(known: Taxonomy, steps: Sequence[Mapping[str, Any]], version: str) -> Taxonomy:
    """`known` after all of them, under a new version name."""
    for step in steps:
        known = apply(known, step)
    return replace(known, version=version)


def _add(known: Taxonomy, step: Mapping[str, Any]) -> Taxonomy:
    """{"id", "name", "meaning", "border"}"""
    return replace(known, labels=(*known.labels, _new(known, step, "")))


def _rename(known: Taxonomy, step: Mapping[str, Any]) -> Taxonomy:
    """{"id", "name", "meaning"?, "border"?}: the id stays, so everything said under it stays where it is."""
    label = _own(known, step.get("id"))
    others = {one.name for one in (*known.labels, known.empty) if one.id != label.id}
    told = {key: _text(step, key) for key in ("meaning", "border") if str(step.get(key) or "").strip()}
    named = replace(label, name=_name(step.get("name"), others), **told)
    if named == label:
        raise InputError("与现在的一样", where=label.name, expected="另一个名称、意思或分界")
    return replace(known, labels=tuple(named if one is label else one for one in known.labels))


def _retire(known: Taxonomy, step: Mapping[str, Any]) -> Taxonomy:
    """{"id"}"""
    label = _own(known, step.get("id"))
    if len(known.labels) < 2:
        raise InputError("只剩这一个类型，不能停用", where=label.name)
    return replace(
        known, labels=tuple(one for one in known.labels if one is not label), former=(*known.former, label),
        merged=_without(known.merged, {label.id}),
    )  # fmt: skip


def _split(known: Taxonomy, step: Mapping[str, Any]) -> Taxonomy:
    """{"id", "parts": [{"id", "name", "meaning", "border"}, …]}: the parts stand where the label stood."""
    label, parts = _own(known, step.get("id")), step.get("parts") or []
    if not 2 <= len(parts) <= MOST_PARTS:
        raise InputError(f"拆成 {len(parts)} 个", where=label.name, expected=f"2 到 {MOST_PARTS} 个新类型")
    made: list[Label] = []
    for part in parts:
        made.append(_new(replace(known, labels=(*known.labels, *made)), part, label.id))
    place = known.labels.index(label)
    return replace(
        known, labels=(*known.labels[:place], *made, *known.labels[place + 1 :]), former=(*known.former, label),
        merged=_without(known.merged, {label.id}),
    )  # fmt: skip


def _merge(known: Taxonomy, step: Mapping[str, Any]) -> Taxonomy:
    """{"ids": […], "into"}: what was said under one of the ids counts for the last one from then on."""
    into = _own(known, step.get("into"))
    going = [_own(known, label_id) for label_id in dict.fromkeys(step.get("ids") or ()) if label_id != into.id]
    if not going:
        raise InputError("没有说并入的是哪些", where=into.name, expected="至少一个别的类型")
    ids = {label.id for label in going}
    successors = {old: into.id if now in ids else now for old, now in known.successors.items()}
    return replace(
        known, labels=tuple(one for one in known.labels if one.id not in ids), successors=successors | dict.fromkeys(ids, into.id),
        merged=_without(known.merged, ids),
    )  # fmt: skip


def _without(merged: Mapping[str, tuple[str, ...]], ids: set[str]) -> dict[str, tuple[str, ...]]:
    """Classes that are scored together, without labels that are gone; one label alone is no class."""
    left = {name: tuple(label for label in labels if label not in ids) for name, labels in merged.items()}
    return {name: labels for name, labels in left.items() if len(labels) > 1}


def _own(known: Taxonomy, label_id: Any) -> Label:
    found = next((label for label in known.labels if label.id == label_id), None)
    if found is None:
        raise InputError(f"没有类型 {str(label_id)[:40]!r}", where=f"标签体系 {known.version}", advice="刷新后再选")
    return found


def _new(known: Taxonomy, said: Mapping[str, Any], parent: str) -> Label:
    label_id = str(said.get("id") or "").strip()
    if not _ID.fullmatch(label_id):
        raise InputError(
            f"编号 {label_id[:50]!r} 不成形",
            where="新类型",
            expected="小写字母开头，小写字母、数字、下划线，2 到 40 个，如 elder_care",
        )
    every = (*known.labels, known.empty, *known.former)
    if label_id in {label.id for label in every} | known.successors.keys():
        raise InputError(f"编号 {label_id} 用过了", where="新类型", expected="没有用过的编号：旧的判断还记在它名下")
    name = _name(said.get("name"), {label.name for label in every})
    return Label(label_id, name, _text(said, "meaning") or name, "", "", (), _text(said, "border"), (), parent)


def _name(said: Any, taken: set[str]) -> str:
    name = str(said or "").strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError("没有可用的名称", where="类型", expected=f"1 到 {LONGEST_NAME} 字")
    if name in taken:
        raise InputError(f"名称“{name}”已有", where="类型", expected="另一个名称")
    return name


def _text(said: Mapping[str, Any], key: str) -> str:
    text = " ".join(str(said.get(key) or "").split())
    if len(text) > LONGEST_TEXT:
        raise InputError(f"{len(text)} 字", where="意思或分界", expected=f"至多 {LONGEST_TEXT} 字")
    return text


def sentence(step: Mapping[str, Any], known: Taxonomy) -> str:
    """A step in words; known: a version that has its labels."""

    def name(label_id: Any) -> str:
        return known.name_of(str(label_id))

    match step["act"]:
        case "add":
            return f"新增“{step['name']}”（{step['id']}）"
        case "rename":
            return f"“{name(step['id'])}”改为“{step['name']}”"
        case "retire":
            return f"停用“{name(step['id'])}”"
        case "split":
            return f"“{name(step['id'])}”拆分为" + "、".join(f"“{part['name']}”" for part in step["parts"])
        case _:
            going = "、".join(f"“{name(label_id)}”" for label_id in step["ids"])
            return f"{going}并入“{name(step['into'])}”"


def as_data(known: Taxonomy) -> dict[str, Any]:
    """A version as JSON values; kinds, the empty label and tactics are those of the shipped one."""
    return {
        "labels": [asdict(label) for label in known.labels], "former": [asdict(label) for label in known.former],
        "successors": dict(known.successors), "merged": {name: list(labels) for name, labels in known.merged.items()},
    }  # fmt: skip


def from_data(data: Mapping[str, Any], version: str) -> Taxonomy:
    """The version that `as_data` wrote."""

    def labels(rows: Sequence[Mapping[str, Any]]) -> tuple[Label, ...]:
        return tuple(Label(**{**row, "cues": tuple(row["cues"]), "examples": tuple(row["examples"])}) for row in rows)

    return replace(
        taxonomy.shipped(), version=version, labels=labels(data["labels"]), former=labels(data["former"]),
        successors=dict(data["successors"]), merged={name: tuple(ids) for name, ids in data["merged"].items()},
    )  # fmt: skip
