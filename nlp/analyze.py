"""The whole way through nlp: a document is cleaned and split, judged, read for mentions, and cut into cases.

In: documents. Out: `Reading`s in the same order, all offsets in the documents' own texts. No network, no SQL. Documents are
taken in batches so that the classifier sees many texts at once; one that cannot be read raises with its id.

1. clean and split; what the gate lets go ends here (`nlp.gate`); 2. kind and label of every other article of the batch;
3. mentions of those that may be about scams, which weigh in on case or advice; 4. cases; 5. offsets back to the document.
The network of 2. reads on while 3. to 5. go through an article, and where 3. will be wanted anyway it does not wait for 2.: a lone complaint
takes as long as the longer of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from nlp import gate, taxonomy
from nlp.cases import read_cases
from nlp.classify import Classifier
from nlp.clean import clean
from nlp.kind_evidence import weigh_kind
from nlp.records import Analysis, Article, Case, Document, Mention, Person, Reading, Verdict
from nlp.tactics import tactics_of

# Documents read at a time: enough for the classifier to sort windows by length, few enough that a progress bar moves.
BATCH = 32


def whole_text(article: Article) -> str:
    """An article's text with its title, as the gate looks at it."""
    return article.text if article.text.startswith(article.title) else f"{article.title}\n{article.text}"


def to_document(mention: Mention, article: Article, text: str) -> Mention | None:
    """The mention with offsets into the document's text; None where it would stretch over two pieces of a page."""
    start = article.offsets[mention.start]
    end = article.offsets[mention.end - 1] + 1
    # More than twice its length and twenty characters: it runs over a seam, not over a line break.
    if end <= start or end - start > 2 * (mention.end - mention.start) + 20:
        return None
    surface = text[start:end].replace("\r", "").replace("\n", "")
    return replace(mention, start=start, end=end, surface=surface)


class Analyzer:
    """Reads documents with one classifier; making one loads nothing. gated: published articles go through `nlp.gate` first."""

    def __init__(self, classifier: Classifier, *, gated: bool = False) -> None:
        self.classifier = classifier
        self.gated = gated

    def analyze(self, documents: Iterable[Document]) -> Iterator[Reading]:
        """A `Reading` for every document, in order."""
        stream = iter(documents)
        while batch := list(islice(stream, BATCH)):
            yield from self._read(batch)

    def _read(self, batch: Sequence[Document]) -> Iterator[Reading]:
        articles = [clean(document) for document in batch]  # 1.
        gone = {
            id(article): self._unrelated(document, article)
            for document, group in zip(batch, articles, strict=True)
            for article in group
        }
        asked = [article.text for group in articles for article in group if gone[id(article)] is None]
        judged = self._verdicts(asked)  # 2.
        for document, group in zip(batch, articles, strict=True):
            told = (self._article(document, article, gone[id(article)], judged) for article in group)
            yield Reading(document.doc_id, tuple(told))

    def _verdicts(self, texts: Sequence[str]) -> Iterator[Verdict]:
        """Verdicts in order, as early as the classifier can tell them."""
        early = getattr(self.classifier, "verdicts", None)
        return iter(self.classifier.classify(texts) if early is None else early(texts))

    def _unrelated(self, document: Document, article: Article) -> float | None:
        """How surely the gate lets it go, None where it is read. A complaint always is: nobody who was robbed has to use the right words."""
        if not self.gated or document.nature == "complaint":
            return None
        return gate.surely_unrelated(whole_text(article), self.classifier.glance)

    def _mentions(self, document: Document, article: Article) -> Sequence[Mention]:
        from nlp.extract.pipeline import find_mentions

        return find_mentions(article.text, article.published or document.published)

    def _article(self, document: Document, article: Article, gone: float | None, judged: Iterator[Verdict]) -> Analysis:
        found: Sequence[Mention] | None = None
        # What came through the gate, or does not go through it, is hardly ever about something else: it is searched while the network reads.
        if gone is None and (self.gated or document.nature == "complaint"):
            found = self._mentions(document, article)
        verdict = next(judged) if gone is None else gate.verdict(gone)
        cases: tuple[Case, ...] = ()
        perhaps: tuple[str, ...] = ()
        # 3. An article that is surely about something else tells nothing: nothing of it may enter the feed.
        if verdict.kind == taxonomy.UNRELATED:
            found = ()
        else:
            from nlp.extract.person_perhaps import perhaps_names

            found = self._mentions(document, article) if found is None else found
            perhaps = perhaps_names(article.text, found)
            verdict = weigh_kind(verdict, article.text, found)
            cases = read_cases(article.text, found, verdict, self.classifier.classify)  # 4.
        # 5. A mention stands in the list of mentions and in its case as one object; it is moved once.
        moved = {id(mention): to_document(mention, article, document.text) for mention in found}
        return Analysis(
            title=article.title,
            start=article.start,
            end=article.end,
            verdict=verdict,
            tactics=tactics_of(article.text, verdict.kind),
            mentions=tuple(mention for mention in (moved[id(m)] for m in found) if mention is not None),
            cases=tuple(_move_case(case, article, moved) for case in cases),
            byline=article.byline,
            dateline=article.dateline,
            publisher=article.publisher or document.publisher,
            published=article.published or document.published,
            perhaps=perhaps,
        )


def _moved(mentions: Sequence[Mention], moved: dict[int, Mention | None]) -> tuple[Mention, ...]:
    return tuple(mention for mention in (moved[id(m)] for m in mentions) if mention is not None)


def _move_person(person: Person, moved: dict[int, Mention | None]) -> Person:
    return replace(person, mentions=_moved(person.mentions, moved))


def _move_case(case: Case, article: Article, moved: dict[int, Mention | None]) -> Case:
    places = article.offsets[case.start : case.end] or (article.start,)
    people = (_move_person(person, moved) for person in case.persons)
    return replace(
        case,
        start=min(places),
        end=max(places) + 1,
        places=_moved(case.places, moved),
        amounts=_moved(case.amounts, moved),
        persons=tuple(person for person in people if person.mentions),
        organisations=_moved(case.organisations, moved),
        times=_moved(case.times, moved),
        accounts=_moved(case.accounts, moved),
        contacts=_moved(case.contacts, moved),
        platforms=_moved(case.platforms, moved),
        counts=_moved(case.counts, moved),
        outcomes=_moved(case.outcomes, moved),
    )
