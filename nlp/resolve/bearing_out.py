"""What an article that is no case adds to the incident it speaks of: another source for what the cases tell, and no value of its own.

In: the cases of one incident. Out: the same, those that are only retold cut down to what the others tell. It builds no incident.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nlp.incident import SourcedCase
from nlp.records import Case, Mention, Person
from nlp.resolve.tell import fact_text


def told_and_borne_out(cases: Sequence[SourcedCase]) -> tuple[list[SourcedCase], list[SourcedCase]]:
    """The cases that are told, and after them those only retold as far as they bear them out; published ones first, then by date and id.

    Where all are only retold (which no incident of the store is), they count as told.
    """
    cases = sorted(
        cases, key=lambda sourced: (sourced.source.nature != "published", sourced.source.published, sourced.case_id)
    )
    own = [sourced for sourced in cases if not sourced.retold] or cases
    if len(own) == len(cases):
        return own, []
    return own, bearing_out(own, [sourced for sourced in cases if sourced.retold])


def bearing_out(own: Sequence[SourcedCase], retold: Sequence[SourcedCase]) -> list[SourcedCase]:
    """Retold cases with what the others tell too, and nothing else.

    A commentary speaks of this case, of the last one and of the law: its other names and sums are not this case's, nor need the age or
    the home of somebody of the same name be.
    """
    known = {fact_key(mention) for sourced in own for mention in valued(sourced.case)}
    people = {(person.role, person.name) for sourced in own for person in sourced.case.persons}

    def kept(mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        return tuple(mention for mention in mentions if fact_key(mention) in known)

    def named(persons: Sequence[Person]) -> tuple[Person, ...]:
        return tuple(
            replace(person, age=None, gender="", origin="", relation="")
            for person in persons
            if (person.role, person.name) in people
        )

    return [
        replace(
            sourced,
            case=replace(
                case, tactics=(), places=kept(case.places), amounts=kept(case.amounts), organisations=kept(case.organisations),
                times=kept(case.times), accounts=kept(case.accounts), contacts=kept(case.contacts), platforms=kept(case.platforms),
                counts=kept(case.counts), outcomes=kept(case.outcomes), persons=named(case.persons),
            ),
        )
        for sourced in retold
        for case in (sourced.case,)
    ]  # fmt: skip


def valued(case: Case) -> Iterator[Mention]:
    """All mentions of a case but those of people."""
    for mentions in (
        case.places, case.amounts, case.organisations, case.times, case.accounts, case.contacts, case.platforms, case.counts, case.outcomes,
    ):  # fmt: skip
        yield from mentions


def fact_key(mention: Mention) -> tuple[str, str, str]:
    """What makes two mentions one fact: kind, role, text."""
    return mention.kind, mention.role, fact_text(mention.value)
