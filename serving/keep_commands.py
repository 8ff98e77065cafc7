"""The commands that keep the data: backup, restore, keys, retain, person. On the machine where the store is, by whoever may read its files.

Each reads its options and calls a verb of `serving.keeping`. What they do stands in the audit log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nlp.errors import InputError
from serving.command_options import JsonOption, StoreOption, open_at, settings_of
from serving.people_commands import acting

HELP = {"help_option_names": ["-h", "--help"]}
ValuesArgument = Annotated[list[str], typer.Argument(help="姓名、电话、卡号、账号，可以几个", metavar="姓名或号码")]
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


person_app = typer.Typer(
    help="一个人的全部数据：给出（export），抹除（erase）。", no_args_is_help=True, context_settings=HELP
)
keys_app = typer.Typer(help="数据密钥：加密已有的数据，换密钥。", no_args_is_help=True, context_settings=HELP)


def register(app: typer.Typer) -> None:
    """Put the commands on the application."""
    app.add_typer(backup_app, name="backup")
    app.command()(restore)
    app.add_typer(keys_app, name="keys")
    app.command()(retain)
    app.add_typer(person_app, name="person")


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


def retain(
    rules: Annotated[
        Path | None, typer.Option("--rules", help="留存规则（TOML）；默认取 FANZHA_RETENTION", metavar="文件")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会去掉什么，什么也不动")] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """按留存规则去掉到期的：整件，或其中几类内容；事件留下标记，写明去掉了什么；审计不动。"""
    from serving import screen
    from serving.keeping import retention

    settings = settings_of(store)
    file = rules or settings.retention
    if file is None:
        raise InputError(
            "没有留存规则", where="FANZHA_RETENTION / --rules", expected="TOML 文件，写法见 docs/keeping.md"
        )
    opened = open_at(settings.store)
    try:
        done = retention.run(opened, retention.load(file), actor=acting(), dry_run=dry_run)
    finally:
        opened.close()
    if as_json:
        screen.print_json(
            {"dry_run": dry_run, "documents": done.documents, "personal": done.personal, "incidents": done.incidents,
             "fields": done.fields, "changes": done.changes, "bases": done.by_rule}
        )  # fmt: skip
        return
    will = "会" if dry_run else "已"
    screen.out().print(
        f"{will}去掉 {len(done.documents)} 件文档的全部内容（{len(done.incidents)} 个事件随之到期），"
        f"{len(done.personal)} 件的部分内容（姓名、号码、全文等）", soft_wrap=True,
    )  # fmt: skip
    for group, count in done.fields.items():
        screen.out().print(f"  {group}：{count} 件", soft_wrap=True)
    for basis, count in done.by_rule.items():
        screen.out().print(f"  {count} 件，依据：{screen.escape(basis)}", soft_wrap=True)


@person_app.command("export")
def export_person(
    values: ValuesArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写到文件（0600）；默认标准输出", metavar="文件")
    ] = None,
    store: StoreOption = None,
) -> None:
    """给出库里关于一个人的一切（JSON）：文档、投诉、事件，每一处的原话和位置。记入审计。"""
    import json

    from serving import screen
    from serving.keeping import backup_file, held

    opened = open_at(settings_of(store).store)
    try:
        found = held.export(opened, values, actor=acting())
    finally:
        opened.close()
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        with backup_file.partial(output) as stream:
            stream.write(text.encode())
        count = f"{len(found['documents'])} 件文档、{len(found['incidents'])} 个事件，共 {len(found['places'])} 处"
        screen.err().print(f"已写入 {screen.escape(str(output))}：{count}", soft_wrap=True)


@person_app.command("erase")
def erase_person(
    values: ValuesArgument,
    reason: Annotated[str, typer.Option("--reason", help="为什么抹除，记入审计（不要写姓名）", metavar="理由")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="真的抹除；不加只说会动哪些")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="整件撤下这些文档，而不只是抹去姓名号码")] = False,
    keep_space: Annotated[bool, typer.Option("--no-vacuum", help="不重写数据库文件：原文会留在文件的空闲处")] = False,
    store: StoreOption = None,
) -> None:
    """抹除一个人：原文里换成 ■，提及去掉，事件重建，旧版本清空，文件重写。先不加 --yes 看一遍。"""
    from serving import screen
    from serving.keeping import held, tidy

    opened = open_at(settings_of(store).store)
    try:
        if not yes:
            with opened.reading() as session:
                found = held.find(session, values)
            screen.out().print(
                f"会动 {len(found.documents)} 件文档、{len(found.incidents)} 个事件，共 {len(found.places)} 处；"
                "还没有动。确认后加 --yes --reason 理由", soft_wrap=True,
            )  # fmt: skip
            for document in found.documents[: screen.SHOWN]:
                screen.out().print(
                    f"  {document['id']}  {screen.escape(document['title'] or document['doc_id'])}", soft_wrap=True
                )
            return
        done = held.erase(opened, values, actor=acting(), reason=reason, withdraw=withdraw)
        if not keep_space:
            tidy.tidy(opened)
    finally:
        opened.close()
    screen.out().print(
        f"已抹除：{len(done.documents)} 件文档，另有 {done.swept} 处，{len(done.changes)} 条变更", soft_wrap=True
    )
    if done.audited:
        screen.err().print(f"[yellow]![/] 审计里有 {done.audited} 行提到，依法保留，没有动")
    screen.err().print("以前的备份、磁盘快照、数据库归档里还有，请按备份的留存期处理")


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
