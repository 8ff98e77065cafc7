"""One analysed document as a JSON object: the form that `fanzha analyze` writes and `POST /v1/analyze` answers (DESIGN §7).

In: a `Reading`. Out: plain dicts, lists, strings and numbers. Sums are yuan as numbers, places carry region and code.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nlp import taxonomy
from nlp.records import (
    Account,
    Amount,
    Analysis,
    Case,
    Contact,
    Count,
    Mention,
    Moment,
    Organisation,
    Outcome,
    Person,
    PersonName,
    Place,
    Platform,
    Reading,
)
from nlp.todays_words import analysis_now


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def value_fields(mention: Mention) -> dict[str, Any]:
    """The normalised value of a mention as JSON fields; empty ones are left out, except where the contract names them."""
    value = mention.value
    match value:
        case Place():
            fields: dict[str, Any] = {"region": value.region, "code": value.code}
            optional: dict[str, Any] = {
                "level": value.level,
                "town_code": value.town_code,
                "candidates": list(value.candidates),
            }
        case Amount():
            yuan = value.currency == "CNY"
            fields = {
                "id": value.id,
                "value_min": _plain(value.value_min),
                "value_max": _plain(value.value_max),
                "currency": value.currency,
                "cny_min": _plain(value.value_min) if yuan else None,
                "cny_max": _plain(value.value_max) if yuan else None,
            }
            optional = {"per": value.per, "part_of": value.part_of, "same_as": value.same_as}
        case PersonName():
            fields = {"name": value.name}
            optional = {
                "form": value.form,
                "age": value.age,
                "gender": value.gender,
                "origin": value.origin,
                "relation": value.relation,
            }
        case Organisation() | Platform():
            fields, optional = {"name": value.name, "sort": value.sort}, {}
        case Moment():
            fields, optional = (
                {"from": value.start, "to": value.end, "precision": value.precision},
                {"duration": value.duration},
            )
        case Count():
            fields, optional = {"min": value.minimum, "max": value.maximum, "unit": value.unit}, {"what": value.what}
        case Account():
            fields, optional = {"number": value.number, "sort": value.sort}, {"valid": value.valid}
        case Contact():
            fields, optional = {"address": value.address, "sort": value.sort}, {}
        case Outcome():
            fields = {"sort": value.sort}
            optional = {"charge": value.charge, "months_min": value.months_min, "months_max": value.months_max}
    return fields | {key: item for key, item in optional.items() if item not in ("", None, [], ())}


def mention_fields(mention: Mention) -> dict[str, Any]:
    """One mention: surface, offsets, value, role, who found it."""
    fields: dict[str, Any] = {
        "surface": mention.surface,
        "start": mention.start,
        "end": mention.end,
        **value_fields(mention),
    }
    if mention.role:
        fields["role"] = mention.role
    return fields | {"confidence": round(mention.confidence, 4), "found_by": mention.found_by}


def person_fields(person: Person) -> dict[str, Any]:
    """One person of a case with all mentions."""
    fields: dict[str, Any] = {
        "name": person.name,
        "mentions": [{"surface": m.surface, "start": m.start, "end": m.end} for m in person.mentions],
        "role": person.role,
        "confidence": round(person.confidence, 4),
    }
    optional = {"age": person.age, "gender": person.gender, "origin": person.origin, "relation": person.relation}
    return fields | {key: item for key, item in optional.items() if item not in ("", None)}


def case_fields(case: Case) -> dict[str, Any]:
    """One case."""
    return {
        "label": case.label,
        "summary": case.summary,
        "start": case.start,
        "end": case.end,
        "confidence": round(case.confidence, 4),
        "tactics": list(case.tactics),
        "places": [mention_fields(mention) for mention in case.places],
        "amounts": [mention_fields(mention) for mention in case.amounts],
        "persons": [person_fields(person) for person in case.persons],
        "organisations": [mention_fields(mention) for mention in case.organisations],
        "times": [mention_fields(mention) for mention in case.times],
        "accounts": [mention_fields(mention) for mention in case.accounts],
        "contacts": [mention_fields(mention) for mention in case.contacts],
        "platforms": [mention_fields(mention) for mention in case.platforms],
        "counts": [mention_fields(mention) for mention in case.counts],
        "outcomes": [mention_fields(mention) for mention in case.outcomes],
    }


def analysis_fields(analysis: Analysis) -> dict[str, Any]:
    """One article, its labels as they are called under the version in force."""
    analysis = analysis_now(analysis)
    verdict = analysis.verdict
    return {
        "title": analysis.title,
        "start": analysis.start,
        "end": analysis.end,
        "byline": analysis.byline,
        "dateline": analysis.dateline,
        "publisher": analysis.publisher,
        "published": analysis.published,
        "kind": verdict.kind,
        "kind_confidence": round(verdict.kind_confidence, 4),
        "label": taxonomy.label_told(verdict.kind, verdict.label),
        "also": [] if verdict.kind == taxonomy.UNRELATED else list(verdict.also),
        "confidence": round(verdict.confidence, 4),
        "labels": {label: round(p, 4) for label, p in verdict.labels.items()},
        "review": verdict.review,
        "model": verdict.model,
        "tactics": list(analysis.tactics),
        "mentions": [{"kind": mention.kind, **mention_fields(mention)} for mention in analysis.mentions],
        "cases": [case_fields(case) for case in analysis.cases],
    }


def to_line(reading: Reading) -> dict[str, Any]:
    """The JSON object of one document."""
    return {"doc_id": reading.doc_id, "articles": [analysis_fields(analysis) for analysis in reading.analyses]}
