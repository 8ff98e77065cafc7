"""The scam types are data that obeys its own rules."""

import pytest

from nlp import taxonomy
from nlp.errors import TaxonomyError


def test_current_version_holds_the_seventeen_types_and_an_empty_one():
    types = taxonomy.load()
    assert len(types.labels) == 17
    assert types.empty.id not in types.label_ids
    assert [kind.id for kind in types.kinds] == ["case", "advisory", "unrelated"]


def test_every_type_has_a_name_a_meaning_and_cues():
    for label in taxonomy.load().labels:
        assert label.name
        assert label.meaning
        assert label.cues, label.id


def test_every_type_says_where_its_border_runs_and_shows_examples():
    types = taxonomy.load()
    for label in (*types.labels, types.empty):
        assert label.border
        assert len(label.examples) >= 2, label.id


def test_merged_classes_name_known_labels():
    types = taxonomy.load()
    for labels in types.merged.values():
        assert set(labels) <= set(types.label_ids)


def test_unknown_label_says_what_is_known():
    with pytest.raises(TaxonomyError, match=taxonomy.load().label_ids[0]):
        taxonomy.load().label("no-such-label")


def test_unknown_version_names_the_current_one():
    with pytest.raises(TaxonomyError, match=taxonomy.CURRENT.replace(".", r"\.")):
        taxonomy.load("1999.1")
