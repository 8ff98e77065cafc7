"""Time grows linearly: texts of a size that a quadratic reading would not survive within the limit for a hang. No clock is read.

Each case once took minutes; the whole list of worst cases is `benchmarks/growth.py`.
"""

from __future__ import annotations

from nlp.extract.places import find_places
from nlp.kind_evidence import PROVINCIAL, case_odds
from nlp.persons_grouped import group_persons
from nlp.records import Mention, PersonName, Place
from nlp.segment import segment


def test_a_run_of_letters_that_stand_for_provinces_is_read_once() -> None:
    assert find_places("新" * 400_000) == []
    assert [m.surface for m in find_places("沪苏浙皖等地") if m.found_by == "rule:letters"] == ["沪", "苏", "浙", "皖"]


def test_characters_that_make_no_words_are_cut_before_the_segmenter_copies_them_all() -> None:
    text = "某" * 300_000
    words = segment(text)
    assert "".join(word.surface for word in words) == text
    assert [word.start for word in words[1:]] == [word.end for word in words[:-1]]


def test_a_hundred_thousand_busts_in_provinces_are_weighed() -> None:
    sentence = "海南打掉一伙。"
    place = Place("海南省", "460000", "province")
    places = [Mention("place", at, at + 2, "海南", place) for at in range(0, 100_000 * len(sentence), len(sentence))]
    victim = Mention("person", 0, 2, "王某", PersonName("王某", "masked"), "victim")
    assert case_odds(sentence * 100_000, [*places, victim]) == PROVINCIAL


def test_a_short_name_told_often_among_many_long_ones_is_grouped() -> None:
    short = [
        Mention("person", 20 * at, 20 * at + 2, "王某", PersonName("王某", "masked"), "victim") for at in range(60_000)
    ]
    long = [
        Mention("person", 20 * at + 8, 20 * at + 11, name, PersonName(name, "masked"), "victim")
        for at, name in enumerate(f"王某{chr(0x7000 + number)}" for number in range(8000))
    ]
    people = group_persons([*short, *long])
    assert len(people) == 8000  # 王某 could be any of them
