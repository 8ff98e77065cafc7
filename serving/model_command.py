"""The commands about models: train, evaluate, model list | show | use | compare. The one place where serving reaches for training.

Each reads its options and calls a verb of `training` or `nlp.model_folder`; nothing of training is imported before it is asked for, so that
a lean installation lists and shows models without it. Exit codes as in serving.command.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from nlp.errors import InputError, ModelError

model_app = typer.Typer(help="查看、换用、比较模型。", no_args_is_help=True)
DataOption = Annotated[Path, typer.Option("--data", help="文本所在的文件夹，内有 data/ 与 gold/", metavar="文件夹")]
FoldersOption = Annotated[
    list[Path] | None, typer.Option("--models", help="另外到哪里找模型（可重复）", metavar="文件夹")
]
AgainstOption = Annotated[
    list[str] | None, typer.Option("--against", help="一同比较的模型（可重复）；默认词面基线与默认模型", metavar="模型")
]
# Where `fanzha train` puts what it made, beside the models of the installation.
TRAINED = Path("runs") / "models"


def register(app: typer.Typer) -> None:
    """Put the commands on the application."""
    app.command()(train)
    app.command()(evaluate)
    app.add_typer(model_app, name="model")


def known_folders(further: list[Path] | None = None) -> dict[str, Path]:
    """Model folders by name: those of the installation, those that were trained here, those asked for."""
    from nlp.model_folder import MODELS

    found: dict[str, Path] = {}
    for place in (MODELS, TRAINED, *(further or ())):
        for manifest in sorted(place.glob("*/manifest.json")):
            found.setdefault(manifest.parent.name, manifest.parent)
    return found


def find_folder(name: str, further: list[Path] | None = None) -> Path:
    """The folder of a model by name or path; raises ModelError that lists the names there are."""
    if Path(name).is_dir():
        return Path(name)
    found = known_folders(further)
    if name not in found:
        raise ModelError(f"没有模型 {name!r}", expected="、".join(found) or "一个模型文件夹")
    return found[name]


def train(
    configuration: Annotated[
        Path | None, typer.Argument(help="TOML 配置，如 training/configs/lexical.toml", metavar="配置")
    ] = None,
    data: DataOption = Path("../shared"),
    runs: Annotated[
        Path, typer.Option("--runs", help="中间结果所在；被中断的训练从这里接着做", metavar="文件夹")
    ] = Path("runs"),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="模型文件夹；默认 runs/models/名称", metavar="文件夹")
    ] = None,
    encoder: Annotated[
        Path | None, typer.Option("--encoder", help="Hugging Face 格式的 BERT 文件夹", metavar="文件夹")
    ] = None,
    pseudo: Annotated[
        Path | None, typer.Option("--pseudo", help="training.pseudo_label 写出的文件", metavar="文件")
    ] = None,
    add_label: Annotated[
        str | None,
        typer.Option(
            "--add-label", help="不训练，只给模型加一个标签：编号=中文名，如 elder_care=养老骗局", metavar="标签"
        ),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option("--examples", help="新标签的 8–16 篇例子，JSONL，每行 text，可有 title", metavar="文件"),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="给哪个模型加标签；默认当前的默认模型", metavar="模型")
    ] = None,
) -> None:
    """按配置训练一个模型，或用 --add-label 从几篇例子学一个新标签。中断后再次运行即继续；完成之前不动原有的模型。"""
    from serving import screen

    if add_label is not None:
        if configuration is not None or examples is None:
            raise InputError(
                "--add-label 要 --examples，不要配置",
                where="fanzha train",
                expected="--add-label 编号=中文名 --examples 文件",
            )
        _add_label(add_label, examples, model, runs, output)
        return
    if configuration is None or examples is not None or model is not None:
        raise InputError(
            "没有说按哪个配置训练",
            where="fanzha train",
            expected="配置文件，或 --add-label 编号=中文名 --examples 文件",
        )
    from training.start_run import Places, start

    folder = start(configuration, Places(data, runs, output, encoder, pseudo=pseudo))
    screen.out().print(f"写好 {folder}。换用：fanzha model use {folder}")


def _add_label(words: str, examples: Path, model: str | None, runs: Path, output: Path | None) -> None:
    """Learn one label on top of a model; prints what was measured."""
    from nlp.model_folder import adopt_labels, default_folder
    from serving import screen
    from training.add_label import add_label, parse_label

    base = find_folder(model) if model else default_folder()
    adopt_labels(base)
    label = parse_label(words)
    added = add_label(label, examples, base, output or runs / "models" / f"{base.name}+{label.id}", runs / "vectors")
    told = added.measured
    called = "、".join(f"{name} {count}" for name, count in added.taken_for)
    screen.out().print(f"例子 {told['examples']:.0f} 篇，原模型判为：{called}")
    screen.out().print(
        f"没见过的拟合来判：例子认出 {told['recall']:.0%}；其他 {told['background']:.0f} 篇中误认 {told['false_alarms']:.1%}"
    )
    screen.out().print(f"写好 {added.folder}。换用：fanzha model use {added.folder}")


def evaluate(
    model: Annotated[str, typer.Argument(help="模型的名称或文件夹", metavar="模型")],
    gold: Annotated[list[Path], typer.Argument(help="标注文件（JSONL）或自撰语料的文件夹", metavar="数据")],
    against: AgainstOption = None,
    data: DataOption = Path("../shared"),
    report: Annotated[
        Path, typer.Option("--report", help="报告写到哪个文件夹（Markdown、HTML、图）", metavar="文件夹")
    ] = Path("runs") / "report",
    models: FoldersOption = None,
) -> None:
    """在标注数据上评测一个模型，与基线和默认模型同表，写出报告。"""
    from nlp.model_folder import default_folder
    from serving import screen

    baselines = [name for name in known_folders() if name.startswith("lexical")]
    others = against if against is not None else [*baselines, str(default_folder())]
    screen.out().print(f"报告：{_report([model, *others], gold, data, report, models)}")


@model_app.command("list")
def list_models(models: FoldersOption = None) -> None:
    """列出模型：随软件安装的，和在这里训练的。"""
    from nlp.model_folder import default_folder, read_manifest
    from serving import screen

    current = default_folder().resolve()
    for name, folder in known_folders(models).items():
        manifest = read_manifest(folder)
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1e6
        mark = "默认" if folder.resolve() == current else "    "
        screen.out().print(f"{mark} {name}  版本 {manifest.version}  {manifest.engine}  {size:.1f} MB  {folder}")


@model_app.command("show")
def show_model(
    model: Annotated[str | None, typer.Argument(help="名称或文件夹；默认当前的默认模型", metavar="模型")] = None,
    models: FoldersOption = None,
) -> None:
    """核对一个模型的文件，显示它的说明卡。"""
    from nlp.model_folder import default_folder, verify
    from serving import screen

    folder = find_folder(model, models) if model else default_folder()
    manifest = verify(folder)
    screen.out().print(f"{folder}：{len(manifest.files)} 个文件，SHA-256 全部相符")
    typer.echo((folder / "card.md").read_text(encoding="utf-8"))


@model_app.command("use")
def use_model(
    model: Annotated[str, typer.Argument(help="名称或文件夹", metavar="模型")], models: FoldersOption = None
) -> None:
    """核对之后，把一个模型设为默认。"""
    from serving import model_choice, screen
    from serving.people_commands import acting

    screen.out().print(f"默认模型：{model_choice.put_in_use(find_folder(model, models), acting())}")


@model_app.command("compare")
def compare_models(
    first: Annotated[str, typer.Argument(help="名称或文件夹", metavar="模型")],
    second: Annotated[str, typer.Argument(help="名称或文件夹", metavar="模型")],
    gold: Annotated[list[Path], typer.Argument(help="标注文件（JSONL）或自撰语料的文件夹", metavar="数据")],
    data: DataOption = Path("../shared"),
    report: Annotated[Path, typer.Option("--report", help="报告写到哪个文件夹", metavar="文件夹")] = Path("runs")
    / "report",
    models: FoldersOption = None,
) -> None:
    """两个模型在同一份数据上比一比。"""
    from serving import screen

    screen.out().print(f"报告：{_report([first, second], gold, data, report, models)}")


def _report(names: list[str], gold: list[Path], data: Path, report: Path, further: list[Path] | None) -> Path:
    """Load, judge, write; prints the table of models."""
    try:
        from training import evaluation_report
        from training.evaluate import TEXTS
    except ImportError as error:
        raise InputError(f"没有安装 {error.name}", advice="请运行 pip install 'fanzha[train]'") from error
    from corpora.labels_beside import adopt_beside
    from nlp.model_folder import load

    folders = {folder.resolve(): folder.name for folder in (find_folder(name, further) for name in names)}
    # Two folders of one name, an old and a new one, are told apart by where they stand.
    twice = {name for name, count in Counter(folders.values()).items() if count > 1}
    folders = {path: f"{path.parent.name}/{name}" if name in twice else name for path, name in folders.items()}
    # Models first: one may bring labels that the data names; others stand beside the data.
    for path in gold:
        adopt_beside(path if path.is_dir() else path.parent.parent)
    loaded = {name: load(path) for path, name in folders.items()}
    examples = evaluation_report.read_examples(gold, data, TEXTS)
    judged = evaluation_report.evaluate_models(examples, loaded)
    typer.echo(evaluation_report.main_table(examples, judged))
    return evaluation_report.write_report(examples, judged, report)
