"""What a person types to narrow a list of incidents, as a filter: names of types and places instead of ids and codes.

In: words. Out: an `IncidentFilter`. Raises InputError or TaxonomyError with what would have been right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp import taxonomy
from nlp.errors import InputError
from serving.queries import IncidentFilter

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def incident_filter(labels: Sequence[str], place: str, since: str, until: str, words: str) -> IncidentFilter:
    """The filter; empty words narrow nothing."""
    return IncidentFilter(
        labels=tuple(label_id(label) for label in labels), place=place_code(place), since=date(since, "--since"),
        until=date(until, "--until"), words=words,
    )  # fmt: skip


def label_id(name: str) -> str:
    """The id of a scam type given by id, by Chinese name, or by a part of the name that only one has. Raises InputError."""
    scheme = taxonomy.load()
    exact = [label.id for label in scheme.labels if name in (label.id, label.name)]
    fitting = exact or [label.id for label in scheme.labels if name and name in label.name]
    if len(fitting) != 1:
        known = "、".join(
            f"{label.name}（{label.id}）" for label in scheme.labels if not fitting or label.id in fitting
        )
        raise InputError(f"类型 {name} {'不止一个' if fitting else '不存在'}", where="--label", expected=known)
    return fitting[0]


def place_code(name: str) -> str:
    """The code of a place given by code or name, "" for "". Raises InputError for a name that is no division."""
    if not name or name.isdecimal():
        return name
    from nlp.divisions import find

    found = find(name)
    if not found:
        raise InputError(f"没有行政区划 {name}", where="--place", expected="省、市、县的名称或代码")
    return found[0].code


def date(text: str, where: str) -> str:
    """An ISO date as short as a year; raises InputError."""
    if text and not _DATE.fullmatch(text):
        raise InputError(f"日期 {text}", where=where, expected="2024、2024-05 或 2024-05-01")
    return text
