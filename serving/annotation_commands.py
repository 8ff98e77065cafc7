"""`fanzha annotations`: give annotations out and bring them in, in four forms, on the machine where the store is.

In: options. Out: a label file; or what became of one. Texts go out unmasked, which the audit log says under the name that the machine knows
one by. Exit codes as in serving.command.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from nlp.errors import InputError
from serving.command_options import JsonOption, StoreOption, open_at, settings_of

annotations_app = typer.Typer(
    help="标注：导出、导入。", no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}
)
FORM_HELP = "gold 本项目的 JSON Lines（可直接训练）、label-studio、doccano、conll"


@annotations_app.command("export")
def export_annotations(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="写到文件；格式为 gold 时也可以是文件夹，供 fanzha train --data", metavar="文件"
        ),
    ],
    form: Annotated[str, typer.Option("--form", help=FORM_HELP, metavar="格式")] = "gold",
    final: Annotated[bool, typer.Option("--final", help="每件一份：裁定的，或没有争议的；不加则各人各份")] = False,
    annotator: Annotated[str, typer.Option("--annotator", help="只要这个人的", metavar="名字")] = "",
    store: StoreOption = None,
) -> None:
    """导出标注，连同原文（未脱敏，记入审计）。"""
    from corpora.exchange import form_called
    from corpora.labels_beside import write_beside
    from serving import audit, screen
    from serving.annotation.exchanging import given_out
    from serving.people_commands import acting

    chosen = form_called(form)
    folder = output.is_dir() or (form == "gold" and not output.suffix)
    opened = open_at(settings_of(store).store)
    try:
        with opened.writing() as session:  # on disk before anything is given out
            detail = {"form": form, "final": final, "annotator": annotator}
            audit.record(session, acting(), "admin", "annotations_exported", detail=detail)
        targets = [output / part / f"annotations{chosen.ending}" for part in ("data", "gold")] if folder else [output]
        with opened.reading() as session:
            documents = list(given_out(session, "final" if final or folder else "all", annotator))
    finally:
        opened.close()
    for target in targets:
        partial = target.with_name(f"{target.name}.partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(chosen.write(documents))
            os.replace(partial, target)
            if folder:
                write_beside(output)  # what the labels of this installation are called, for `fanzha train`
        except OSError as error:
            raise InputError(f"写不了：{error.strerror}", where=str(target), advice="检查路径与权限") from error
    screen.out().print(f"已导出 {len(documents)} 份标注：{screen.escape('、'.join(map(str, targets)))}")
    screen.err().print("其中的原文未脱敏，请妥善保管。")


@annotations_app.command("import")
def import_annotations(
    file: Annotated[Path, typer.Argument(help="标注文件", metavar="文件")],
    form: Annotated[str, typer.Option("--form", help=f"{FORM_HELP}；默认按内容判断", metavar="格式")] = "",
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """导入标注；库里没有的原文一并收下。已有的不变，比库里旧的不收，读不了的一件一行说明。"""
    from corpora.exchange import read_labels
    from serving import audit, screen
    from serving.annotation.exchanging import bring_in
    from serving.people_commands import acting

    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"读不出：{error.strerror}", where=str(file)) from error
    opened = open_at(settings_of(store).store)
    try:
        with opened.writing() as session:
            audit.record(session, acting(), "admin", "annotations_imported", detail={"form": form})
            brought = bring_in(session, read_labels(data, file.name, form), acting())
    finally:
        opened.close()
    if as_json:
        told = {
            "written": brought.written,
            "already": brought.already,
            "older": brought.older,
            "documents": brought.documents,
        }
        screen.print_json(told | {"refused": [str(error) for error in brought.refused]})
    else:
        for error in brought.refused[: screen.SHOWN]:
            screen.err().print(f"[red]拒收[/] {screen.escape(str(error))}")
        screen.out().print(
            f"写入 {brought.written}，已有 {brought.already}，比库里旧 {brought.older}，拒收 {len(brought.refused)}；新收原文 {brought.documents} 件"
        )
    if brought.refused and not (brought.written or brought.already or brought.older):
        raise typer.Exit(1)


@annotations_app.command("config")
def label_studio_config() -> None:
    """打印 Label Studio 的标注界面（Labeling Interface），粘贴到它的项目设置里。"""
    from corpora.label_studio import config

    typer.echo(config(), nl=False)
