"""Who wrote it, who sent it, who printed it: bylines, datelines and sources told apart from the text.

In: a line or a paragraph. Out: `Credit`s, with the spans they stand at. Reporters and correspondents make a byline; editors,
proof-readers and designers are left out; （据新华社电） and 新华社北京11月2日电 are datelines; 来源：… is the publisher.
It judges form only (labels, names, brackets) and takes nothing that holds a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Part = Literal["byline", "dateline", "publisher", "dropped"]

_HAN = "\u4e00-\u9fff"
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟黄穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒"
    "屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房裘缪干解应宗丁宣邓郁单杭洪包诸左"
    "石崔吉钮龚程邢裴陆荣翁荀羊甄曲封储靳段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾甘厉戎祖武符刘景詹束龙叶幸司韶黎"
    "蓟薄印宿白怀蒲索赖卓蔺屠蒙池乔阴闻莘党翟谭贡劳姬申扶冉宰雍璩桑桂濮牛寿边扈燕冀郏浦尚农温别庄晏柴瞿阎连习容向古易慎戈廖"
    "庾终衡步都耿满弘匡国文寇广东欧沃利蔚越隆师巩聂晁敖冷辛那简饶空曾沙养鞠丰关游竺权盖益桓公肖闫付代邸涂覃占岳练亢尧仝苑闻"
)
_ROLE = re.compile(
    r"(?:见习|实习|首席|资深|高级|特约|特派|全媒体|融媒体|总台|央视|本报|本网|视频|摄影)*记者|特约通讯员|通讯员|实习生|撰稿人?|撰文|采写"
    r"|作者|文字|文/图|图/文|供稿"
)
_NAME = re.compile(rf"[{_HAN}]{{2,4}}|[{_HAN}]\s[{_HAN}]|[{_HAN}]{{1,8}}·[{_HAN}]{{1,8}}|[A-Za-z][A-Za-z. ]{{1,20}}")
_OUTLET = re.compile(
    r"(?:报|网|社|台|新闻|时刻|客户端|在线|频道|媒体|日报|晚报|视频|融媒|杂志|周刊|电视|广播|中心|集团|广电|参考|观察|财经|发布)$"
)
_EDITOR = (
    "责任编辑|图片编辑|文字编辑|视频编辑|新媒体编辑|编辑|责编|美编|责任校对|校对|校审|审核|审读|审校|审签|编审|终审|初审|复审|一审|二审|三审"
    "|监制|总监制|策划|统筹|主编|执行主编|栏目主编|总编辑|值班总编|值班主任|排版|版式|制图|制作|出品|出品人|签发|剪辑|配音|运营"
    "|供图|题图来源|题图|图片来源|图源|图片|漫画|海报|视频来源"
)
_EDITOR_LINE = re.compile(rf"(?:{_EDITOR})(?:[/、·](?:{_EDITOR}))*\s*(?:[:：|｜︱丨/]|\s+(?=\S))")
_EDITOR_TAIL = re.compile(
    rf"\s*(?:[（(【\[]\s?(?:{_EDITOR})(?:/(?:{_EDITOR}))?\s?[:：|｜/\s][^（）()【】\[\]。！？]{{1,40}}[）)】\]]"
    rf"|(?<=[。！？!?.”」）)\s])(?:{_EDITOR})\s?[:：]\s?[^。！？，,]{{1,40}})\s*$"
)
_SOURCE = re.compile(
    r"[【\[]?(?:本文|文章|信息|内容|稿件|案件|综合|新闻|资料|文字|图文)?(?:(?:来\s?源|转自|转载自|稿源)\s?(?P<mark>[:：|｜︱丨/]|】)|转自|转载自)\s*"
    r"(?P<name>[^。！？；]{0,60}?)[。\s]*$"
)
_TITLE_LINE = re.compile(r"[（(【]?(?:原标题|原题)\s?[:：]")
_WRAPPED = re.compile(
    r"[（(【\[](?P<inside>[^（）()【】\[\]]{1,80}(?:[（(][^（）()]{1,40}[）)][^（）()【】\[\]]{0,10})?)[）)】\]][。.]?$"
)
_AGENCY = (
    r"(?:据|综合|摘自|原载|转载自)\s?《?[^（）()《》，。；！？]{1,24}》?(?:\d{1,2}月\d{1,2}日)?(?:专?电|讯|消息|报道|稿|网|报|社|台|日报|晚报|》|等)"
    r"|新华社[^（）()，。；！？]{0,16}电|新华社|新华视点"
)
_AGENCY_LINE = re.compile(rf"(?:{_AGENCY})$")
_OPENING = re.compile(
    rf"(?P<dateline>【?(?:据新华社[{_HAN}\d]{{0,14}}电|本报讯|本网讯|本刊讯|本台消息"
    rf"|(?:本报|本网|新华社|中新社|中新网|中新财经|人民网|光明网|央视网|法治网|正义网)[^\s，。；！？（()）]{{0,16}}?"
    rf"(?:\d{{1,2}}月\d{{1,2}}日)?(?:专?电|讯|消息)"
    rf"|[{_HAN}A-Za-z·、+]{{2,18}}?(?:报|网|社|新闻|时刻|客户端|在线|视窗|电视台|融媒)(?:[（(][^（）()]{{2,12}}[）)])?"
    rf"[^\s，。；！？（()）]{{0,10}}?(?:\d{{1,2}}月\d{{1,2}}日)?(?:专?电|讯|消息))】?)"
    rf"(?P<gap>[\s:：]{{0,4}})(?P<byline>[（(][^（）()。]{{2,70}}[）)])?[\s:：]{{0,4}}"
)
_OPENING_BARE = re.compile(r"[（(](?P<inside>[^（）()。]{2,70})[）)]\s?")
_CLOSING = re.compile(r"\s*[（(【](?P<inside>[^（）()【】。！？]{1,70})[）)】]\s*$")
_PHOTO = re.compile(
    rf"(?:^|[\s。）)！？”]|(?=新华社发))(?P<credited>(?:(?:新华社|中新社|人民网|视觉中国|CFP|IC\s?photo)\s?(?:发|记者)?|[{_HAN}]{{0,8}}记者|通讯员|[■▲●]\s?)"
    rf"[/／（(\s]?\s?(?:(?:[{_HAN}]\s?){{1,4}}(?:[、\s]\s?(?:[{_HAN}]\s?){{2,4}}){{0,3}})?[）)]?\s?[/／]?\s?(?:摄影报道|摄影|摄|作|绘|图|漫画|制图))\s*$"
)
_BULLETS = " \t\u3000■□◆◇●○▲△▼▽◎※★☆|｜︱丨·•*—-:："
_DATE_LINE = re.compile(
    r"(?:发布时间[:：]\s?)?(?P<date>(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?)(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?$"
)


# What a credit cannot do without: cheap tests before the long expressions. Columns have many short lines.
_CREDIT_HINT = re.compile(
    "记者|通讯员|实习生|撰|采写|作者|文字|供稿|文/|图/|来|转|稿源|编|校|审|监制|策划|统筹|主|总|值班|排版|版式|制|出品|签发|剪辑|配音|运营|图|漫画|海报|视频"
    "|原标题|原题|据|综合|摘自|原载|新华|中新|完|摄|作|绘"
)
_OPENING_HINT = re.compile("[讯电]|消息|^[（(]")
_CLOSING_HINT = re.compile(r"[）)】\]摄作绘图画影道]\s*$|[编审校责][辑编核对][:：]|(?:监制|策划|主编|来源)[:：]")


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit: what it is and the characters it stands at, in the text it was found in."""

    part: Part
    start: int
    end: int


def read_credit_line(text: str) -> list[Credit] | None:
    """The credits of a line that holds nothing else; None for a line of text.

    `通讯员 王甲 记者 李乙` → byline; `来源： 某某日报` → publisher; `编辑：丁丙` → dropped; `（据新华社电）` → dateline.
    """
    if len(text) > 100 or not _CREDIT_HINT.search(text):
        return None
    low, high = _bare(text, 0, len(text))
    wrapped = _WRAPPED.match(text, low, high)
    if wrapped:
        low, high = _bare(text, *wrapped.span("inside"))
    inside = text[low:high]
    if not inside:
        return None
    if _TITLE_LINE.match(text):
        return [Credit("dropped", 0, len(text))]
    if wrapped and (_AGENCY_LINE.match(inside) or inside == "完"):
        return [Credit("dropped" if inside == "完" else "dateline", wrapped.start(), len(text.rstrip()))]
    editor = _EDITOR_LINE.match(inside)
    if editor and len(inside) <= 60 and not _sentence(inside):
        role = _ROLE.search(inside, editor.end())
        if role and looks_like_byline(inside[role.start() :]):
            return [Credit("byline", low + role.start(), high)]
        return [Credit("dropped", 0, len(text))]
    source = _SOURCE.match(inside)
    if (
        source
        and not _sentence(source["name"])
        and len(source["name"].split()) <= 5
        and (source["mark"] or len(source["name"]) <= 20)
    ):
        start, end = low + source.start("name"), low + source.end("name")
        role = _ROLE.search(text, start, end)
        if role and role.start() > start:
            return [Credit("publisher", start, _before(text, role.start())), Credit("byline", role.start(), end)]
        return [Credit("publisher", start, end)] if start < end else [Credit("dropped", 0, len(text))]
    photo = _PHOTO.fullmatch(text)
    if photo:
        return [Credit("byline", *photo.span("credited"))]
    role = _ROLE.search(inside)
    if role and role.start() <= 24:
        tail = re.search(rf"\s(?:[{_HAN}]{{2,10}})?(?:{_EDITOR})(?=[\s:：|])", inside)
        end = tail.start() if tail else len(inside)
        if looks_like_byline(inside[:end]):
            return [Credit("byline", low, low + end)]
    return None


def looks_like_byline(text: str) -> bool:
    """`某报记者 王甲 通讯员 李乙 丁丙`: role words, names, the name of a newspaper, and nothing else."""
    roles = list(_ROLE.finditer(text))
    if not roles or len(text) > 90 or _sentence(text):
        return False
    names = 0
    before = text[: roles[0].start()].strip(_BULLETS)
    if before and not (len(before) <= 20 and (_OUTLET.search(before) or not re.search(r"[，,]", before))):
        return False
    for index, role in enumerate(roles):
        end = roles[index + 1].start() if index + 1 < len(roles) else len(text)
        part = re.sub(
            r"(?:发自|报道于).{1,8}$|(?:综合|摄影)?报道$|文/图$|图/文$|摄影$", "", text[role.end() : end].strip()
        )
        glued = bool(part) and text[role.end()] not in " \t\u3000:：|｜︱丨/】、"
        tokens = [token for token in re.split(r"[\s、，,/|｜︱丨:：;；】【&和]+", part) if token]
        if len(tokens) > 14:
            return False
        for place, token in enumerate(tokens):
            if _OUTLET.search(token) and place:
                continue
            if len(token) == 1 and re.match(rf"[{_HAN}]", token):
                names += 1  # 李 娜, set wide
            elif _NAME.fullmatch(token) and (not glued or place or token[0] in _SURNAMES):
                names += 1
            elif place and len(token) <= 14 and _OUTLET.search(token[:-2] + token[-2:]):
                continue
            else:
                return False
    return names > 0


def read_opening(text: str) -> list[Credit]:
    """What stands before the first sentence: `新华社北京11月2日电（记者王甲）`, `本报讯 `, `（通讯员 王甲 记者 李乙）`."""
    if not _OPENING_HINT.search(text, 0, 200):
        return []
    bare = _OPENING_BARE.match(text)
    if bare and looks_like_byline(bare["inside"]):
        return [Credit("byline", *bare.span("inside")), Credit("dropped", 0, bare.end())]
    hit = _OPENING.match(text, 0, 200)
    if not hit:
        return []
    found = [Credit("dateline", *hit.span("dateline"))]
    dated = re.search(r"\d月|\d日", hit["dateline"]) is not None or hit["dateline"].startswith(
        ("据新华社", "本报", "本网", "本刊", "【")
    )
    if hit["byline"]:
        inside = hit["byline"][1:-1]
        if looks_like_byline(inside) or (dated and re.fullmatch(rf"[{_HAN}\s、·]{{2,40}}", inside)):
            return [
                *found,
                Credit("byline", hit.start("byline") + 1, hit.end("byline") - 1),
                Credit("dropped", 0, hit.end()),
            ]
        return [*found, Credit("dropped", 0, hit.end("dateline"))] if dated else []
    return [*found, Credit("dropped", 0, hit.end())] if dated and (hit["gap"] or "】" in hit["dateline"]) else []


def read_closing(text: str) -> list[Credit]:
    """What stands after the last sentence: `（记者 王甲）`, `（据新华社电）`, `（来源：某某日报）`, `【编辑:丁丙】`, `新华社发 王甲 作`."""
    low = max(0, len(text) - 120)
    tail = text[low:]
    if not _CLOSING_HINT.search(tail):
        return []
    hit = _EDITOR_TAIL.search(tail)
    if hit:
        return [Credit("dropped", low + hit.start(), len(text))]
    hit = _CLOSING.search(tail)
    if hit:
        inside, start = hit["inside"], low + hit.start("inside")
        whole = Credit("dropped", low + hit.start(), len(text))
        if _AGENCY_LINE.match(inside.strip()):
            return [Credit("dateline", start - 1, start + len(inside) + 1), whole]
        if inside.strip() == "完" or _TITLE_LINE.match(inside):
            return [whole]
        credits = read_credit_line(inside)
        if credits and all(credit.part != "dateline" for credit in credits):
            return [*(Credit(c.part, start + c.start, start + c.end) for c in credits if c.part != "dropped"), whole]
    hit = _PHOTO.search(tail)
    if hit:
        return [
            Credit("byline", low + hit.start("credited"), low + hit.end("credited")),
            Credit("dropped", low + hit.start("credited"), len(text)),
        ]
    return []


def read_date_line(text: str) -> str:
    """The ISO date of a line that holds a date of publication and nothing else, else ""."""
    hit = _DATE_LINE.match(text.strip()) if len(text) <= 40 else None
    if not hit:
        return ""
    year, month, day = re.findall(r"\d+", hit["date"])[:3]
    return f"{year}-{int(month):02}-{int(day):02}" if 1 <= int(month) <= 12 and 1 <= int(day) <= 31 else ""


def _bare(text: str, low: int, high: int) -> tuple[int, int]:
    while low < high and text[low] in _BULLETS:
        low += 1
    while low < high and text[high - 1] in _BULLETS:
        high -= 1
    return low, high


def _before(text: str, end: int) -> int:
    while end > 0 and text[end - 1] in _BULLETS + "（(，, ":
        end -= 1
    return end


def _sentence(text: str) -> bool:
    return re.search(r"[。！？!?…]\s*\S", text) is not None
