"""What a person sees where he merges, splits and marks an incident: candidates, the two side by side, sources to part, what was decided.

In: records of `ruling_screen`, `side_by_side`, decisions of the store. Out: HTML. For the staff: nothing here is masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.console import wording
from serving.console.html_parts import Html, join, options, tag, void
from serving.console.room import BASE
from serving.console.side_by_side import Pair, Row

AGREEMENTS = {"agree": ("合", "yes"), "differ": ("不合", "no"), "one": ("只有一方", "soft")}
# A note is kept with the decision; the API takes as many.
NOTE = 2000


@dataclass(frozen=True, slots=True)
class Candidate:
    """An incident that this one may be the same as, and why."""

    id: str
    title: str
    about: str
    agreed: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One case of the incident: what its source is called, what it tells."""

    case_id: str
    source: str
    summary: str


def finder() -> Html:
    """Where one looks for the other incident."""
    return tag(
        "form",
        tag("label", tag("span", "另一事件"), void(
            "input", name="other", placeholder="编号（i-…），或词语，空格隔开", autocomplete="off", maxlength=200, type="search",
        ), class_="wide"),
        tag("button", "查找", type="submit", class_="button"),
        data_ruling="find", role="search", aria_label="查找另一事件",
    )  # fmt: skip


def candidates(found: Sequence[Candidate], asked: str) -> Html:
    """Incidents to choose from; without words those that the machine finds alike."""
    if not found:
        advice = (
            f"没有找到“{asked}”。换几个词，或粘贴事件编号。"
            if asked
            else "机器没有找到相近的事件。可输入词语或粘贴编号查找。"
        )
        return tag("p", advice, class_="soft")
    rows = [
        tag(
            "div",
            tag("div", tag("a", one.title, href=f"{BASE}/incidents/{one.id}", target="_blank", rel="noopener"),
                tag("small", "　".join(part for part in (one.about, *_reasons(one.agreed, one.contradicted)) if part))),
            _button("对比", "compare", one.id), class_="like",
        )
        for one in found
    ]  # fmt: skip
    return join(tag("p", "找到的" if asked else "机器认为相近的", class_="soft"), rows)


def _reasons(agreed: Sequence[str], contradicted: Sequence[str]) -> list[str]:
    told = [("合：", agreed), ("不合：", contradicted)]
    return [word + "；".join(dict.fromkeys(texts)) for word, texts in told if texts]


def comparison(ours: Mapping[str, Any], pair: Pair, note: str = "") -> Html:
    """Both incidents field by field, and the two ways to merge them."""
    other = pair.line
    head = tag(
        "tr", tag("th", "", scope="col"), tag("th", "本事件", tag("small", _about(ours)), scope="col"),
        tag("th", tag("a", " ".join(other["title"].split()), href=f"{BASE}/incidents/{other['id']}", target="_blank", rel="noopener"),
            tag("small", _about(other)), scope="col"),
        tag("th", "", scope="col"),
    )  # fmt: skip
    rows = [_compared(row) for row in pair.rows]
    machine = None
    if pair.link is not None:
        word = wording.DECISIONS.get(pair.link.decision, pair.link.decision)
        reasons = "　".join(_reasons(pair.link.agreed, pair.link.contradicted))
        machine = tag("p", f"机器的比较：{word}，得分 {pair.link.score:.1f}　", tag("small", reasons, class_="inline"))
    return join(
        tag("table", tag("thead", head), tag("tbody", rows), class_="versus"),
        machine,
        tag(
            "form", _note(note),
            tag(
                "div",
                tag("button", "把它并入本事件", type="submit", class_="button main-act", data_ruling="take", value=other["id"]),
                tag("button", "把本事件并入它", type="submit", class_="button", data_ruling="give", value=other["id"]),
                tag("small", "被并入的编号今后转到留下的一个；可以撤销"), class_="tools",
            ),
            data_ruling="take", class_="ruling",
        ),
    )  # fmt: skip


def _about(line: Mapping[str, Any]) -> str:
    return f"{line['id']}　第 {line['revision']} 版　{len(line['sources'])} 件来源"


def _compared(row: Row) -> Html:
    word, class_ = AGREEMENTS[row.agreement]

    def side(texts: Sequence[str]) -> Html:
        shown = [tag("b" if text in row.shared else "span", text.replace("/", "")) for text in texts]
        return tag("td", [join(one, "　") for one in shown] if shown else tag("span", "未说", class_="soft"))

    return tag(
        "tr", tag("th", row.field, scope="row"), side(row.ours), side(row.theirs), tag("td", word, class_=class_)
    )


def splitter(told: Sequence[Told], left_out: int = 0) -> Html:
    """The sources of an incident, those to part to be ticked."""
    if len(told) < 2:
        return tag("p", "只有一个来源讲到，没有可拆分的。", class_="soft")
    rows = [
        tag("label", void("input", type="checkbox", name="case", value=case.case_id),
            tag("span", tag("b", case.source), tag("small", case.summary)), class_="tick")
        for case in told
    ]  # fmt: skip
    more = tag("p", f"另 {left_out} 件没有列出，请用接口拆分。", class_="soft") if left_out else None
    return tag(
        "form", tag("p", "勾选说的是另一件事的来源；只勾一件即摘出这一件。", class_="soft"), rows, more, _note(),
        tag("div", tag("button", "分出所选", type="submit", class_="button main-act"),
            tag("small", "分出的成为新事件，机器不再把两者并起来；可以撤销"), class_="tools"),
        data_ruling="split", class_="ruling",
    )  # fmt: skip


def marker(tlp: str) -> Html:
    """The five markings of TLP 2.0."""
    return tag(
        "form",
        tag("label", tag("span", "标记"), tag("select", options(wording.TLP, tlp), name="tlp")), _note(),
        tag("div", tag("button", "保存标记", type="submit", class_="button main-act"),
            tag("small", "AMBER 及更严的不再给读者看；可以撤销"), class_="tools"),
        data_ruling="mark", class_="ruling",
    )  # fmt: skip


def _note(note: str = "") -> Html:
    return tag("label", tag("span", "理由（可不填，与决定一起保存）"),
               tag("textarea", note, name="note", rows=2, maxlength=NOTE), class_="wide")  # fmt: skip


def ruled(decisions: Sequence[Any], here: str) -> Html:
    """What people decided about this incident, newest first, each with its undo while it stands."""
    if not decisions:
        return tag("p", "还没有人合并、拆分或标记过这个事件。", class_="soft")
    rows = [
        tag(
            "tr", tag("td", wording.local(row.at), class_="when"), tag("td", row.by or "—"), tag("td", sentence(row, here)),
            tag("td", row.note or "", class_="note"),
            tag("td", f"{row.undone_by or '有人'} 已于 {wording.local(row.undone_at)} 撤销" if row.undone_at
                else _button("撤销", "undo", str(row.id))),
            class_="undone" if row.undone_at else None,
        )
        for row in decisions
    ]  # fmt: skip
    head = tag("tr", [tag("th", name, scope="col") for name in ("何时", "谁", "决定", "理由", "")])
    return tag("table", tag("thead", head), tag("tbody", rows), class_="ruled")


def sentence(row: Any, here: str) -> Html:
    """A decision as seen from one of the incidents that it is about."""

    def link(name: str) -> Html:
        return tag("a", name, href=f"{BASE}/incidents/{name}")

    ours = row.incident_id == here
    if row.sort == "mark":
        came = row.details.get("from")
        return join(
            f"标记为 {wording.TLP.get(row.details['tlp'], row.details['tlp'])}",
            [" 随 ", link(came), " 带来"] if came else None,
        )
    number = f"（{len(row.details['cases'])} 个案件）"
    if row.details["into"] is None:  # what is only retold makes no incident of its own
        return join("移出转述的来源", number)
    other = link(row.details["into"] if ours else row.incident_id)
    if row.sort == "merge":
        return join("并入 ", other, number) if ours else join(other, " 并入本事件", number)
    return join("分出 ", other, number) if ours else join("由 ", other, " 分出", number)


def refused(why: str, changed: Sequence[Html], wanted: str) -> Html:
    """The second of two savers: why nothing was written, what others did meanwhile, what he wanted, and what to do."""
    return tag(
        "div", tag("p", tag("strong", "没有保存　"), why),
        tag("p", "其间：") if changed else None,
        tag("ul", [tag("li", line) for line in changed]) if changed else None,
        tag("p", f"您要做的：{wanted}。下面已是现在的样子，填的都还在；看过仍要做，再按一次。"), class_="problem", role="alert",
    )  # fmt: skip


def _button(words: str, act: str, value: str) -> Html:
    return tag("button", words, type="button", class_="button", data_rules=act, value=value)
