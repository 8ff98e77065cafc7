"""Which names of places stand for a place at all, and which of them can belong to a case.

In: folded text and the span of a name. Out: a verdict. A name inside a newspaper's, bank's, school's or product's name, in the
line of sources and editors, or inside a law's name tells where the text comes from, not where the case happened; it may
still decide what an ambiguous name means.
"""

from __future__ import annotations

import re

# Behind a name: who publishes, who sells, what is called so. 温州新闻网, 宁波银行, 贵州茅台, 四川话.
_MEDIA = re.compile(
    r"[省市县区]?(?:日报|晚报|早报|晨报|时报|商报|青年报|法治报|法制报|都市|新闻|电视|广播|融媒|发布|在线|头条|生活|身边|广电|卫视|台记者|客户端|"
    r"热线|报社|杂志|政法|网讯|讯|网(?!络|警|安|上|友|购|贷|民|店|站|点|吧|逃)|之声|观察|全媒|播报|传媒|共青团|微信|微博|微警务|"
    r"\d{1,2}月\d{1,2}日(?:电|讯|消息)|电[（(]|[，,]\d{4}年\d{1,2}月\d{1,2}日\n)"
)
_NAME_OF_SOMETHING = re.compile(
    r"[省市县区]?(?:[一-鿿]{0,4}(?:银行|农商|农信|证券|保险)|大学|师范|理工|学院|茅台|啤酒|现代|话(?!务|费)|菜|小吃|口音|方言|特产|"
    r"时间|股|移动|联通|电信(?!诈|网)|海关|烟(?!台)|酒|车牌|牌照|号段|号码|高铁|高速|公约|条约|精神|模式|奥运|冬奥|赛车|皇冠|娱乐城|指数|总统|"
    r"羽田|生产建设兵团|[省市]?[一-鿿]{0,8}(?:律师事务所|研究院|研究所))|[)）](?:有限|股份|科技|公司|被|提醒)"
)
# Advice to readers: 海口反诈中心提示, 三亚市警方提醒, 拨打南宁市反诈专线.
_ADVICE = re.compile(
    r"[省市县区]?(?:公安机关|公安局?|警方|网警|民警|反诈(?:骗)?(?:中心)?|反电信网络诈骗(?:犯罪)?中心|反电诈中心|检察院?|刑警|法院)"
    r"[一-鿿 ]{0,4}(?:提醒|提示|为您|专线|支招|郑重|温馨|微信|公众号|官方|官微|发布|告诉您|在线)"
)
_SOURCE_LINE = re.compile(
    r"(?:(?:^|\n)[ \t【\[（(]*|[ 　（(【。])"
    r"(?:来源|编辑|作者|责编|审核|校对|监制|供稿|投稿|出品|ID|本文来自|内容来源|素材来源|信息来源|资料来源|稿源|图源|图片|转自|转载|"
    r"综合自?|原标题|通讯员|责任编辑|供图|图/文|图文|文/|图/|总监|主编|制作|视频|统筹|值班|美编|记者)"
    r"[ ：:丨|｜/来自于【\[]{1,3}[^\n。，）)]{0,40}"
)
_UNREAL_BEFORE = re.compile(
    r"(?:(?:归属地|号码)?(?:显示)(?:为|是)?|(?:归属地|号码)(?:为|是)?|开往|驶往|飞往|拨打|大)$|(?:自称|冒充|谎称|假冒)[^，。；\n]{0,3}$"
)
_PUBLISHER_TAIL = re.compile(r"本文来自【[^】\n]{1,20}】[^\n]*|全国党媒信息[^\n]*|(?:免责声明|版权声明)[^\n]*")
_BEFORE = re.compile(r"(?:@|来源|直通车|平安|网警|《[^》\n]{0,12}|【|今日|文明|法治|大[^一-鿿])$")


def source_spans(folded: str) -> list[tuple[int, int]]:
    """Stretches that tell who wrote and printed the text: (start, end), sorted."""
    spans = [match.span() for match in _SOURCE_LINE.finditer(folded)]
    spans += [match.span() for match in _PUBLISHER_TAIL.finditer(folded)]
    return sorted(spans)


def is_publisher(folded: str, end: int) -> bool:
    """The name that ends at `end` begins the name of a newspaper, channel or account: 濮阳日报, 温州网讯."""
    return bool(_MEDIA.match(folded, end))


def is_name_of_something(folded: str, end: int) -> bool:
    """The name that ends at `end` begins the name of a bank, school, product or road: 宁波银行, 贵州茅台."""
    return bool(_NAME_OF_SOMETHING.match(folded, end))


def is_advice(folded: str, end: int) -> bool:
    """The name that ends at `end` begins a sender of advice: 三亚市警方提醒."""
    return bool(_ADVICE.match(folded, end))


def is_unreal(folded: str, start: int) -> bool:
    """The name is what a phone showed or where a train goes: 归属地为百色市."""
    return bool(_UNREAL_BEFORE.search(folded, max(0, start - 8), start))


def is_account(folded: str, start: int) -> bool:
    """The name that starts at `start` ends the name of an account or stands in a title: 平安海口, 《…》."""
    return bool(_BEFORE.search(folded, max(0, start - 14), start))
