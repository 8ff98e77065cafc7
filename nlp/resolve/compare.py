"""Are two cases one real-world case? Scored field by field, each agreement and contradiction named.

In: two `SourcedCase`s, or their `Sketch`es. Out: a `Link`, or its `Part`s. Weights are points of evidence, set on the judged pairs of the half `tune`
(`python -m benchmarks.same_case`), the seed pages and pairs that merely share a blocking key; each has its reason beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from nlp.incident import Decision, Link, SourcedCase
from nlp.resolve.blocking import similarity
from nlp.resolve.features import MARK, Features, Sketch, dates, is_common, significant, sketch
from nlp.resolve.tell import ROLE_NAMES

# Estimated Jaccard of 5-character shingles above which two texts are one text; retellings of one press release stay under 0.3. On
# news_toutiao (`benchmarks.reprints`): 0.50 gives P 0.950 R 0.993, 0.55 P 0.993 R 0.968 (F1 0.981, the best), 0.60 P 0.999 R 0.931.
REPRINT = 0.55
# Two thresholds, for what agrees is of two sorts (`_tells`). With something that tells a case from its like (a rare name, 81,877 yuan, 18,800
# people, an app of its own), pairs of different cases of the half `tune` reach 1.5 points and pairs of one case start at 4.9, two aside.
SAME = 3.5
# With plain things alone (place, day, round sum, type, method, advice at the end) different cases reach 3.75 and one case starts at 5.9.
PLAIN = 5.0
AGAINST = -1.0  # a part of so many points or fewer is a contradiction, a lighter one a difference
UNDECIDED = 3.0  # between the two a person decides
# Below this a likeness is chance or the advice at the end: 0.05 between unrelated news, up to 0.12 between two warnings of one office.
ALIKE = 0.12
# From here a likeness tells by itself: template warnings with other victims in them reach 0.36.
TELLING = 0.45

Field = Literal["text", "names", "places", "sums", "counts", "days", "bodies", "handles", "label", "methods"]

_BEARING_OUT = frozenset[Field](("text", "places", "sums", "counts", "days"))


@dataclass(frozen=True, slots=True)
class Part:
    """One field's say: points for (positive) or against, whether it can tell one case from its like, and why in words."""

    field: Field
    points: float
    telling: bool
    text: str


def compatible(first: str, second: str) -> bool:
    """Can two names be one person's? 陈某 ~ 陈某丰 ~ 陈大丰; 陈某丰 and 陈某强 cannot."""
    if first == second:
        return True
    if not first or not second or first[0] != second[0]:
        return False
    if "某" not in first + second and "*" not in first + second:
        return False
    first_rest, second_rest = first[1:].strip("某*×"), second[1:].strip("某*×")
    if not first_rest or not second_rest:
        return True
    return (
        first_rest[-1] == second_rest[-1] if min(len(first_rest), len(second_rest)) == 1 else first_rest == second_rest
    )


def _close(a: tuple[Decimal, Decimal], b: tuple[Decimal, Decimal]) -> bool:
    """Are two ranges equal, or both narrow and within 6 % (1.8万 and 1.88万: papers round down)?

    数万条 (20,000–90,000) meets everything and says nothing; 10余万个 told twice is the same range.
    """
    if a == b:
        return True
    narrow = all(high <= low * Decimal("1.25") for low, high in (a, b))
    return narrow and a[0] <= b[1] * Decimal("1.06") and b[0] <= a[1] * Decimal("1.06")


def _names(a: Features, b: Features) -> Iterator[Part]:
    for role, first, second in (("嫌疑人", a.suspects, b.suspects), ("受害人", a.victims, b.victims)):
        shared = first & second
        common = {name for name in shared if is_common(name)}
        rare = {name for name in shared - common if len(name) >= 3}
        short = shared - common - rare
        # A masked or full name of three characters is rare within a month's news; 李某 or 王女士 is everybody.
        if rare:
            yield Part("names", 3.0 + 0.5 * (len(rare) - 1), True, f"{role}同为{'、'.join(sorted(rare))}")
        # 艾琳, 刘磊: rarer than a masked surname, but two characters are also what a misread word leaves.
        if short:
            yield Part("names", min(1.5 * len(short), 3.0), True, f"{role}同称{'、'.join(sorted(short))}")
        if common:
            # Three masked surnames together, and most of the smaller list: gangs of ten share 王 and 李 by chance.
            together = len(common) >= 3 and 2 * len(common) > min(len(first), len(second))
            points = min(1.0 * len(common), 3.0 if together else 2.0)
            yield Part("names", points, together, f"{role}同称{'、'.join(sorted(common))}")
        if not shared and first and second:
            fitting = {(x, y) for x in first for y in second if compatible(x, y)}
            if fitting:
                x, y = min(fitting)
                yield Part("names", 1.0, False, f"{role}{x}与{y}相容")
            elif role == "嫌疑人" and len(first) > 1 and len(second) > 1:
                yield Part("names", -1.5, False, f"{role}无一相同")
            else:
                # A series has many victims, a gang many hands, and each paper picks its own: that says less than two lists that differ.
                points = -1.0 if role == "嫌疑人" else -0.5
                yield Part("names", points, False, f"{role}不同：{min(first)}／{min(second)}")


def _places(a: Features, b: Features) -> Iterator[Part]:
    if not a.places or not b.places:
        return
    depth, where = max((len(_common(x, y)), x if len(x) < len(y) else y) for x in a.places for y in b.places)
    if depth >= 3 or (depth == 2 and where[0] in ("北京市", "天津市", "上海市", "重庆市")):
        yield Part("places", 2.0, False, f"地点同为{'/'.join(where[:depth])}")
    elif depth == 2:
        yield Part("places", 1.25, False, f"地点同在{'/'.join(where[:2])}")
    elif depth == 1:
        yield Part("places", 0.25, False, f"同省{where[0]}")
    else:
        # Where a suspect was caught is read as the scene now and then: two other fields may outweigh it, one may not.
        yield Part("places", -2.0, False, f"地点不同：{'/'.join(min(a.places))}／{'/'.join(min(b.places))}")


def _common(x: tuple[str, ...], y: tuple[str, ...]) -> list[str]:
    """The common beginning of two paths."""
    common = []
    for first, second in zip(x, y, strict=False):
        if first != second:
            break
        common.append(first)
    return common


def _sums(a: Features, b: Features) -> Iterator[Part]:
    shared = {(lo, hi) for _, lo, hi in a.sums} & {(lo, hi) for _, lo, hi in b.sums}
    marks = (a.marks & b.marks) - {lo for lo, _ in shared}
    if marks:
        # 98, 224 and 10,488 yuan paid step by step are told alike only of one victim; four of them are as good as ten.
        points = min(1.5 + 0.75 * (len(marks) - 1), 3.75)
        yield Part("sums", points, True, f"另有金额同为{'、'.join(f'{mark:f}' for mark in sorted(marks)[:4])}元")
    told = a.figures & b.figures
    if len(told) >= 3 and 10 * len(told) >= 6 * min(len(a.figures), len(b.figures)):
        # 1,600, then 2,000, then 3,000: round sums, yet the same steps in the same case.
        yield Part("sums", min(2.0 + 0.5 * (len(told) - 3), 3.5), True, f"{len(told)}笔金额相同")
    if shared:
        # 23,456 yuan is a fingerprint, 10万 is not: worth by the number of significant digits, and by how many there are.
        digits = max(significant(lo) for lo, _ in shared)
        points = 0.75 + 0.5 * min(digits, 4) + min(0.5 * (len(shared) - 1), 1.0)
        yield Part("sums", points, digits >= MARK, f"金额同为{max(shared)[0]:f}元起")
        return
    for role in ("loss", "gain", "flow"):
        first = [(lo, hi) for r, lo, hi in a.sums if r == role]
        second = [(lo, hi) for r, lo, hi in b.sums if r == role]
        if not first or not second:
            continue
        if any(_close(x, y) for x in first for y in second):
            yield Part("sums", 0.75, False, "金额相近")
        else:
            yield Part("sums", -1.0, False, f"金额不同（{ROLE_NAMES[role]}）")


def _counts(a: Features, b: Features) -> Iterator[Part]:
    # Another unit must not stop two counts of a thousand or more from meeting: 1.8万村民, 1.88万名群众.
    pairs = [(x, y) for x in sorted(a.counts) for y in sorted(b.counts) if x[0] == y[0] or min(x[1], y[1]) >= 1000]
    meeting = {x: y for x, y in pairs if _close((Decimal(x[1]), Decimal(x[2])), (Decimal(y[1]), Decimal(y[2])))}
    for x in sorted(meeting, key=lambda item: (item[1], item))[-2:]:
        # A count of thousands that two texts share within 6 % is nearly as rare as a name.
        large = x[1] >= 1000
        yield Part("counts", 1.5 if large else 0.75, large, f"数量相近：{x[1]}／{meeting[x][1]}")


def _days(a: Features, b: Features) -> Iterator[Part]:
    if not a.days or not b.days:
        return
    exact = a.days & b.days
    whole = {day for day in exact if len(day) >= 10 and not day.startswith("-")}
    yearless = {day for day in exact if len(day) == 7 and day.startswith("--")}
    if whole:
        yield Part("days", 1.0, False, f"时间同为{max(whole)}")
    elif yearless:
        # 4月13日: one of 365, but of any year.
        yield Part("days", 0.75, False, f"时间同为{max(yearless)}")
    elif named := {day for day in exact if len(day) >= 7}:
        yield Part("days", 0.5, False, f"时间同为{max(named)}")
    elif met := (dates(a.days) & _yearless(b.days)) | (_yearless(a.days) & dates(b.days)):
        # One paper gives the year, the other does not.
        yield Part("days", 0.75, False, f"时间同为--{max(met)}")
    years = [{int(day[:4]) for day in days if day[:4].isdigit()} for days in (a.days, b.days)]
    if all(years) and min(abs(x - y) for x in years[0] for y in years[1]) > 1:
        yield Part("days", -2.0, False, "年份相差一年以上")


def _yearless(days: Iterable[str]) -> set[str]:
    return dates(day for day in days if day.startswith("--"))


def _others(a: Features, b: Features) -> Iterator[Part]:
    """Named bodies, apps and accounts of the case's own, type and method."""
    if bodies := a.organisations & b.organisations:
        yield Part("bodies", 1.0, False, f"机构同为{max(bodies, key=lambda body: (len(body), body))}")
    if handles := a.handles & b.handles:
        # The gang's own app or account: few cases share one, but a wave of cases may (轻聊, a betting site).
        yield Part(
            "handles", min(1.5 + 0.5 * (len(handles) - 1), 2.5), True, f"平台或账号同为{'、'.join(sorted(handles)[:3])}"
        )
    if a.label == b.label:
        yield Part("label", 0.5, False, "类型相同")
    else:
        yield Part("label", -0.5, False, "类型不同")
    if methods := a.tactics & b.tactics:
        yield Part("methods", min(0.4 * len(methods), 1.2), False, f"手法同有{'、'.join(sorted(methods))}")


def weigh(one: SourcedCase | Sketch, other: SourcedCase | Sketch) -> list[Part]:
    """What every field of two cases says, in the order text, names, places, sums, counts, dates, bodies, label and method."""
    first, second = sketch(one), sketch(other)
    a, b = first.features, second.features
    parts: list[Part] = []
    # A reprint is the same case by itself; a large overlap is strong support.
    alike = similarity(first.signature, second.signature)
    if alike >= REPRINT:
        parts.append(Part("text", 5.0, True, f"文本相似度 {alike:.2f}"))
    elif alike >= ALIKE:
        parts.append(Part("text", 1.0 + 3.0 * alike, alike >= TELLING, f"文本部分相同（{alike:.2f}）"))
    for field in (_names, _places, _sums, _counts, _days, _others):
        parts += field(a, b)
    return parts


def compare(one: SourcedCase | Sketch, other: SourcedCase | Sketch) -> Link:
    """Score two cases and decide: reprint, same, undecided, or apart.

    Two cases of one article are never joined: the article itself tells them apart. Nor are two that are only told in passing.
    """
    first, second = sketch(one), sketch(other)
    parts = weigh(first, second)
    points = sum(part.points for part in parts)
    return Link(
        first=first.case_id,
        second=second.case_id,
        score=round(points, 2),
        decision=_decide(parts, first, second),
        agreed=tuple(part.text for part in parts if part.points > 0),
        contradicted=tuple(part.text for part in parts if part.points < 0),
        decided_by="rule:compare/3",
    )


def _tells(parts: Sequence[Part]) -> bool:
    """Is there something that tells the case from its like: by itself, or common names borne out by two other fields?"""
    for_it = {part.field for part in parts if part.points >= 0.5}
    return any(part.telling for part in parts) or ("names" in for_it and len(for_it & _BEARING_OUT) >= 2)


def _recognised(parts: Sequence[Part]) -> bool:
    """Is a case that is only retold known by a person or a place of it, with nothing against it?

    An article that is no case mentions many: figures of the whole country meet by themselves, and who retells a case has its place and
    its people among his own.
    """
    where_or_who = any(part.field in ("names", "places") and part.points >= 1.0 for part in parts)
    if any(part.field == "text" and part.telling for part in parts):
        return True  # the same text, of which the one copy was taken for a case and the other not
    return where_or_who and all(part.points > AGAINST for part in parts)


def _decide(parts: Sequence[Part], first: Sketch, second: Sketch) -> Decision:
    if (first.document_id, first.article) == (second.document_id, second.article) or (first.retold and second.retold):
        return "apart"
    if (first.retold or second.retold) and not _recognised(parts):
        return "apart"
    retold = first.retold or second.retold
    points = sum(part.points for part in parts)
    if points >= (SAME if _tells(parts) else PLAIN):
        return "reprint" if similarity(first.signature, second.signature) >= REPRINT else "same"
    # Nobody is asked about what stands in no incident by itself.
    return "undecided" if points >= UNDECIDED and not retold else "apart"
