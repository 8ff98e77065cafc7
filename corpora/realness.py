"""How near authored texts come to real ones: variety of their 4-grams, and how well a small classifier tells them apart.

In: texts of both sides; real ones are read from a folder in the form of `shared` (data/*.jsonl), which is no part of the project.
Out: figures. No text is shown or kept.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from nlp.errors import InputError

DRAWS = 5  # samples a figure is the mean of
COPIED = 16  # characters running: under it stand set phrases, the names of bodies and laws
_NOT_HAN = re.compile(r"[^\u4e00-\u9fff]+")
_SPACE = re.compile(r"\s+")
_SCAM = re.compile("骗|诈|转账|退款|汇款|冒充")
_COURT = re.compile("判处|公诉|法院审理|一审")
_POLICE = re.compile("警方|公安|派出所|民警|分局")
_FEATURES = 1 << 14  # hashed; twice as many gave the same accuracy
_LONGEST = 500  # characters of a text that the classifier sees, so that length is no clue


def read_real(folder: Path) -> dict[str, list[str]]:
    """Real texts by the register they come nearest to. Raises InputError where the folder has none of the files.

    A crude sorting by words: the files state no register. Chats have no real counterpart and are held against posts.
    """
    news = [*_rows(folder, "news_toutiao"), *_rows(folder, "news_ccbps")]
    mixed = list(_rows(folder, "ccks2021_dev"))
    letters = [text for text in _rows(folder, "citizen_messages") if _SCAM.search(text)]
    if not news and not mixed and not letters:
        raise InputError("没有可比的真实文本", where=str(folder), expected="data/news_toutiao.jsonl 等文件")
    told = [text for text in mixed if text.count("我") >= 4 and "记者" not in text]
    return {
        "police_record": [text for text in mixed if "报警" in text and len(text) < 500],
        "statement": told,
        "complaint_form": letters,
        "news": news,
        "police_notice": [text for text in news if _POLICE.search(text[:40])],
        "court_news": [text for text in news if _COURT.search(text)],
        "forum": told,
        "roundup": [text for text in news if re.search(r"案例[一二1２]|【案例", text)],
        "chat": told,
    }


def _rows(folder: Path, name: str) -> Iterator[str]:
    path = folder / "data" / f"{name}.jsonl"
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield "\n".join(part for part in (row.get("title"), row["text"]) if part)


def find_copied(texts: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Id → the first COPIED characters of an authored text that also run on in a real one: nothing of theirs may be in ours."""
    runs: dict[str, str] = {}
    for key, text in texts.items():
        bare = _SPACE.sub("", text)
        runs.update((bare[i : i + COPIED], key) for i in range(len(bare) - COPIED + 1))
    found: dict[str, str] = {}
    names = ("news_toutiao", "news_ccbps", "ccks2021_dev", "citizen_messages", "xinwenlianbo_mentions_fraud")
    pages = (page.read_text(encoding="utf-8") for page in sorted((folder / "seeds").glob("*.txt")))
    for real in (*pages, *(text for name in names for text in _rows(folder, name))):
        bare = _SPACE.sub("", real)
        for i in range(len(bare) - COPIED + 1):
            run = bare[i : i + COPIED]
            if run in runs:
                found.setdefault(runs[run], run)
    return found


def distinct_share(texts: Sequence[str], size: int, seed: int = 1) -> float:
    """Different 4-grams over all 4-grams of `size` characters drawn from the texts, document by document; mean of DRAWS."""
    draw = random.Random(seed)
    shares = []
    for _ in range(DRAWS):
        order = draw.sample(list(texts), len(texts))
        bare = _SPACE.sub("", "".join(order))[:size]
        grams = [bare[i : i + 4] for i in range(len(bare) - 3)]
        shares.append(len(set(grams)) / max(1, len(grams)))
    return sum(shares) / DRAWS


def variety(authored: Sequence[str], real: Sequence[str]) -> tuple[float, int]:
    """(distinct 4-grams of authored text relative to real text of the same size, that size in characters)."""
    size = min(len(_SPACE.sub("", "".join(side))) for side in (authored, real))
    return distinct_share(authored, size) / max(distinct_share(real, size), 1e-9), size


def tell_apart(authored: Sequence[str], real: Sequence[str], seed: int = 1) -> float:
    """Accuracy, out of fold, of a classifier told to separate the two sides, as many texts of each: 0.5 is indistinguishable.

    Kernel ridge on tf-idf of 1- to 3-character grams of Chinese characters alone (numerals, letters and punctuation are
    what a masking tool leaves behind, not style). In numpy: this room knows no training framework.
    """
    draw = random.Random(seed)
    count = min(len(authored), len(real), 400)
    if count < 10:
        return float("nan")
    texts = [*draw.sample(list(authored), count), *draw.sample(list(real), count)]
    matrix = np.zeros((2 * count, _FEATURES), np.float32)  # (n_texts, n_features)
    for row, text in enumerate(texts):
        bare = _NOT_HAN.sub(" ", unicodedata.normalize("NFKC", text))[:_LONGEST]
        for n in (1, 2, 3):
            for i in range(len(bare) - n + 1):
                if " " not in bare[i : i + n]:
                    matrix[row, zlib.crc32(bare[i : i + n].encode()) % _FEATURES] += 1
    weights = np.log((2 * count + 1) / (1 + (matrix > 0).sum(0))) + 1
    matrix = np.log1p(matrix) * weights
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True) + 1e-9
    gram = matrix @ matrix.T  # (n_texts, n_texts)
    target = np.repeat([1.0, -1.0], count)
    fold = np.array([draw.randrange(5) for _ in texts])
    right = 0
    for number in range(5):
        out, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        solved = np.linalg.solve(gram[np.ix_(kept, kept)] + 0.5 * np.eye(len(kept)), target[kept])
        right += int((np.sign(gram[np.ix_(out, kept)] @ solved) == target[out]).sum())
    return right / len(texts)
