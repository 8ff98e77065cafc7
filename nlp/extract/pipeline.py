"""The spaCy pipeline: jieba tokens, one component a finder, mentions as character spans in `doc._.mentions`.

In: an article's clean text and the date it was published. Out: a spaCy Doc with sorted, checked mentions. Each finder is usable
alone; a component only calls it and keeps the spans that later finders must not claim. Tokens never cut a mention: jieba's
borders miss 5–8 % of the spans (DESIGN §4), so `doc.spans["mentions"]` is a view, made on request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from nlp.extract.accounts import find_accounts
from nlp.extract.amounts import find_amounts
from nlp.extract.contacts import find_contacts
from nlp.extract.counts import find_counts
from nlp.extract.organisations import find_organisations
from nlp.extract.outcomes import find_outcomes
from nlp.extract.persons import find_persons
from nlp.extract.places import find_places
from nlp.extract.platforms import find_platforms
from nlp.extract.times import find_times
from nlp.lean import load_spacy
from nlp.records import Mention
from nlp.segment import segment

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Taken = Sequence[tuple[int, int]]
_TEXT = "fanzha_text"
# spaCy cannot be imported by two threads at once through our detour, and refuses a second memory zone of one vocabulary. Finding
# is Python under the interpreter's own lock: one at a time loses nothing.
_one_at_a_time = threading.Lock()
# Numbers that are an account or a phone are claimed before sums, sums before times, times before counts.
ORDER = (
    "fanzha_accounts",
    "fanzha_contacts",
    "fanzha_amounts",
    "fanzha_times",
    "fanzha_counts",
    "fanzha_organisations",
    "fanzha_places",
    "fanzha_platforms",
    "fanzha_persons",
    "fanzha_outcomes",
)


def _text(doc: Doc) -> str:
    """The text of a doc. spaCy joins it anew from the tokens at every `doc.text`; ten components would pay for that."""
    text: str = doc.user_data.get(_TEXT) or doc.text
    return text


def _taken(doc: Doc, kinds: Iterable[str]) -> list[tuple[int, int]]:
    wanted = frozenset(kinds)
    return [(mention.start, mention.end) for mention in doc._.mentions if mention.kind in wanted]


def _finders() -> dict[str, Callable[[Doc], list[Mention]]]:
    numbers = ("account", "contact")
    return {
        "fanzha_accounts": lambda doc: find_accounts(_text(doc)),
        "fanzha_contacts": lambda doc: find_contacts(_text(doc), _taken(doc, ("account",))),
        "fanzha_amounts": lambda doc: find_amounts(_text(doc), _taken(doc, numbers)),
        "fanzha_times": lambda doc: find_times(
            _text(doc), published=doc._.published, taken=_taken(doc, (*numbers, "amount"))
        ),
        "fanzha_counts": lambda doc: find_counts(_text(doc), _taken(doc, (*numbers, "amount", "time"))),
        "fanzha_organisations": lambda doc: find_organisations(_text(doc)),
        "fanzha_places": lambda doc: find_places(
            _text(doc), [m for m in doc._.mentions if m.kind == "organisation"], published=doc._.published
        ),
        "fanzha_persons": lambda doc: find_persons(_text(doc), doc._.mentions),
        "fanzha_platforms": lambda doc: find_platforms(_text(doc)),
        "fanzha_outcomes": lambda doc: find_outcomes(_text(doc)),
    }


class _Component:
    """A finder as a pipeline component: adds its mentions to `doc._.mentions`."""

    def __init__(self, find: Callable[[Doc], list[Mention]]) -> None:
        self.find = find

    def __call__(self, doc: Doc) -> Doc:
        doc._.mentions = [*doc._.mentions, *self.find(doc)]
        return doc


class JiebaTokenizer:
    """spaCy's tokenizer interface over `nlp.segment`: tokens cover every character, so `doc.text` is the text given."""

    def __init__(self, vocab: Any) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        from spacy.tokens import Doc

        words = [token.surface for token in segment(text)]
        return Doc(self.vocab, words=words, spaces=[False] * len(words), user_data={_TEXT: text})


@cache
def build_pipeline() -> Language:
    """The pipeline, made once a process (about two seconds with jieba's dictionary); safe to call from several threads after that."""
    spacy = load_spacy()
    from spacy.language import Language
    from spacy.tokens import Doc

    if not Doc.has_extension("mentions"):
        Doc.set_extension("mentions", default=[])
        Doc.set_extension("published", default="")
    finders = _finders()
    for name in ORDER:
        if not Language.has_factory(name):

            def make(nlp: Language, name: str, *, _finder: str = name) -> _Component:
                return _Component(finders[_finder])

            Language.factory(name)(make)
    pipeline: Language = spacy.blank("zh")
    pipeline.tokenizer = JiebaTokenizer(pipeline.vocab)
    for name in ORDER:
        pipeline.add_pipe(name)
    return pipeline


def find_mentions(text: str, published: str = "") -> list[Mention]:
    """All mentions of an article's text, sorted; offsets into `text`. `published` anchors 去年, 今年, 昨日.

    The token vocabulary of one call is freed after it (spaCy's memory zone), so that a long-running server stays flat. Safe to
    call from several threads, also the first time.
    """
    with _one_at_a_time, (pipeline := build_pipeline()).memory_zone():
        doc = pipeline.make_doc(text)
        doc._.published = published
        for _, component in pipeline.pipeline:
            doc = component(doc)
        mentions: list[Mention] = doc._.mentions
        return sorted(mentions, key=lambda mention: (mention.start, -mention.end, mention.kind))
