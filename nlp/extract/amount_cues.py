"""Words that tell what a sum is. Data and one reader: in a stretch of text, out the cues in it with their places.

A cue is no role yet: 转账 is a payment where the victim pays, other where the caller only demands it. `amount_roles` weighs them. Each row has an
example that its pattern finds and a counter-example that it does not; a test runs over the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Cue:
    """A group of words with one meaning. `pattern` runs over folded text; the first row of the table that matches at a place wins."""

    name: str
    pattern: str
    example: str
    counter: str


# The order decides between rows that match at one place: longer and more special ones first.
CUES: tuple[Cue, ...] = (
    Cue("fine", r"罚金|罚款|重罚|单处|并处(?!理)|罚没", "并处罚金", "惩罚力度"),
    Cue(
        "illegal_gain",
        r"非法获利|违法所得|非法所得|非法牟利|从中(?:非法)?(?:获利|牟利|抽成)|不当收益|赃款所得|抽头渔利|非法收入",
        "非法获利",
        "收获",
    ),
    Cue(
        "prevent",
        r"劝阻|避免|保住|险些|差点|差一点|幸好|安然无恙|及时阻止|成功阻止|阻止|未造成|未转出|没被转|护住|守住|截住|拦下|止损|预警",
        "成功劝阻",
        "阻力",
    ),
    Cue("freeze", r"冻结(?!了?[其他她]的?账)|止付|拦截|查冻|紧急止付", "冻结资金", "解除"),
    Cue("unfreeze", r"解冻|解封|激活|认证|验证|验资|做流水|刷流水|流水不够|银行流水|包装流水", "解冻", "结冻"),
    Cue("seize", r"扣押|查扣|缴获|查获|查封|收缴|起获|搜出|缴获|扣缴", "扣押现金", "扣除"),
    Cue(
        "recover",
        r"追回|挽回|挽损|追缴|退赔|退赃|发还|如数|失而复得|追赃|返赃|归还|偿还|拿回|要回|找回|讨回|退出违法所得|物归原主",
        "追回被骗款",
        "追加",
    ),
    Cue(
        "involve",
        r"涉案|涉及(?:资金|金额|赃款|被骗)|涉嫌金额|案值|流水|交易额|成交额|成交|投注|资金往来|支付结算|结算|吸收|集资|敛财|赌资|资金池|经营额|销售额|销售金额|涉赌|转移资金|转移赃"
        r"|洗钱|洗白|非法经营|募集|集资款",
        "涉案金额",
        "涉水",
    ),
    Cue(
        "cheat",
        r"被?骗(?:走|取|得|了|去|光|到|钱|款|子?现金)|被诈骗?|诈骗(?!罪|案|分子|团伙|手|集|犯|类|信|短|网|警|窝|的?电话|行为|方式|套路|活动|平台|公司|组织|电)|诈取"
        r"|诈得|骗(?!子|局|术|人|案|贷|保|购|婚)",
        "被骗走",
        "骗子",
    ),
    Cue(
        "stolen",
        r"被盗|盗刷|盗走|盗取|盗窃|窃取|偷走|偷了|转走|划走|扣走|刷走|取走|卷走|提走|透支|刷掉|转移走|拿走|扣掉|被扣|消费了|侵占|侵吞|截留|挪用|骗刷|窃得|敲诈|勒索",
        "盗刷",
        "盗版",
    ),
    Cue(
        "loss",
        r"损失|亏损|亏了|亏掉|亏空|亏得|输了|输掉|输光|打水漂|打了水漂|血本无归|搭进|赔上|倒贴|赔进|赔光|赔了|少了|不见了|不翼而飞|没了|掏空|蒙受|落入骗子|拉黑|石沉大海|被掏|没有了|找不到",
        "损失",
        "损坏",
    ),
    Cue("limit", r"额度|可贷|放款|下款|批款|审批|授信|备用金|贷给|可借|额度为", "贷款额度", "额外"),
    Cue(
        "loans",
        r"贷款|借款|贷了|借了|借贷|网贷|贷出|借出|申请|借呗|微粒贷|花呗|借到|借钱|预支|网商贷|信用卡|白条|套现|欠款|欠了|欠下|还欠|外债|负债|贷得|贷到|贷",
        "贷款",
        "代价",
    ),
    Cue(
        "deposit",
        r"保证金|押金|定金|订金|手续费|解冻费|认证金|验证金|验证款|认证费|会员费|激活费|激活金|工本费|保险费|保险金|税款|税费|关税|诚意金|服务费|入会费|入门费|代理费|加盟费|报名费"
        r"|培训费|中介费|介绍费|运费|解封费|违约金|预付款|首付|货款|本金|材料费|好处费|疏通费|费用|学费|制作费|检测费|医药费|彩礼|路费|资料费|管理费|快递费",
        "保证金",
        "费劲",
    ),
    Cue(
        "wage",
        r"工资|月薪|日薪|底薪|薪水|薪酬|年薪|报酬|提成|佣金|酬劳|酬金|抽成|奖励|分成|工钱|时薪|日结|月入|日入|日赚|分红|居间费|红包|赏金",
        "佣金",
        "薪火",
    ),
    Cue(
        "price",
        r"售价|价格|标价|定价|单价|原价|成本|价值|市价|市值|卖|出售|售卖|报价|仅售|差价|打折|租金|价位|收费|转让|包邮|总价|进价|只要|只需|仅需|标注|出价|面值|市场价|批发价|零售价|代理价|买断",
        "售价",
        "评价",
    ),
    Cue(
        "claim",
        r"赔偿|理赔|赔付|补偿|退税|补贴|慈善款|奖金|可以?领取|领取|大奖|中奖|遗产|赔款|双倍|兑换|退款",
        "理赔款",
        "原理",
    ),
    Cue(
        "bait",
        r"返现|返还|返利|返款|返了|返本|退回|退还|返佣|到账|收到|返回|返给|入账|退给|转回|打回|回款|兑付|返",
        "返现",
        "归途",
    ),
    Cue(
        "earn",
        r"获利|盈利|赚了|赚到?|收益|利润|赢了|中了|回报|涨到|增值|营利|浮盈|翻倍|获得|盈余|纯利|挣了?|翻了",
        "盈利",
        "充盈",
    ),
    Cue("withdraw", r"提现|提取|取现|取出|取款|提出来|提了|取了|出金|提款|转出", "提现", "提示"),
    Cue(
        "balance",
        r"余额|显示|账[户号][里上内中]|卡[里上内中]|只剩|仅剩|剩下|剩余|存款|积蓄|户头|全部身家|所有的?钱|资产|本息|理财|工资卡|养老钱|钱包|屏幕",
        "账户余额",
        "余地",
    ),
    Cue(
        "transfer",
        r"转账|转帐|汇款|打款|转了|转去|转给|转入|转到|转过去|汇了|汇去|汇入|汇给|汇出|汇至|打了|打给|打到|打入|转款|付款|支付|付了|付给|交了|交给|缴纳|交纳|缴费|缴了|扫码|转至"
        r"|付|转|汇|打过去|给了|交",
        "转账",
        "改变",
    ),
    Cue(
        "top_up",
        r"充值|充了|充进|入金|投入|投了|投资|投进|追加|加仓|注资|存入|存了|预存|加大|下注|押注|押了|注入|充|投",
        "充值",
        "补水",
    ),
    Cue(
        "buy",
        r"购买|下单|买了|花了|花费|拍下|订购|认购|买下|支出|消费|购得|刷了|刷单|刷|垫付|垫资|做单|任务|抢单|订单|买|花",
        "购买",
        "采取",
    ),
    Cue(
        "demand",
        r"要求|需要?|须|必须|还要|再交|得先|提出|再次|继续|诱导|让[他她其我]|让|要|应|请|必要|才能|才可|只有|否则|如果|若|称|表示|告知|承诺|宣称|声称|要不|可以|可|能",
        "要求转账",
        "主张",
    ),
    Cue(
        "total",
        r"共计|总计|合计|累计|一共|总共|总额|总金额|共|达到?|多达|最终|全部|总|先后|陆续|分多次|多次|合人民币|前后",
        "共计",
        "公众",
    ),
    Cue(
        "each",
        r"每|各|第[一二三四五六七八九十1-9]{1,2}[笔次单]|分别|首次|首笔|单笔|一笔|其中|第一单|两笔|另一笔|再次|分[一二三四五六七八九十1-9]{1,2}[次笔]",
        "每单",
        "美单",
    ),
    Cue(
        "complied",
        r"照做|照办|按照|按其|按要求|信以为真|立即|立刻|马上|没有多想|没多想|深信|于是|随即|不疑|遂|便|同意|答应|只好|成功|完成",
        "信以为真",
        "疑问",
    ),
    Cue(
        "realised",
        r"意识到|察觉|觉得不对|不对劲|起疑|怀疑|醒悟|发觉|发现被|报警|报案|求助|失联|联系不上|无法提现|不能提现|无法联系|无法登录",
        "意识到被骗",
        "意外",
    ),
    Cue("not_done", r"没有|未|不愿|拒绝|不再|幸亏|不成|不死心|正准备|准备|打算|欲|将要|想要", "没有转账", "没落"),
    Cue("official", r"民警|警方|公安|派出所|检察|法院|专案组|反诈|警察|嫌疑人|团伙|抓获|落网|被告人", "民警", "居民"),
    Cue(
        "statistic",
        r"全市|全省|全国|今年以来|截至|环比|同比|平均|发案|以来|立案标准|元以上|数额(?:较|特别)?巨?大|规定",
        "全市",
        "城市",
    ),
    Cue(
        "asset",
        r"现金|黄金|房产|手机|手表|车辆|豪车|轿车|赃款|赃物|资金|财物|设备|首饰|包包|产品|商品|衣服|面膜|相机|药|保健品|化妆品|口罩|门票|礼品卡|账号|皮肤|装备|点卡|话费|油卡|商城",
        "现金",
        "现在",
    ),
)


def _alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern at its top level: "被?骗(?:走|取)|诈取" → two."""
    parts, depth, start = [], 0, 0
    for index, c in enumerate(pattern):
        depth += (c in "([") - (c in ")]")
        if c == "|" and depth == 0:
            parts.append(pattern[start:index])
            start = index + 1
    return [*parts, pattern[start:]]


def _first_characters(alternative: str) -> set[str]:
    """Characters that a match can begin with: 被?骗 → 被, 骗; [两各]笔 → 两, 各."""
    if alternative[0] == "[":
        return set(alternative[1 : alternative.index("]")])
    if alternative[1:2] == "?":
        return {alternative[0]} | _first_characters(alternative[2:])
    return {alternative[0]}


@cache
def _by_first_character() -> dict[str, re.Pattern[str]]:
    """One small pattern a first character: four times as fast as one pattern of four hundred alternatives."""
    rows: dict[str, dict[str, list[str]]] = {}
    for cue in CUES:
        for alternative in _alternatives(cue.pattern):
            for c in _first_characters(alternative):
                rows.setdefault(c, {}).setdefault(cue.name, []).append(alternative)
    return {
        c: re.compile("|".join(f"(?P<{name}>{'|'.join(parts)})" for name, parts in groups.items()))
        for c, groups in rows.items()
    }


def find_cues(folded: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """(name, start, end) of the cues in folded[start:end], left to right, not overlapping."""
    table = _by_first_character()
    found, place = [], start
    while place < end:
        pattern = table.get(folded[place])
        match = pattern.match(folded, place, end) if pattern else None
        if match:
            found.append((match.lastgroup or "", place, match.end()))
            place = match.end()
        else:
            place += 1
    return found
