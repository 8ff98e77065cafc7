"""How the page tests read: cleaned articles whose every character is checked against its place in the page."""

from __future__ import annotations

from nlp.clean import clean
from nlp.records import Article, Document


def read(text: str, form: str = "text") -> tuple[Article, ...]:
    articles = clean(Document("page", text, form=form))
    for article in articles:
        for character, place in zip(article.text, article.offsets, strict=True):
            assert text[place] == character or character in "\n "
    return articles


def words(article: Article) -> str:
    return "".join(article.text.split())
