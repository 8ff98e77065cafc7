"""Bad inputs, made by Hypothesis: damaged files, random bytes, hostile texts; what must be true of each; and a counter that goes on.

In: how many. Out: how many were tried, how many raised, how many took too long (processor time of the thread, so that a busy machine
is no failure). The tests run the same generators until the first failure; `tried` counts all of them.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from corpora.forms import READERS
from corpora.preview import preview
from corpora.read import read_bytes
from nlp.clean import clean
from nlp.errors import InputError
from nlp.extract.accounts import find_accounts
from nlp.extract.amounts import find_amounts
from nlp.extract.contacts import find_contacts
from nlp.extract.counts import find_counts
from nlp.extract.outcomes import find_outcomes
from nlp.extract.persons import find_persons
from nlp.extract.pipeline import find_mentions
from nlp.extract.platforms import find_platforms
from nlp.extract.times import find_times
from nlp.records import Document, Mention

# Seconds of processor time that one input may take. Inputs here are a few hundred characters: a hundredth of this is usual.
LIMIT_SECONDS = 5.0
FINDERS: list[Callable[[str], list[Mention]]] = [
    find_accounts, find_contacts, find_amounts, find_times, find_counts, find_platforms, find_outcomes,
]  # fmt: skip
WORDS = [
    *"01359.,，、-－–至到近上超余多几数十百千万亿两壹贰元块角分钱Uwk年月日时点个名条@()（“”٣②𝟛\n　某¥$ ",
    "人民币", "美元", "USDT", "卡号", "微信", "QQ", "http://", ".com", "APP", "支付宝", "被骗", "转账", "罚金", "138", "有期徒刑",
    "诈骗罪", "名为", "其中",
]  # fmt: skip
PIECES = st.sampled_from(WORDS)
PERSON_WORDS = [
    *"王李某小老阿、，。（）“”男女岁12X*·的说 \n张陈于A",
    "女士", "先生", "嫌疑人", "民警", "化名", "又名", "受害人", "阿里·", "欧阳", "报警",
]  # fmt: skip
PERSON_PIECES = st.sampled_from(PERSON_WORDS)
# What articles come wrapped in: front matter, markup, boilerplate, page heads.
MARKUP_WORDS = [
    *"#*_>|-=~`![]()<>&\\\n\r\t ",
    "---", "\n---\n", "title:", "\nurl:", "\n# ", "\n## ", "****", "![", "](", "</div>", "<script>", "&#x27;", "&amp;", "阅读原文",
    "继续滑动看下一个", "微信扫一扫", "（记者", "来源：", "本报讯", "第1版", "\f", "责任编辑", "\n====\n",
]  # fmt: skip
MARKUP = st.sampled_from(MARKUP_WORDS)


def texts(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of such pieces, and texts of anything."""
    return st.one_of(st.lists(pieces, max_size=40).map("".join), st.text(max_size=80))


BYTES = st.tuples(st.binary(max_size=600), st.sampled_from([*READERS, "", ".png"]))
DAMAGE = st.tuples(
    st.integers(0, 9), st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=6), st.floats(0.1, 1)
)  # fmt: skip


@cache
def whole_files() -> dict[str, bytes]:
    """One good file of every form that is more than text, by extension."""
    from tests.test_read import STORY, WEIXIN, make_docx, make_pdf, make_warc, make_xlsx, make_zip

    page = ("http://a.example.invalid/w", "200 OK", "text/html", WEIXIN.encode())
    return {
        ".docx": make_docx(STORY, table=[["甲", "乙"]]),
        ".xlsx": make_xlsx([["编号", "正文"], [1, STORY]]),
        ".zip": make_zip({"a.txt": STORY.encode(), "b.csv": f"正文\n{STORY}".encode()}),
        ".pdf": make_pdf("one", "two"),
        ".warc.gz": make_warc(page),
        ".warc": make_warc(page, packed=False),
        ".eml": b"From: a@example.invalid\nSubject: =?gb2312?b?zba2zw==?=\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\n"
        + STORY.encode() + b"\n--x--\n",
        ".html": WEIXIN.encode(),
        ".csv": f'编号,正文\n1,"{STORY}"\n'.encode("gb18030"),
        ".json": json.dumps([{"text": STORY}]).encode(),
    }  # fmt: skip


def damaged(number: int, cuts: list[tuple[float, bytes]], end: float) -> tuple[bytes, str]:
    """A good file with bytes put over it and its end cut off, and its extension."""
    suffix, whole = sorted(whole_files().items())[number]
    data = bytearray(whole)
    for place, put in cuts:
        at = int(place * (len(data) - 1))
        data[at : at + len(put)] = put
    return bytes(data[: max(1, int(end * len(data)))]), suffix


def check_readable(data: bytes, suffix: str) -> None:
    """Whatever the bytes are: documents with text, or refusals with words."""
    results = list(read_bytes(data, f"a{suffix}"))
    assert results
    for result in results:
        assert isinstance(result, (Document, InputError))
        if isinstance(result, Document):
            result.text.encode()
            assert result.text.strip()
            assert result.doc_id
        else:
            assert str(result)


def check_bytes(made: tuple[bytes, str]) -> None:
    """Random bytes under any extension are read, and previewed."""
    check_readable(*made)
    preview(made[0], f"a{made[1]}")


def check_cleaned(text: str) -> None:
    """Articles lie inside the text, in order of their own offsets."""
    for article in clean(Document("a", text)):
        assert 0 <= article.start <= article.end <= len(text)
        assert len(article.offsets) == len(article.text)
        assert all(0 <= at < len(text) for at in article.offsets)


def check_found(find: Callable[[str], list[Mention]]) -> Callable[[str], None]:
    """Every span is its surface, spans are in order."""

    def check(text: str) -> None:
        found = find(text)
        assert [mention.start for mention in found] == sorted(mention.start for mention in found)
        for mention in found:
            assert 0 <= mention.start < mention.end <= len(text)
            assert text[mention.start : mention.end].replace("\n", "") == mention.surface

    return check


@dataclass
class Tried:
    """What became of generated inputs. `examples`: the first few that went wrong, with where; skipped: why nothing was tried."""

    tried: int = 0
    raised: int = 0
    slow: int = 0
    examples: list[str] = field(default_factory=list)
    skipped: str = ""

    def note(self, example: str) -> None:
        """Keep one of the first few."""
        if len(self.examples) < 5:
            self.examples.append(example[:1500])


# What is tried: name, what is said of it, generator, check, and its share of all.
SORTS: tuple[tuple[str, str, st.SearchStrategy[Any], Callable[[Any], None], float], ...] = (
    ("bytes", "读取：任意字节", BYTES, check_bytes, 0.16),
    ("damage", "读取：损坏的文件", DAMAGE, lambda made: check_readable(*damaged(*made)), 0.12),
    ("clean", "清洗与分篇", texts(MARKUP), check_cleaned, 0.08),
    *((find.__name__, f"提取：{find.__name__}", texts(PIECES), check_found(find), 0.08) for find in FINDERS),
    ("find_persons", "提取：find_persons", texts(PERSON_PIECES), check_found(find_persons), 0.05),
    ("find_mentions", "提取：全部", texts(st.one_of(PIECES, PERSON_PIECES)), check_found(find_mentions), 0.03),
)


def tried(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], count: int) -> Tried:
    """Make `count` inputs and check each; what goes wrong is counted and the rest is tried all the same."""
    told = Tried()
    for turn in range(0, count, 1000):  # a run of Hypothesis remembers all that it made

        @seed(turn)
        @settings(
            max_examples=min(1000, count - turn), deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(made=strategy)
        def run(made: Any) -> None:
            told.tried += 1
            began = time.thread_time()
            try:
                check(made)
            except Exception:
                told.raised += 1
                told.note(f"{made!r}\n{traceback.format_exc()[-900:]}")
            if time.thread_time() - began > LIMIT_SECONDS:
                told.slow += 1
                told.note(f"slow: {made!r}")

        run()
    return told
