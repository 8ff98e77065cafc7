"""Is this somebody's own statement rather than something published? A private text must not reach readers unreviewed.

In: the text of a document that names no publisher, address or date of its own. Out: yes or no. When in doubt the answer is yes: a
report taken for a complaint waits for a person, a complaint taken for a report is out. The caller's `nature` overrides it.
"""

from __future__ import annotations

import re

HEAD = 600  # characters looked at from the beginning; forms and narrators show themselves there
# Headings of records and forms that authorities fill in: nobody publishes them as they are.
_FORM = re.compile(
    r"接处警|接警时间|报警时间|报警方式|报警人[：:（(]|询问笔录|讯问笔录|被询问人|受案登记|留言标题|留言内容|投诉人|被投诉|诉求内容|诉求[：:]"
    r"|来信人|信访事项|举报人|举报内容|工单(?:编号|内容)|受理编号|值班日志|事主[：:]"
)
_FIRST_PERSON = re.compile(r"我(?![国市县区省州院校局队社报台])")
# What stands in published texts and hardly in letters: bylines, sources, the police speaking to all.
_PUBLISHED = re.compile(
    r"记者|通讯员|本报|本网|来源[：:]|据.{1,10}(?:社|报|网)(?:电|讯|报道)|原标题|转自|公众号|警方提醒|民警提醒|警方提示|反诈(?:中心)?提醒|楼主|网友们|法院审理"
)
# How people write to an office.
_PETITION = re.compile(
    r"尊敬的|恳请|请求|本人|您好|你好|谢谢|特此反映|望(?:有关|相关|领导|贵)|(?:希望|请)(?:有关|相关|领导|政府|贵|予以|尽快|能|给)|请问|咨询|反映"
)
NARRATOR = 3  # 我 in the head; quoted victims in 1,595 news articles seldom say it so often before the reporter speaks


def sounds_private(text: str) -> bool:
    """Does the text read like a record, a form, or a first-person statement without any mark of publication?"""
    head = text[:HEAD]
    if _FORM.search(head[:300]):
        return True
    if _PUBLISHED.search(text[:3000]) or _PUBLISHED.search(text[-400:]):
        return False
    told, asked = len(_FIRST_PERSON.findall(head)), len(_PETITION.findall(text[:3000]))
    return told >= NARRATOR or (told >= 1 and asked >= 1) or asked >= 2
