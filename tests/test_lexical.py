"""nlp.lexical: n-grams of a text, and a table that survives being written and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.errors import ModelError
from nlp.lexical import (
    APART,
    BITS,
    HEAD,
    LEAD,
    LEAD_WEIGHT,
    TAIL,
    LexicalEngine,
    count_blocks,
    count_ngrams,
    read_engine,
    write_engine,
)


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
        (1.0, LEAD_WEIGHT),
    )
    assert engine.score("骗") == pytest.approx([0.5 + 3.0 + LEAD_WEIGHT * 8.0])
    assert engine.score("好" * LEAD + "骗") == pytest.approx([0.5 + 3.0])
    assert engine.score("好") == pytest.approx([0.5])


def test_every_length_has_a_block_of_its_own() -> None:
    # 村推: two 1-grams and one 2-gram in the text, the same in the lead; the blocks of 3- and 4-grams stay empty.
    buckets, counts = count_blocks("村推", len(APART))
    assert np.bincount(buckets >> BITS, counts, minlength=8).tolist() == [2, 1, 0, 0, 2, 1, 0, 0]
    assert (np.diff(buckets) > 0).all()
    beyond, _ = count_blocks("好" * LEAD + "村推", len(APART))
    assert set(buckets[:3]) < set(beyond)
    assert set(buckets[3:]).isdisjoint(beyond)
    assert np.array_equal(count_blocks("村推", 1)[0], count_ngrams("村推")[0])


def test_no_length_drowns_another_by_hand() -> None:
    # Many known 1-grams, one known 2-gram: each block has its own length whatever stands in the other.
    ones, _ = count_blocks("甲乙丙丁戊村推", 8)
    pair = int(count_blocks("村推", 8)[0][2])
    known = np.unique(np.append(ones[ones < 1 << BITS], pair))
    weights = np.where(known == pair, 5.0, 0.0).astype(np.float32)[:, None]
    engine = LexicalEngine(known, np.ones(len(known), np.float32), weights, np.zeros(1, np.float32), tuple(APART))
    assert engine.score("甲乙丙丁戊村推") == pytest.approx([5.0 * APART[1]])
    assert engine.score("村推") == pytest.approx([5.0 * APART[1]])
    assert engine.score("推村") == pytest.approx([0.0])


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


def test_a_table_of_before_is_read_as_it_was(tmp_path: Path) -> None:
    bucket = int(count_ngrams("骗")[0][0])
    told = {"buckets": np.array([bucket, bucket + (1 << BITS)]), "idf": np.array([2.0, 3.0], np.float32)}
    weights, bias = np.array([[3.0], [8.0]], np.float32), np.array([0.5], np.float32)
    engine = LexicalEngine(told["buckets"], told["idf"], weights, bias, (1.0, LEAD_WEIGHT))
    write_engine(engine, tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as arrays:
        np.savez_compressed(tmp_path / "old.npz", **{name: arrays[name] for name in arrays if name != "scales"})
        wrong = {name: arrays[name] for name in arrays} | {"scales": np.ones(1)}
    assert read_engine(tmp_path / "old.npz").score("骗") == pytest.approx(engine.score("骗"), abs=0.05)
    np.savez_compressed(tmp_path / "wrong.npz", **wrong)
    with pytest.raises(ModelError, match="分块"):
        read_engine(tmp_path / "wrong.npz")


def test_a_truncated_table_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lexical.npz"
    engine = LexicalEngine(np.arange(9), np.ones(9, np.float32), np.ones((9, 2), np.float32), np.ones(2, np.float32))
    write_engine(engine, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="词面模型"):
        read_engine(path)
