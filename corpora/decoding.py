"""Bytes to text. In: bytes of one text, and the encoding that an envelope declares. Out: the text and what was done to it.

Steps: byte order mark → declared encoding → UTF-8 → nearly UTF-8 (bad bytes replaced) → a scored trial of the others.
It refuses nothing but bytes that are no text. Text that was decoded wrongly before we got it is `corpora.mojibake`'s work.

Why our own trial: charset-normalizer needs some hundred characters before it tells GB18030 from Big5 or a Korean code page,
and complaints have forty. Only four encodings besides UTF-8 occur in our field, and nearly every byte pair is valid in
two of them, so validity decides nothing: what decides is whether the characters that come out are ones that people use.
`python -m pytest tests/test_corpora_decoding.py -k share` measures it on invented sentences.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cache

from nlp.errors import InputError

# The three hundred odd characters that make up half of Chinese running text (simplified first, then the traditional
# forms of them and the Cantonese function words), and those that scam reports are full of.
_FREQUENT = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都"
    "同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由"
    "问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论"
    "处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治"
    "展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导"
    "争运诈骗警钱款转账银卡微网络投诉元案害局侦嫌犯罪冒充客服贷刷单返购购买货付号码验证址链软注册群友裸聊投注充值提现派所县省村街镇先士损失约称"
    "這個們來為國說時會對過發後裡裏種經麼學動點開長無與業關將兩間問應戰頭體見產從實還進樣當現沒給門場員讓認條係氣題變總電數報結務計買賣貨幣"
    "資統區隊決馬書聽卻達強難權設記類據邊張該規萬覺術領確傳師觀識帶導爭運詐騙錢轉帳賬銀網絡訴嫌罪貸單購號碼驗證鏈註冊友損約稱處幾於請並"
    "嘅咗喺佢哋嚟啲冇唔嘢睇俾咁"
)
_PUNCTUATION = "，。、；：？！“”‘’（）《》【】「」『』…—·％　＋－～"
_OUR_ENCODINGS = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
# What envelopes call them → the superset that is really used (a page that says gb2312 is GBK with euro signs).
_DECLARED = {
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "x-gbk": "gb18030",
    "hz": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs", "x-x-big5": "big5hkscs", "utf8": "utf-8",
    "unicode": "utf-16", "ascii": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "", "latin-1": "", "windows-1252": "",
}  # fmt: skip
_USUAL_NAMES = {"big5hkscs": "big5"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
_HIGH = re.compile(rb"[\x80-\xff]")

# The trial looks at this many bytes: enough to be sure, quick on a 10 MB page.
TRIAL_BYTES = 20_000
# Below this mean weight the winner is no Chinese: random bytes score −0.4 and less, the shortest real phrases 0.5.
ACCEPTED_SCORE = 0.15
# Of the non-ASCII bytes of a damaged UTF-8 text, those in whole three-byte characters. GBK read as UTF-8: 0.0–0.2.
NEARLY_UTF8 = 0.7
# Control characters a damaged text may hold; a picture or program has over 0.05.
CONTROL_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the encoding it was in; `repaired` says in Chinese what had to be replaced, "" if nothing."""

    text: str
    encoding: str
    repaired: str = ""


def decode(data: bytes, declared: str = "", *, where: str = "") -> Decoded:
    """The text of `data`, without byte order mark; raises InputError when it is no text.

    Steps: 1 mark, 2 declared, 3 strict UTF-8, 4 nearly UTF-8, 5 trial of GB18030, Big5, UTF-16, 6 Western single bytes.
    """
    # 1. A byte order mark decides.
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _finish(*_replacing(data[len(mark) :], encoding), where)
    # 2. A declaration counts only if every byte agrees: pages lie often.
    if declared:
        usual = declared.strip().strip("\"'").lower()
        usual = _DECLARED.get(usual, usual)
        text = _strict(data, usual) if usual else None
        if text is not None and b"\x00" not in data and _plausible(text, usual):
            return _finish(text, usual, "", where)
    # 3. Strict UTF-8 is never an accident beyond a few bytes. NUL bytes point to UTF-16 of mostly ASCII.
    nuls = data.count(0)
    if nuls * 20 < len(data):
        text = _strict(data, "utf-8")
        if text is not None:
            return _finish(text, "utf-8", "", where)
        # 4. Some bytes broken inside good UTF-8: a cut download, two files joined.
        text = data.decode("utf-8", errors="replace")
        high = len(_HIGH.findall(data))
        good = sum(3 for character in text if character >= "\u2000" and character != "\ufffd")
        if high and good >= NEARLY_UTF8 * high:
            return _finish(*_replacing(data, "utf-8"), where)
    # 5. The trial.
    encoding, score = best_encoding(data)
    if score >= ACCEPTED_SCORE:
        return _finish(*_replacing(data, encoding), where)
    # 6. A Western text with a few typographic bytes (’ é €) among ASCII.
    high = len(_HIGH.findall(data))
    if nuls == 0 and high * 5 <= len(data) and (text := _strict(data, "cp1252")) is not None:
        return _finish(text, "cp1252", "", where)
    raise _no_text(where)


def best_encoding(data: bytes) -> tuple[str, float]:
    """The encoding of our four whose reading of the first 20,000 bytes looks most like Chinese, and its mean weight."""
    sample = data[:TRIAL_BYTES]
    scores = []
    for encoding in _OUR_ENCODINGS:
        if encoding.startswith("utf-16") and len(data) % 2:
            continue
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        scores.append((chinese_score(decoder.decode(sample, final=len(sample) == len(data)), encoding), encoding))
    score, encoding = max(scores, key=lambda pair: pair[0])
    return encoding, score


def chinese_score(text: str, encoding: str = "") -> float:
    """Mean weight of the non-ASCII characters of `text`, −3..1: how much it looks like Chinese that people write.

    1 for the most frequent characters and Chinese punctuation, 0.4 for the first level of the encoding's own standard
    (3,755 of GB 2312, 5,401 of Big5: sorted by use when they were made), −0.3 for rarer ones, −3 for what cannot be.
    """
    weights = _weights("big5hkscs" if encoding == "big5hkscs" else "gb18030")
    total, count = 0.0, 0
    for character in text:
        if character >= "\x80":
            count += 1
            weight = weights.get(character)
            total += _weight(character) if weight is None else weight
        elif character < " " and character not in "\t\n\r\f\v":
            count += 1
            total -= 3
    if not count:  # ASCII read as UTF-16 or the like
        return 0.5 if text else -3.0
    return total / count


def _weight(character: str) -> float:
    """The weight of a character outside the tables."""
    point = ord(character)
    if 0x4E00 <= point <= 0x9FFF:
        return -0.3
    if 0x3400 <= point <= 0x4DBF or 0x20000 <= point <= 0x3134F:
        return -1.0
    if 0x2000 <= point <= 0x206F or 0x3000 <= point <= 0x303F or 0xFF01 <= point <= 0xFF5E:
        return 0.2
    if 0x1F000 <= point <= 0x1FAFF or 0x2190 <= point <= 0x27BF:
        return 0.0
    return -3.0 if point == 0xFFFD or 0xE000 <= point <= 0xF8FF or 0x80 <= point < 0xA0 else -1.0


@cache
def _weights(encoding: str) -> dict[str, float]:
    """Character → weight for the readings of one family. Built once from the code tables that Python carries."""
    table: dict[str, float] = {}
    leads, trails = (range(0xB0, 0xD8), range(0xA1, 0xFF))
    codec = "gb2312"
    if encoding == "big5hkscs":
        leads, trails, codec = range(0xA4, 0xC7), range(0x40, 0xFF), "big5"
    for lead in leads:
        for trail in trails:
            character = bytes((lead, trail)).decode(codec, errors="ignore")
            if len(character) == 1 and "\u4e00" <= character <= "\u9fff":
                table[character] = 0.4
    table.update(dict.fromkeys(_FREQUENT + _PUNCTUATION, 1.0))
    return table


def _strict(data: bytes, encoding: str) -> str | None:
    """The text if every byte is valid, else None; also None for an encoding Python does not know."""
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError, ValueError):
        return None


def _plausible(text: str, encoding: str) -> bool:
    """Whether a declared multi-byte encoding gave Chinese; true of UTF-8, where validity is proof enough."""
    return encoding == "utf-8" or chinese_score(text[:2000], encoding) >= ACCEPTED_SCORE


def _replacing(data: bytes, encoding: str) -> tuple[str, str, str]:
    """Text, encoding, repair note; invalid bytes become U+FFFD."""
    text = data.decode(encoding, errors="replace")
    lost = text.count("\ufffd") - (data.count(b"\xef\xbf\xbd") if encoding == "utf-8" else 0)
    return text, encoding, f"{lost} 处无效字节以 U+FFFD 代替" if lost > 0 else ""


def _finish(text: str, encoding: str, repaired: str, where: str) -> Decoded:
    """Refuse what is full of control characters; single ones become spaces (databases take no NUL)."""
    controls = len(_CONTROLS.findall(text))
    if controls:
        if controls > CONTROL_SHARE * len(text):
            raise _no_text(where)
        text = _CONTROLS.sub(" ", text)
        repaired = "；".join(part for part in (repaired, f"{controls} 个控制字符以空格代替") if part)
    return Decoded(text, _USUAL_NAMES.get(encoding, encoding), repaired)


def _no_text(where: str) -> InputError:
    return InputError(
        "不是文本（二进制内容或无法识别的编码）",
        where=where,
        expected="UTF-8、GB18030、Big5 或 UTF-16 编码的文本",
        advice="请用正确的扩展名保存，或另存为 UTF-8 文本",
    )
