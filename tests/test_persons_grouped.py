"""Grouping of person mentions into people. All names are invented."""

from __future__ import annotations

from nlp.extract.persons import find_persons
from nlp.persons_grouped import group_persons
from nlp.records import Mention, PersonName


def mention(name: str, start: int, role: str = "suspect", form: str = "masked", age: int | None = None) -> Mention:
    return Mention("person", start, start + len(name), name, PersonName(name, form, age), role, 0.9, "rule:test")


def test_a_short_name_joins_the_only_longer_one() -> None:
    (person,) = group_persons([mention("陈某丰", 0), mention("陈某", 30), mention("陈某", 60)])
    assert (person.name, person.role, len(person.mentions)) == ("陈某丰", "suspect", 3)
    assert [m.start for m in person.mentions] == [0, 30, 60]


def test_a_short_name_that_two_could_bear_is_dropped() -> None:
    people = group_persons([mention("陈某丰", 0), mention("陈某宇", 30), mention("陈某", 60)])
    assert [p.name for p in people] == ["陈某丰", "陈某宇"]


def test_names_side_by_side_are_two_people() -> None:
    people = group_persons([mention("韦某", 0), mention("韦某兴", 3)])
    assert [p.name for p in people] == ["韦某", "韦某兴"]


def test_a_name_with_its_own_age_is_a_person_of_its_own() -> None:
    people = group_persons([mention("陈某丰", 0), mention("陈某", 30, age=34)])
    assert [p.name for p in people] == ["陈某丰", "陈某"]


def test_another_role_is_another_person() -> None:
    people = group_persons(
        [mention("陈某丰", 0), mention("陈某", 30, role="victim"), mention("陈某", 50, role="victim")]
    )
    assert {p.name: p.role for p in people} == {"陈某丰": "suspect", "陈某": "victim"}


def test_a_masked_name_joins_the_title_told_more_often() -> None:
    told = [mention("柏女士", at, "victim", "titled") for at in (0, 20, 40)]
    (person,) = group_persons([*told, mention("柏某", 60, "victim")])
    assert (person.name, len(person.mentions)) == ("柏女士", 4)


def test_two_surnames_never_join() -> None:
    assert (
        len(group_persons([mention("陈某丰", 0), mention("王某", 30), mention("王女士", 60, "victim", "titled")])) == 3
    )


def test_a_full_name_wins_over_a_masked_one() -> None:
    (person,) = group_persons([mention("陈某", 0), mention("陈大丰", 30, form="full")])
    assert person.name == "陈大丰"


def test_attributes_and_other_kinds() -> None:
    age = Mention(
        "person", 0, 3, "胡某某", PersonName("胡某某", "masked", 22, "男", "重庆人"), "suspect", 0.9, "rule:test"
    )
    place = Mention("place", 5, 7, "重庆", PersonName("重庆"), "scene", 0.9, "rule:test")
    (person,) = group_persons([place, mention("胡某某", 20), age])
    assert (person.age, person.gender, person.origin) == (22, "男", "重庆人")
    assert [m.start for m in person.mentions] == [0, 20]


def test_nothing_in_nothing_out() -> None:
    assert group_persons([]) == ()


def test_from_text_to_people() -> None:
    text = "受害人王女士报警。民警抓获犯罪嫌疑人陈某丰、汤某等32人。经审讯，陈某交代了作案经过。"
    assert {p.name: (p.role, len(p.mentions)) for p in group_persons(find_persons(text))} == {
        "王女士": ("victim", 1),
        "陈某丰": ("suspect", 2),
        "汤某": ("suspect", 1),
    }
