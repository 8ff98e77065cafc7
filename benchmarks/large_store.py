"""A store of very many invented incidents, as the resolver would leave it: rows with evidence, places, words, daily totals.

In: an open store, a number. Out: that many incidents, missing ones added to those that are there. Shared by the benchmarks that ask
large stores. It writes what `serving.incidents` writes, many rows at a time; no documents stand behind the evidence.

A few thousand stories are made in full (records of `nlp`, dumped as the store dumps them); each incident is one of them under its own
id, day, sum and name, so a million take minutes and not hours. Words of the parts are cut once (the cuts at the seams are our own).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from nlp import taxonomy
from nlp.divisions.table import table
from nlp.incident import Evidence, Fact, Incident, Source, Total
from nlp.records import Amount, Organisation, PersonName, Place
from nlp.segment import tokens
from serving import statistics
from serving.store import Store, shapes
from serving.store.incident_index import ANALYST, READER, facets, vector_facets
from serving.store.search import letters, paired
from serving.store.tables import Counter, IncidentRow

CHUNK = 5000
STORIES = 4000
# Sizes of clusters in news_toutiao (see benchmarks.resolve_growth): five in six alone.
CLUSTERS = (1,) * 83 + (2,) * 11 + (3,) * 4 + (6, 9)
_WHO = (
    "一居民",
    "一名大学生",
    "一名退休教师",
    "一名会计",
    "李某",
    "一位宝妈",
    "一公司出纳",
    "市民王女士",
    "一名外卖员",
    "多名老人",
)
_METHODS = (
    "网上兼职刷单被骗", "被冒充客服者以退款为名骗走", "轻信网恋对象投资被骗", "接到冒充公检法的电话后转账", "购买虚假理财被骗",
    "办理网络贷款被收取解冻金", "游戏账号交易遭骗", "被假冒领导的微信好友骗走", "裸聊后遭敲诈勒索", "网购口罩未收到货被骗",
    "参加荐股群后投入虚假平台亏空", "以代办社保为由被骗取", "点击虚假机票改签短信后被盗刷", "租房时向假房东转账",
    "出借银行卡帮人跑分涉案", "相信内部彩票消息充值", "被以快递理赔为由诱导共享屏幕", "虚拟货币搬砖被卷走",
)  # fmt: skip
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林", "伟芳娜敏静丽强磊洋艳勇军杰娟涛明超霞平刚桂英华玲红文建国"
_ID, _TITLE, _DAY, _SUM, _FEN = "§id§", "§title§", "§day§", "§sum§", "§fen§"
_COLUMNS = (
    "id", "revision", "sequence", "label", "title", "summary", "status", "basis", "tlp", "reviewed", "public", "loss_min_fen", "loss_max_fen",
    "sum_max_fen", "first_date", "last_date", "published_last", "sources", "place_code", "data", "withdrawn", "created_at", "revised_at",
    "reader_sequence", "reader_revision", "reader_created_at", "reader_revised_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """One told case with holes: columns that do not vary, its title, data as JSON, and the words it is found by."""

    label: str
    code: str
    codes: tuple[str, ...]
    status: str
    basis: str
    sources: int
    title: str
    data: str
    text: str
    words: tuple[str, ...]


def fill(store: Store, number: int, *, words: bool = True, tell: Callable[[str], None] = lambda _line: None) -> int:
    """Bring the store to `number` incidents; how many were added. words: index them, too (the longer half of the work)."""
    with store.reading() as session:
        there = session.scalar(sa.select(sa.func.count()).select_from(IncidentRow)) or 0
    if there >= number:
        return 0
    dice = random.Random(20261122)
    told = list(_stories(dice))
    dice.seed(there)  # a store that is added to is not the same again
    began = time.monotonic()
    with store.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        write = _write_sqlite if store.is_sqlite else _write_postgres
        for start in range(there, number, CHUNK):
            rows = [
                _row(at, number, told[dice.randrange(STORIES)], dice) for at in range(start, min(start + CHUNK, number))
            ]
            indexed = [_indexed(*row) for row in rows] if words else []
            write(raw, [row for row, _ in rows], [story for _, story in rows], indexed)
            with store.writing() as session:
                statistics.keep_many(session, [(None, _facets(row)) for row, _ in rows])
                last = rows[-1][0]["sequence"]
                session.execute(sa.update(Counter).where(Counter.name == "sequence").values(value=last))
            if start // CHUNK % 10 == 9:
                tell(f"{start + CHUNK:,} / {number:,}，{time.monotonic() - began:.0f} s")
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As any server does by itself; SQLite at `PRAGMA optimize`.
        connection.exec_driver_sql("ANALYZE" if store.is_sqlite else "VACUUM (ANALYZE)")
    return number - there


def _stories(dice: random.Random) -> Iterator[Story]:
    """Each with a county of its own choice, one method, as many sources as news have."""
    labels = [label.id for label in taxonomy.load().labels]
    weights = [1 / (rank + 1) for rank in range(len(labels))]  # a few types are most of it
    counties = [division for division in table().current.values() if division.level == "county"]
    for number in range(STORIES):
        county, label = dice.choice(counties), dice.choices(labels, weights)[0]
        method, who, sources = dice.choice(_METHODS), dice.choice(_WHO), dice.choice(CLUSTERS)
        title = f"{county.name}{who}{_DAY}{method}{_SUM}元"
        office = f"{county.name}公安局"
        suspect = f"{dice.choice(_SURNAMES)}某{dice.choice(_GIVEN)}"
        name = taxonomy.load().label(label).name
        quote = f"{office}通报，{_DAY}，辖区{who}{method}，分多次向对方账户转账共计{_SUM}元，警方立案侦查，抓获犯罪嫌疑人{suspect}等人。"
        evidence = [
            Evidence(
                f"d-{number:08x}{source:08x}",
                120 + 7 * source,
                127 + 7 * source,
                quote[source * 3 :],
                "rule:large_store",
                100,
            )
            for source in range(min(sources, 4))
        ]
        some = tuple(evidence)
        facts = (
            Fact("place", "scene", county.path, Place(county.path, county.code, "county"), 0.95, some, sources),
            Fact("amount", "loss", f"{_SUM}元", Amount(Decimal(7), Decimal(7), id="a1"), 0.9, some, sources),
            Fact("person", "suspect", suspect, PersonName(suspect), 0.9, some, sources),
            Fact("organisation", "police", office, Organisation(office, "police"), 0.9, some[:1], 1),
        )  # fmt: skip
        heads = tuple(
            Source(
                each.document_id,
                f"https://news.example/{number}/{at}.html",
                _TITLE,
                "某市晚报",
                f"https://news.example/{number}/{at}.html",
                _DAY,
            )
            for at, each in enumerate(evidence)
        )
        summary = f"{_DAY}，{county.path.replace('/', '')}{who}{method}{_SUM}元。"
        incident = Incident(
            _ID, label, _TITLE, summary, 0.9, dice.choice(("alleged", "detained", "convicted")),
            dice.choice(("published", "police", "court")), True, False, first_date=_DAY, last_date=_DAY, published=_DAY, facts=facts,
            totals=(Total("loss", Decimal(7), Decimal(7)),), tactics=("跑分",), sources=heads,
        )  # fmt: skip
        data = json.dumps(shapes.dump(incident) | {"names": {suspect: "suspect"}}, ensure_ascii=False)
        text = "\n".join((summary, name, "跑分", office, county.path))
        cut = tuple(dict.fromkeys(word for part in (title + text).split("§") for word in tokens(part) if letters(word)))
        codes = tuple(dict.fromkeys((county.code,) + ((dice.choice(counties).code,) if dice.random() < 0.2 else ())))
        yield Story(
            label, county.code, codes, incident.status, incident.basis, sources, title, data.replace('"7"', f'"{_FEN}"'), text, cut
        )  # fmt: skip


def _row(at: int, number: int, story: Story, dice: random.Random) -> tuple[dict[str, Any], Story]:
    """One incident: a story under its own id, day and sum; a fifth tells no day, a tenth no loss."""
    loss = round(10 ** dice.uniform(3, 7))
    day = f"20{dice.randrange(20, 27)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
    arrived = f"2026-{1 + at * 11 // number:02}-{1 + at * 308 // number % 28:02}T08:00:00.000Z"
    identity, told, dated = f"i-{at:016x}", dice.random() < 0.9, dice.random() < 0.8
    title = _told(story.title, day, loss)
    data = story.data.replace(_ID, identity).replace(_TITLE, title).replace(_FEN, str(loss))
    row = (
        identity, 1, at + 1, story.label, title, _told(story.text.split("\n", 1)[0], day, loss), story.status, story.basis, "clear", False,
        True, loss * 100 if told else None, loss * 100 if told else None, loss * 100 if told else None, day if dated else None,
        day if dated else None, day, story.sources, story.code, _told(data, day, loss), False, arrived, arrived, at + 1, 1, arrived, arrived,
    )  # fmt: skip
    return dict(zip(_COLUMNS, row, strict=True)), story


def _told(text: str, day: str, loss: int) -> str:
    return text.replace(_DAY, day).replace(_SUM, str(loss))


def _facets(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"published": row["published_last"]}


def _indexed(row: dict[str, Any], story: Story) -> tuple[int, str, str, list[str], str]:
    """Number, words, pairs, facets and letters of an incident, as `serving.store.incident_index` makes them of its text."""
    spelled = letters(row["title"]) + _letters_of(story.text)
    told = facets(row, story.codes, story.codes, (ANALYST, READER))
    return row["sequence"], " ".join(story.words), paired(spelled), told, spelled


@cache
def _letters_of(text: str) -> str:
    """Of a story's text without its day and sum: the same for all who tell it."""
    return letters(text.replace(_DAY, "").replace(_SUM, ""))


def _write_sqlite(raw: Any, rows: list[dict[str, Any]], stories: list[Story], indexed: list[tuple[Any, ...]]) -> None:
    raw.execute("PRAGMA cache_size = -400000")
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("BEGIN IMMEDIATE")
    marks = ", ".join("?" * len(_COLUMNS))
    raw.executemany(
        f"INSERT INTO incidents ({', '.join(_COLUMNS)}) VALUES ({marks})", [tuple(row.values()) for row in rows]
    )
    raw.executemany("INSERT INTO incident_places (code, incident_id, public) VALUES (?, ?, 1)", _places(rows, stories))
    raw.executemany(
        "INSERT INTO search_index_incidents (rowid, words, pairs, facets) VALUES (?, ?, ?, ?)",
        [(number, words, two, " ".join(told)) for number, words, two, told, _ in indexed],
    )
    raw.execute("COMMIT")


def _write_postgres(raw: Any, rows: list[dict[str, Any]], stories: list[Story], indexed: list[tuple[Any, ...]]) -> None:
    def vector(number: int, words: str, two: str, told: list[str]) -> str:
        lexemes = {f"={letters(word)}" for word in words.split()} | set(two.split()) | set(vector_facets(number, told))
        return " ".join("'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'" for lexeme in lexemes)

    with raw.cursor() as cursor:
        for statement, lines in (
            (f"COPY incidents ({', '.join(_COLUMNS)}) FROM STDIN", [tuple(row.values()) for row in rows]),
            ("COPY incident_places (code, incident_id) FROM STDIN", _places(rows, stories)),
            ("COPY incident_words (number, text, vector) FROM STDIN",
             [(number, text, vector(number, words, two, told)) for number, words, two, told, text in indexed]),
        ):  # fmt: skip
            with cursor.copy(statement) as copy:
                for line in lines:
                    copy.write_row(line)
    raw.commit()


def _places(rows: list[dict[str, Any]], stories: list[Story]) -> list[tuple[str, str]]:
    return [(code, row["id"]) for row, story in zip(rows, stories, strict=True) for code in story.codes]
