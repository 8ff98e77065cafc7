"""training.project_spans and tag_targets: from surfaces of a gold row to spans, and from spans to what tokens may be. All texts are invented."""

from __future__ import annotations

from nlp.token_tags import TAGS
from training.project_spans import Tagged, project, project_roles
from training.tag_targets import allowed_tags


def surfaces(text: str, spans: tuple[Tagged, ...]) -> list[tuple[str, str, str]]:
    return [(text[s.start : s.end], s.kind, s.role) for s in spans]


def incident(**lists: object) -> dict[str, object]:
    return {"suspects": [], "victims": [], "officials": [], "others": [], "amounts": [], **lists}


def amount(surface: str, value: int, role: str) -> dict[str, object]:
    return {"surface": surface, "cny_min": value, "cny_max": value, "role": role}


def test_a_name_is_marked_wherever_it_stands_but_not_inside_a_longer_one() -> None:
    text = "苗某强与苗某一起作案，苗某强被抓。"
    spans = project(text, [incident(suspects=["苗某强"], victims=["苗某"])])
    assert surfaces(text, spans) == [
        ("苗某强", "person", "suspect"),
        ("苗某", "person", "victim"),
        ("苗某强", "person", "suspect"),
    ]


def test_a_name_with_two_roles_has_none() -> None:
    text = "邬某先被骗，后来邬某也骗别人。"
    spans = project(text, [incident(victims=["邬某"]), incident(suspects=["邬某"])])
    assert surfaces(text, spans) == [("邬某", "person", ""), ("邬某", "person", "")]


def test_a_sum_is_not_found_inside_a_longer_number_and_its_other_wording_is_the_same() -> None:
    text = "阮某被骗5万元，账户里本有15万元，民警追回其中的50000元。"
    spans = project(text, [incident(victims=["阮某"], amounts=[amount("5万元", 50000, "loss")])])
    assert surfaces(text, spans) == [
        ("阮某", "person", "victim"),
        ("5万元", "amount", "loss"),
        ("15万元", "amount", ""),  # found by the rules, not listed: a sum of no known role
        ("50000元", "amount", "loss"),
    ]


def test_where_no_incident_is_listed_names_teach_nothing() -> None:
    text = "市民阮女士说，对方要收300元。"
    assert surfaces(text, project(text, [])) == [("阮女士", "", ""), ("300元", "amount", "")]


def test_roles_of_sums_alone() -> None:
    text = "阮女士先付300元，又付500元。"
    start = text.index("300")
    assert surfaces(text, project_roles(text, [(start, start + 4, "payment")])) == [
        ("阮女士", "", ""),
        ("300元", "amount", "payment"),
        ("500元", "amount", ""),
    ]


def test_what_tokens_may_be() -> None:
    # 曾 某 | 付 | 3 00元 | 阮
    offsets = [(0, 0), (0, 1), (1, 2), (2, 3), (3, 4), (4, 7), (7, 8)]
    spans = [Tagged(0, 2, "person", "victim"), Tagged(3, 7, "amount", ""), Tagged(7, 8, "", "")]
    masks = allowed_tags(offsets, spans)
    names = [{TAGS[i] for i in row.nonzero()[0]} for row in masks]
    assert names[0] == names[3] == {"O"}
    assert names[1] == {"B-person:victim"}
    assert names[2] == {"I-person:victim"}
    assert len(names[4]) == 9
    assert all(name.startswith("B-amount:") for name in names[4])
    assert all(name.startswith("I-amount:") for name in names[5])
    assert names[6] == set(TAGS)
