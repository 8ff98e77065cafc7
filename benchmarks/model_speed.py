"""How quickly the shipped model loads and reads, and how much quicker than the twelve-layer network in torch on the same machine, in one run.

    python -m benchmarks.model_speed [--model FOLDER] [--texts 200] [--encoder RUNS/e5]

Prints seconds of processor time to load, texts a second of about 128 tokens through the encoder of the folder alone and through the whole folder,
and, where torch and the converted encoder are at hand, the same for the twelve layers in fp32 and the ratio. Writes nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from nlp import model_folder

# About 190 characters, 128 tokens; the number makes each text another one, so that nothing is kept from the last.
TEXT = (
    "报警人称{}日在家中接到自称某购物平台客服的来电，对方说其误开了会员，需要按指引取消，否则每月扣费。报警人下载了会议软件并共享屏幕，"
    "先后向对方提供的账户转账三笔，合计{}元，之后对方不再回话，报警人发觉被骗，遂到派出所报案。民警已登记并联系银行止付，案件正在进一步办理中，"
    "同时提醒市民，凡是要求共享屏幕和转账的都是诈骗，请立即挂断电话。"
)


def rate(texts: Sequence[str], work: Callable[[str], object]) -> float:
    """Texts a second of wall time; the first ten are only to warm up."""
    for text in texts[:10]:
        work(text)
    began = time.perf_counter()
    for text in texts[10:]:
        work(text)
    return (len(texts) - 10) / (time.perf_counter() - began)


def torch_rate(folder: Path, texts: Sequence[str]) -> float | None:
    """Texts a second of the untouched twelve layers in torch, one text at a time; None where torch or the folder is missing."""
    try:
        import torch
        from tokenizers import Tokenizer

        from training.network import ReportNetwork
    except ImportError:
        return None
    if not (folder / "config.json").is_file():
        return None
    network = ReportNetwork(folder, 12, 20).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(224)

    def run(text: str) -> object:
        ids = torch.tensor([tokenizer.encode("query: " + text).ids])
        with torch.inference_mode():
            return network(ids, torch.ones_like(ids))

    return rate(texts, run)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--encoder", type=Path, default=Path("runs") / "e5")
    given = parser.parse_args(arguments)
    console = Console(soft_wrap=True)
    folder = given.model or model_folder.default_folder()
    began, processor = time.perf_counter(), time.process_time()
    classifier = model_folder.load(folder)
    console.print(
        f"{folder.name}：装载用处理器 {time.process_time() - processor:.2f} 秒，历时 {time.perf_counter() - began:.2f} 秒"
    )
    size = (folder / "model.onnx").stat().st_size / 1e6 if (folder / "model.onnx").is_file() else 0.0
    texts = [TEXT.format(number % 28 + 1, 1000 + 37 * number) for number in range(given.texts + 10)]
    whole = rate(texts, lambda text: classifier.classify([text]))
    console.print(f"全部（词面与编码器）：{whole:.1f} 篇/秒；model.onnx {size:.2f} MB")
    encoder = getattr(classifier.engine, "encoder", None)
    if encoder is None:
        return
    # Other texts, since windows once read are kept.
    own = rate([text + "。" for text in texts], encoder.score)
    console.print(f"编码器（种类、标签、标注三个输出）：{own:.1f} 篇/秒")
    other = torch_rate(given.encoder, texts)
    if other is not None:
        console.print(f"十二层 torch fp32：{other:.1f} 篇/秒；编码器是它的 {own / other:.1f} 倍")


if __name__ == "__main__":
    main()
