"""The spaCy pipeline: jieba tokens, one component a finder, mentions as character spans in `doc._.mentions`.

In: an article's clean text and the date it was published. Out: sorted mentions, or a spaCy Doc that carries them. Each finder is
usable alone; a component only calls it and keeps the spans that later finders must not claim. Tokens never cut a mention: jieba's
borders miss 5–8 % of the spans (DESIGN §4), so finding needs no tokens and `find_mentions` makes none.
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

# A finder: an article's text, the date it was published, and what earlier finders found → what it finds itself.
Finder = Callable[[str, str, Sequence[Mention]], list[Mention]]
_TEXT = "fanzha_text"
# spaCy cannot be imported by two threads at once through our detour; and finding is Python under the interpreter's own lock, so that
# one text at a time loses nothing and finds its folded text, numbers and names in the small caches of the finders.
_one_at_a_time = threading.RLock()
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


def _taken(found: Sequence[Mention], kinds: Iterable[str]) -> list[tuple[int, int]]:
    wanted = frozenset(kinds)
    return [(mention.start, mention.end) for mention in found if mention.kind in wanted]


_NUMBERS = ("account", "contact")
FINDERS: dict[str, Finder] = {
    "fanzha_accounts": lambda text, published, found: find_accounts(text),
    "fanzha_contacts": lambda text, published, found: find_contacts(text, _taken(found, ("account",))),
    "fanzha_amounts": lambda text, published, found: find_amounts(text, _taken(found, _NUMBERS)),
    "fanzha_times": lambda text, published, found: find_times(
        text, published=published, taken=_taken(found, (*_NUMBERS, "amount"))
    ),
    "fanzha_counts": lambda text, published, found: find_counts(text, _taken(found, (*_NUMBERS, "amount", "time"))),
    "fanzha_organisations": lambda text, published, found: find_organisations(text),
    "fanzha_places": lambda text, published, found: find_places(
        text, [m for m in found if m.kind == "organisation"], published=published
    ),
    "fanzha_persons": lambda text, published, found: find_persons(text, found),
    "fanzha_platforms": lambda text, published, found: find_platforms(text),
    "fanzha_outcomes": lambda text, published, found: find_outcomes(text),
}


class _Component:
    """A finder as a pipeline component: adds its mentions to `doc._.mentions`."""

    def __init__(self, find: Finder) -> None:
        self.find = find

    def __call__(self, doc: Doc) -> Doc:
        # spaCy joins doc.text anew from the tokens every time; ten components would pay for that.
        text = doc.user_data.get(_TEXT) or doc.text
        doc._.mentions = [*doc._.mentions, *self.find(text, doc._.published, doc._.mentions)]
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
    """The pipeline for those who work with spaCy, made once a process (about two seconds with jieba's dictionary)."""
    with _one_at_a_time:
        spacy = load_spacy()
        from spacy.language import Language
        from spacy.tokens import Doc

        if not Doc.has_extension("mentions"):
            Doc.set_extension("mentions", default=[])
            Doc.set_extension("published", default="")
        for name in ORDER:
            if not Language.has_factory(name):

                def make(nlp: Language, name: str, *, _find: Finder = FINDERS[name]) -> _Component:
                    return _Component(_find)

                Language.factory(name)(make)
        pipeline: Language = spacy.blank("zh")
        pipeline.tokenizer = JiebaTokenizer(pipeline.vocab)
        for name in ORDER:
            pipeline.add_pipe(name)
        return pipeline


def find_mentions(text: str, published: str = "") -> list[Mention]:
    """All mentions of an article's text, sorted; offsets into `text`. `published` anchors 去年, 今年, 昨日.

    What the components of `build_pipeline` find in `doc._.mentions`, without the tokens: no finder reads them, and making them took
    half of the time. Safe to call from several threads, also the first time.
    """
    found: list[Mention] = []
    with _one_at_a_time:
        for name in ORDER:
            found += FINDERS[name](text, published, found)
    return sorted(found, key=lambda mention: (mention.start, -mention.end, mention.kind))
