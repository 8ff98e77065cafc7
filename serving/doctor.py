"""Looks at this installation and says what stands, what is missing, and what to do about it.

In: `Settings`. Out: findings in the order of the way of the data. It repairs nothing and loads no model; the store is opened
without migrating it. Torch is looked for, never imported.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from nlp import model_folder, taxonomy
from nlp.errors import FanzhaError
from serving import changes, data_key, inbox
from serving.keeping import retention, rotation
from serving.migrations import HEAD
from serving.settings import VARIABLES, Settings
from serving.store import Store, open_store, schema_version
from serving.store.tables import DataKeyRow, DocumentRow, IncidentRow

State = Literal["ok", "note", "missing"]
# What analysing and serving need, and what a test of an installation would otherwise only meet at the first document.
PACKAGES = (
    "jieba", "spacy", "onnxruntime", "tokenizers", "pydantic", "fastapi", "uvicorn", "sqlalchemy", "alembic", "trafilatura",
    "pypdf", "openpyxl", "python-docx", "warcio",
)  # fmt: skip
# Below this a store of a hundred thousand documents no longer fits.
DISK_FLOOR = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, what was found, what to do. state "missing" keeps the system from working."""

    name: str
    state: State
    value: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """All findings."""
    return [*_program(), *_model(settings), *_store(settings)]


def _program() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        "Python",
        "ok" if sys.version_info >= (3, 11) else "missing",
        version,
        "需要 3.11 以上" * (sys.version_info < (3, 11)),
    )
    absent, versions = [], []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            absent.append(name)
    yield Finding("依赖", "missing" if absent else "ok", "缺少 " + "、".join(absent) if absent else "、".join(versions),
                  "重新安装：pip install fanzha" if absent else "")  # fmt: skip
    torch = importlib.util.find_spec("torch") is not None
    yield Finding(
        "torch", "ok", "已安装（训练可用）" if torch else "未安装（分析与服务不需要；训练请装 fanzha[train]）"
    )
    scheme = taxonomy.load()
    yield Finding("标签体系", "ok", f"{scheme.version}，{len(scheme.labels)} 类")
    set_here = [name for name in VARIABLES if os.environ.get(name)]
    yield Finding("环境变量", "ok", "、".join(set_here) or "均为默认")


def _model(settings: Settings) -> Iterator[Finding]:
    if settings.analyzer:
        yield Finding("模型", "note", f"测试用分析器 {settings.analyzer}", "正式使用请去掉 FANZHA_ANALYZER")
        return
    try:
        folder = settings.model or model_folder.default_folder()
        manifest = model_folder.verify(folder)
    except FanzhaError as error:
        yield Finding(
            "模型", "missing", str(error), "没有模型就不能分析；已收下的文档会等着" if not error.advice else ""
        )
        return
    yield Finding(
        "模型",
        "ok",
        f"{manifest.name} {manifest.version}（{manifest.engine}），{len(manifest.files)} 个文件 SHA-256 相符，{folder}",
    )


def _store(settings: Settings) -> Iterator[Finding]:
    url = make_url(settings.store)
    place = url.render_as_string(hide_password=True)
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file and file != ":memory:" and not os.path.exists(file):
        yield Finding("事件库", "note", f"{place} 还不存在", "第一次 fanzha ingest 时自动建立")
        return
    try:
        store = open_store(settings.store, migrate=False)
    except FanzhaError as error:
        yield Finding("事件库", "missing", str(error), "" if error.advice else "检查地址")
        return
    try:
        yield from _contents(store, place, settings)
    finally:
        store.close()
    if file and file != ":memory:":
        free = shutil.disk_usage(os.path.dirname(os.path.abspath(file))).free
        low = free < DISK_FLOOR
        yield Finding("磁盘", "note" if low else "ok", f"余 {free / 1e9:.1f} GB", "请腾出空间" if low else "")


def _sealing(store: Store) -> Finding:
    """Is what must stay secret sealed in the file?"""
    keys = data_key.keys()
    if not keys:
        return Finding(
            "字段加密", "note", "未设：投诉原文、姓名、号码以明文存在库里，拿到文件的人都看得到", "设 FANZHA_DATA_KEY，再运行 fanzha keys rotate-data"
        )  # fmt: skip
    with store.reading() as session:
        noted = set(session.scalars(sa.select(DataKeyRow.name)))
        clear = rotation.is_clear(session)
    old = noted - {keys[0].name}
    if clear or old:
        found = "还有明文" if clear else f"还有用旧密钥 {'、'.join(sorted(old))} 加密的"
        return Finding("字段加密", "note", f"密钥 {keys[0].name}，{found}", "运行 fanzha keys rotate-data")
    return Finding("字段加密", "ok", f"全部用密钥 {keys[0].name} 加密")


def _keeping(settings: Settings) -> Finding:
    """Does anything ever go?"""
    if settings.retention is None:
        return Finding("留存", "note", "没有规则：什么也不会到期", "写好规则，设 FANZHA_RETENTION")
    try:
        return Finding("留存", "ok", f"{len(retention.load(settings.retention))} 条规则，{settings.retention}")
    except FanzhaError as error:
        return Finding("留存", "missing", str(error), "改正规则，否则服务起不来")


def _contents(store: Store, place: str, settings: Settings) -> Iterator[Finding]:
    with store.engine.connect() as connection:
        found = schema_version(connection)
    yield Finding("事件库", "ok", f"{place}，版本 {found}（最新 {HEAD}）")
    with store.reading() as session:
        counts = inbox.counts(session)
        documents = session.scalar(sa.select(sa.func.count()).where(DocumentRow.withdrawn.is_(False)))
        incidents = session.scalar(sa.select(sa.func.count()).where(IncidentRow.withdrawn.is_(False)))
        sequence = changes.last_number(session)
    yield _sealing(store)
    yield _keeping(settings)
    yield Finding("内容", "ok", f"文档 {documents}，事件 {incidents}，变更序号 {sequence}")
    waiting, broken = counts["accepted"] + counts["working"], counts["failed"] + counts["set_aside"]
    advice = []
    if waiting:
        advice.append("fanzha ingest（不带路径）继续处理")
    if broken:
        advice.append("fanzha ingest --retry-failed 重试失败的")
    value = f"待处理 {waiting}，已完成 {counts['done']}，失败 {counts['failed']}，搁置 {counts['set_aside']}"
    yield Finding("收件箱", "note" if advice else "ok", value, "；".join(advice))
