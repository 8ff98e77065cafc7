"""`kill -9` at any moment of an import of 1,000 documents, again and again: every document once, none lost, no gap in the feed."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from test_command import done, environment, fanzha

from tests.processes import wait_for

DOCUMENTS = 1000
KILLS = 5


def write_documents(folder: Path, count: int = DOCUMENTS) -> Path:
    """One JSON Lines file: one document in five tells a case, one of ten of these retells the case before it."""
    import json

    file = folder / "documents.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        for number in range(count):
            case = number - 5 if number % 50 == 45 else number
            filler = "".join(chr(0x4E00 + (case * 37 + at * 11) % 20000) for at in range(60))
            word = "骗局" if number % 5 == 0 else "丰收"
            text = (
                f"第{number}篇：一起{word}。{filler}\n嫌疑人：{chr(0x4E00 + case)}某{chr(0x5E00 + case)}\n"
                f"地点：河南省/南阳市/邓州市 411381\n损失：{1000 + case * 97}"
            )
            stream.write(json.dumps({"doc_id": f"n{number}", "text": text}, ensure_ascii=False) + "\n")
    return file


def final(file: Path) -> dict[str, object]:
    """What must be the same however often the import was killed."""
    with sqlite3.connect(file) as connection:

        def rows(query: str) -> list[tuple[object, ...]]:
            return connection.execute(query).fetchall()

        return {
            "documents": rows("SELECT id, doc_id, text FROM documents ORDER BY id"),
            "articles": rows("SELECT document_id, number, kind FROM articles ORDER BY 1, 2"),
            "cases": rows("SELECT id, document_id FROM cases ORDER BY id"),
            "searchable": rows("SELECT sort, key FROM search_keys ORDER BY 1, 2"),
            "found": rows(
                "SELECT count(*) FROM incidents JOIN search_index_incidents s ON s.rowid = sequence WHERE NOT withdrawn"
            ),
            "incidents": sorted(Counter(row[0] for row in rows("SELECT incident_id FROM cases")).values()),
        }


@pytest.mark.slow
def test_kill_minus_nine_in_the_middle_of_a_thousand_documents(tmp_path: Path) -> None:
    write_documents(tmp_path)
    command = [sys.executable, "-m", "serving.command", "ingest", "documents.jsonl", "--store", "killed.db"]
    store = tmp_path / "killed.db"
    dice = random.Random(8)
    # 1. Killed while reading, and while analysing, at moments nobody chose.
    killed = 0
    for attempt in range(KILLS):
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment(FANZHA_BATCH="16"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if attempt == 0:
            wait_for(store.exists)
        else:
            before = done(store)
            wait_for(lambda process=process, before=before: done(store) > before or process.poll() is not None)
        time.sleep(dice.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed >= KILLS - 1
    assert done(store) < DOCUMENTS, "the kills came too late to show anything"
    # 2. Once more, undisturbed; and the same import that nobody ever disturbed.
    for name in ("killed.db", "whole.db"):
        ran = fanzha(tmp_path, "ingest", "documents.jsonl", "--store", name, FANZHA_BATCH="16", timeout=300)
        assert ran.returncode == 0, ran.stderr
    # 3. Every document once, none lost.
    with sqlite3.connect(store) as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM inbox GROUP BY state").fetchall())
        assert states == {"done": DOCUMENTS}
        names = [name for (name,) in connection.execute("SELECT doc_id FROM documents")]
        assert sorted(names) == sorted(f"n{number}" for number in range(DOCUMENTS))
        # 4. The feed has no gap, every incident's last change is in it, and nothing refers to nothing.
        sequence = [number for (number,) in connection.execute("SELECT sequence FROM changes ORDER BY sequence")]
        assert sequence == list(range(1, len(sequence) + 1))
        assert connection.execute("SELECT value FROM counters WHERE name = 'sequence'").fetchone() == (len(sequence),)
        orphans = "SELECT count(*) FROM incidents i LEFT JOIN changes c ON c.sequence = i.sequence WHERE c.incident_id IS NOT i.id"
        assert connection.execute(orphans).fetchone() == (0,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert final(store) == final(tmp_path / "whole.db")
