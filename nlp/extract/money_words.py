"""The words that make a number money. Data only: currencies, symbols, price units, what may and may not stand beside a bare sum.

Every pattern runs over folded text. `amounts` decides with them; nothing here decides alone.
"""

from __future__ import annotations

import re

# Currency words after a number. The order within one first character matters: longer ones first.
CURRENCY_WORDS: tuple[tuple[str, str], ...] = (
    (r"元?人民币|块人民币|(?i:rmb|cny)(?![a-zA-Z])|元rmb", "CNY"),
    (r"元?(?:港币|港元)|元港币|(?i:hkd)", "HKD"),
    (r"元?(?:美元|美金)|美刀|(?i:usd)(?![a-zA-Z])", "USD"),
    (r"元?新台币|台币", "TWD"),
    (r"元?日元|日币|日圆", "JPY"),
    (r"欧元", "EUR"),
    (r"英镑", "GBP"),
    (r"韩元|韩币|韩圆", "KRW"),
    (r"澳元|澳币", "AUD"),
    (r"加元|加币", "CAD"),
    (r"新加坡元|新币", "SGD"),
    (r"澳门元|葡币", "MOP"),
    (r"泰铢", "THB"),
    (r"越南盾", "VND"),
    (r"马来西亚令吉|林吉特|马币", "MYR"),
    (r"菲律宾比索|比索", "PHP"),
    (r"卢布", "RUB"),
    (r"缅币|缅元", "MMK"),
    (r"瑞士法郎", "CHF"),
    (r"(?:枚|个)?(?:USDT|usdt|Usdt|泰达币)|[uU](?![a-zA-Z0-9盘])币?", "USDT"),
    (r"(?:枚|个)?(?:比特币|(?:BTC|btc)(?![a-zA-Z]))", "BTC"),
    (r"(?:枚|个)?(?:以太坊|以太币|(?:ETH|eth)(?![a-zA-Z]))", "ETH"),
    (
        r"(?:枚|个)?(?:虚拟币|虚拟货币|数字货币)|(?:津巴布韦|狗狗|莱特|瑞波|艾达|柚子|火|环保|善心|维卡|数字|积分)币",
        "XXX",
    ),
    (
        r"元整|元钱|块大洋|元(?![旦素祖曲宵件器])|圆整|块[钱线]|块(?!儿)|圆(?=整|[，。、；！？,.)）]|$)|毛钱|分钱|角钱|毛(?=[，。；,;)）]|$)",
        "CNY",
    ),
)
CURRENCY = re.compile(
    " {0,2}(?:" + "|".join(f"(?P<c{i}>{p})" for i, (p, _) in enumerate(CURRENCY_WORDS)) + ")(?P<more>[余多]?)"
)
CURRENCY_START = frozenset("元人块圆毛分角港美新台日欧英韩澳加葡泰越马林菲比卢缅瑞虚数以枚个uUrRcChHbBeE")
SYMBOLS = {
    "¥": "CNY",
    "￥": "CNY",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "RMB": "CNY",
    "rmb": "CNY",
    "CNY": "CNY",
    "USD": "USD",
    "HK$": "HKD",
    "US$": "USD",
    "人民币": "CNY",
    "USDT": "USDT",
    "港币": "HKD",
    "美元": "USD",
}
SYMBOL_BEFORE = re.compile(r"(HK\$|US\$|[¥￥$€£]|RMB|rmb|CNY|USDT|USD|人民币|港币|美元)[:：]? {0,2}$")
COIN_BEFORE = re.compile(r"(比特币|BTC|泰达币|USDT|以太坊|以太币|ETH) {0,2}$")
COINS = {
    "比特币": "BTC",
    "BTC": "BTC",
    "泰达币": "USDT",
    "USDT": "USDT",
    "以太坊": "ETH",
    "以太币": "ETH",
    "ETH": "ETH",
}
JOIN = re.compile(r" ?(?:-{1,2}|—{1,2}|~|～|至|到|或|乃至) ?")
CENTS = re.compile(
    r"([一二三四五六七八九\d])[角毛](?:([一二三四五六七八九\d])分)?(?!钱?[一-龥]{0,1}[\d])|([一二三四五六七八九\d])分(?![之钟\d])",
    re.ASCII,
)
TENTHS = re.compile(r"([一二三四五六七八九\d])(?![\d.一二三四五六七八九十百千万亿个条张台块])", re.ASCII)
AFTER_SUM = re.compile(r" ?(?:以上|不等)")
_UNITS = "条|张|个月|个|人|次|单|天|日|月|年|套|份|部|件|小时|笔|台|分钟|斤|盒|瓶|组|户|桌|盏|副|趟|床|罐|箱"
PER_AFTER = re.compile(rf" ?(?:/|每|一(?=[条张个人次单天月年套份部件笔台桌盏副趟床罐箱]))({_UNITS})")
PER_BEFORE = re.compile(rf"(?:每|一)({_UNITS})[^，。；！？,;\n\d]{{0,5}}$", re.ASCII)

# A Han number of one digit before 元/块 that is a word, not a sum: 一元化, 三元区, 一块儿, 两块地.
WORD_AFTER_YUAN = re.compile(
    r"元(?:化|论|方程|一次|二次|素|结构|体系|里|区|桥|坝|购|夺宝|村|镇|乡|县|庄|及第|复始|流|素|制|性|店|论)"
)
THING_AFTER_BLOCK = re.compile(r"块(?:[手表硬屏玉石地板砖蛋肉电显糖布牌骨田木金银铁招区链儿]|巧克力|内存|面积)")
# What makes a number without a currency no money: a measure word, or a Han noun that is counted.
MEASURE = re.compile(
    r" ?(?:[名位个條条张台部套件起宗例次笔辆份户家只枚颗粒棵斤吨克米里亩岁年月日天号点时秒度届期版楼层栋单倍折"
    r"种项所间处座根支瓶箱包盒袋双字步页册届组批"
    r"派款%％‰℃:：°#*/]|人(?!民币)"
    r"|分(?![别三两二多几\d]|给)"
    r"|成(?![功为了])|公[斤里顷]|平方?|小时|粉丝|用户|会员|村民|群众|市民|居民|考生|学生|老人|公民|信息|数据|号码|短信|电话|代理"
    r"|级|左[右]?[名个人])",
    re.ASCII,
)
FREE_AFTER = re.compile(
    r"[左上]?[右下]? ?(?:$|[\s，。、；：！？,.;:!?)）】」”’\"'…—\-~～]"
    r"|[的后被就全都也并给到至地汇转打投充做需要买存又才还再为是在和与及让用付借拿骗了去余进款赔取刷交但却可时我他她你竟啊吧呢]"
    r"|学费|房租|尾款|彩礼"
    r"|现金|存款|贷款|本金|保证金|押金|资金|货款|赃款|定金|订金|欠款|彩礼|利润|奖金|积蓄|流水|首付|额度|赔偿|养老钱|血汗钱|押|巨款"
    r"|不等|左右|上下|以上|以下|以内|差|只|仍|瞬间|打水漂|没|无)"
)
MONEY_BEFORE = re.compile(
    r"(?:骗|转|汇|付|充|投|赚|款|钱|贷|借|存|取|提现|账|帐|资金|余额|赔|罚|冻结|止付|追回|挽回|返|还|额|值|价|花|费|押金"
    r"|利润|获利|盈利|亏|缴|交|金|买|卖|售|扣|少了|有"
    r"|笔|追加|剩|达到|流水|洗|套现|积蓄|财|输|欠|损失|保住|消费|刷|收益|收入|高达|彩礼|薪|工资|佣|拿|要|给|赢|敛|涉案|案值|报酬|元|块|万|奖)"
)
MONEY_RIGHT_BEFORE = re.compile(
    r"(?:转账|转帐|转了|扣走|扣了|扣除|扣费|少了|追加|回报|申请|要求|转出|转入|转去|转给?[对他她其]方?|付款|支付|付了|充值|充了"
    r"|充进?|汇款|汇了|汇出|被骗了?|骗走|骗取|骗了|骗去"
    r"|损失|打款|打了|打过去|投资|投入|投了|花费|花了|借了|借|贷款|贷了?|交了?|缴纳|缴|收费|价格|共计|合计|总计|金额|金额为|额度"
    r"|提现|存入|赚了?|赚取|亏了?|返现|返还|返|本金"
    r"|押金|费|退款?|刷了|售价|原价|只要|仅需|卖|欠|转|汇|付|垫付|佣金|奖励|到账|余额|盈利|收入|损失了)"
    r"(?:了|人民币|共|为|约|是|：|:| |给对方|出|现金|达|高达|近|去|过去|走|到|款){0,3}$"
)
# Complaints and records leave 元 out: 给了3000, 前后六千八, 标价2600. These stand right before such a number and before nothing else that is counted.
MONEY_TOLD_BEFORE = re.compile(
    r"(?:消费[了过]?|套[了出现]|透支|欠[着了下]?|用[了掉]|少了|没了|给[了过他她我]?|收[了我他她]?|要我?|赔[了我给]{0,2}|罚[了我]?|提[了过]|取[了出]|存[了过进]?|凑[了]?|放[了进]|拿[了过]|分[了到得]|垫[了付]?|[回返]了?|中了|押了|输[了掉]?|赢[了]?"
    r"|剩[了下]?|值|标价|进价|市价|要价|定价|报价|[定订租押本]金|会员|保险|利息|房租|工[资钱本]|运费|补偿|补差价|差价|红包|报销|止付|追回|找回"
    r"|前后|前前后后|总共|一共|一总|拢共|合共|合起来|加起来|总数|总额|统共|净|每[月天次单人年]|一个?[月天次单年])"
    r"(?:了|共|为|约|是|：|:| |大概|差不多|也就){0,2}$"
)
# 九千八, 两万六, 三百二, 1万7: a bare digit behind a unit of size is how sums are said; heights and ages are not said so.
SPOKEN = re.compile(r"[一二两三四五六七八九十\d][百千万][一二三四五六七八九\d]$", re.ASCII)
LISTED = re.compile(r" ?[、，,和及] ?")
NOT_A_SUM_BEFORE = re.compile(
    r"(?:第|编号|尾号|号码|代码|房间|电话|拨打|热线|密码|验证码|QQ|qq|微信号?|卡号|账号|邮编|证号|工号|案件|周年|单[:：]?|"
    r"[Qq][Qq]群|群号)[为是:： ]{0,2}$"
    r"|(?:粉丝|用户|会员|播放|点击|浏览|阅读|下载|人口|人数|销量|产量|件数|订单)(?:量|数|人数)?(?:已|均|就|高|多|突破|达到?|近|约|为|有|超过?){0,3}$"
)
