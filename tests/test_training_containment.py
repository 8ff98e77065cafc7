"""training.containment: reprints are found, neighbours are not, and nothing of the evaluation documents is trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.containment import cluster, find_overlaps, shingles

STORY = "松岭县的苗女士接到陌生来电，对方说她的包裹在途中遗失，要给她三倍赔付，让她下载一个会议软件。苗女士照办后卡里的一万六千元被转走。"
OTHER = (
    "城北菜市场整修后重新开张，摊位增加到一百二十个，停车场免费两小时，附近居民说买菜比从前方便多了，价格也没有上涨。"
)


def test_shingles_by_hand() -> None:
    assert len(shingles("一二三四五六七八九十甲")) == 2
    assert len(shingles("短文")) == 1
    assert shingles("，。\n ") == frozenset()
    assert shingles("一二三四五，六七八九十") == shingles("一二三四五六七八九十")


def test_a_reprint_with_another_frame_is_found_both_ways_round() -> None:
    framed = OTHER + STORY
    found = find_overlaps({"framed": framed, "other": OTHER}, {"story": STORY})
    assert set(found) == {"framed"}
    assert found["framed"].reference == "story"
    assert found["framed"].share == pytest.approx(1.0, abs=0.01)
    assert set(find_overlaps({"story": STORY}, {"framed": framed})) == {"story"}


def test_a_shared_phrase_is_no_reprint() -> None:
    assert not find_overlaps({"a": OTHER + STORY[:15]}, {"b": STORY})


def test_clusters_join_what_overlaps_directly_or_through_a_third() -> None:
    clusters = cluster({"a": STORY, "b": STORY + OTHER, "c": OTHER, "d": "与前面都没有关系的一句话，讲的是天气。"})
    assert clusters["a"] == clusters["b"] == clusters["c"] != clusters["d"]


@pytest.mark.shared
@pytest.mark.slow
def test_nothing_that_is_trained_on_shares_text_with_an_evaluation_document() -> None:
    shared = Path(__file__).resolve().parents[2] / "shared"
    if not (shared / "gold" / "dev.jsonl").is_file():
        pytest.skip("the folder ../shared is not here")
    from training.configuration import read_configuration
    from training.gather import gather, read_gold, read_texts

    root = Path(__file__).resolve().parents[1]
    settings = read_configuration(root / "training" / "configs" / "student.toml")
    assert {"dev", "dev_labels"} <= set(settings.data.evaluation)
    gathered = gather(shared, settings.data, settings.seed)
    texts = read_texts(shared, settings.data.texts)
    held_out = read_gold([shared / "gold" / f"{name}.jsonl" for name in settings.data.evaluation], texts)
    ids = {example.id for example in held_out}
    assert len(gathered.examples) > 1000
    assert not ids & {example.id for example in gathered.examples}
    parts = [shingles(example.text) for example in held_out]
    every = frozenset().union(*parts)
    for example in gathered.examples:
        own = shingles(example.text)
        if len(own & every) > 0.4 * len(own):
            most = max(len(own & part) for part in parts)
            assert most <= 0.4 * len(own), example.id


def test_a_cluster_is_numbered_by_its_first_text_whatever_joins_it_later() -> None:
    # Held-out folds are drawn by these numbers: they have to be the same in every process.
    half = len(STORY) // 2
    clusters = cluster({"a": STORY[:half] * 2, "b": OTHER, "c": STORY[half:] * 2, "d": STORY * 2})
    assert clusters == {"a": 0, "b": 1, "c": 0, "d": 0}
