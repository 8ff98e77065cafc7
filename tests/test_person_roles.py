"""Roles of persons: the cue table's own examples, whole sentences, lists, propagation. All names are invented."""

from __future__ import annotations

import pytest

from nlp.extract.person_roles import ROLES, Cue, contexts, cues, fired
from nlp.extract.persons import find_persons
from nlp.records import PersonName


def roles(text: str) -> dict[str, str]:
    return {m.value.name: m.role for m in find_persons(text) if isinstance(m.value, PersonName)}


def _fires(cue: Cue, phrase: str) -> bool:
    """Whether the cue fires on its example: the last @ is the person for a left cue, the first for a right one."""
    at = phrase.rindex("@") if cue.side == "left" else phrase.index("@")
    return cue in fired(phrase[:at].rstrip("“"), phrase[at + 1 :].lstrip("”"))


@pytest.mark.parametrize("cue", cues(), ids=lambda cue: cue.name)
def test_every_cue_fires_on_its_example_and_not_on_its_counter_example(cue: Cue) -> None:
    assert cue.role in ROLES
    assert cue.side in ("left", "right")
    assert cue.reach in ("touch", "near")
    assert cue.weight > 0
    assert _fires(cue, cue.example)
    assert not _fires(cue, cue.counter)


def test_cue_names_are_unique() -> None:
    assert len({cue.name for cue in cues()}) == len(cues())


SENTENCES = [
    ("民警将犯罪嫌疑人陈某丰抓获。", {"陈某丰": "suspect"}),
    ("以周某为首的7人团伙落网。", {"周某": "suspect"}),
    ("一名自称代理某款面膜产品的“微商”于女士加了她的微信。", {"于女士": "suspect"}),
    ("被告人何某光因犯诈骗罪被判处有期徒刑两年。", {"何某光": "suspect"}),
    ("经审讯，郑某对其犯罪事实供认不讳。", {"郑某": "suspect"}),
    (
        "抓获犯罪嫌疑人蔡某、江某（男，22岁，重庆人）和文某等6人。",
        {"蔡某": "suspect", "江某": "suspect", "文某": "suspect"},
    ),
    ("民警将李某和其妻子崔某抓获。", {"李某": "suspect", "崔某": "suspect"}),
    ("受害人韦某报警称被骗。", {"韦某": "victim"}),
    ("近日，市民王女士接到一个陌生电话。", {"王女士": "victim"}),
    ("客服要求张先生转账，张先生照做后发现被骗。", {"张先生": "victim"}),
    ("嫌疑人徐某取得石某等人的信任后失联。", {"徐某": "suspect", "石某": "victim"}),
    ("派出所民警秦立国介绍，案件正在侦办。", {"秦立国": "official"}),
    ("反诈中心的徐警官提醒市民。", {"徐警官": "official"}),
    ("副所长卢春河带领民警赶到现场。", {"卢春河": "official"}),
    ("某大学法学院教授彭大林表示，应当加强监管。", {"彭大林": "other"}),
    ("本报记者 张小雨 报道", {"张小雨": "other"}),
    ("指定辩护人柴文静，某律师事务所律师。", {"柴文静": "other"}),
    ("检察员助理窦成林出庭支持公诉。", {"窦成林": "official"}),
    ("被告人周大江，曾用名邱大海，因犯盗窃罪被判刑。", {"周大江": "suspect", "邱大海": "suspect"}),
    ("她通过交友软件认识了网友“随风而去”。", {"随风而去": "suspect"}),
    ("刘女士认识了小伟，小伟让刘女士下载软件，刘女士投入五万元后小伟失联。", {"刘女士": "victim", "小伟": "suspect"}),
    ("“用户7374001122”投诉“某网店”不发货。", {"用户7374001122": "victim"}),
    ("对方自称“郑科长”，要求林女士汇款。", {"郑科长": "suspect", "林女士": "victim"}),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES, ids=[row[0] for row in SENTENCES])
def test_roles_of_whole_sentences(text: str, expected: dict[str, str]) -> None:
    assert roles(text) == expected


def test_evidence_in_one_place_holds_for_every_mention() -> None:
    text = "赵某来到某地。\n后来民警将犯罪嫌疑人赵某抓获。\n赵某今年30岁。"
    assert {m.role for m in find_persons(text)} == {"suspect"}


def test_members_of_a_list_share_the_context_of_the_list() -> None:
    text = "抓获犯罪嫌疑人蔡某、江某（男，22岁）后带回。"
    (first, second) = contexts(text, find_persons(text))
    assert first == second == ("抓获犯罪嫌疑人", "后带回")


def test_a_long_list_still_shares_its_first_word() -> None:
    people = [
        "郭立民",
        "邓文海",
        "曹永福",
        "叶长青",
        "吴大江",
        "梁永新",
        "许有为",
        "魏小东",
        "谭勇",
        "冯文斌",
        "沈国强",
        "范立新",
    ]
    found = roles("公安机关通报，在逃人员是：" + "、".join(people) + "。")
    assert found == dict.fromkeys(people, "suspect")


def test_no_context_gives_no_crash_and_a_role() -> None:
    assert roles("王某")["王某"] in ROLES
    assert roles("王女士") == {"王女士": "victim"}
