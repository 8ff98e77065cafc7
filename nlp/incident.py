"""The records of the feed: a real-world case resolved from what one or more articles tell, every value with its evidence.

Like nlp.records they hold no verbs. Building is `nlp.resolve`, rendering for a role is `nlp.mask`.
Document offsets throughout; quotes are cut at `QUOTE_LENGTH` characters when evidence is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from nlp.records import Case, MentionKind, Nature, Value

Basis = Literal["complaint", "published", "police", "court"]
Status = Literal["alleged", "detained", "charged", "convicted", "cleared"]
Decision = Literal["reprint", "same", "undecided", "apart"]

# A reader may be shown a quote of at most 120 characters and the link (DESIGN §6).
QUOTE_LENGTH = 120
# Evidence kept with one value, published sources first. A thousand complaints name one city a thousand times; an incident that
# quoted all of them would be written anew, megabytes long, with every complaint that joins. The rest is read from the cases.
EVIDENCE_KEPT = 50


@dataclass(frozen=True, slots=True)
class Source:
    """The head of a document that tells the case."""

    document_id: str
    doc_id: str
    title: str = ""
    publisher: str = ""
    url: str = ""
    published: str = ""
    nature: Nature = "published"
    reviewed: bool = False  # a person has looked at this complaint
    licence: str = ""


@dataclass(frozen=True, slots=True)
class SourcedCase:
    """One case of one article with what resolving needs of its document.

    `text` is the document's text (evidence is quoted from it); `signature` the MinHash values of the article, or, in an article of
    several cases, of this one's part of it.
    """

    case_id: str
    source: Source
    case: Case
    text: str
    article_title: str = ""
    article_published: str = ""
    publisher: str = ""
    review: bool = False  # the classifier abstained
    model: str = ""
    signature: tuple[int, ...] = ()
    article: int = 0  # its number in the document, from 0
    # Told in passing, by an article that is no case: it bears others out and adds nothing of its own.
    retold: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value stands: document, offsets, quote, who found it. `document_id` is the store's."""

    document_id: str
    start: int
    end: int
    quote: str
    found_by: str
    quote_start: int = 0  # document offset of the quote's first character


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of an incident. `sources` counts independent sources (reprints of one text count once).

    `evidence_total`: how often the sources tell it; `evidence` holds the first `EVIDENCE_KEPT` of these.
    """

    kind: MentionKind
    role: str
    text: str  # how people write it: 河南省/南阳市/邓州市, 380万–390万元, 陈某丰
    value: Value
    confidence: float
    evidence: tuple[Evidence, ...]
    sources: int = 1
    aliases: tuple[str, ...] = ()
    evidence_total: int = 0


@dataclass(frozen=True, slots=True)
class Total:
    """What one role of money comes to, parts and repeats counted once; yuan."""

    role: str
    minimum: Decimal
    maximum: Decimal


@dataclass(frozen=True, slots=True)
class Telling:
    """One of several values that sources give for the same thing."""

    text: str
    sources: int
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What the sources disagree on, every telling kept."""

    field: str  # 损失, 受害人数, 地点 …
    tellings: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Why two cases are, may be, or are not the same."""

    first: str  # case ids
    second: str
    score: float
    decision: Decision
    agreed: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One real-world scam case. `id` is for life; a merged incident's id redirects."""

    id: str
    label: str
    title: str
    summary: str
    confidence: float
    status: Status
    basis: Basis
    public: bool  # a reader may see it: a published source, or a complaint that a person reviewed
    review: bool  # the machine was unsure of the type in every source
    tlp: str = "clear"
    first_date: str = ""
    last_date: str = ""
    published: str = ""  # newest date of publication among the sources
    facts: tuple[Fact, ...] = ()
    totals: tuple[Total, ...] = ()
    tactics: tuple[str, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    sources: tuple[Source, ...] = ()
    independent_sources: int = 1
    links: tuple[Link, ...] = ()
    models: tuple[str, ...] = ()
    also: tuple[str, ...] = field(default=())
