"""What was decided here, laid out for training and evaluating; a report as the screen draws it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpora.exchange import read_labels
from corpora.judgments import Judgment
from nlp import taxonomy
from nlp.errors import InputError
from nlp.records import Document
from serving import inbox, own_data
from serving.annotation import saving
from serving.console import report_parts
from serving.store.tables import DocumentRow
from serving.training_run import configurations
from tests.stores import fresh_store
from training.configuration import read_configuration

LABEL = taxonomy.load().label_ids[0]


def test_annotations_are_laid_out_as_training_reads_them(tmp_path: Path) -> None:
    store = fresh_store(tmp_path)
    with pytest.raises(InputError, match="还没有可用的标注"):
        own_data.lay_out(store, tmp_path / "none")
    with store.writing() as session:
        inbox.accept(session, Document("a", "我在网上刷单被骗三千元。", origin="test"))
        saving.save(session, session.scalars(sa.select(DocumentRow.id)).one(), Judgment("case", LABEL), by="甲", seen=0)
    gold = own_data.lay_out(store, tmp_path / "out")
    [read] = read_labels(gold.read_bytes(), gold.name)
    assert (read.text, read.judgment.label) == ("我在网上刷单被骗三千元。", LABEL)
    assert (tmp_path / "out" / "data" / gold.name).read_bytes() == gold.read_bytes()
    assert json.loads((tmp_path / "out" / "taxonomy.json").read_text(encoding="utf-8"))["labels"] == []
    store.close()


@pytest.mark.parametrize("name", configurations())
def test_a_configuration_that_reads_them_is_the_shipped_one_but_for_its_data(name: str, tmp_path: Path) -> None:
    shipped = configurations()[name]
    made = read_configuration(own_data.configured(shipped, tmp_path, "own-1"))
    before = read_configuration(shipped)
    assert (made.name, made.data.texts, made.data.gold, made.data.evaluation) == (
        "own-1",
        ("annotations",),
        ("annotations",),
        (),
    )
    assert made.data.authored == before.data.authored
    assert (made.lexical, made.encoder, made.blend, made.seed) == (
        before.lexical,
        before.encoder,
        before.blend,
        before.seed,
    )


def test_a_report_is_drawn_with_its_pictures_and_nothing_in_it_is_markup(tmp_path: Path) -> None:
    folder = tmp_path / "report" / "one"
    folder.mkdir(parents=True)
    (folder / "confusion.png").write_bytes(b"\x89PNG")
    (folder / "report.md").write_text(
        "# 评测：甲<b>\n\n两篇。\n\n| 模型 | 种类 |\n|---|---|\n| 甲 | 0.950 |\n\n## 混淆矩阵\n\n"
        "![混淆矩阵](confusion.png)\n\n![另一张](../../secret.png)\n\n- 0.99 d-1\n",
        encoding="utf-8",
    )
    [report] = report_parts.reports(tmp_path / "report")
    assert (report.name, report.heading) == ("one", "评测：甲<b>")
    drawn = report_parts.draw_report(folder)
    assert "<b>" not in drawn
    assert '<td class="number">0.950</td>' in drawn
    assert 'src="data:image/png;base64,iVBORw=="' in drawn
    assert "没有图：另一张" in drawn
    assert "<li>0.99 d-1</li>" in drawn
