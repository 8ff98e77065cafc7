"""`fanzha serve --engine ray`: replicas of the API on one machine or a cluster, under Ray Serve, until this process is stopped.

In: settings, an address to listen on, how many replicas, where the cluster is. Out: it serves. Replicas share one store and one inbox, as
processes of `serving.listening.together` do; Serve starts those anew that die, adds and takes away as there is work, and has a proxy on
every node that has a replica. Stopped, every replica answers what is under way and gives back what it has not begun; `kill -9` of this process
takes a Ray of its own with it, and leaves the replicas of a cluster where they are: started again, the command takes them over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nlp.errors import InputError
from serving import ray_cluster
from serving.command_options import interrupt
from serving.listening import STOP_SECONDS, Offer, bound
from serving.replica_ray import NAME, Scale, Told, check_node, deployment, hosts_of, told_of
from serving.settings import Settings, load

log = logging.getLogger(__name__)
# Whether the cluster is still there is asked this often.
LOOK_SECONDS = 5.0
# For Serve's proxies to listen, and between two looks.
PROXY_SECONDS, PAUSE_SECONDS = 300.0, 0.3


def replicated(
    settings: Settings, offer: Offer, scale: Scale, address: str, *, on_ready: Callable[[str], None] = lambda _: None
) -> bool:
    """Serve until stopped; False where the cluster went away or did not start it. on_ready: told once requests are answered.

    1. Ray. 2. Do the nodes fit? 3. Serve and the replicas. 4. Until somebody stops us. 5. What is under way is finished.
    Raises InputError for an address that cannot be had, without Ray, for nodes that do not fit; ModelError, StoreError as on one of them.
    """
    if address.startswith("ray://"):
        raise InputError(
            f"--address {address}", expected="集群的 GCS 地址，如 主机:6379", advice="在集群的一个节点上运行"
        )
    if address and settings.store != (theirs := load(os.environ).store):  # the replicas would serve that of their nodes
        raise InputError(
            f"--store {_bare(settings.store)}", where="--address", expected=f"FANZHA_STORE 里的 {_bare(theirs)}",
            advice="集群上的副本照各节点的环境：把事件库写进每个节点的 FANZHA_STORE，不用 --store",
        )  # fmt: skip
    if not address:
        bound(offer).close()
        _same_everywhere(settings)
    before = signal.signal(signal.SIGTERM, interrupt)
    ray, connected = ray_cluster.connect(address, scale.most)  # 1.
    try:
        told = told_of(os.environ, secrets.token_bytes(16))
        _ask_nodes(ray, told)  # 2.
        _run(ray, told, offer, scale, settings.places, on_ready)  # 3.
        return _watch()  # 4.
    except KeyboardInterrupt:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _finish(whole=connected and not address)  # 5.
        return True
    finally:
        if connected:
            ray.shutdown()
        signal.signal(signal.SIGTERM, before)


def _same_everywhere(settings: Settings) -> None:
    """The settings of this command, for the processes of a Ray that is started here: with their paths in full, wherever those stand."""
    os.environ["FANZHA_STORE"] = full_address(settings.store)
    for name, path in (("FANZHA_MODEL", settings.model), ("FANZHA_RETENTION", settings.retention)):
        if path is not None:
            os.environ[name] = str(path.resolve())


def full_address(store: str) -> str:
    """The address of a store with the path of a file in full."""
    url = sa.make_url(store)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return store
    return url.set(database=str(Path(url.database).resolve())).render_as_string(hide_password=False)


def _bare(store: str) -> str:
    """The address of a store without its password."""
    return sa.make_url(store).render_as_string(hide_password=True)


def _ask_nodes(ray: Any, told: Told) -> None:
    """Every node that may get a replica, asked before it does: its settings, its model, its way to the store. Raises what it met."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    hosts = hosts_of(ray)
    asking = ray.remote(num_cpus=0, max_retries=0)(_fits)
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0)]
    for answer in [
        asking.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(told, hosts)
        for node in nodes
    ]:
        ray_cluster.told_as_ours(ray, answer)


def _fits(told: Told, hosts: set[str]) -> None:
    """On a node. The store is opened, which brings an old one up to date before several do it at once."""
    from serving.store import open_store
    from serving.worker import load_analyzer

    settings = check_node(told, hosts)
    open_store(settings.store).close()
    load_analyzer(settings)


def _run(
    ray: Any, told: Told, offer: Offer, scale: Scale, places: int, on_ready: Callable[[str], None]
) -> None:  # fmt: skip
    """Start the replicas and wait until they answer."""
    from ray import serve

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    quiet = {"log_level": "WARNING", "enable_access_log": False}
    note = ""
    if serve.status().proxies:
        note = "集群上已有 Ray Serve，沿用它监听的地址；--host、--port 不起作用。"
    if scale.least > (cores := int(ray.cluster_resources().get("CPU", 0))):
        note += f"集群现有 {cores} 核，不够 {scale.least} 个副本，等它加机器。"
        log.warning("%s", note)
    try:
        # Serve itself waits a minute for its proxies and no longer; a busy machine takes more, and they are waited for below.
        with contextlib.suppress(TimeoutError):
            serve.start(
                proxy_location="EveryNode", logging_config=quiet,
                # As in `serving.listening`: longer than a proxy in front keeps an idle connection.
                http_options={"host": offer.host, "port": offer.port, "keep_alive_timeout_s": 75},
            )  # fmt: skip
        serve.run(deployment(scale, places).bind(told), name=NAME, route_prefix="/", logging_config=quiet)
    except (RuntimeError, TimeoutError, ray.exceptions.RayError) as error:
        raise InputError(
            f"副本没有启动：{_last_line(error)}", where="--engine ray", advice="详情在各节点的 Ray 日志里（/tmp/ray/session_latest/logs/serve）"
        ) from error  # fmt: skip
    end = time.monotonic() + PROXY_SECONDS
    while any(state != "HEALTHY" for state in (serve.status().proxies or {"": ""}).values()):
        if time.monotonic() > end:
            raise InputError(
                f"Ray Serve 没有在 {PROXY_SECONDS:.0f} 秒内开始监听", where=f"{offer.host}:{offer.port}",
                advice="看各节点上这个端口是否被占用，或机器是否太忙",
            )  # fmt: skip
        time.sleep(PAUSE_SECONDS)
    on_ready(note)


def _last_line(error: Exception) -> str:
    """What a long report from another process ends with; the whole of it is the error's cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def _watch() -> bool:
    """Until Ctrl-C or SIGTERM (KeyboardInterrupt); False once the cluster, or our application on it, is gone."""
    from ray import serve

    while True:
        time.sleep(LOOK_SECONDS)
        try:
            there = NAME in serve.status().applications
        except Exception as error:  # whatever Ray raises where its head does not answer
            log.error("Ray 集群不再应答：%s", type(error).__name__)
            return False
        if not there:
            log.error("副本已被别的命令撤下")
            return False


def _finish(*, whole: bool) -> None:
    """Let every replica finish, then take them away. whole: the Ray is ours and goes with this process."""
    from ray import serve

    if NAME not in serve.status().applications:
        return
    try:
        serve.get_app_handle(NAME).broadcast("finish").results(timeout_s=STOP_SECONDS)
    except (
        Exception
    ) as error:  # a replica that died meanwhile, one that takes too long, and what else Ray may say of it
        log.warning("有副本没有停好，它手里的退回收件箱后由别的接着做：%s", type(error).__name__)
    if whole:
        return
    others = [name for name in serve.status().applications if name != NAME]
    with contextlib.suppress(TimeoutError):
        # With nobody else on it, Serve's proxies go too: where nothing is served, nothing should answer 404.
        serve.delete(NAME) if others else serve.shutdown()
