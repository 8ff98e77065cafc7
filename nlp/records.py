"""The records that pass between the rooms. They carry data and no verbs; each verb is a module of its own.

Offsets are characters (Python str indices), end exclusive. A `Mention` counts them in the text it was found in: an article's
text while the article is being read, the document's text in everything `nlp.analyze` gives out.
Money is in units of its currency (yuan for CNY) as `Decimal`, exact to the fen. Times are ISO 8601, as precise as the text:
a month-day without a year is "--08-26". Places are paths of official names, "河南省/南阳市/邓州市", with the GB/T 2260 code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Kind = Literal["case", "advisory", "unrelated"]
Nature = Literal["published", "complaint"]
PersonRole = Literal["suspect", "victim", "official", "other"]
PlaceRole = Literal["scene", "victim_home", "suspect_home", "arrest", "handling_police", "other"]
AmountRole = Literal["loss", "gain", "flow", "recovered", "frozen", "payment", "price", "fine", "other"]
MentionKind = Literal[
    "place", "amount", "person", "organisation", "time", "count", "account", "contact", "platform", "outcome"
]


@dataclass(frozen=True, slots=True)
class Document:
    """One thing as received: a page, a newspaper page, a complaint.

    `text` is what every offset counts in: title + newline + text where the source gives a title of its own, else the text
    as decoded. `doc_id` is the file's name, its path relative to the folder that was read, or the row's own id.
    `sha256` is over the bytes received (for a row of a table: over its canonical JSON), so reading twice is harmless.
    """

    doc_id: str
    text: str
    title: str = ""
    form: str = "text"  # wechat_markdown, weixin_html, html, newspaper, pdf, email, docx, warc, json, table, text
    nature: Nature = "published"
    origin: str = ""  # path, URL, "stdin", "api"
    url: str = ""
    publisher: str = ""
    published: str = ""  # ISO 8601 date or date-time as the source gives it; anchors 去年, 今年, 昨日
    fetched: str = ""  # when it was crawled; never an anchor for relative times
    licence: str = ""
    encoding: str = ""
    sha256: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)  # external_id, columns of a complaint, mail headers


@dataclass(frozen=True, slots=True)
class Article:
    """One text cut out of a document and cleaned; `text` begins with the title and a newline where a title is known.

    `offsets[i]` is the place of `text[i]` in the document's text; a character that cleaning put in (a newline between
    pieces) has the place of the character before it. Pieces of a newspaper page can be out of the document's order, so
    offsets need not grow across a newline; within a line of `text` they always do.
    """

    doc_id: str
    index: int
    text: str
    offsets: tuple[int, ...]
    title: str = ""
    byline: str = ""  # 记者 张三 通讯员 李四
    dateline: str = ""  # （据新华社电）, 新华社北京11月2日电
    publisher: str = ""  # 来源：…
    published: str = ""  # the document's, or the article's own where it states one
    start: int = 0  # smallest document offset
    end: int = 0  # one past the largest
    byline_offsets: tuple[int, ...] = ()  # the place in the document of every character of `byline`


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money. Vague sums are ranges (rules: gold guide; 380多万 = 3800000..3900000)."""

    value_min: Decimal
    value_max: Decimal
    currency: str = "CNY"  # ISO 4217, or USDT, BTC, ETH …
    per: str = ""  # unit of a price: 条 in 1元/条
    id: str = ""  # "a1" … within an article
    part_of: str = ""  # id of the total this is a part of
    same_as: str = ""  # id of the first telling of the same sum


@dataclass(frozen=True, slots=True)
class Place:
    """A place, resolved as far as the document allows; empty `code` with `candidates` when it stays open."""

    region: str
    code: str = ""
    level: str = ""  # country, province, city, county, town, village, spot
    town_code: str = ""
    candidates: tuple[str, ...] = ()  # regions


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as it stands for a person: 陈某丰 (masked), 王女士 (titled), 贺明 (full), “豆豆” (alias)."""

    name: str
    form: str = "full"  # full, masked, titled, alias, foreign
    age: int | None = None
    gender: str = ""  # 男, 女
    origin: str = ""  # 重庆人
    relation: str = ""  # 队长, 研究员, 父亲


@dataclass(frozen=True, slots=True)
class Organisation:
    """A body: its name as written and its sort."""

    name: str
    sort: str = "other"  # police, court, procuratorate, government, bank, company, media, school, other


@dataclass(frozen=True, slots=True)
class Moment:
    """A time or a stretch of time. `end` equals `start` for a point; both "" for a bare duration, given in `duration`."""

    start: str
    end: str
    precision: str  # year, month, day, hour, minute, range, duration
    duration: str = ""  # ISO 8601, P3M


@dataclass(frozen=True, slots=True)
class Count:
    """How many of what, never money: 1.88万名群众 = 18800..18800 名 victims."""

    minimum: int
    maximum: int
    unit: str
    what: str = ""  # victims, suspects, accounts, cards, phones, records, cases, other


@dataclass(frozen=True, slots=True)
class Account:
    """An account or identity number, normalised. `valid` is the check digit's verdict, None where there is none."""

    number: str
    sort: str  # bank_card, id_number, wallet, payment
    valid: bool | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach somebody, normalised: 薇❤ abc_123 → wechat abc_123."""

    address: str
    sort: str  # phone, landline, wechat, qq, email, url, domain, telegram


@dataclass(frozen=True, slots=True)
class Platform:
    """An app, site, payment channel or service by its usual name: zfb → 支付宝."""

    name: str
    sort: str = "app"  # app, payment, social, shop, bank, site, other


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the law did: 刑事拘留, 有期徒刑两年."""

    sort: str  # detained, arrested, prosecuted, sentenced, fined, released
    charge: str = ""  # 侵犯公民个人信息罪
    months_min: int | None = None
    months_max: int | None = None


Value = Amount | Place | PersonName | Organisation | Moment | Count | Account | Contact | Platform | Outcome


@dataclass(frozen=True, slots=True)
class Mention:
    """A span that means something: what it is, its normalised value, its role, and who found it.

    `surface` is the text at start:end with line breaks taken out. `found_by` is "rule:NAME" or "model:VERSION".
    """

    kind: MentionKind
    start: int
    end: int
    surface: str
    value: Value
    role: str = ""
    confidence: float = 1.0
    found_by: str = ""


@dataclass(frozen=True, slots=True)
class TokenTag:
    """What the token head of a model says of characters start..end: kind "person" or "amount", its role, how probable it is.

    probability: of the role, among all roles of this kind, given that a mention stands there; the mean over its tokens.
    """

    start: int
    end: int
    kind: str
    role: str
    probability: float


@dataclass(frozen=True, slots=True)
class Person:
    """All mentions of one person inside one case, under the fullest name."""

    name: str
    role: PersonRole
    mentions: tuple[Mention, ...]
    age: int | None = None
    gender: str = ""
    origin: str = ""
    relation: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """One scam case told by one article. `start`/`end` bound the part of the text that tells it."""

    label: str
    summary: str
    start: int
    end: int
    confidence: float = 0.0
    places: tuple[Mention, ...] = ()
    amounts: tuple[Mention, ...] = ()
    persons: tuple[Person, ...] = ()
    organisations: tuple[Mention, ...] = ()
    times: tuple[Mention, ...] = ()
    accounts: tuple[Mention, ...] = ()
    contacts: tuple[Mention, ...] = ()
    platforms: tuple[Mention, ...] = ()
    counts: tuple[Mention, ...] = ()
    outcomes: tuple[Mention, ...] = ()
    tactics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a classifier says of one article. `label` is the best scam type even when the kind is unrelated."""

    kind: Kind
    kind_confidence: float
    label: str
    confidence: float
    labels: Mapping[str, float]  # id → probability, every label of the taxonomy but the empty one
    also: tuple[str, ...] = ()
    review: bool = False  # below the measured threshold: a person decides
    model: str = ""  # name and version of the model folder
    kinds: Mapping[str, float] = field(
        default_factory=dict
    )  # kind → probability; {} where a classifier gives only the best
    kind_threshold: float = 0.0  # a kind less probable than this goes to a person
    label_doubtful: bool = False  # the label alone would send it to a person


@dataclass(frozen=True, slots=True)
class Analysis:
    """One article read through: verdict, mentions, cases. All offsets are into the document's text."""

    title: str
    start: int
    end: int
    verdict: Verdict
    tactics: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    cases: tuple[Case, ...] = ()
    byline: str = ""
    dateline: str = ""
    publisher: str = ""
    published: str = ""
    perhaps: tuple[str, ...] = ()  # what may be somebody's name and is no mention: masked for readers, otherwise unused


@dataclass(frozen=True, slots=True)
class Reading:
    """One document read through."""

    doc_id: str
    analyses: tuple[Analysis, ...]
