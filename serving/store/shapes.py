"""Records of `nlp` to JSON and back, exactly: what goes into the JSON columns comes out equal.

In: frozen dataclasses. Out: plain JSON values (Decimal as text), and the dataclasses again. It talks to no database.

A value such as {"name": …, "sort": …} may be an organisation or a platform; the `kind` of the mention or fact around it
decides, so values are read by kind before pydantic reads the whole.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from nlp.incident import Incident, Link
from nlp.records import (
    Account,
    Amount,
    Analysis,
    Case,
    Contact,
    Count,
    Moment,
    Organisation,
    Outcome,
    PersonName,
    Place,
    Platform,
)  # fmt: skip

_VALUES: dict[str, type] = {
    "place": Place, "amount": Amount, "person": PersonName, "organisation": Organisation, "time": Moment,
    "count": Count, "account": Account, "contact": Contact, "platform": Platform, "outcome": Outcome,
}  # fmt: skip
# Fields in which no value stands that has to be read by its kind; "value" itself is read whole.
_PLAIN = frozenset(("value", "labels", "kinds", "evidence", "tactics", "verdict"))


@cache
def _adapter(record: Any) -> TypeAdapter[Any]:
    return TypeAdapter(record)


def _read_values(data: Any) -> Any:
    """`data` with the value of every mention and fact read as what its kind says."""
    # Most of a record is plain text and numbers: those are passed on without a call of their own.
    if isinstance(data, dict):
        read = {
            key: _read_values(value) if isinstance(value, (dict, list)) and key not in _PLAIN else value
            for key, value in data.items()
        }
        if isinstance(data.get("value"), dict) and "kind" in data:
            read["value"] = _adapter(_VALUES[data["kind"]]).validate_python(data["value"])
        return read
    return [_read_values(item) if isinstance(item, (dict, list)) else item for item in data]


def dump(record: Any) -> dict[str, Any]:
    """A record as JSON values."""
    return _adapter(type(record)).dump_python(record, mode="json", warnings=False)  # type: ignore[no-any-return]


def load_case(data: dict[str, Any]) -> Case:
    """The Case that `dump` wrote."""
    return _adapter(Case).validate_python(_read_values(data))  # type: ignore[no-any-return]


def load_analysis(data: dict[str, Any]) -> Analysis:
    """The Analysis that `dump` wrote."""
    return _adapter(Analysis).validate_python(_read_values(data))  # type: ignore[no-any-return]


def load_incident(data: dict[str, Any]) -> Incident:
    """The Incident that `dump` wrote."""
    return _adapter(Incident).validate_python(_read_values(data))  # type: ignore[no-any-return]


def load_link(data: dict[str, Any]) -> Link:
    """The Link that `dump` wrote."""
    return _adapter(Link).validate_python(data)  # type: ignore[no-any-return]
