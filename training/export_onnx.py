"""The trained network as an int8 ONNX file that needs no torch.

    python -m training.export_onnx FOLDER        # give a model folder that has no output `pooled` one, and seal it again

In: a `ReportNetwork`. Out: model.onnx with input input_ids (1, tokens), outputs logits (1, outputs), pooled (1, hidden), and, for a network
with a token head, tags (1, tokens, tags). One window at a time is what `nlp.encoder` reads, so nothing is padded, and the graph has neither
mask nor arithmetic on the size of a batch: an eighth of a window's time.
Matrices are int8 per channel with activations quantised while running; vectors of words and positions are int8 with one scale a row.
Where that costs more F1 than `training.parity` allows, parts stay fp32: the heads, then the upper half of the layers, then all.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from nlp.encoder import POOLED
from nlp.errors import ModelError
from nlp.model_folder import load, read_manifest, seal
from training.network import ReportNetwork

# What the mean of a window's hidden states is made with, in the graphs of this exporter: now, and while they still had a mask.
MEANS = ("ReduceMean", "Div")


class RowQuantised(nn.Module):
    """Word vectors as int8 rows with one scale each: a quarter of the size, errors below half a step of each row.

    ONNX Runtime's own quantisation takes one scale for the whole table, which the few large rows would dictate.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127.0
        self.register_buffer("rows", torch.round(weight / scale).to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors (batch, tokens, hidden)."""
        return self.rows[ids].to(torch.float32) * self.scale[ids]


def parts_left(nodes: Sequence[str], layers: int) -> list[list[str]]:
    """Names of the multiplications that stay fp32, one list a trial: none, those outside the layers, the upper half too, all."""
    outside = [name for name in nodes if "/layer." not in name]
    upper = [name for name in nodes if any(f"/layer.{number}/" in name for number in range(layers // 2, layers))]
    return [[], outside, [*outside, *upper], list(nodes)]


def export(network: ReportNetwork, path: Path, holds: Callable[[Path], bool] = lambda _path: True) -> None:
    """Write the int8 file. The network's word vectors are replaced by their quantised form: it is not for training any more.

    holds: tells of a written file whether it is as good as the network; until it says so, more parts stay fp32. The last trial, with all
    multiplications fp32, is written whatever it says.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    network = network.eval()
    network.bert.set_attn_implementation("eager")  # the fused operator exports to something larger and slower
    embeddings = network.bert.embeddings
    embeddings.word_embeddings = RowQuantised(embeddings.word_embeddings.weight.detach())
    embeddings.position_embeddings = RowQuantised(embeddings.position_embeddings.weight.detach())
    # Any pieces will do: only the shapes are traced.
    ids = torch.tensor([[number for number in range(6) if number != network.pad]])
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        axes = {1: "tokens"}
        torch.onnx.export(
            network,
            (ids,),
            str(whole),
            input_names=["input_ids"],
            output_names=["logits"] if network.tagger is None else ["logits", "tags"],
            dynamic_axes={"input_ids": axes} | ({} if network.tagger is None else {"tags": axes}),
            opset_version=17,
            dynamo=False,
        )
        # A Gemm is taken apart before it is quantised; what comes of it is known by the second name.
        names = {"MatMul": ("",), "Gemm": ("", "_MatMul")}
        found = onnx.load(str(whole)).graph.node
        nodes = [node.name + ending for node in found for ending in names.get(node.op_type, ())]
        for left in parts_left(nodes, network.bert.config.num_hidden_layers):
            # reduce_range: without VNNI two 8-bit products overflow 16 bits; 7-bit weights cannot, so every machine agrees.
            quantize_dynamic(
                whole,
                path,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=left,
            )
            give_pooled(path)
            if holds(path):
                break


def give_pooled(path: Path) -> bool:
    """Let a model file of `export` give out the mean of a window's hidden states too; False where it does so already.

    It stands in the graph anyway: the quotient that the logits are computed from. Raises ModelError for a graph without one.
    """
    import onnx

    model = onnx.load(str(path))
    if any(output.name == POOLED for output in model.graph.output):
        return False
    makers = {name: node for node in model.graph.node for name in node.output}
    # Back from the logits, the nearest nodes first; the mean of `ReportNetwork.pool` is the first one met.
    waiting = ["logits"]
    while waiting:
        node = makers.get(waiting.pop(0))
        if node is None:
            continue
        if node.op_type in MEANS:
            model.graph.node.append(onnx.helper.make_node("Identity", [node.output[0]], [POOLED], name=POOLED))
            (size,) = (output.type.tensor_type.shape.dim[0] for output in model.graph.output if output.name == "logits")
            kind, windows = onnx.TensorProto.FLOAT, size.dim_value or "batch"
            model.graph.output.append(onnx.helper.make_tensor_value_info(POOLED, kind, [windows, "hidden"]))
            onnx.save(model, str(path))
            return True
        waiting += node.input
    raise ModelError("找不到汇聚的向量", where=str(path), expected="training.export_onnx 写出的 model.onnx")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="give the model of a folder the output `pooled`")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    load(folder)
    told = asdict(read_manifest(folder))
    told.pop("files")
    print("写好" if give_pooled(folder / "model.onnx") else "已经有了", folder)
    seal(folder, **told)


if __name__ == "__main__":
    main()
