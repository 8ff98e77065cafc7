"""What a page says about itself and not about the world: prompts to scan, swipe, subscribe, play, share.

In: the lines of a page, markers already out. Out: the lines that belong to the text. A line goes only when all of it is such a
prompt; the tail of a page goes from a sure sign of the reader's interface on when no sentence follows it.
"""

from __future__ import annotations

import re

from nlp.aligned import Aligned
from nlp.markup import Line

_WHOLE = re.compile(
    r"(?:"
    r"(?:点击|轻触|戳)(?:上方|下方|左下角|右下角|右上角|文末|标题下方|下图|图片|这里|蓝字|蓝色字|下方卡片)"
    r"(?![^。；]{0,20}链接)[^。；]{0,20}(?:关注|订阅|了解|查看|阅读|报名|购买|星标|蓝字|收听|观看)[^。；]{0,20}"
    r"|(?:长按|扫码|扫一扫|扫描|识别)[^。；，]{0,16}(?:关注|订阅)[^。；，]{0,20}"
    r"|(?:欢迎|敬请|快来|记得)[^。；，]{0,8}(?:关注|订阅|星标|投稿)[^。；]{0,40}|关注(?:我们|公众号|本号)[^。；]{0,30}"
    r"|预览时标签不可点|(?:轻触)?阅读原文|(?:继续|向上|向下)滑动看下一个|(?:←|→|<|>)?\s?向[左右]滑动[^。；]{0,40}|上下滑动[^。；]{0,20}"
    r"|微信扫一扫|关注该公众号|查看原文|展开全文|返回搜狐.{0,8}|平台声明"
    r"|邮发代号[:：]?\s?[\d\-—]+|(?:国内)?统一刊号.{0,40}|CN\d\d-\d{4}.{0,12}"
    r"|(?:[^。；，]{0,6})?(?:征订|订阅|订报|报料|爆料|投稿|广告|发行|新闻)(?:热线|电话|邮箱|咨询)[:：\s]?[^。；]{0,60}"
    r"|原文(?:链接|地址|网址)?[:：]\s?[\[(]?(?:https?:|mp\.weixin|`|www\.)[!-~]*|https?://[!-~]+|mp\.weixin\.qq\.com/[!-~]+"
    r"|重播|暂停|播放|直播|倍速|全屏|(?:进入|退出)全屏|点击按住可拖动视频|\d{1,2}:\d{2}(?:\s?/\s?\d{1,2}:\d{2})?|您的浏览器不支持.{0,30}|视频加载.{0,20}"
    r"|正文共[:：]?\s?\d+\s?字.{0,20}|全文(?:共|约)\d+字.{0,20}|预计阅读.{0,20}|ID[:：]\s?\w{2,20}|(?:微信)?公众号[:：|｜]\s?\S{2,20}"
    r"|[（(]?下载[^。；，]{2,12}[，,][^。；]{0,10}有奖.{0,4}"
    r"|(?:点赞|转发|分享|在看|收藏|关注|星标|评论|三连)(?:[、+＋&\s和]{1,3}(?:点赞|转发|分享|在看|收藏|关注|星标|评论|三连)){1,5}[！!~～]{0,3}"
    r"|[-—·～~\s]{0,8}(?:THE\s)?END[-—·～~\s]{0,8}|[-—]*\s?(?:正文|全文)?完\s?[-—]*"
    r"|上一[页篇]|下一[页篇]|首页|末页|尾页|\d{1,6}\s?(?:评论|阅读|次浏览)|(?:阅读|浏览|点击)(?:量|数|次数)?[:：]?\s?\d+"
    r"|(?:免责|版权|特别|郑重|平台)?声明[:：].{0,300}|本文素材来自网络.{0,80}|(?:以上|本)文章?[^。]{0,20}(?:仅代表作者|不代表本)[^。]{0,60}。?"
    r")"
)
# A line that can only be one of these begins or holds one of these characters: a cheap test before the long expression.
_HINT = re.compile(
    "扫|按|滑动|阅读|订|关注|点击|轻触|戳|原文|邮发|刊号|热线|电话|邮箱|链接|http|重播|暂停|播放|直播|全屏|视频|:|：|公众号|下载|转发|分享|在看|收藏|点赞"
    "|END|完|页|篇|评论|浏览|声明|本文|文章|欢迎|敬请|CN|浏览器|正文|全文"
)
_WORD = re.compile(r"[^\W_]")
_INTERFACE = re.compile(r"预览时标签不可点|(?:继续|向上|向下)滑动看下一个|微信扫一扫|轻触阅读原文|阅读原文")
_MORE = re.compile(
    r"(?:往期|推荐|相关|延伸|精彩|热门|热点|更多)(?:回顾|推荐|精彩|阅读|文章|新闻|内容|链接|报道)[^。]{0,10}$"
    r"|猜你喜欢|大家都在看|你可能(?:还)?(?:喜欢|感兴趣)"
)
_SENTENCE = re.compile(r"[^。！？!?；，、：\s]{4}[。！？!?；]")
_EMBEDDED = re.compile(
    r"扫码订阅《[^《》]{1,20}》|邮发代号[:：]?\s?\d{1,3}[-—]\d{1,4}|征订热线[:：]?\s?\d{3,4}-?\d{7,8}"
    r"|←\s?向[左右]滑动[^→。]{0,40}→|点击(?:上方|下方|左下角)[\s\\\"“”'‘’「」]{0,8}[^。，；“”\"\s]{0,20}[\s\\\"“”'‘’「」]{0,8}关注(?:我们)?"
    r"|原文：\[?`?(?:https?://)?mp\.weixin\.qq\.com/[^\s`\]]{0,1000}`?\]?"
)
_EMBEDDED_HINT = re.compile("扫码订阅|邮发代号|征订热线|向[左右]滑动|点击[上下左]|mp\\.weixin")


def strip_boilerplate(lines: list[Line]) -> list[Line]:
    """The lines that belong to the text, in order. Lines without a letter or digit (↓↓↓, ----, ▼) go as well."""
    kept: list[Line] = []
    end = _interface_tail(lines)
    for line in lines[:end]:
        text = line.text
        if len(text) <= 320:
            if not _WORD.search(text) or (_HINT.search(text) and _WHOLE.fullmatch(text)):
                continue
            if len(text) == 1 and (text.isdigit() or text == "×"):
                continue
        if _EMBEDDED_HINT.search(text):
            line.aligned = line.aligned.drop([hit.span() for hit in _EMBEDDED.finditer(text)]).strip()
            if not line.aligned.text:
                continue
        kept.append(line)
    return kept


def _interface_tail(lines: list[Line]) -> int:
    """Index of the first line of the reader's interface or of links to other articles after the text; len(lines) without one."""
    end = len(lines)
    sentences = [len(line.text) >= 30 and _SENTENCE.search(line.text) is not None for line in lines]
    last = max((index for index, yes in enumerate(sentences) if yes), default=-1)
    for index in range(last + 1, len(lines)):
        text = lines[index].text
        if len(text) <= 40 and (_INTERFACE.match(text) or _MORE.match(text)):
            end = index
            break
    return end


def cut_embedded_tail(aligned: Aligned) -> Aligned:
    """Without the reader's interface at the end of a line that has swallowed it (a page whose line breaks were lost)."""
    text = aligned.text
    if len(text) < 40:
        return aligned
    hits = list(_INTERFACE.finditer(text, max(0, len(text) - 600)))
    # One such phrase may be the text's own (通过微信扫一扫付款); the interface has several.
    if len({hit.group() for hit in hits}) < 2:
        return aligned
    return aligned.cut(0, hits[0].start()).strip()
