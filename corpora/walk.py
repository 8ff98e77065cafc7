"""From named sources to files. In: paths, folders, globs. Out: `Found` files one after the other, and refusals.

A folder is walked lazily in sorted order; hidden files and folders are passed over. A symbolic link that leads out of the
folder is refused, one that stays inside is passed over (its target is read under its own name). It opens no file.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nlp.errors import InputError


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file to read, and the id its document will have."""

    path: Path
    doc_id: str


def walk(source: str | Path) -> Iterator[Found | InputError]:
    """The files of one source: itself, those of the folder, or those that match the glob.

    `doc_id` is the name of a file named itself, else the path relative to the folder (of a glob: to its part before the first `*`),
    with `/` between parts.
    """
    text = os.fspath(source)
    path = Path(text)
    if "\x00" in text or not text:
        yield InputError("路径无效", where=repr(text), expected="文件、文件夹或通配符")
        return
    try:
        exists = path.exists()
        if exists and path.is_dir():
            yield from _folder(path)
        elif exists:
            yield _regular(path, path.name)
        elif glob.has_magic(text):
            yield from _matches(text)
        else:
            yield InputError("找不到", where=text, expected="存在的文件、文件夹或通配符", advice="请检查路径拼写")
    except OSError as error:
        yield _unreadable(text, error)


def _folder(root: Path) -> Iterator[Found | InputError]:
    """Everything readable under a folder."""
    real_root = root.resolve()
    found = False
    for result in _entries(root, root, real_root):
        found = True
        yield result
    if not found:
        yield InputError("文件夹里没有可读的文件", where=str(root), expected="至少一个未隐藏的文件")


def _entries(folder: Path, root: Path, real_root: Path) -> Iterator[Found | InputError]:
    """Files and folders of one level in order of their names, depth first."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield _unreadable(str(folder), error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        if entry.is_symlink():
            refused = _link(path, real_root)
            if refused is not None:
                yield refused
        elif entry.is_dir(follow_symlinks=False):
            yield from _entries(path, root, real_root)
        else:
            yield _regular(path, path.relative_to(root).as_posix())


def _link(path: Path, real_root: Path) -> InputError | None:
    """The refusal of a link that is broken or leads out of the folder, None for one that stays inside."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return InputError("符号链接没有目标", where=str(path), expected="普通文件", advice="请删除链接或补上目标")
    if target == real_root or real_root in target.parents:
        return None
    return InputError(
        "符号链接指向文件夹之外，未读取",
        where=str(path),
        expected="文件夹内的普通文件",
        advice="如确需读取，请直接指定目标文件",
    )


def _matches(pattern: str) -> Iterator[Found | InputError]:
    """The files a glob matches, sorted; `**` goes through folders."""
    base = Path(*_fixed_parts(Path(pattern).parts))
    matched = sorted(path for path in glob.iglob(pattern, recursive=True) if os.path.isfile(path))
    if not matched:
        yield InputError("通配符没有匹配到文件", where=pattern, expected="至少一个文件", advice="请检查路径拼写")
    for name in matched:
        path = Path(name)
        if path.is_symlink():
            refused = _link(path, base.resolve())
            if refused is not None:
                yield refused
                continue
        yield _regular(path, path.relative_to(base).as_posix() if base.parts else path.as_posix())


def _fixed_parts(parts: tuple[str, ...]) -> list[str]:
    fixed: list[str] = []
    for part in parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return fixed


def _regular(path: Path, doc_id: str) -> Found | InputError:
    """A regular file, or the refusal of a pipe or device, which could block for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        return InputError("不是普通文件（管道或设备）", where=str(path), expected="普通文件")
    return Found(path, doc_id)


def _unreadable(where: str, error: OSError) -> InputError:
    return InputError(f"无法读取（{error.strerror or error}）", where=where, expected="可读的文件", advice="请检查权限")
