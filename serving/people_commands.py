"""`fanzha people` and `fanzha audit`: people, keys, and the log of what was done, on the machine where the store is.

In: options. Out: tables, and once a password or a key. Whoever may run this may read the database file, so it asks for no password;
all that it does is in the audit log under the name that the machine knows him by.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from nlp.errors import InputError
from serving.command_options import JsonOption, StoreOption

HELP = {"help_option_names": ["-h", "--help"]}
people_app = typer.Typer(help="人员与密钥：添加、改角色、发密钥、停用。", no_args_is_help=True, context_settings=HELP)
audit_app = typer.Typer(help="审计记录：查看，核对有没有被改动。", no_args_is_help=True, context_settings=HELP)

Name = Annotated[str, typer.Argument(help="名字", metavar="名字")]
RoleOption = Annotated[str, typer.Option("--role", help="reader、analyst、editor、admin", metavar="角色")]
DaysOption = Annotated[int, typer.Option("--days", help="多少天后失效", min=1)]
KeyName = Annotated[str, typer.Argument(help="密钥的编号、前缀，或整个密钥", metavar="密钥")]


@people_app.command("add")
def add_person(
    name: Name,
    role: RoleOption = "analyst",
    ask: Annotated[bool, typer.Option("--ask", help="自己输入密码；不加则生成一个，只显示这一次")] = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="只用密钥，不能登录")] = False,
    store: StoreOption = None,
) -> None:
    """添加一个人。库里还没有人时，第一个应是管理员（--role admin）。"""
    from serving import audit, screen
    from serving.people import passwords, roster

    password = "" if no_password else _asked() if ask else passwords.new_password()
    with _opened(store) as opened, opened.writing() as session:
        row = roster.add(session, name, role, password)
        audit.record(session, acting(), "admin", "person_added", row.id, detail={"name": name, "role": role})
    screen.out().print(f"已添加 {screen.escape(name)}（{role}）")
    if password and not ask:
        screen.out().print(f"密码：{password}    只显示这一次，请当面交给本人")


@people_app.command("list")
def list_people(as_json: JsonOption = False, store: StoreOption = None) -> None:
    """列出全部人员。"""
    from serving import screen
    from serving.people import roster

    with _opened(store) as opened, opened.reading() as session:
        rows = [roster.view(row) for row in roster.everybody(session)]
    if as_json:
        screen.print_json(rows)
    else:
        screen.print_table(
            ("名字", "角色", "状态", "登录", "添加于"),
            [(r["name"], r["role"], "在用" if r["active"] else "停用", "可" if r["has_password"] else "只用密钥", r["created_at"][:10])
             for r in rows],
        )  # fmt: skip


@people_app.command("change")
def change_person(
    name: Name,
    role: RoleOption = "",
    password: Annotated[bool, typer.Option("--password", help="换一个新密码，只显示这一次")] = False,
    ask: Annotated[bool, typer.Option("--ask", help="与 --password 同用：自己输入")] = False,
    disable: Annotated[bool, typer.Option("--disable", help="停用：登录与全部密钥立即失效")] = False,
    enable: Annotated[bool, typer.Option("--enable", help="恢复")] = False,
    store: StoreOption = None,
) -> None:
    """改角色、换密码、停用或恢复。登录立即失效，要重新登录。"""
    from serving import audit, screen
    from serving.people import passwords, roster

    if (disable and enable) or not (role or password or disable or enable):
        raise InputError("没有说要改什么", expected="--role、--password、--disable 或 --enable 之一")
    new = (_asked() if ask else passwords.new_password()) if password else ""
    with _opened(store) as opened, opened.writing() as session:
        row = roster.named(session, name)
        roster.change(session, row, role=role, password=new, active=False if disable else True if enable else None)
        done = {"role": role, "password": password, "active": row.active}
        audit.record(session, acting(), "admin", "person_changed", row.id, detail=done)
    screen.out().print(f"已更改 {screen.escape(name)}（{row.role}，{'在用' if row.active else '停用'}）")
    if new and not ask:
        screen.out().print(f"密码：{new}    只显示这一次")


@people_app.command("key")
def add_key(
    name: Name,
    label: Annotated[str, typer.Option("--label", help="用在哪里，如 12345 平台", metavar="用途")] = "",
    role: RoleOption = "",
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="read 查、send 送、edit 改、manage 管（可重复）；默认全部")
    ] = None,
    days: DaysOption = 365,
    store: StoreOption = None,
) -> None:
    """给一个人发一个密钥，只显示这一次。角色不高于本人。"""
    from serving import audit, screen
    from serving.people import api_keys, roster

    with _opened(store) as opened, opened.writing() as session:
        made, key = api_keys.add(
            session, roster.named(session, name), name=label, role=role, scopes=scope or (), days=days
        )
        audit.record(
            session, acting(), "admin", "key_added", made.id, detail={"role": made.role, "scopes": made.scopes}
        )
    _print_key(screen, made, key)


@people_app.command("keys")
def list_keys(as_json: JsonOption = False, store: StoreOption = None) -> None:
    """列出全部密钥（只有前缀）。"""
    from serving import screen
    from serving.people import api_keys, roster

    with _opened(store) as opened, opened.reading() as session:
        names = {row.id: row.name for row in roster.everybody(session)}
        rows = [api_keys.view(row) | {"person": names[row.person_id]} for row in api_keys.listing(session)]
    if as_json:
        screen.print_json(rows)
    else:
        states = {"live": "有效", "expired": "过期", "revoked": "已撤销"}
        screen.print_table(
            ("前缀", "谁", "用途", "角色", "权限", "到期", "状态"),
            [(r["prefix"], r["person"], r["name"], r["role"], " ".join(r["scopes"]), r["expires_at"][:10], states[r["state"]]) for r in rows],
        )  # fmt: skip


@people_app.command("rotate")
def rotate_key(key: KeyName, days: DaysOption = 365, store: StoreOption = None) -> None:
    """换一个新密钥，角色与权限不变；旧的还能用一天。"""
    from serving import audit, screen
    from serving.people import api_keys

    with _opened(store) as opened, opened.writing() as session:
        old = api_keys.found_by(session, key)
        made, text = api_keys.rotate(session, old, days)
        audit.record(session, acting(), "admin", "key_rotated", made.id, detail={"replaces": old.id})
    _print_key(screen, made, text)


@people_app.command("revoke")
def revoke_key(key: KeyName, store: StoreOption = None) -> None:
    """撤销一个密钥，立即失效。"""
    from serving import audit, screen
    from serving.people import api_keys

    with _opened(store) as opened, opened.writing() as session:
        row = api_keys.found_by(session, key)
        api_keys.revoke(session, row)
        audit.record(session, acting(), "admin", "key_revoked", row.id)
    screen.out().print(f"已撤销 fz_{row.prefix}")


@audit_app.command("verify")
def verify_audit(
    head: Annotated[str, typer.Option("--head", help="以前用 fanzha audit head 另存的记号", metavar="行号:哈希")] = "",
    store: StoreOption = None,
) -> None:
    """逐行核对审计记录：有没有被改动、删去、调换。"""
    from serving import audit, screen

    with _opened(store) as opened, opened.reading() as session:
        found = audit.verify(session, head)
    if found.wrong:
        screen.err().print(f"[red]审计记录不完整[/] {found.wrong}（此前 {found.lines} 行完好）")
        raise typer.Exit(1)
    screen.out().print(f"审计记录完好：{found.lines} 行")


@audit_app.command("head")
def head_of_audit(store: StoreOption = None) -> None:
    """打印最后一行的记号，抄在别处；以后用 verify --head 核对，末尾被整段删去也能发现。"""
    from serving import audit

    with _opened(store) as opened, opened.reading() as session:
        rows = audit.listing(session, limit=1)
    print(f"{rows[0].number}:{rows[0].hash}" if rows else "0:")


@audit_app.command("list")
def list_audit(
    actor: Annotated[str, typer.Option("--actor", help="只看谁的", metavar="名字")] = "",
    about: Annotated[
        str, typer.Option("--about", help="只看关于什么的（事件、文档、投诉、人员编号）", metavar="编号")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="最多多少行", min=1, max=10000)] = 50,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """最近的审计记录，新的在前。"""
    from serving import audit, screen

    with _opened(store) as opened, opened.reading() as session:
        rows = [audit.view(row) for row in audit.listing(session, actor=actor, object=about, limit=limit)]
    if as_json:
        screen.print_json(rows)
    else:
        screen.print_table(
            ("行", "时刻（UTC）", "谁", "角色", "做了什么", "对象", "详情"),
            [(str(r["number"]), r["at"][:19], r["actor"], r["role"], r["action"], r["object"],
              " ".join(f"{key}={value}" for key, value in r["detail"].items())) for r in rows],
        )  # fmt: skip


def _print_key(screen: Any, row: Any, key: str) -> None:
    screen.out().print(f"密钥：{key}    只显示这一次", soft_wrap=True)
    screen.out().print(f"{row.id}，角色 {row.role}，权限 {' '.join(row.scopes)}")


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first, again = getpass.getpass("密码："), getpass.getpass("再输一次：")
    if first != again:
        raise InputError("两次输入不同", where="密码")
    return first


def acting() -> str:
    """The account of the machine that runs the command."""
    try:
        return f"命令行:{getpass.getuser()}"
    except (KeyError, OSError):  # a container without a name for its user
        return "命令行"


@contextmanager
def _opened(address: str | None) -> Iterator[Any]:
    from serving import settings
    from serving.store import open_store

    opened = open_store(settings.load(store=address).store)
    try:
        yield opened
    finally:
        opened.close()
