"""Are two cases one real-world case? Scored field by field, each agreement and contradiction named.

In: two `SourcedCase`s. Out: a `Link`. Weights are points of evidence, set by hand on pairs of the five seed pages and of
reprints and retellings among the annotated news; each has its reason beside it. Learning them is a later step.
"""

from __future__ import annotations

from decimal import Decimal

from nlp.incident import Decision, Link, SourcedCase
from nlp.resolve.blocking import similarity
from nlp.resolve.features import Features, read_features

# Estimated Jaccard of 5-character shingles above which two texts are one text; retellings of one press release stay under 0.3. On
# news_toutiao (`benchmarks.reprints`): 0.50 gives P 0.950 R 0.993, 0.55 P 0.993 R 0.968 (F1 0.981, the best), 0.60 P 0.999 R 0.931.
REPRINT = 0.55
SAME = 4.0  # a shared place alone (≤ 2.0) or a shared label and method (≤ 1.5) must not join; two independent agreements do
UNDECIDED = 3.0  # between the two a person decides


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


class _Score:
    """Points with their names, in the order they were found."""

    def __init__(self) -> None:
        self.points = 0.0
        self.agreed: list[str] = []
        self.contradicted: list[str] = []

    def agree(self, points: float, text: str) -> None:
        self.points += points
        self.agreed.append(text)

    def contradict(self, points: float, text: str) -> None:
        self.points -= points
        self.contradicted.append(text)


def _names(score: _Score, a: Features, b: Features) -> None:
    for role, first, second in (("嫌疑人", a.suspects, b.suspects), ("受害人", a.victims, b.victims)):
        shared = first & second
        long = {name for name in shared if len(name) >= 3 and not name.endswith(("先生", "女士", "某某"))}
        # A masked or full name of three characters is rare within a month's news; 李某 or 王女士 is everybody.
        if long:
            score.agree(3.0 + 0.5 * (len(long) - 1), f"{role}同为{'、'.join(sorted(long))}")
        if shared - long:
            score.agree(min(1.0 * len(shared - long), 2.0), f"{role}同称{'、'.join(sorted(shared - long))}")
        if not shared and first and second:
            fitting = {(x, y) for x in first for y in second if compatible(x, y)}
            if fitting:
                x, y = min(fitting)
                score.agree(1.0, f"{role}{x}与{y}相容")
            elif role == "嫌疑人" and len(first) > 1 and len(second) > 1:
                score.contradict(1.5, f"{role}无一相同")
            else:
                score.contradict(1.0, f"{role}不同：{min(first)}／{min(second)}")


def _places(score: _Score, a: Features, b: Features) -> None:
    if not a.places or not b.places:
        return
    depth, where = max(
        (sum(1 for _ in iter_common(x, y)), x if len(x) < len(y) else y) for x in a.places for y in b.places
    )
    if depth >= 3 or (depth == 2 and where[0] in ("北京市", "天津市", "上海市", "重庆市")):
        score.agree(2.0, f"地点同为{'/'.join(where[:depth])}")
    elif depth == 2:
        score.agree(1.25, f"地点同在{'/'.join(where[:2])}")
    elif depth == 1:
        score.agree(0.25, f"同省{where[0]}")
    else:
        score.contradict(2.5, f"地点不同：{'/'.join(min(a.places))}／{'/'.join(min(b.places))}")


def iter_common(x: tuple[str, ...], y: tuple[str, ...]) -> list[str]:
    """The common beginning of two paths."""
    common = []
    for first, second in zip(x, y, strict=False):
        if first != second:
            break
        common.append(first)
    return common


def _sums(score: _Score, a: Features, b: Features) -> None:
    shared = {(lo, hi) for _, lo, hi in a.sums} & {(lo, hi) for _, lo, hi in b.sums}
    if shared:
        # 23,456 yuan is a fingerprint, 10万 is not: worth by the number of significant digits.
        digits = max(len(str(int(lo)).rstrip("0")) for lo, _ in shared)
        score.agree(0.75 + 0.5 * min(digits, 4), f"金额同为{max(shared)[0]:f}元起")
        return
    for role in ("loss", "gain", "flow"):
        first = [(lo, hi) for r, lo, hi in a.sums if r == role]
        second = [(lo, hi) for r, lo, hi in b.sums if r == role]
        if not first or not second:
            continue
        if any(_close(x, y) for x in first for y in second):
            score.agree(0.75, "金额相近")
        else:
            score.contradict(1.0, f"金额不同（{role}）")


def _counts(score: _Score, a: Features, b: Features) -> None:
    # Another unit must not stop two counts of a thousand or more from meeting: 1.8万村民, 1.88万名群众.
    pairs = [(x, y) for x in a.counts for y in b.counts if x[0] == y[0] or min(x[1], y[1]) >= 1000]
    meeting = {x: y for x, y in pairs if _close((Decimal(x[1]), Decimal(x[2])), (Decimal(y[1]), Decimal(y[2])))}
    for x in sorted(meeting, key=lambda item: item[1])[-2:]:
        # A count of thousands that two texts share within 6 % is nearly as rare as a name.
        score.agree(1.5 if x[1] >= 1000 else 0.75, f"数量相近：{x[1]}／{meeting[x][1]}")


def _days(score: _Score, a: Features, b: Features) -> None:
    exact = {day for day in a.days & b.days if len(day) >= 7}
    if any(len(day) >= 10 for day in exact):
        score.agree(1.0, f"时间同为{max(exact)}")
    elif exact:
        score.agree(0.5, f"时间同为{max(exact)}")
    years = [{int(day[:4]) for day in days if day[:4].isdigit()} for days in (a.days, b.days)]
    if all(years) and min(abs(x - y) for x in years[0] for y in years[1]) > 1:
        score.contradict(2.0, "年份相差一年以上")


def compare(first: SourcedCase, second: SourcedCase) -> Link:
    """Score two cases and decide: reprint, same, undecided, or apart.

    1. the texts; 2. names; 3. places; 4. sums and counts; 5. dates; 6. organisations, label, tactics; 7. the decision.
    Two cases of one article are never joined: the article itself tells them apart.
    """
    a, b = read_features(first), read_features(second)
    score = _Score()
    alike = similarity(first.signature, second.signature)
    # 1. Text: a reprint is the same case by itself; a large overlap is strong support.
    if alike >= REPRINT:
        score.agree(5.0, f"文本相似度 {alike:.2f}")
    elif alike >= 0.12:
        score.agree(1.0 + 3.0 * alike, f"文本部分相同（{alike:.2f}）")
    _names(score, a, b)  # 2.
    _places(score, a, b)  # 3.
    _sums(score, a, b)  # 4.
    _counts(score, a, b)
    _days(score, a, b)  # 5.
    # 6. Named bodies, type and method.
    bodies = a.organisations & b.organisations
    if bodies:
        score.agree(1.0, f"机构同为{max(bodies, key=len)}")
    if a.label == b.label:
        score.agree(0.5, "类型相同")
    else:
        score.contradict(0.5, "类型不同")
    methods = a.tactics & b.tactics
    if methods:
        score.agree(min(0.4 * len(methods), 1.2), f"手法同有{'、'.join(sorted(methods))}")
    # 7.
    return Link(
        first=first.case_id,
        second=second.case_id,
        score=round(score.points, 2),
        decision=_decide(score.points, alike, first, second),
        agreed=tuple(score.agreed),
        contradicted=tuple(score.contradicted),
        decided_by="rule:compare/1",
    )


def _decide(points: float, alike: float, first: SourcedCase, second: SourcedCase) -> Decision:
    same_article = first.source.document_id == second.source.document_id and first.article_title == second.article_title
    if same_article and first.signature == second.signature:
        return "apart"
    if points >= SAME:
        return "reprint" if alike >= REPRINT else "same"
    return "undecided" if points >= UNDECIDED else "apart"
