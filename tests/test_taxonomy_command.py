"""`fanzha taxonomy`: what the screen can do with the labels, the command line can; what it exports, training knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from corpora.judgments import Judgment
from nlp import taxonomy
from nlp.errors import InputError, NotFoundError
from nlp.records import Document
from serving import inbox
from serving.annotation import saving
from serving.command import app
from serving.store import Store, open_store
from serving.store.tables import DocumentRow, IncidentRow
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import fresh_address

A, B, *_ = taxonomy.load().label_ids
NEW = {"act": "add", "id": "task_groups", "name": "任务群骗局", "meaning": "拉群做任务"}
MERGE = {"act": "merge", "ids": [A], "into": B}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Two stories under A, one of them annotated."""
    address = fresh_address(tmp_path)
    opened = open_store(address)
    monkeypatch.setenv("FANZHA_STORE", address)
    with opened.writing() as session:
        for number in range(2):
            inbox.accept(
                session,
                Document(
                    f"t{number}", f"第{number}案 被骗 类型：{A} 嫌疑人：赵{'甲乙'[number]}某 损失：{number + 1}0000"
                ),
            )
    Worker(opened, make()).drain()
    with opened.writing() as session:
        saving.save(session, session.scalars(sa.select(DocumentRow.id)).first(), Judgment("case", A), by="甲", seen=0)
    yield opened
    opened.close()
    taxonomy.install([], taxonomy.CURRENT)


def run(*words: str) -> str:
    ended = CliRunner().invoke(app, ["taxonomy", *words], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_a_change_is_tried_drafted_published_and_put_back(store: Store) -> None:
    # 1. Tried: the numbers, and nothing is written.
    told = json.loads(run("change", json.dumps(MERGE), "--dry-run", "--json"))
    assert {name: told["steps"][0][name] for name in ("incidents", "annotated", "revised")} == {
        "incidents": 2,
        "annotated": 1,
        "revised": 2,
    }
    assert "没有草案" in run("draft")
    # 2. Drafted, published: the incidents are brought over before the command ends.
    assert "出新版" in run("change", json.dumps(MERGE))
    assert "2 件文档" in run("publish", "--note", "一回事")
    with store.reading() as session:
        assert set(session.scalars(sa.select(IncidentRow.label))) == {B}
    rows = json.loads(run("versions", "--json"))
    assert [(row["version"], row["in_force"]) for row in rows] == [
        (taxonomy.CURRENT, False),
        (f"{taxonomy.CURRENT}+1", True),
    ]
    assert rows[1]["note"] == "一回事"
    shown = json.loads(run("show", "--json"))
    assert shown["successors"] == {A: B}
    # 3. And back.
    run("back", taxonomy.CURRENT)
    with store.reading() as session:
        assert set(session.scalars(sa.select(IncidentRow.label))) == {A}
    assert f"现行 {taxonomy.CURRENT}，" in run("show")


def test_a_change_that_will_not_do_says_what_would(store: Store, tmp_path: Path) -> None:
    for words in ("nothing.json", "{", "[1]", '{"act": "paint"}', json.dumps(NEW | {"id": "Not An Id"})):
        with pytest.raises(InputError):
            run("change", words)
    with pytest.raises(NotFoundError, match="没有草案"):
        run("publish")


def test_exported_annotations_name_the_labels_that_were_added(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "new.json"
    file.write_text(json.dumps(NEW), encoding="utf-8")
    run("change", str(file))
    run("publish")
    ended = CliRunner().invoke(
        app, ["annotations", "export", "--final", "-o", str(tmp_path / "out")], catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    told = json.loads((tmp_path / "out" / "taxonomy.json").read_text(encoding="utf-8"))
    assert told == {
        "version": f"{taxonomy.CURRENT}+1",
        "labels": [{key: NEW[key] for key in ("id", "name", "meaning")}],
    }
    assert len(list((tmp_path / "out").glob("*/annotations.jsonl"))) == 2
