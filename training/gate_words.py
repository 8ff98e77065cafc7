"""Choose the words of the gate (nlp/gate.py) and measure what it would lose.

    python -m training.gate_words [--data ../shared] [--write]

In: all annotated documents (gold train, labels, dev, dev_labels; the open corpus) and ordinary news, in the form of ../shared. Out: on
standard output, for several pairs of thresholds, the recall of articles about scams (cases and advice) with its 95 % interval, out of fold:
the words that judge a document were chosen, and the table was fitted, without any document of its cluster or voice; and the share of
ordinary news that is let go. All texts are cleaned first, as the gate meets them; a document is lost when each of its articles is let go.
--write puts the words of all documents into nlp/lexicon/gate.txt.

A word is chosen when at least `LEAST` of the articles about scams hold it and at most `MOST` of the ordinary ones: enough that each
article holds several, few enough that ordinary news passes by. The stems below and the field's slang and tactics are always in. Words are
chosen from the gold alone: the open corpus avoids the plain words on purpose, and measures what the table is there for.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp import gate, model_folder, taxonomy
from nlp.analyze import whole_text
from nlp.classify import softmax
from nlp.clean import clean
from nlp.records import Document
from nlp.segment import lexicon, segment
from nlp.spelling import find_evasive, fold
from training.configuration import read_configuration
from training.containment import cluster
from training.gather import Example, gather, read_authored, read_gold, read_texts
from training.shares import wilson

TARGET = Path(gate.__file__).parent / "lexicon" / "gate.txt"
TEXTS = ("news_toutiao", "news_ccbps", "citizen_messages", "ccks2021_dev", "seeds")
GOLD = ("train", "labels", "dev", "dev_labels")
ORDINARY = ("xinwenlianbo_sample", "sogou_sample90")
# Registers of the open corpus that are published; the others are complaints, which never meet the gate.
PUBLISHED = ("news", "police_notice", "court_news", "roundup")
CONFIGURATION = Path(__file__).parent / "configs" / "lexical.toml"
STEMS = ("诈", "骗", "传销", "非法集资", "赌", "洗钱", "帮信", "盗刷", "敲诈", "裸聊", "黑客", "上当", "冒充")
SORTS = ("slang", "tactic")
# Tried: LEAST 0.01, 0.02, 0.03, 0.05, 0.1 against MOST 0, 1, 2, 3, 5 of 1,590. At 0.1, of 1,610 articles 8, 3, 1, 0, 0 were lost out of fold
# and 0.88, 0.80, 0.71, 0.64, 0.49 of the second news file let go: 2 is the first whose interval lies above 0.995.
LEAST, MOST = 0.1, 2 / 1590
FOLDS = 10
# Pairs of thresholds that are printed: without a word, with one (2: never).
LADDER = ((0.9, 2.0), (0.8, 2.0), (0.7, 2.0), (0.6, 2.0), (0.7, 0.9), (0.7, 0.8))
# Words of an article's beginning suffice to choose from; whether it holds them is asked of the whole.
BEGINNING = 3000
_WORD = re.compile("[一-鿿]{2,4}")


class Texts:
    """Texts and which candidate words stand in them: `holds[i, j]` text i, word j; `always[i]` a stem or an evasive spelling."""

    def __init__(self, texts: Sequence[str], words: Sequence[str]) -> None:
        folded = [fold(text).lower() for text in texts]
        fixed = [*STEMS, *(word for word, sort in lexicon().items() if sort in SORTS)]
        self.holds: NDArray[np.bool_] = np.array([[word in text for word in words] for text in folded])
        self.always = np.array(
            [any(word.lower() in text for word in fixed) or bool(find_evasive(text)) for text in folded]
        )

    def passes(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which texts hold a stem or one of the chosen words."""
        return np.asarray(self.always | self.holds[:, chosen].any(axis=1))


def candidates(examples: Sequence[Example]) -> list[str]:
    """Words of two to four characters that stand in enough articles to be chosen at all."""
    found: Counter[str] = Counter()
    for example in examples:
        found.update({token.normal for token in segment(example.text[:BEGINNING]) if _WORD.fullmatch(token.normal)})
    return sorted(word for word, number in found.items() if number >= LEAST * len(examples) / 2)


def choose(told: NDArray[np.bool_], ordinary: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which words are in: (words,), from the words that articles about scams (articles, words) and ordinary ones hold."""
    return np.asarray((told.mean(axis=0) >= LEAST) & (ordinary.mean(axis=0) <= MOST + 1e-9))


def read_news(data: Path, name: str) -> list[str]:
    """Ordinary news, title first."""
    rows = (json.loads(line) for line in (data / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    return [f"{row['title']}\n{row['text']}" if row.get("title") else row["text"] for row in rows]


def cleaned(identity: str, text: str) -> list[str]:
    """The articles of a document as the gate sees them: title first."""
    return [whole_text(article) for article in clean(Document(identity, text))]


def held_out_glances(data: Path, articles: Mapping[str, Sequence[str]]) -> dict[str, list[float]]:
    """Probability of "unrelated" by a table that saw nothing of the document's cluster or voice: id → one an article.

    articles: id → texts. The training documents of the table by folds; all others (evaluation gold, held-out voices) are not in the answer.
    """
    from sklearn.model_selection import GroupKFold

    # SciPy and scikit-learn: the extra train
    from training.train_lexical import count_all, count_features, fit_head, scales_of, to_buckets, weigh

    configuration = read_configuration(CONFIGURATION)
    settings = configuration.lexical
    assert settings is not None
    examples = gather(data, configuration.data, configuration.seed).examples
    kinds = taxonomy.load().kind_ids
    features = count_features(examples, settings)
    columns, unrelated = features.rotated.columns, kinds.index(taxonomy.UNRELATED)
    found: dict[str, list[float]] = {}
    temperature = json.loads((model_folder.default_folder() / "blend.json").read_text(encoding="utf-8"))[
        "kind_temperature"
    ]
    for inside, outside in GroupKFold(configuration.folds).split(examples, groups=[e.cluster for e in examples]):
        weights, bias = fit_head(
            columns[inside], [examples[i].kind for i in inside], [examples[i].weight for i in inside], kinds,
            settings.kind_c, settings.balance, settings.loss,
        )  # fmt: skip
        asked = [examples[i] for i in outside if examples[i].id in articles]
        if not asked:
            continue
        texts = [replace(example, text=text) for example in asked for text in articles[example.id]]
        scales = scales_of(settings)
        table = weigh(count_all(texts, len(scales)), features.buckets, features.idf, scales)
        logits = (table @ to_buckets(features.table, features.rotated, weights) + bias) / temperature
        for example, share in zip(texts, softmax(logits.astype(np.float32))[:, unrelated], strict=True):
            found.setdefault(example.id, []).append(float(share))
    return found


def lets_go(words: int, share: float, sure: float, sure_with_a_word: float) -> bool:
    """Would the gate let this article go at these thresholds?"""
    return words < 2 and share >= (sure_with_a_word if words else sure)


def count_among(text: str, words: Collection[str]) -> int:
    """`gate.count_words` with other words, which are folded and in lower case."""
    folded = fold(text).lower()
    return 2 if find_evasive(folded) else min(2, sum(word in folded for word in words))


def recall(name: str, passed: Sequence[bool]) -> None:
    """Print one line."""
    low, high = wilson(sum(passed), len(passed))
    print(
        f"  {name}：{len(passed)} 篇，漏 {len(passed) - sum(passed)} 篇，召回 {sum(passed) / len(passed):.4f}（95% 区间 {low:.4f}–{high:.4f}）"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, choose, measure out of fold, write."""
    from sklearn.model_selection import GroupKFold

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    # 1. Articles about scams by cluster, and ordinary news.
    everything = read_gold([given.data / "gold" / f"{name}.jsonl" for name in GOLD], read_texts(given.data, TEXTS))
    gold = [example for example in everything if example.kind != taxonomy.UNRELATED]
    written = [example for example, _ in read_authored() if example.kind != taxonomy.UNRELATED]
    clusters = cluster({example.id: example.text for example in gold})
    news = {name: read_news(given.data, name) for name in ORDINARY}
    words = candidates(gold)
    told = Texts([example.text for example in gold], words)
    ordinary = Texts([text for texts in news.values() for text in texts], words)
    # 2. The words of all, and without each fold.
    chosen = choose(told.holds, ordinary.holds)
    if given.write:
        learned = [word for word, is_in in zip(words, chosen, strict=True) if is_in]
        fixed = [word for word, sort in lexicon().items() if sort in SORTS]
        head = "# Words by which an article may tell of scams, chosen by training/gate_words.py: stems, slang, tactics, what was learned."
        TARGET.write_text("\n".join([head, *dict.fromkeys((*STEMS, *fixed, *learned))]) + "\n", encoding="utf-8")
        gate.words.cache_clear()
        gate._words.cache_clear()
    fixed = [*STEMS, *(word for word, sort in lexicon().items() if sort in SORTS)]
    articles = {example.id: cleaned(example.id, example.text) for example in (*gold, *written)}
    counted = {example.id: [gate.count_words(text) for text in articles[example.id]] for example in written}
    for inside, outside in GroupKFold(FOLDS).split(gold, groups=[clusters[example.id] for example in gold]):
        is_in = choose(told.holds[inside], ordinary.holds)
        own = {fold(word).lower() for word in (*fixed, *(words[i] for i in np.flatnonzero(is_in)))}
        for name in (gold[i].id for i in outside):
            counted[name] = [count_among(text, own) for text in articles[name]]
    # 3. What the table says of them.
    classifier, shares = model_folder.load(), held_out_glances(given.data, articles)
    for name, texts in articles.items():
        if name not in shares:
            shares[name] = [classifier.glance(text) or 0.0 for text in texts]
    parts = [cleaned(f"{name} {at}", text) for name, texts in news.items() for at, text in enumerate(texts)]
    passing = [[(gate.count_words(text), classifier.glance(text) or 0.0) for text in texts] for texts in parts]
    groups = {
        "真实文本": gold, "自撰语料": written,
        "其中公开体裁": [example for example in written if example.register in PUBLISHED], "全部标注": [*gold, *written],
    }  # fmt: skip
    print("留出折，清洗以后，案件和提示；只看词：")
    for name, examples in groups.items():
        recall(name, [any(counted[example.id]) for example in examples])
    # 4. Several thresholds, then those of the gate.
    for sure, more in (*LADDER, (gate.SURE, gate.SURE_WITH_A_WORD)):
        print(
            f"没有词的 {sure}、只有一个词的 {more} 起放走{'（门）' if (sure, more) == (gate.SURE, gate.SURE_WITH_A_WORD) else ''}："
        )
        for name, examples in groups.items():
            judged = [zip(counted[example.id], shares[example.id], strict=True) for example in examples]
            recall(name, [not all(lets_go(*article, sure, more) for article in document) for document in judged])
        begin = 0
        for name, told_news in news.items():
            these = passing[begin : begin + len(told_news)]
            begin += len(told_news)
            gone = sum(all(lets_go(*article, sure, more) for article in document) for document in these)
            print(f"  {name}：{len(these)} 篇，放走 {gone / len(these):.3f}")
    print(f"词表 {len(gate.words())} 个词")


if __name__ == "__main__":
    main()
