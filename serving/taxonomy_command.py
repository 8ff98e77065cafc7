"""`fanzha taxonomy`: the labels in force, their versions, a change with what it would touch, publishing and going back.

In: options, a change as JSON (`serving.taxonomies.steps` says its form). Out: tables, or JSON. It does what the screen 标签体系 does, on the machine
where the store is, under the name of the account there; the audit log says so. Exit codes as in serving.command.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from nlp.errors import InputError
from serving.command_options import JsonOption, StoreOption, open_at, settings_of

taxonomy_app = typer.Typer(
    help="标签体系：查看各版，试算一处改动触及多少，发布，退回。", no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
FORM = '{"act": "add", "id": "编号", "name": "名称", "meaning": "意思"}；另有 rename、retire、split、merge，见 docs/console.md'


@taxonomy_app.command("show")
def show_labels(as_json: JsonOption = False, store: StoreOption = None) -> None:
    """现行的一版：各类型的编号、名称，名下有多少事件和标注。"""
    from nlp import taxonomy
    from serving import screen
    from serving.taxonomies import effects

    incidents, annotated = _ask(store, effects.by_label)
    known = taxonomy.load()
    if as_json:
        rows = [
            asdict(label) | {"incidents": incidents.get(label.id, 0), "annotated": annotated.get(label.id, 0)}
            for label in known.labels
        ]
        screen.print_json({"version": known.version, "labels": rows, "former": [asdict(label) for label in known.former],
                           "successors": dict(known.successors)})  # fmt: skip
        return
    screen.out().print(f"现行 {known.version}，{len(known.labels)} 个类型")
    lines = [
        (one.id, one.name, f"{incidents.get(one.id, 0):,}", f"{annotated.get(one.id, 0):,}", "") for one in known.labels
    ]
    for one in known.former:
        parts = "、".join(part.name for part in known.split.get(one.id, ()))
        state = f"已拆分为{parts}" if parts else "已停用"
        lines.append((one.id, one.name, f"{incidents.get(one.id, 0):,}", f"{annotated.get(one.id, 0):,}", state))
    screen.print_table(("编号", "名称", "事件", "标注", ""), lines)


@taxonomy_app.command("versions")
def list_versions(as_json: JsonOption = False, store: StoreOption = None) -> None:
    """发布过的各版：改了什么，谁在何时使它现行，退回它触及多少。"""
    from nlp import taxonomy
    from serving import screen
    from serving.taxonomies import effects, versions

    def question(session: Any) -> list[dict[str, Any]]:
        known, acts = taxonomy.load(), versions.acts(session)
        told = [(taxonomy.CURRENT, "随软件安装的一版")]
        told += [
            (row.version, "；".join(step["words"] for step in row.steps))
            for row in reversed(versions.published(session))
        ]
        found = []
        for version, words in told:
            act = next((act for act in acts if act.version == version), None)
            back = (
                {}
                if version == known.version
                else effects.of_going_back(session, known, versions.called(session, version))
            )
            found.append({
                "version": version, "in_force": version == known.version, "words": words, "by": act.by if act else "", "at": act.at if act else "",
                "note": act.note if act else "", "going_back": back,
            })  # fmt: skip
        return found

    rows = _ask(store, question)
    if as_json:
        screen.print_json(rows)
        return
    screen.print_table(
        ("版本", "改了什么", "何时、谁", "退回它，换类型的"),
        [(f"{row['version']}{'（现行）' if row['in_force'] else ''}", row["words"], " ".join(filter(None, (row["at"][:16], row["by"], row["note"]))),
          _touched(row["going_back"])) for row in rows],
    )  # fmt: skip


@taxonomy_app.command("draft")
def show_draft(as_json: JsonOption = False, store: StoreOption = None) -> None:
    """草案：每一处改动触及多少，发布以后各模型还能说什么。"""
    from serving import screen

    told = _ask(store, _drafted)
    if as_json:
        screen.print_json(told)
    elif told is None:
        screen.out().print("没有草案。用 fanzha taxonomy change 改一处。")
    else:
        _print_draft(told)


@taxonomy_app.command("change")
def change(
    step: Annotated[str, typer.Argument(help=f"一处改动：JSON，或 JSON 文件，- 为标准输入。{FORM}", metavar="改动")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看触及多少，不放进草案")] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """放一处改动进草案，列出它触及多少；发布之前，现行的一版照旧。"""
    from serving import screen
    from serving.people_commands import acting
    from serving.taxonomies import versions

    wanted = _step_of(step)

    def write(session: Any) -> Any:
        row = versions.draft(session)
        versions.add_step(session, wanted, by=acting(), seen=row.revision if row is not None else 0)
        told = _drafted(session)
        if dry_run:
            session.rollback()
        return told

    told = _write(store, "taxonomy_tried" if dry_run else "taxonomy_changed", write)
    if as_json:
        screen.print_json(told)
    else:
        _print_draft(told)
        screen.out().print("只是试算，没有写下。" if dry_run else "已放进草案。发布：fanzha taxonomy publish")


@taxonomy_app.command("drop")
def drop(store: StoreOption = None) -> None:
    """放弃草案。"""
    from serving import screen
    from serving.people_commands import acting
    from serving.taxonomies import versions

    def write(session: Any) -> None:
        row = versions.draft(session)
        versions.drop(session, by=acting(), seen=row.revision if row is not None else 0)

    _write(store, "taxonomy_dropped", write)
    screen.out().print("草案已放弃")


@taxonomy_app.command("publish")
def publish(
    note: Annotated[str, typer.Option("--note", help="为什么改，与发布一起保存", metavar="说明")] = "",
    store: StoreOption = None,
) -> None:
    """发布草案，把已入库的换到这一版。"""
    from serving import screen
    from serving.people_commands import acting
    from serving.taxonomies import effects, versions

    def write(session: Any) -> str:
        row = versions.draft(session)
        counted = effects.numbers([effects.of_step(session, step) for step in row.steps]) if row is not None else {}
        seen = row.revision if row is not None else 0
        return str(versions.publish(session, by=acting(), seen=seen, note=note, numbers=counted).version)

    version, moved = _write(store, "taxonomy_published", write, carry=True)
    screen.out().print(f"已发布 {version}，现行的就是它；已入库的 {moved} 件文档换到这一版")


@taxonomy_app.command("back")
def go_back(
    version: Annotated[str, typer.Argument(help="哪一版，见 fanzha taxonomy versions", metavar="版本")],
    store: StoreOption = None,
) -> None:
    """退回以前的一版；以后的判断都在，再发布时还在。"""
    from nlp import taxonomy
    from serving import screen
    from serving.people_commands import acting
    from serving.taxonomies import effects, versions

    def write(session: Any) -> str:
        last = versions.last_act(session)
        counted = effects.of_going_back(session, taxonomy.load(), versions.called(session, version))
        seen = last.id if last is not None else 0
        return str(versions.go_back(session, version, by=acting(), seen=seen, numbers=counted).version)

    now, moved = _write(store, "taxonomy_put_back", write, carry=True)
    screen.out().print(f"已退回 {now}；已入库的 {moved} 件文档换到这一版")


def _ask(store: str | None, question: Callable[[Any], Any]) -> Any:
    """The answer of a question to the store, whose version in force this process knows by then."""
    from serving.taxonomies import versions

    opened = open_at(settings_of(store).store)
    try:
        with opened.reading() as session:
            versions.refresh(session)
            return question(session)
    finally:
        opened.close()


def _write(store: str | None, action: str, write: Callable[[Any], Any], *, carry: bool = False) -> Any:
    """Write, with a line of the audit log; carry: then bring over what is filed, and say how many documents too."""
    from serving import audit
    from serving.people_commands import acting
    from serving.taxonomies import carrying

    opened = open_at(settings_of(store).store)
    try:
        with opened.writing() as session:  # of its own: on disk before it is done
            audit.record(session, acting(), "admin", action)
        with opened.writing() as session:
            told = write(session)
        return (told, carrying.carry(opened)) if carry else told
    finally:
        opened.close()


def _step_of(words: str) -> Mapping[str, Any]:
    """A change out of JSON, a file or standard input. Raises InputError."""
    text = words
    try:
        if words == "-":
            text = sys.stdin.read()
        elif not words.lstrip().startswith("{"):
            text = Path(words).read_text(encoding="utf-8")
        step = json.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"读不出改动：{error}", where=words[:80], expected=FORM) from error
    if not isinstance(step, dict):
        raise InputError("改动不是一个 JSON 对象", where=words[:80], expected=FORM)
    return step


def _drafted(session: Any) -> dict[str, Any] | None:
    """The draft: its steps with what each touches, and how the models get on after it."""
    from serving.model_command import known_folders
    from serving.taxonomies import effects, versions

    row = versions.draft(session)
    if row is None:
        return None
    counted = [asdict(effects.of_step(session, step)) for step in row.steps]
    models = [asdict(one) for one in effects.of_models(versions.read(row), known_folders())]
    return {"version": row.version, "base": row.base, "steps": counted, "models": models}


def _print_draft(told: Mapping[str, Any]) -> None:
    from serving import screen

    screen.out().print(f"草案 {told['version']}，从 {told['base']} 改起")
    names = ("incidents", "reports", "annotated", "revised", "again")
    rows = [(step["words"], *(f"{step[name]:,}" for name in names)) for step in told["steps"]]
    screen.print_table(("改动", "事件", "投诉", "标注", "出新版", "重判"), rows)
    for model in told["models"]:
        parts: Sequence[tuple[str, str]] = (("merged", "把握相加"), ("stay", "判到即交人"), ("silent", "还说不出"))
        words = [f"读不出：{model['broken']}"] if model["broken"] else []
        words += [f"{name}：{'、'.join(model[key])}" for key, name in parts if model[key]]
        screen.out().print(f"模型 {screen.escape(model['name'])}：{screen.escape('；'.join(words)) or '照常使用'}")


def _touched(numbers: Mapping[str, int]) -> str:
    if not any(numbers.values()):
        return ""
    return f"{numbers['incidents']:,} 个事件、{numbers['reports']:,} 件投诉、{numbers['annotated']:,} 件标注"
