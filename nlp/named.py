"""Every name, number and address that a document tells, with the way `nlp.mask` treats it.

In: the analyses of one document. Out: name, number or address → sort ("perhaps": see `nlp.extract.person_perhaps`). A page tells
several cases, and its title may name the victim of another one than the case at hand: whoever shows a piece of the document masks all of
these. It masks nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from nlp import mask
from nlp.mask_names import Names
from nlp.records import Analysis, Contact, Mention, PersonName

PHONES = ("phone", "landline")


def names_read(analyses: Iterable[Analysis], *, private: bool = False) -> dict[str, str]:
    """Name, number or address → sort; who is anywhere a victim or a suspect is that everywhere.

    private: a complaint, in which nobody is named for the public, whatever his part. Whether a verdict names this suspect or
    another one is not known here, so none counts as convicted.
    """
    people: list[tuple[str, str, list[str]]] = []
    numbers: dict[str, str] = {}
    for analysis in analyses:
        for case in analysis.cases:
            people += [(p.name, p.role, [m.surface for m in p.mentions] + _written(p.mentions)) for p in case.persons]
        for mention in analysis.mentions:
            if mention.kind == "person":
                people.append((mention.surface, mention.role or "other", _written([mention])))
            elif sort := number_sort(mention):
                numbers |= dict.fromkeys(filter(None, (mention.surface, _number(mention))), sort)
        # What was covered since (■■■) is no name any more.
        people += [(name, "perhaps", []) for name in analysis.perhaps if any(map(str.isalnum, name))]
    if private:
        people = [(name, role if role == "suspect" else "victim", forms) for name, role, forms in people]
    return Names(numbers | mask.names_of(people, convicted=False))


def number_sort(mention: Mention) -> str:
    """The sort under which `nlp.mask` knows the value of an account or contact; "" for any other mention."""
    if isinstance(mention.value, Contact):
        return "phone" if mention.value.sort in PHONES else "contact"
    return "account" if mention.kind == "account" else ""


def _number(mention: Mention) -> str:
    return getattr(mention.value, "number", "") or getattr(mention.value, "address", "")


def _written(mentions: Iterable[Mention]) -> list[str]:
    return [mention.value.name for mention in mentions if isinstance(mention.value, PersonName)]
