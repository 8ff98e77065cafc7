"""What an incident is found by: the text that stands in the index for it, of its record now or of one that was kept.

In: incidents, or the data of a row. Out: one text, masked as for readers, whoever asks. It indexes nothing (`serving.store.search`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp import mask, mask_places, taxonomy
from nlp.incident import Incident
from serving.store import shapes
from serving.views import NAMES, READERS, names_told


def search_text(incident: Incident, whole: Incident, pages: Mapping[str, str]) -> str:
    """What an incident is found by: only what a reader may see of it, so that nobody's name can be confirmed by searching.

    `whole`: the incident with complaints that nobody reviewed, whose names are masked too; `pages`: what its documents name besides.
    """
    names = names_told(incident, whole, pages)
    incident = mask_places.for_readers(incident)
    shown = [incident.title, incident.summary, taxonomy.load().name_of(incident.label), *incident.tactics]
    shown += [source.title for source in incident.sources if source.nature == "published"]
    shown += [fact.text for fact in incident.facts if fact.kind in ("place", "organisation", "platform")]
    # Masked as one text: a thousand complaints bring a thousand names, and each is looked for in every text that is masked.
    return mask.render("\n".join(text for text in dict.fromkeys(shown) if text), "text", mask.DEFAULT_VIEWER, names)


def text_of(data: Mapping[str, Any]) -> str:
    """The same of the data of an incident's row, or of one of its former states."""
    whole = shapes.load_incident({key: part for key, part in data.items() if key not in (NAMES, READERS)})
    shown = shapes.load_incident(data[READERS]) if data.get(READERS) else whole
    return search_text(shown, whole, data.get(NAMES, {}))
