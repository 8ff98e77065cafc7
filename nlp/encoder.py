"""The encoder engine: a BERT exported to ONNX, run on ONNX Runtime over windows of a text. No torch.

In: a text. Out: one logit a kind and one a label, the mean over the text's windows. It does not calibrate.

Dynamic int8 takes one activation scale for a whole padded batch, so the logits of a text would move with its neighbours.
Therefore a batch here holds one window of one text: the same text gives the same logits whatever else is read with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelError
from nlp.spelling import fold
from nlp.windows import cut_windows

# A text beyond this many characters is read at its beginning and its end only; tokenising 1 MB would take a second.
HEAD, TAIL = 12_000, 6_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text becomes windows: prefix of e5, characters and tokens a window, windows a text."""

    prefix: str
    window_characters: int
    max_tokens: int
    max_windows: int


def prepare_windows(text: str, reading: Reading) -> list[str]:
    """The strings that go to the tokenizer, one a window, prefix included. Training uses the same."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + "\n" + text[-TAIL:]
    # A lone surrogate (half of a broken emoji) cannot pass into the tokenizer.
    whole = fold(text).encode("utf-8", "replace").decode("utf-8")
    windows = cut_windows(whole, reading.window_characters, reading.max_windows)
    return [reading.prefix + window for window in windows]


class EncoderEngine:
    """A loaded ONNX model. `outputs` = kinds + labels. Safe to call from several threads."""

    def __init__(self, model: Path, tokenizer: Path, reading: Reading, threads: int = 0) -> None:
        """Load both files; threads 0 = as many as there are cores. Raises ModelError for a file that cannot be read."""
        import onnxruntime
        from tokenizers import Tokenizer

        self._reading = reading
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # the Rust side raises plain Exception
            raise ModelError(f"读不出分词器：{error}", where=str(tokenizer)) from error
        self._tokenizer.enable_truncation(reading.max_tokens)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads would starve the other processes of a small machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exception classes are not public
            raise ModelError(f"读不出 ONNX 模型：{error}", where=str(model)) from error

    def score(self, text: str) -> NDArray[np.float32]:
        """Logits (kinds + labels,) of one text, the mean over its windows."""
        rows = []
        for encoding in self._tokenizer.encode_batch(prepare_windows(text, self._reading)):
            ids = np.asarray([encoding.ids], dtype=np.int64)
            rows.append(self._session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
        mean: NDArray[np.float32] = np.mean(rows, axis=0, dtype=np.float32)
        return mean
