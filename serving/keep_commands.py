"""The commands that keep the data: backup, restore, keys. On the machine where the store is, by whoever may read its files.

Each reads its options and calls a verb of `serving.keeping`. What they do stands in the audit log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from serving.command_options import JsonOption, StoreOption, open_at, settings_of
from serving.people_commands import acting

HELP = {"help_option_names": ["-h", "--help"]}
FileArgument = Annotated[Path, typer.Argument(help="备份文件", metavar="文件")]


class WritesByDefault(TyperGroup):
    """`fanzha backup FILE` is `fanzha backup write FILE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The subcommand that is named, else `write` of what is named."""
        if args and args[0] not in self.commands:
            args = ["write", *args]
        return super().resolve_command(ctx, args)


backup_app = typer.Typer(
    help="备份整个事件库（fanzha backup 文件），核对一份备份（fanzha backup verify 文件）。", no_args_is_help=True,
    context_settings=HELP | {"ignore_unknown_options": True}, cls=WritesByDefault,
)  # fmt: skip


keys_app = typer.Typer(help="数据密钥：加密已有的数据，换密钥。", no_args_is_help=True, context_settings=HELP)


def register(app: typer.Typer) -> None:
    """Put the commands on the application."""
    app.add_typer(backup_app, name="backup")
    app.command()(restore)
    app.add_typer(keys_app, name="keys")


@backup_app.command("write")
def write_backup(file: FileArgument, as_json: JsonOption = False, store: StoreOption = None) -> None:
    """把事件库写成一个文件（可以在别人写入时做）。fanzha backup 文件 就是它。"""
    from serving import screen
    from serving.keeping import backup
    from serving.store.session import connected

    opened = connected(settings_of(store).store)
    try:
        with screen.progress() as bars:
            task = bars.add_task("备份", total=None)
            manifest = backup.write(
                opened, file, actor=acting(), on_table=lambda name, _rows: bars.update(task, description=f"备份 {name}")
            )
    finally:
        opened.close()
    if as_json:
        screen.print_json(_facts(file, manifest))
    else:
        sealed = f"，已用数据密钥 {manifest.sealed} 加密" if manifest.sealed else "，未加密（没有设 FANZHA_DATA_KEY）"
        screen.out().print(f"已备份到 {screen.escape(str(file))}：{_sentence(manifest)}{sealed}", soft_wrap=True)


@backup_app.command("verify")
def verify_backup(file: FileArgument, as_json: JsonOption = False) -> None:
    """把一份备份从头读到尾：有没有少、有没有被改动。不需要数据密钥。"""
    from serving import screen
    from serving.keeping import backup_file

    manifest, remarks = backup_file.verify(file)
    if as_json:
        screen.print_json(_facts(file, manifest) | {"remarks": remarks})
        return
    screen.out().print(f"备份完好：{_sentence(manifest)}", soft_wrap=True)
    for remark in remarks:
        screen.err().print(f"[yellow]![/] {screen.escape(remark)}")


def restore(
    file: FileArgument,
    store: Annotated[str, typer.Option("--store", help="恢复到哪里：文件路径或数据库 URL", metavar="地址")],
    replace: Annotated[bool, typer.Option("--replace", help="那里不是空的也恢复：原有的一切都没有了")] = False,
    as_json: JsonOption = False,
) -> None:
    """从备份恢复到一个空的事件库，SQLite 或 PostgreSQL 都行；要么全部，要么一点不动。"""
    from serving import screen
    from serving.keeping import restore as restoring

    with screen.progress() as bars:
        task = bars.add_task("核对", total=None)
        manifest = restoring.restore(
            file, settings_of(store).store, actor=acting(), replace=replace,
            on_table=lambda name, _rows: bars.update(task, description=f"恢复 {name}"),
        )  # fmt: skip
    if as_json:
        screen.print_json(_facts(file, manifest))
    else:
        screen.out().print(f"已恢复：{_sentence(manifest)}", soft_wrap=True)


@keys_app.callback()
def keys() -> None:
    """数据密钥：加密已有的数据，换密钥。"""


@keys_app.command("rotate-data")
def rotate_data(
    keep_space: Annotated[
        bool, typer.Option("--no-vacuum", help="不重写数据库文件：明文或旧密文会留在文件的空闲处")
    ] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """用 FANZHA_DATA_KEY 把全部数据加密；换密钥时，旧的放 FANZHA_DATA_KEY_OLD。中断了，再运行一次就接着做。"""
    from serving import screen
    from serving.keeping import rotation, tidy

    opened = open_at(settings_of(store).store)
    try:
        with screen.progress() as bars:
            task = bars.add_task("加密", total=None)
            done = rotation.rotate(
                opened, actor=acting(), on_table=lambda name, _rows: bars.update(task, description=f"加密 {name}")
            )
            if not keep_space:
                bars.update(task, description="重写文件")
                tidy.tidy(opened)
    finally:
        opened.close()
    if as_json:
        screen.print_json({"key": done.key, "rows": done.rows, "retired": list(done.retired)})
    else:
        old = f"，旧密钥 {'、'.join(done.retired)} 不再需要" if done.retired else ""
        screen.out().print(f"全部数据已用密钥 {done.key} 加密，这次改写 {done.rows} 行{old}", soft_wrap=True)


def _facts(file: Path, manifest: Any) -> dict[str, Any]:
    rows = {name: member.rows for name, member in manifest.tables.items()}
    kept = ("id", "program", "made_at", "database", "schema", "sequence", "audit", "sealed")
    return {"file": str(file)} | {name: getattr(manifest, name) for name in kept} | {"rows": rows}


def _sentence(manifest: Any) -> str:
    count = {name: member.rows for name, member in manifest.tables.items()}
    return (
        f"{manifest.made_at[:19]}，版本 {manifest.schema}，文档 {count.get('documents', 0)}，事件 {count.get('incidents', 0)}，"
        f"变更序号 {manifest.sequence}，审计 {count.get('audit', 0)} 行，共 {sum(count.values())} 行"
    )
