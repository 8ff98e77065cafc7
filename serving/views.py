"""What a viewer may see of an incident: the row as plain JSON values, every value through `nlp.mask`.

In: an incident row and the viewer's role. Out: a dict. Whether he may see the row at all was decided by `serving.queries`.
To a reader a complaint is a source without title, name, text or quote; published sources keep theirs, names masked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from nlp import mask, mask_places, taxonomy
from nlp.incident import Fact, Incident
from nlp.named import number_sort
from nlp.records import Mention, PersonName
from nlp.wire import value_fields
from serving import linking
from serving.changes import INNER
from serving.store import shapes
from serving.store.tables import ChangeRow, IncidentRow

_SENTENCED = re.compile(r"判处|被判|获刑|有期徒刑|无期徒刑|拘役|一审宣判|作出判决")
# Kinds whose values are sums, numbers of things, times and outcomes: nobody's identity, and written by us.
_FREE = ("amount", "count", "time", "outcome")
# The key in an incident's data under which it stands once more, without complaints that nobody reviewed, where it has such.
READERS = "readers"
# The key under which stand all names, numbers and addresses that the documents of an incident tell, also those of other cases on the
# same page: a title or a quote may hold one of them.
NAMES = "names"


def incident_line(row: IncidentRow, viewer: str = mask.DEFAULT_VIEWER) -> dict[str, Any]:
    """The incident without evidence: for lists and tables."""
    incident, names = _read(row, viewer)
    return _head(row, incident, viewer, names)


def incident_view(row: IncidentRow, viewer: str = mask.DEFAULT_VIEWER) -> dict[str, Any]:
    """The incident with every value and its evidence; to a reader as it is without complaints that nobody reviewed."""
    incident, names = _read(row, viewer)
    hidden = set() if mask.sees_all(viewer) else _complaints(incident)
    return _head(row, incident, viewer, names) | {
        "facts": [_fact(fact, viewer, names, hidden) for fact in incident.facts],
        "contradictions": [
            {"field": found.field, "tellings": [
                {"text": mask.render(telling.text, "text", viewer, names), "sources": telling.sources,
                 "document_ids": list(telling.document_ids)}
                for telling in found.tellings
            ]}
            for found in incident.contradictions
        ],
        "links": [link_view(link, viewer, names) for link in incident.links],
    }  # fmt: skip


def told_of(changes: Iterable[ChangeRow]) -> list[str]:
    """Ids of other incidents that these lines name; `change_lines` wants to know which of them are public."""
    named = ([row.redirect, row.summary.get("parent"), *row.summary.get("into", ())] for row in changes)
    return sorted({name for names in named for name in names if name})


def change_lines(
    changes: Sequence[ChangeRow], viewer: str, public: Collection[str], moved: Mapping[int, str] = {}
) -> list[dict[str, Any]]:
    """Lines of the log. A reader is told neither what an incident was while it was not public, nor of others that are not.

    moved: number → how the incident moved by the follower's filter (`serving.fitting`).
    """
    return [_change(row, viewer, public) | {"filter": moved.get(row.sequence)} for row in changes]


def _change(row: ChangeRow, viewer: str, public: Collection[str]) -> dict[str, Any]:
    line = {"sequence": row.sequence, "incident_id": row.incident_id, "kind": row.kind, "revision": row.revision,
            "at": row.at, "redirect": row.redirect, "summary": dict(row.summary)}  # fmt: skip
    if mask.sees_all(viewer):
        return line
    sides = {side: {key: value for key, value in facets.items() if key != INNER} if facets and facets["public"] else None
             for side in ("before", "after") for facets in [row.summary.get(side)]}  # fmt: skip
    parent, into = row.summary.get("parent"), [name for name in row.summary.get("into", ()) if name in public]
    kind = row.kind
    if sides["before"] is None and sides["after"] is not None and kind not in ("created", "restored"):
        kind = "created" if row.reader_revision == 1 else "restored"
    elif sides["after"] is not None and kind == "split" and not into:
        kind = "revised"
    return line | {
        "kind": kind, "revision": row.reader_revision, "redirect": row.redirect if row.redirect in public else None,
        "summary": sides
        | {"into": into, "parent": parent if parent in public else None, "expired": list(row.summary.get("expired", ()))},
    }  # fmt: skip


def fact_views(row: IncidentRow, facts: Iterable[Fact], viewer: str) -> list[dict[str, Any]]:
    """Facts of this incident with all the evidence they hold, but to a reader none out of complaints."""
    shown, whole = _both(row)
    incident = _near(replace(whole if mask.sees_all(viewer) else shown, facts=tuple(facts)), viewer)
    hidden = set() if mask.sees_all(viewer) else _complaints(incident)
    names = {fact.text: "victim" for fact in incident.facts if fact.kind == "person"} | _names(row, shown, whole)
    return [_fact(fact, viewer, names, hidden) for fact in incident.facts]


def _head(row: IncidentRow, incident: Incident, viewer: str, names: Mapping[str, str]) -> dict[str, Any]:
    """What a list shows: no evidence is rendered for it, an incident can have thousands."""

    def text(value: str) -> str:
        return mask.render(value, "text", viewer, names)

    return {
        "id": row.id, **_numbers(row, viewer), "label": incident.label,
        "label_name": taxonomy.load().name_of(incident.label), "also": list(incident.also),
        "title": text(incident.title), "summary": text(incident.summary), "confidence": round(incident.confidence, 4),
        "status": incident.status, "basis": incident.basis, "tlp": incident.tlp, "public": row.public, "review": incident.review,
        "first_date": incident.first_date or None, "last_date": incident.last_date or None, "published": incident.published or None,
        "places": [_place(fact) for fact in incident.facts if fact.kind == "place"],
        "totals": [{"role": t.role, "min": _plain(t.minimum), "max": _plain(t.maximum)} for t in incident.totals],
        "persons": [_person(fact, viewer, names) for fact in incident.facts if fact.kind == "person"],
        "tactics": list(incident.tactics),
        "tokens": linking.tokens(incident.facts),
        "sources": [_source(source, viewer, names) for source in incident.sources],
        "independent_sources": incident.independent_sources,
        "models": list(incident.models),
    }  # fmt: skip


def _numbers(row: IncidentRow, viewer: str) -> dict[str, Any]:
    """Revision, sequence and moments: to a reader those of the last change that he may see."""
    if mask.sees_all(viewer):
        return {
            "revision": row.revision, "sequence": row.sequence, "created_at": row.created_at, "revised_at": row.revised_at,
        }  # fmt: skip
    return {
        "revision": row.reader_revision, "sequence": row.reader_sequence, "created_at": row.reader_created_at,
        "revised_at": row.reader_revised_at,
    }  # fmt: skip


def names_in(row: IncidentRow) -> dict[str, str]:
    """Every name, number and address of the incident → how `mask.render` treats it; {} for a tombstone."""
    return _names(row, *_both(row)) if row.data else {}


def names_told(shown: Incident, whole: Incident, pages: Mapping[str, str] = {}) -> dict[str, str]:
    """Name, number or address → sort. `shown`: what readers may know, by which a suspect is convicted; `whole`: all that is told.

    `pages`: what the documents tell besides (`nlp.named.names_read`); a suspect of theirs whom this incident convicts stays so.
    Whom complaints alone name is private, whatever his part: no witness, bank clerk or accused of theirs is named to a reader.
    One man's sentence is not another's: only a suspect who stands in a sentence about a judgment counts as convicted.
    """
    convicted = shown.status == "convicted"
    complaints = _complaints(whole) | _complaints(shown)
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for fact in (*whole.facts, *shown.facts):
        private = bool(fact.evidence) and all(each.document_id in complaints for each in fact.evidence)
        if fact.kind == "person":
            sentenced = convicted and not private and any(_SENTENCED.search(each.quote) for each in fact.evidence)
            role = "convicted" if fact.role == "suspect" and sentenced else fact.role
            found.append((fact.text, "victim" if private and role not in ("suspect", "victim") else role, fact.aliases))
        elif fact.kind in ("account", "contact"):
            found.append((fact.text, _sort(fact), ()))
    told = mask.names_of(found, convicted=False)
    told |= {name: "locality" for part in (whole, shown) for name in mask_places.localities(part) if name not in told}
    named = {name: sort for name, sort in pages.items() if not (told.get(name) == "convicted" and sort == "suspect")}
    return mask.names_of(((name, sort, ()) for name, sort in [*told.items(), *named.items()]), convicted=False)


def _read(row: IncidentRow, viewer: str) -> tuple[Incident, dict[str, str]]:
    """The incident as this viewer may see it, and its names: a record is read once, which costs more than all the rest."""
    shown, whole = _both(row)
    return _near(whole if mask.sees_all(viewer) else shown, viewer), _names(row, shown, whole)


def _both(row: IncidentRow) -> tuple[Incident, Incident]:
    """As the sources that readers may know tell it, and as all of them do (`serving.incidents` keeps both where they differ)."""
    whole = shapes.load_incident(_all(row.data))
    return (shapes.load_incident(row.data[READERS]) if row.data.get(READERS) else whole), whole


def _names(row: IncidentRow, shown: Incident, whole: Incident) -> dict[str, str]:
    # A name that only an unreviewed complaint tells is masked in the published quotes too.
    return names_told(shown, whole, row.data.get(NAMES, {}))


def _near(incident: Incident, viewer: str) -> Incident:
    """A reader gets no place nearer than he may know."""
    return incident if mask.sees_all(viewer) else mask_places.for_readers(incident)


def _all(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in (READERS, NAMES)}


def _complaints(incident: Incident) -> set[str]:
    return {source.document_id for source in incident.sources if source.nature == "complaint"}


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _sort(fact: Fact) -> str:
    """The name under which `mask.render` knows the value of a fact that is no person."""
    return number_sort(_mention(fact)) or ("other" if fact.kind in _FREE else "text")


def _mention(fact: Fact) -> Mention:
    return Mention(fact.kind, 0, 0, fact.text, fact.value, fact.role)


def _fact(fact: Fact, viewer: str, names: Mapping[str, str], hidden: set[str]) -> dict[str, Any]:
    sort = names[fact.text] if fact.kind == "person" else _sort(fact)
    value = {
        key: mask.render(item, "text" if key == "relation" else sort, viewer, names)
        if isinstance(item, str) and key in ("name", "number", "address", "relation") else item
        for key, item in value_fields(_mention(fact)).items()
    }  # fmt: skip
    if not mask.sees_all(viewer):
        value.pop("origin", None)
    return {
        "kind": fact.kind, "role": fact.role, "text": mask.render(fact.text, sort, viewer, names), "value": value,
        "token": linking.token(fact.value, fact.role),
        "confidence": round(fact.confidence, 4), "sources": fact.sources,
        "aliases": [mask.render(alias, names.get(alias, sort), viewer, names) for alias in fact.aliases],
        "evidence_total": fact.evidence_total or len(fact.evidence),
        "evidence": [
            {"document_id": found.document_id, "start": found.start, "end": found.end, "found_by": found.found_by,
             "quote": mask.render(found.quote, "quote", viewer, names), "quote_start": found.quote_start}
            for found in fact.evidence
            if found.document_id not in hidden
        ],
    }  # fmt: skip


def _person(fact: Fact, viewer: str, names: Mapping[str, str]) -> dict[str, Any]:
    value = fact.value
    age = value.age if isinstance(value, PersonName) else None
    return {"name": mask.render(fact.text, names[fact.text], viewer), "role": fact.role, "age": age}


def _place(fact: Fact) -> dict[str, Any]:
    return {"region": fact.text, "code": getattr(fact.value, "code", ""), "role": fact.role, "sources": fact.sources}


def _source(source: Any, viewer: str, names: Mapping[str, str]) -> dict[str, Any]:
    shown = asdict(source)
    if source.nature == "complaint" and not mask.sees_all(viewer):
        shown = {key: value if key in ("document_id", "nature", "reviewed") else "" for key, value in shown.items()}
    elif not mask.sees_all(viewer):
        for field in ("doc_id", "title", "publisher"):  # a file may be called after a victim
            shown[field] = mask.render(shown[field], "text", viewer, names)
        shown["url"] = mask.render(shown["url"], "url", viewer, names)
    return shown


def link_view(link: Any, viewer: str, names: Mapping[str, str]) -> dict[str, Any]:
    """A link between two cases; names: those of every incident it speaks of."""
    shown = asdict(link)
    for field in ("agreed", "contradicted"):
        shown[field] = [mask.render(text, "text", viewer, names) for text in shown[field]]
    return shown
