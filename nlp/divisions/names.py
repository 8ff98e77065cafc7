"""How a division is called when it is not called by its full name: 广西壮族自治区 → 广西, 恩施土家族苗族自治州 → 恩施, 恩施州.

In: one official name. Out: its usual short forms. Knows nothing of codes; which short form is safe to read as a place in running
text is decided where text is read (`nlp.extract.places`).
"""

from __future__ import annotations

import re

# The character used for a province in lists and as a plate: 沪苏浙皖. Only read in lists of two or more.
PROVINCE_LETTER = {
    "京": "北京市", "津": "天津市", "冀": "河北省", "晋": "山西省", "蒙": "内蒙古自治区", "辽": "辽宁省", "吉": "吉林省",
    "黑": "黑龙江省", "沪": "上海市", "苏": "江苏省", "浙": "浙江省", "皖": "安徽省", "闽": "福建省", "赣": "江西省",
    "鲁": "山东省", "豫": "河南省", "鄂": "湖北省", "湘": "湖南省", "粤": "广东省", "桂": "广西壮族自治区", "琼": "海南省",
    "渝": "重庆市", "川": "四川省", "贵": "贵州省", "黔": "贵州省", "滇": "云南省", "云": "云南省", "藏": "西藏自治区",
    "陕": "陕西省", "甘": "甘肃省", "青": "青海省", "宁": "宁夏回族自治区", "新": "新疆维吾尔自治区",
}  # fmt: skip
PROVINCE_SHORT = {
    "内蒙古": "内蒙古自治区", "广西": "广西壮族自治区", "西藏": "西藏自治区", "宁夏": "宁夏回族自治区",
    "新疆": "新疆维吾尔自治区", "香港": "香港特别行政区", "澳门": "澳门特别行政区",
}  # fmt: skip

_PEOPLES = (
    "维吾尔|蒙古|回|藏|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔|"
    "仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|各"
)
_AUTONOMOUS = re.compile(rf"^(.{{2,}}?)(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜|锡伯|塔吉克)*自治([州县旗])$")
# 市辖 suffixes, longest first. 新区 is cut only where something is left: 浦东新区 → 浦东.
_SUFFIX = re.compile(r"^(.{2,}?)(?:地区|林区|矿区|新区|[省市区县盟旗州])$")
_TOWN_SUFFIX = re.compile(r"^(.{2,}?)(?:(?:(?:" + _PEOPLES + r")族|各族|蒙古|哈萨克)*乡|民族乡|镇|街道|苏木|地区)$")


def short_names(name: str) -> tuple[str, ...]:
    """The usual short forms of a province, city or county: 南阳市 → 南阳; 大厂回族自治县 → 大厂, 大厂县; 渠县 → nothing.

    A form shorter than two characters is never given: 渠 is no place in running text.
    """
    for short, full in PROVINCE_SHORT.items():
        if name == full:
            return (short, f"{short}省") if short == "内蒙古" else (short,)
    if match := _AUTONOMOUS.match(name):
        stem, suffix = match.groups()
        return (stem, stem + suffix)
    if name.endswith(("左旗", "右旗", "中旗", "前旗", "后旗", "联合旗")):
        return ()  # 左旗 is what tells 巴林左旗 from 巴林右旗
    match = _SUFFIX.match(name)
    return (match.group(1),) if match else ()


def town_short(name: str) -> str:
    """泗泾镇 → 泗泾; 苏木溪瑶族乡 → 苏木溪; "" where fewer than two characters are left."""
    if name.endswith("街道"):
        return name[:-2] if len(name) > 3 else ""
    if "族" in name or name.endswith(
        ("苏木", "地区")
    ):  # the rare forms; the plain ones are cut without a pattern, ten times faster
        match = _TOWN_SUFFIX.match(name)
        return match.group(1) if match else ""
    return name[:-1] if len(name) > 2 and name[-1] in "镇乡" else ""
