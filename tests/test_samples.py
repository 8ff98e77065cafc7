"""The samples of the project, end to end with the shipped model, against what their author meant; floors in floors.json.

Lowering a floor is an explicit act: change the file and say why in the commit.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import pytest
from conftest import ROOT

from corpora.read import read
from nlp import model_folder, taxonomy
from nlp.analyze import Analyzer

FLOORS = json.loads((ROOT / "tests" / "floors.json").read_text(encoding="utf-8"))["samples"]
EXPECTED = ROOT / "corpora" / "samples_expected.jsonl"


@pytest.fixture(scope="module")
def expected():
    rows = defaultdict(list)
    for line in EXPECTED.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["doc_id"]].append(row)
    return rows


@pytest.fixture(scope="module")
def documents():
    found = list(read([ROOT / "corpora" / "samples"]))
    refused = [item for item in found if isinstance(item, Exception)]
    assert refused == []
    return found


@pytest.fixture(scope="module")
def readings(documents):
    return {reading.doc_id: reading for reading in Analyzer(model_folder.load()).analyze(documents)}


def test_every_sample_is_expected_and_read(documents, expected):
    assert {document.doc_id for document in documents} == set(expected)
    assert len(documents) >= 40


def test_every_scam_type_is_among_them(expected):
    labels = {row["label"] for rows in expected.values() for row in rows}
    assert set(taxonomy.load().label_ids) <= labels


def test_figures_stay_above_their_floors(readings, expected):
    hits, wanted, given = Counter(), Counter(), Counter()
    for name, rows in expected.items():
        if len(rows) != 1:
            continue
        row, reading = rows[0], readings[name]
        # A page with one article whose expectation is known; the longest piece where cleaning found more.
        article = max(reading.analyses, key=lambda article: article.end - article.start)
        wanted["kind"] += 1
        hits["kind"] += article.verdict.kind == row["kind"]
        label = article.verdict.label if article.verdict.kind != "unrelated" else taxonomy.load().empty.id
        wanted["label_accepted"] += 1
        hits["label_accepted"] += label in (row["label"], *row.get("also", ()))
        if row["kind"] == "case":
            people = [person for analysis in reading.analyses for case in analysis.cases for person in case.persons]
            for role, key in (("suspect", "suspects"), ("victim", "victims")):
                meant = {person.replace(" ", "") for person in row.get(key, ())}
                found = {person.name for person in people if person.role == role}
                hits[role] += len(meant & found)
                wanted[role] += len(meant)
                given[role] += len(found)
    figures = {key: round(hits[key] / wanted[key], 3) for key in ("kind", "label_accepted")}
    figures |= {role: round(2 * hits[role] / (wanted[role] + given[role]), 3) for role in ("suspect", "victim")}
    print(json.dumps(figures))
    for key, figure in figures.items():
        assert figure >= FLOORS[key], (key, figure, FLOORS[key])


def test_every_span_of_every_sample_is_its_surface(readings, documents):
    checked = 0
    for document in documents:
        for analysis in readings[document.doc_id].analyses:
            for mention in analysis.mentions:
                assert document.text[mention.start : mention.end].replace("\n", "").replace("\r", "") == mention.surface
                checked += 1
    assert checked > 500
