"""An incident out of the cases that tell it: values merged, evidence kept, contradictions left visible.

In: an id, the sourced cases, the links between them. Out: an `Incident`. It does not decide which cases belong together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from nlp.incident import EVIDENCE_KEPT, QUOTE_LENGTH, Basis, Evidence, Fact, Incident, Link, Source, SourcedCase, Status
from nlp.records import Case, Mention, Moment, Organisation, Outcome, Person, PersonName
from nlp.resolve.bearing_out import fact_key, told_and_borne_out, valued
from nlp.resolve.blocking import similarity
from nlp.resolve.compare import REPRINT, compatible
from nlp.resolve.disagree import contradictions
from nlp.resolve.tell import headline, structured_summary, total_of

# (start, end) in the document's text, by start.
Spans = list[tuple[int, int]]
_BORDERS = "。！？!?\n；;"
_STATUS_OF = {"detained": "detained", "arrested": "charged", "prosecuted": "charged", "sentenced": "convicted"}
_STATUS_ORDER: tuple[Status, ...] = ("alleged", "detained", "charged", "convicted")
_BASIS_ORDER: tuple[Basis, ...] = ("complaint", "published", "police", "court")


def quote(
    text: str, start: int, end: int, within: tuple[int, int] | None = None, whole: Sequence[tuple[int, int]] = ()
) -> tuple[str, int]:
    """The sentence around text[start:end], line breaks out, at most `QUOTE_LENGTH` characters, and where it begins.

    `within`: nothing outside of these offsets is quoted: the neighbouring case may name its own victim. `whole`: spans, by start,
    that are quoted whole or not at all: half a name is no name that masking knows (陈大|丰).
    """
    # A border further away than a quote is long does not matter; looking to the end of a megabyte for each mention would.
    low, high = max(0, start - QUOTE_LENGTH - 1), min(len(text), end + QUOTE_LENGTH + 1)
    left = max(low, *(text.rfind(border, low, start) + 1 for border in _BORDERS))
    right = min(high, *(at + 1 for border in _BORDERS if (at := text.find(border, end, high)) >= 0), high)
    # Hard-wrapped pages break a line every 20 characters: a line break alone is no border there.
    if right - left < 40:
        left = max(0, min(left, start - 40))
        right = min(len(text), max(right, end + 40))
    if within and within[0] <= start and end <= within[1]:
        left, right = max(left, within[0]), min(right, within[1])
    if right - left > QUOTE_LENGTH:
        room = max(0, QUOTE_LENGTH - (end - start)) // 2
        left, right = max(left, start - room), min(right, end + room)
    left, right = _uncut(text, left, right, (start, end), whole)
    return "".join(text[left:right].split())[:QUOTE_LENGTH], left


def _uncut(
    text: str, left: int, right: int, mention: tuple[int, int], whole: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """The borders of a quote moved inwards, towards the mention, off the spans of `whole` and off numbers and handles."""
    start, end = mention
    while left < start and left > 0 and _joined(text[left - 1], text[left]):
        left += 1
    while right > end and right < len(text) and _joined(text[right - 1], text[right]):
        right -= 1
    for first, last in whole:
        if first < left < last <= start:
            left = last
        if end <= first < right < last:
            right = first
    return left, right


def _joined(before: str, after: str) -> bool:
    """Are these neighbours of one number, handle or word in Latin letters?"""
    return before.isascii() and before.isalnum() and after.isascii() and after.isalnum()


def named_spans(cases: Iterable[SourcedCase]) -> dict[str, Spans]:
    """Where people, accounts and contacts stand, by start, of each case by its id; of whole cases: what a quote may not cut stands there."""
    return {sourced.case_id: _named_spans(sourced.case) for sourced in cases}


def _named_spans(case: Case) -> Spans:
    named = (case.accounts, case.contacts, *(person.mentions for person in case.persons))
    return sorted((mention.start, mention.end) for some in named for mention in some)


def _evidence(sourced: SourcedCase, mention: Mention, named: Spans) -> Evidence:
    case = sourced.case
    first = bisect_left(named, (mention.start - 2 * QUOTE_LENGTH, 0))
    near = named[first : bisect_left(named, (mention.end + QUOTE_LENGTH, 0))]
    words, left = quote(sourced.text, mention.start, mention.end, (case.start, case.end), near)
    return Evidence(sourced.source.document_id, mention.start, mention.end, words, mention.found_by, left)


def independent(cases: Sequence[SourcedCase]) -> dict[str, int]:
    """document id → number of its group; documents whose texts are reprints of one another share a group.

    A document joins the first group whose head it reprints. Heads are looked up by the values they share with it (a reprint shares
    half of 64), so that thousands of texts that are no reprints cost no comparison each.
    """
    groups: dict[str, int] = {}
    heads: dict[tuple[int, int], list[int]] = defaultdict(list)
    number = 0
    first: tuple[int, ...] = ()
    for sourced in cases:
        document = sourced.source.document_id
        if document in groups:
            continue
        # Most of a large incident reprints its first text: nothing can come before that.
        if first and similarity(first, sourced.signature) >= REPRINT:
            groups[document] = 0
            continue
        values = list(enumerate(sourced.signature))
        shared = Counter(head for value in values for head in heads.get(value, ()))
        alike = [head for head, count in shared.items() if count / len(values) >= REPRINT]
        if alike:
            groups[document] = min(alike)
            continue
        groups[document] = number
        first = first if number else sourced.signature
        for value in values:
            heads[value].append(number)
        number += 1
    return groups


def value_facts(
    cases: Sequence[SourcedCase],
    groups: Mapping[str, int],
    named: Mapping[str, Spans],
    kept: int | None = EVIDENCE_KEPT,
) -> list[Fact]:
    """Mentions of one kind, role and text, over all cases, as one fact each with its first `kept` pieces of evidence."""
    gathered: dict[tuple[str, str, str], list[tuple[SourcedCase, Mention]]] = defaultdict(list)
    for sourced in cases:
        for mention in valued(sourced.case):
            gathered[fact_key(mention)].append((sourced, mention))
    return [
        Fact(
            kind=rows[0][1].kind,
            role=role,
            text=text,
            value=rows[0][1].value,
            confidence=max(mention.confidence for _, mention in rows),
            evidence=tuple(_evidence(sourced, mention, named[sourced.case_id]) for sourced, mention in rows[:kept]),
            evidence_total=len(rows),
            sources=len({groups[sourced.source.document_id] for sourced, _ in rows}),
        )
        for (_, role, text), rows in gathered.items()
        if text
    ]


def person_facts(
    cases: Sequence[SourcedCase],
    groups: Mapping[str, int],
    named: Mapping[str, Spans],
    kept: int | None = EVIDENCE_KEPT,
) -> list[Fact]:
    """People over all cases with `kept` pieces of evidence each; 陈某 joins 陈某丰 when only one fits, else it stays by itself."""
    rows: dict[tuple[str, str], list[tuple[SourcedCase, Person]]] = defaultdict(list)
    everyone = [(sourced, person) for sourced in cases for person in sourced.case.persons]
    # By role and surname: only names that begin alike are compatible, and thousands of complaints name thousands of people.
    full: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _, person in everyone:
        full[person.role, person.name[:1]].add(person.name)
    fitted: dict[tuple[str, str], list[str]] = {}
    for sourced, person in everyone:
        fitting = fitted.get((person.role, person.name))
        if fitting is None:
            fitting = fitted[person.role, person.name] = [
                name
                for name in full[person.role, person.name[:1]]
                if len(name) > len(person.name) and compatible(person.name, name)
            ]
        rows[person.role, fitting[0] if len(fitting) == 1 else person.name].append((sourced, person))
    facts = []
    for (role, name), found in rows.items():
        first = max((person for _, person in found), key=lambda person: (person.age is not None, bool(person.origin)))
        told = [(sourced, m) for sourced, person in found for m in person.mentions]
        value = PersonName(name=name, age=first.age, gender=first.gender, origin=first.origin, relation=first.relation)
        facts.append(
            Fact(
                kind="person",
                role=role,
                text=name,
                value=value,
                confidence=max(person.confidence for _, person in found),
                evidence=tuple(_evidence(sourced, m, named[sourced.case_id]) for sourced, m in told[:kept]),
                evidence_total=len(told),
                sources=len({groups[sourced.source.document_id] for sourced, _ in found}),
                aliases=tuple(sorted({person.name for _, person in found} - {name})),
            )
        )
    return facts


def facts_of(
    cases: Sequence[SourcedCase],
    groups: Mapping[str, int],
    named: Mapping[str, Spans],
    kept: int | None = EVIDENCE_KEPT,
) -> list[Fact]:
    """All facts of the cases in the order in which they are told. named: of the whole cases, `named_spans`."""
    facts = person_facts(cases, groups, named, kept) + value_facts(cases, groups, named, kept)
    return sorted(facts, key=lambda fact: (fact.kind, fact.role, -fact.sources, -len(fact.evidence), fact.text))


def _status(facts: Iterable[Fact]) -> Status:
    reached = {_STATUS_OF.get(fact.value.sort, "alleged") for fact in facts if isinstance(fact.value, Outcome)}
    return max((status for status in _STATUS_ORDER if status in reached), key=_STATUS_ORDER.index, default="alleged")


def _basis(cases: Sequence[SourcedCase], status: Status) -> Basis:
    """The strongest ground any published source gives: a court, the police, a publication, else a complaint."""
    found: set[Basis] = set()
    for sourced in cases:
        if sourced.source.nature == "complaint":
            found.add("complaint")
            continue
        sorts = {m.value.sort for m in sourced.case.organisations if isinstance(m.value, Organisation)}
        found.add(
            "court" if "court" in sorts and status == "convicted" else "police" if "police" in sorts else "published"
        )
    return max(found, key=_BASIS_ORDER.index)


def build_incident(incident_id: str, cases: Sequence[SourcedCase], links: Sequence[Link] = ()) -> Incident:
    """Put the cases of one incident together; `cases` must not be empty. What is only retold counts as far as it bears out the others.

    1. Which texts are independent. 2. Every value with its evidence. 3. Totals by role. 4. Label by weight of confidence.
    5. Status, basis, visibility. 6. What the sources disagree on. 7. Title and summary: from a published source, else written
    from the values alone, so that no complaint's own words go out.
    """
    own, borne_out = told_and_borne_out(cases)
    named = named_spans(cases)
    cases = own + borne_out
    groups = independent(cases)  # 1.
    facts = facts_of(cases, groups, named)  # 2.
    totals = tuple(
        total for role in ("loss", "gain", "flow", "recovered", "frozen", "fine") if (total := total_of(own, role))
    )  # 3.
    weights: Counter[str] = Counter()  # 4.
    for sourced in own:
        weights[sourced.case.label] += sourced.case.confidence + 1e-6  # type: ignore[assignment]
    label = weights.most_common(1)[0][0]
    status = _status(facts)  # 5.
    published = [sourced for sourced in own if sourced.source.nature == "published"]
    sources: dict[str, Source] = {sourced.source.document_id: sourced.source for sourced in cases}
    days = sorted(
        day
        for fact in facts
        if isinstance(fact.value, Moment)
        for day in (fact.value.start, fact.value.end)
        if day[:2] in ("19", "20")
    )
    # A source with a headline of its own speaks for the incident; a page cut out of a column often has none.
    head = next((sourced for sourced in published if sourced.article_title), published[0] if published else None)
    summary = structured_summary(label, facts, totals)
    return Incident(
        id=incident_id,
        label=label,
        title=headline(head.article_title or head.source.title, head.case.summary) if head else summary,
        summary=head.case.summary if head and head.case.summary else summary,
        confidence=max(sourced.case.confidence for sourced in own),
        status=status,
        basis=_basis(own, status),
        public=bool(published) or any(sourced.source.reviewed for sourced in own),
        review=all(sourced.review for sourced in own),
        tlp="clear" if published else "amber",
        first_date=days[0] if days else "",
        last_date=days[-1] if days else "",
        published=max((source.published for source in sources.values()), default=""),
        facts=tuple(facts),
        totals=totals,
        tactics=tuple(dict.fromkeys(tactic for sourced in cases for tactic in sourced.case.tactics)),
        contradictions=contradictions(own, groups),  # 6.
        sources=tuple(sources.values()),
        independent_sources=len(set(groups.values())),
        links=tuple(links),
        models=tuple(sorted({sourced.model for sourced in cases if sourced.model})),
        also=tuple(sorted(set(weights) - {label})),
    )
