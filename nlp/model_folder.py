"""The model folder: what is in it, whether it is whole, and how it becomes a `Classifier`. Nobody else knows this format.

    manifest.json     format, name, version, engine ("onnx", "lexical" or "blend"), code version, SHA-256 of every other file
    labels.json       taxonomy version, ids of kinds and labels in the order of the logits, names of the token head's outputs,
                      id, name and meaning of labels that the taxonomy does not have ("added")
    calibration.json  temperatures and thresholds
    card.md           data, licences, scores, known failures
    model.onnx, tokenizer.json (engine onnx), lexical.npz (engine lexical), all of them and blend.json (engine blend)
    added.npz         where labels were learned afterwards, see nlp.added_labels

In: the path of a folder. Out: a `Classifier`, or a ModelError that names the file. It does not train, download or repair.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nlp import added_labels, blend, encoder, lexical, taxonomy
from nlp.classify import Calibration, Classifier, Engine
from nlp.errors import ModelError, TaxonomyError
from nlp.token_tags import OUTSIDE, ROLES, TAGS, parse_tag

FORMAT = 1
MODELS = Path(__file__).parent / "models"
_COMMON = ("labels.json", "calibration.json", "card.md")
_ENGINES = {
    "lexical": ("lexical.npz",),
    "onnx": ("model.onnx", "tokenizer.json"),
    "blend": ("model.onnx", "tokenizer.json", "lexical.npz", "blend.json"),
}
_ROLES = {(kind, role) for kind, roles in ROLES for role in roles}
_ADVICE = "请重新安装，或用另一个模型文件夹"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder says of itself. `files` maps the name of every other file to its SHA-256 (hex)."""

    name: str
    version: str
    engine: str
    code_version: str
    files: dict[str, str]
    reading: dict[str, Any]  # how the encoder reads a text, see nlp.encoder.Reading; empty for the lexical engine


def default_folder() -> Path:
    """The folder named in nlp/models/default.txt; raises ModelError when there is none."""
    pointer = MODELS / "default.txt"
    if not pointer.is_file():
        raise ModelError("没有默认模型", where=str(pointer), expected="一行模型文件夹名", advice=_ADVICE)
    return MODELS / pointer.read_text(encoding="utf-8").strip()


def read_manifest(folder: Path) -> Manifest:
    """Read manifest.json and check its form, not the hashes; raises ModelError."""
    table = _read_json(folder / "manifest.json")
    where = str(folder / "manifest.json")
    if table.get("format") != FORMAT:
        raise ModelError(f"格式版本为 {table.get('format')!r}", where=where, expected=str(FORMAT), advice=_ADVICE)
    engine, files = table.get("engine"), table.get("files")
    if engine not in _ENGINES or not isinstance(files, dict):
        raise ModelError(
            f"引擎为 {engine!r}", where=where, expected="、".join(_ENGINES) + "，且列出各文件", advice=_ADVICE
        )
    missing = {*_COMMON, *_ENGINES[engine]} - files.keys()
    if missing:
        raise ModelError(f"未列出 {'、'.join(sorted(missing))}", where=where, advice=_ADVICE)
    return Manifest(
        name=str(table.get("name", folder.name)),
        version=str(table.get("version", "")),
        engine=engine,
        code_version=str(table.get("code_version", "")),
        files={str(name): str(digest) for name, digest in files.items()},
        reading=dict(table.get("reading") or {}),
    )


def verify(folder: Path) -> Manifest:
    """Check every file of a folder against its SHA-256; raises ModelError naming the first one that is missing or altered."""
    if not folder.is_dir():
        raise ModelError("没有这个模型文件夹", where=str(folder), advice=_ADVICE)
    manifest = read_manifest(folder)
    for name, expected in sorted(manifest.files.items()):
        path = folder / name
        if Path(name).name != name or path.is_symlink() or not path.is_file():
            raise ModelError("缺少文件", where=str(path), advice=_ADVICE)
        found = _digest(path)
        if found != expected:
            raise ModelError(
                f"文件被改动，SHA-256 为 {found[:12]}…", where=str(path), expected=f"{expected[:12]}…", advice=_ADVICE
            )
    return manifest


def load(path: Path | None = None, *, threads: int = 0) -> Classifier:
    """Verify and load a model folder (default: the one that default.txt names). Takes less than a second; no torch.

    threads: cores for one text, 0 = all. Raises ModelError for a folder that is not whole or speaks another taxonomy.
    """
    folder = default_folder() if path is None else Path(path)
    # 1. Is every file what it was when the folder was sealed?
    manifest = verify(folder)
    # 2. Does it speak a taxonomy that we have?
    kinds, labels, tags = _read_labels(folder / "labels.json")
    calibration = _read_calibration(folder / "calibration.json")
    # 3. The engine, and one trial text: an engine with the wrong number of outputs is found now and not on the first document.
    own = _read_engine(folder, manifest, len(kinds), threads, tags)
    engine: Engine = own
    if added_labels.FILE in manifest.files:
        heads = added_labels.read_heads(folder / added_labels.FILE)
        engine = added_labels.AddedEngine(own, heads, len(kinds), kinds.index("unrelated"), calibration)
    outputs = engine.score("测试").shape
    if outputs != (len(kinds) + len(labels),):
        raise ModelError(
            f"模型输出 {outputs}", where=str(folder), expected=f"{len(kinds)} 种类 + {len(labels)} 标签", advice=_ADVICE
        )
    return Classifier(engine, kinds, labels, calibration, f"{manifest.name} {manifest.version}".strip())


@cache
def load_default() -> Classifier:
    """The default model, loaded once a process."""
    return load()


def seal(
    folder: Path, *, name: str, version: str, engine: str, code_version: str, reading: dict[str, Any] | None = None
) -> Manifest:
    """Write manifest.json over the files that are there, then verify; raises ModelError when one is missing."""
    files = {
        path.name: _digest(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name != "manifest.json"
    }
    table = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "engine": engine,
        "code_version": code_version,
        "reading": reading or {},
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return verify(folder)


def _read_engine(
    folder: Path, manifest: Manifest, kinds: int, threads: int, tags: tuple[str, ...] = ()
) -> added_labels.Tagging:
    if manifest.engine == "lexical":
        return lexical.read_engine(folder / "lexical.npz")
    network = encoder.EncoderEngine(
        folder / "model.onnx", folder / "tokenizer.json", _read_reading(manifest, folder), threads, tags
    )
    if manifest.engine == "onnx":
        return network
    table = _read_json(folder / "blend.json")
    try:
        weights = blend.Blend(**{name: float(value) for name, value in table.items()})
    except (TypeError, ValueError) as error:
        raise ModelError(f"混合权重不合：{error}", where=str(folder / "blend.json"), advice=_ADVICE) from error
    return blend.BlendEngine(network, lexical.read_engine(folder / "lexical.npz"), weights, kinds)


def _read_labels(path: Path) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    table = _read_json(path)
    version = str(table.get("taxonomy"))
    try:
        known = taxonomy.load(version)
    except TaxonomyError as error:
        raise ModelError(
            f"标签体系版本 {version!r} 未知", where=str(path), expected=taxonomy.CURRENT, advice=_ADVICE
        ) from error
    taxonomy.adopt(_read_added(table, path))
    known = taxonomy.load(version)
    kinds, labels = tuple(table.get("kinds", ())), tuple(table.get("labels", ()))
    unknown = {*kinds} - {*known.kind_ids} | {*labels} - {*known.label_ids}
    if unknown or not kinds or not labels:
        raise ModelError(f"标签 {sorted(unknown)} 不在标签体系 {version} 中", where=str(path), advice=_ADVICE)
    tags = tuple(table.get("tags", ()))
    if tags and (tags[0] != OUTSIDE or not {parse_tag(tag)[1:] for tag in tags[1:]} <= _ROLES):
        raise ModelError(f"标注 {sorted({*tags} - {*TAGS})} 未知", where=str(path), advice=_ADVICE)
    return kinds, labels, tags


def spoken(folder: Path) -> tuple[str, dict[str, str]]:
    """The taxonomy version that a folder names, and the labels it speaks: id → name, "" where the version names it. Raises ModelError."""
    table = _read_json(folder / "labels.json")
    added = {label.id: label.name for label in _read_added(table, folder / "labels.json")}
    return str(table.get("taxonomy")), {label: added.get(label, "") for label in table.get("labels", ())}


def adopt_labels(path: Path | None = None) -> None:
    """Let the taxonomy know the further labels of a folder (default: the default one) without loading it; a folder that is none adds nothing."""
    try:
        file = (default_folder() if path is None else path) / "labels.json"
        taxonomy.adopt(_read_added(_read_json(file), file))
    except ModelError:
        return  # whoever needs the model will be told


def _read_added(table: dict[str, Any], path: Path) -> list[taxonomy.Label]:
    rows = table.get("added") or []
    try:
        return [taxonomy.Label(row["id"], row["name"], row["meaning"], "", "", ()) for row in rows]
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"新增标签不全：{error}", where=str(path), expected="id、name、meaning", advice=_ADVICE
        ) from error


def _read_calibration(path: Path) -> Calibration:
    table = _read_json(path)
    names = Calibration.__dataclass_fields__
    try:
        return Calibration(**{name: float(table[name]) for name in names})
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"校准参数不全：{error}", where=str(path), expected="、".join(names), advice=_ADVICE
        ) from error


def _read_reading(manifest: Manifest, folder: Path) -> encoder.Reading:
    try:
        return encoder.Reading(**manifest.reading)
    except TypeError as error:
        raise ModelError(f"reading 不合：{error}", where=str(folder / "manifest.json"), advice=_ADVICE) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError("缺少文件", where=str(path), advice=_ADVICE) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"不是可读的 JSON：{error}", where=str(path), advice=_ADVICE) from error
    if not isinstance(table, dict):
        raise ModelError("不是 JSON 对象", where=str(path), advice=_ADVICE)
    return table


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
