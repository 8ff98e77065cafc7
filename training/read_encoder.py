"""A Hugging Face folder as an encoder and a fast tokenizer, whatever member of the BERT family it holds.

In: a folder with config.json, weights (model.safetensors or pytorch_model.bin) and a tokenizer: tokenizer.json, a WordPiece vocab.txt in the form
of bert-base-chinese, or the unigram file of XLM-R. Out: a torch module with `embeddings` and `encoder.layer`, a `tokenizers.Tokenizer`. It runs
no code of the folder and downloads nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, normalizers

from nlp.errors import InputError

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_ADVICE = "请指明 Hugging Face 格式的 BERT 文件夹"


def read_bert(folder: Path, attention: str = "sdpa") -> Any:
    """The encoder without pooler; raises InputError for a folder that holds none, or one without layers that can be frozen and cut."""
    from transformers import AutoModel

    for names in (("config.json",), WEIGHTS):
        if not any((folder / name).is_file() for name in names):
            raise InputError(f"缺少 {' 或 '.join(names)}", where=str(folder), advice=_ADVICE)
    try:
        # Sequence classification would add BERT's pooler, which e5 never trained; mean pooling is what it did train.
        bert = AutoModel.from_pretrained(
            folder, add_pooling_layer=False, attn_implementation=attention, local_files_only=True
        )
    except Exception as error:  # safetensors and torch raise classes of their own for a file that is cut off
        raise InputError(f"读不出编码器：{error}", where=str(folder), advice=_ADVICE) from error
    if not hasattr(bert, "embeddings") or not hasattr(getattr(bert, "encoder", None), "layer"):
        raise InputError(
            f"不是 BERT 一类：{bert.config.model_type}", where=str(folder), expected="BERT、RoBERTa、XLM-R"
        )
    return bert


def pad_of(bert: Any) -> int:
    """The id that padding has in this encoder: positions of RoBERTa and XLM-R are counted from it."""
    return int(bert.config.pad_token_id or 0)


def check_length(bert: Any, max_tokens: int, where: str) -> None:
    """Raises InputError where a window may have more tokens than the encoder has positions."""
    positions = bert.config.max_position_embeddings
    # RoBERTa and XLM-R leave the first ones, up to the padding's id, unused.
    if getattr(bert.embeddings, "padding_idx", None) is not None:
        positions -= pad_of(bert) + 1
    if max_tokens > positions:
        raise InputError(f"max_tokens 为 {max_tokens}", where=where, expected=f"不超过该编码器的 {positions} 个位置")


def read_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer, without padding and truncation; raises InputError where there is none that can be read."""
    if (folder / "tokenizer.json").is_file():
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the Rust side raises plain Exception
            raise InputError(f"读不出分词器：{error}", where=str(folder / "tokenizer.json")) from error
    elif (folder / "vocab.txt").is_file():
        tokenizer = _word_pieces(folder)
    else:
        tokenizer = _converted(folder)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if not tokenizer.encode("测").special_tokens_mask.count(1):
        raise InputError("分词器不加起止符", where=str(folder), expected="[CLS] … [SEP] 或 <s> … </s>")
    return tokenizer


def _word_pieces(folder: Path) -> Tokenizer:
    """BERT's own: vocab.txt, one piece a line; lower case unless tokenizer_config.json says otherwise."""
    from tokenizers import BertWordPieceTokenizer

    settings = folder / "tokenizer_config.json"
    told = json.loads(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
    lower = bool(told.get("do_lower_case", True))
    try:
        built = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=lower)
    except Exception as error:  # a vocabulary without [CLS] and [SEP]
        raise InputError(f"读不出词表：{error}", where=str(folder / "vocab.txt"), advice=_ADVICE) from error
    tokenizer = Tokenizer.from_str(built.to_str())
    strip = told.get("strip_accents")
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=lower, strip_accents=strip, handle_chinese_chars=bool(told.get("tokenize_chinese_chars", True))
    )
    return tokenizer


def _converted(folder: Path) -> Tokenizer:
    """Whatever else transformers can turn into a fast tokenizer: the unigram models of sentencepiece."""
    from transformers import AutoTokenizer

    try:
        if not any(folder.glob("*.model")):  # transformers would make an empty tokenizer of nothing
            raise FileNotFoundError("没有分词器的文件")
        return AutoTokenizer.from_pretrained(folder, use_fast=True, local_files_only=True).backend_tokenizer
    except Exception as error:  # what is missing differs from tokenizer to tokenizer, and so do the errors
        raise InputError(
            f"读不出分词器：{error}", where=str(folder), expected="tokenizer.json 或 vocab.txt", advice=_ADVICE
        ) from error


def digest_of(folder: Path) -> str:
    """Eight hexadecimal digits that tell encoders apart."""
    path = next(folder / name for name in WEIGHTS if (folder / name).is_file())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]
