"""Is the memory of a backup bounded? Highest resident memory of saving, verifying and restoring a small store and one many times its size.

    python -m benchmarks.backup_memory [--incidents 5000 50000] [--store postgresql+psycopg://…/empty_database]

In: numbers of incidents; stores of invented ones (`large_store`) in a temporary folder, a document of some 2,000 characters beside each,
sealed with a key of its own as a real one would be. Out: for each size the file's and the backup's megabytes and the highest resident
memory of each step, a process each; then the largest size's as a ratio to the smallest's. It judges nothing. About 30 KB of disk an
incident; PostgreSQL: saved from there, restored to SQLite.
"""

from __future__ import annotations

import argparse
import resource
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from benchmarks import large_store
from benchmarks.server_load import complaint
from serving.store import Store, open_store
from serving.store.tables import DocumentRow
from tests.processes import environment

STEPS = {"备份": "backup", "核对": "verify", "恢复": "restore"}
PAGE = 500
_COLUMNS = (
    "sha256", "title", "form", "nature", "origin", "url", "publisher", "published", "fetched", "licence", "encoding",
)  # fmt: skip


def _documents(first: int, last: int) -> Iterator[dict[str, object]]:
    for number in range(first, last):
        text = f"{number}。" + complaint(number) * 20
        row: dict[str, object] = dict.fromkeys(_COLUMNS, "")
        yield row | {
            "id": f"d-{number:016x}", "sha256": f"{number:064x}", "doc_id": f"b{number}", "text": text[:2000], "form": "text", "nature": "published",
            "details": {}, "names": {}, "stored_at": "2026-01-01T00:00:00.000Z", "withdrawn": False,
        }  # fmt: skip


def fill(store: Store, number: int) -> None:
    """Bring the store to so many incidents and documents."""
    large_store.fill(store, number, words=False)
    with store.reading() as session:
        there = session.scalar(sa.select(sa.func.count()).select_from(DocumentRow)) or 0
    for first in range(there, number, PAGE):
        with store.writing() as session:
            session.execute(sa.insert(DocumentRow), list(_documents(first, min(first + PAGE, number))))


def _step(name: str, address: str, folder: Path) -> None:
    """In a process of its own: one step (or "fill", whose folder is a number); prints its highest resident memory in KB."""
    from serving.keeping import backup, backup_file, restore

    file = folder / "saved.fanzha"
    if name == "fill":
        fill(open_store(address), int(str(folder)))
    elif name == "backup":
        store = open_store(address)
        backup.write(store, file, actor="测量")
    elif name == "verify":
        backup_file.verify(file)
    else:
        restore.restore(file, f"sqlite:///{folder}/again.db", actor="测量")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measured(address: str, folder: Path, key: str) -> dict[str, float]:
    """Step → MB, and the size of the backup in MB."""
    found = {}
    for said, name in STEPS.items():
        command = [sys.executable, "-m", "benchmarks.backup_memory", "--step", name, address, str(folder)]
        ran = subprocess.run(command, env=environment(FANZHA_DATA_KEY=key), capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.exit(ran.stderr[-2000:])
        found[said] = int(ran.stdout) / 1024
    found["文件"] = (folder / "saved.fanzha").stat().st_size / 1e6
    for file in (folder / "saved.fanzha", *folder.glob("again.db*")):
        file.unlink()
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--store", default="")
    parser.add_argument("--step", nargs=3, default=None, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        _step(asked.step[0], asked.step[1], Path(asked.step[2]))
        return
    key, told = secrets.token_urlsafe(32), []
    with tempfile.TemporaryDirectory(prefix="fanzha-memory-") as folder:
        address = asked.store or f"sqlite:///{folder}/large.db"
        for number in sorted(asked.incidents):
            command = [sys.executable, "-m", "benchmarks.backup_memory", "--step", "fill", address, str(number)]
            subprocess.run(command, env=environment(FANZHA_DATA_KEY=key), check=True, stdout=subprocess.DEVNULL)
            told.append(measured(address, Path(folder), key))
            steps = "，".join(f"{said} {told[-1][said]:.0f} MB" for said in STEPS)
            print(f"{number:,} 个事件，备份文件 {told[-1]['文件']:.0f} MB：最高内存 {steps}", flush=True)
    ratios = "，".join(f"{said} {told[-1][said] / told[0][said]:.2f}" for said in STEPS)
    print(f"最大的与最小的之比：文件 {told[-1]['文件'] / told[0]['文件']:.1f}，内存 {ratios}")


if __name__ == "__main__":
    main()
