"""nlp.lexical: n-grams of a text, and a table that survives being written and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.errors import ModelError
from nlp.lexical import BITS, HEAD, LEAD, LEAD_WEIGHT, TAIL, LexicalEngine, count_ngrams, read_engine, write_engine


def test_counts_of_a_short_text_by_hand() -> None:
    # 村推村推: 1-grams 村×2 推×2, 2-grams 村推×2 推村, 3-grams 村推村 推村推, 4-gram 村推村推
    buckets, counts = count_ngrams("村推村推")
    assert sorted(counts) == [1, 1, 1, 1, 2, 2, 2]
    assert (np.diff(buckets) > 0).all()
    assert buckets.max() < 1 << BITS


def test_an_ngram_has_one_bucket_wherever_it_stands() -> None:
    alone = set(count_ngrams("跑分")[0])
    within = set(count_ngrams("他去跑分了")[0])
    assert alone <= within
    assert len(alone) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [("被骗3460元", "被骗88元"), ("刷　单", "刷\n单"), ("詐騙", "诈骗"), ("ＱＱ群", "qq群")],
)
def test_spellings_that_make_no_difference(one: str, other: str) -> None:
    assert np.array_equal(count_ngrams(one)[0], count_ngrams(other)[0])


def test_order_makes_a_difference() -> None:
    assert not np.array_equal(count_ngrams("骗人")[0], count_ngrams("人骗")[0])


def test_empty_text_has_no_ngrams() -> None:
    assert count_ngrams("")[0].size == 0


def test_a_long_text_is_read_at_both_ends() -> None:
    middle = count_ngrams("开" * HEAD + "间" * 5000 + "尾" * TAIL)[0]
    without = count_ngrams("开" * HEAD + "尾" * TAIL)[0]
    assert set(count_ngrams("间")[0]).isdisjoint(middle)
    assert set(without) & set(middle)


def test_the_lead_counts_apart_by_hand() -> None:
    # One known bucket in the text, one in the lead: each block has unit length, the lead half weight.
    bucket = int(count_ngrams("骗")[0][0])
    engine = LexicalEngine(
        np.array([bucket, bucket + (1 << BITS)]),
        np.array([2.0, 3.0], np.float32),
        np.array([[3.0], [8.0]], np.float32),
        np.array([0.5], np.float32),
    )
    assert engine.score("骗") == pytest.approx([0.5 + 3.0 + LEAD_WEIGHT * 8.0])
    assert engine.score("好" * LEAD + "骗") == pytest.approx([0.5 + 3.0])
    assert engine.score("好") == pytest.approx([0.5])


def test_score_is_the_cosine_with_the_weights_by_hand() -> None:
    bucket = int(count_ngrams("骗")[0][0])
    engine = LexicalEngine(
        np.array([bucket]),
        np.array([2.0], np.float32),
        np.array([[3.0, -1.0]], np.float32),
        np.array([0.5, 0.0], np.float32),
    )
    # one known bucket: its value divided by its own length is 1
    assert engine.score("骗").tolist() == [3.5, -1.0]
    assert engine.score("水").tolist() == [0.5, 0.0]


def test_a_written_table_scores_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    buckets = np.sort(random.choice(1 << BITS, 5000, replace=False))
    buckets[-3:] = np.sort(count_ngrams("买")[0][0] % 5 + np.array([1, 2, 3]) + (1 << BITS) - 9)
    engine = LexicalEngine(
        buckets,
        random.uniform(1, 8, 5000).astype(np.float32),
        random.normal(size=(5000, 20)).astype(np.float32),
        random.normal(size=20).astype(np.float32),
    )
    write_engine(engine, tmp_path / "lexical.npz")
    again = read_engine(tmp_path / "lexical.npz")
    assert np.array_equal(again.buckets, engine.buckets)
    text = "报警人称在网上买一台二手相机，付款后卖家失联" * 30
    assert again.score(text) == pytest.approx(engine.score(text), abs=0.05)


def test_a_truncated_table_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lexical.npz"
    engine = LexicalEngine(np.arange(9), np.ones(9, np.float32), np.ones((9, 2), np.float32), np.ones(2, np.float32))
    write_engine(engine, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="词面模型"):
        read_engine(path)
