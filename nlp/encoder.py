"""The encoder engine: a BERT exported to ONNX, run on ONNX Runtime over windows of a text. No torch.

In: a text. Out: one logit a kind and one a label, the mean over the text's windows; the vector that they are made from, where the model gives
it out; and, where the model has a token head, spans of persons and sums with their roles over the whole text. It does not calibrate. A window
asked for twice is computed once. Windows of texts that will be asked for soon can be read ahead, beside what the caller does meanwhile.

Dynamic int8 takes one activation scale for a whole padded batch, so the logits of a text would move with its neighbours.
Therefore a batch here holds one window of one text: the same text gives the same logits whatever else is read with it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelError
from nlp.records import TokenTag
from nlp.spelling import fold
from nlp.token_tags import decode
from nlp.windows import cut_windows, place_windows

# A text beyond this many characters is read at its beginning and its end only; tokenising 1 MB would take a second.
HEAD, TAIL = 12_000, 6_000
# The output of a model that is no logit: the mean of a window's hidden states. Models without it are read as well.
POOLED = "pooled"
# How long who tells of texts waits for the network to begin with the first: it takes a third of a millisecond.
BEGIN_SECONDS = 1.0
# Windows kept with their results: those of a few articles, since kind, label, cases and tags ask for the same ones one after another.
KEPT = 256
# Addition and layer normalisation in one operator of ONNX Runtime: 0.65 ms of one core for 190 tokens of 384, the two apart 0.15 ms.
SLOW_FUSION = "SkipLayerNormFusion"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text becomes windows: prefix of e5, characters and tokens a window, windows a text."""

    prefix: str
    window_characters: int
    max_tokens: int
    max_windows: int


@dataclass(slots=True)
class _Run:
    """One window through the network: logits (kinds + labels,), the token head's logits (tokens, tags), characters of each token,
    the vector that the logits are linear in.

    The tags are decoded when somebody asks for them: a fifth of a window's time, and kind and label do without.
    """

    logits: NDArray[np.float32]
    tags: NDArray[np.float32] | None = None
    offsets: Sequence[tuple[int, int]] = ()
    decoded: tuple[TokenTag, ...] | None = None
    vector: NDArray[np.float32] | None = None


def prepare_windows(text: str, reading: Reading) -> list[str]:
    """The strings that go to the tokenizer, one a window, prefix included. Training uses the same."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + "\n" + text[-TAIL:]
    # A lone surrogate (half of a broken emoji) cannot pass into the tokenizer.
    whole = fold(text).encode("utf-8", "replace").decode("utf-8")
    windows = cut_windows(whole, reading.window_characters, reading.max_windows)
    return [reading.prefix + window for window in windows]


def place_tag_windows(text: str, reading: Reading) -> list[tuple[int, int]]:
    """Windows that follow one another through the whole text, (start, end) in its characters, up to HEAD + TAIL of them."""
    most = max(reading.max_windows, (HEAD + TAIL) // reading.window_characters)
    return place_windows(text[: HEAD + TAIL], reading.window_characters, most)


class EncoderEngine:
    """A loaded ONNX model. `outputs` = kinds + labels. Safe to call from several threads."""

    def __init__(
        self, model: Path, tokenizer: Path, reading: Reading, threads: int = 0, tags: Sequence[str] = ()
    ) -> None:
        """Load both files; threads 0 = as many as there are cores; tags: names of the token head's outputs, () for none.

        Raises ModelError for a file that cannot be read, or one whose token head is missing or of another size.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        self.reading = reading
        self._tags = tuple(tags)
        self._kept: OrderedDict[str, _Run] = OrderedDict()
        self._coming: dict[str, Future[_Run]] = {}
        # Of the process that asked first: threads do not live through a fork.
        self._ahead: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
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
            self._session: Any = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"], disabled_optimizers=[SLOW_FUSION]
            )
        except Exception as error:  # onnxruntime's own exception classes are not public
            raise ModelError(f"读不出 ONNX 模型：{error}", where=str(model)) from error
        self._outputs = ["logits", "tags"] if self._tags else ["logits"]
        # Models of before ask for a mask too; a batch of one window has no padding to hide.
        self._masked = "attention_mask" in {given.name for given in self._session.get_inputs()}
        sizes = {output.name: output.shape[-1] for output in self._session.get_outputs()}
        if not sizes.keys() >= set(self._outputs) or (self._tags and sizes["tags"] not in (len(self._tags), None)):
            raise ModelError(
                f"输出为 {sizes}", where=str(model), expected=f"{'、'.join(self._outputs)}，{len(self._tags)} 个标注"
            )
        self._gives_vector = POOLED in sizes
        if self._gives_vector:
            self._outputs.append(POOLED)

    def score(self, text: str) -> NDArray[np.float32]:
        """Logits (kinds + labels,) of one text, the mean over its windows."""
        rows = [self._run(window).logits for window in prepare_windows(text, self.reading)]
        mean: NDArray[np.float32] = np.mean(rows, axis=0, dtype=np.float32)
        return mean

    def expect(self, texts: Sequence[str]) -> None:
        """Begin to read the windows of these texts, in order, in a thread of its own; who asks for one of them waits for it.

        The network lets the interpreter go, so that rules and files go on beside it. No more than `KEPT` windows should be under way.
        """
        begun = None
        for text in texts:
            for window in prepare_windows(text, self.reading):
                with self._lock:
                    if window in self._kept or window in self._coming:
                        continue
                    if self._ahead is None:
                        self._ahead = ThreadPoolExecutor(1, "fanzha-encoder")
                    starting = begun if self._coming else threading.Event()
                    try:
                        self._coming[window] = self._ahead.submit(self._come, window, starting)
                    except RuntimeError:  # the interpreter is ending and starts nothing new; who asks reads for himself
                        return
                    begun = starting
        if begun is not None:
            begun.wait(BEGIN_SECONDS)

    def represent(self, text: str) -> NDArray[np.float32] | None:
        """The vector (hidden,) of one text that its logits are linear in, the mean over its windows; None where the model gives none out."""
        if not self._gives_vector:
            return None
        vectors = [self._run(window).vector for window in prepare_windows(text, self.reading)]
        rows = [vector for vector in vectors if vector is not None]
        return cast("NDArray[np.float32]", np.mean(rows, axis=0, dtype=np.float32))

    def tag(self, text: str) -> tuple[TokenTag, ...]:
        """Persons and sums with their roles, offsets into `text`, in order; () where the model has no token head."""
        if not self._tags:
            return ()
        plain = fold(text).encode("utf-8", "replace").decode("utf-8")
        found: list[TokenTag] = []
        for start, end in place_tag_windows(plain, self.reading):
            for tag in self._decode(self.reading.prefix + plain[start:end]):
                found.append(TokenTag(start + tag.start, start + tag.end, tag.kind, tag.role, tag.probability))
        return tuple(found)

    def _run(self, window: str) -> _Run:
        """What the network says of one window, prefix included; computed once while it is kept."""
        with self._lock:
            known = self._kept.get(window)
            if known is not None:
                self._kept.move_to_end(window)
                return known
            coming = self._coming.get(window)
        return self._read(window) if coming is None else coming.result()

    def _come(self, window: str, begun: threading.Event | None = None) -> _Run:
        """A window that was expected. begun: is set when the network runs. Whoever starts a thread and computes on keeps the interpreter for
        another 5 ms (`sys.getswitchinterval`), half of what reading ahead saves; waiting for the event gives it away at once.
        """
        try:
            return self._read(window, begun)
        finally:
            if begun is not None:
                begun.set()
            with self._lock:
                del self._coming[window]

    def _read(self, window: str, begun: threading.Event | None = None) -> _Run:
        """One window through the network; kept."""
        encoding = self._tokenizer.encode(window)
        ids = np.asarray([encoding.ids], dtype=np.int64)
        given = {"input_ids": ids} | ({"attention_mask": np.ones_like(ids)} if self._masked else {})
        if begun is not None:
            begun.set()
        outputs = self._session.run(self._outputs, given)
        result = _Run(outputs[0][0])
        if self._tags:
            result.tags, result.offsets = outputs[1][0], encoding.offsets
        if self._gives_vector:
            result.vector = outputs[-1][0]
        with self._lock:
            self._kept[window] = result
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return result

    def _decode(self, window: str) -> tuple[TokenTag, ...]:
        """Tags of one window, prefix included; their offsets are those behind the prefix."""
        run = self._run(window)
        if run.decoded is None and run.tags is not None:
            shift = len(self.reading.prefix)
            # The prefix is no text: its tokens, and those of no characters, stand outside.
            offsets = [(max(start - shift, 0), max(end - shift, 0)) for start, end in run.offsets]
            values = run.tags.astype(np.float64)
            exponents = np.exp(values - values.max(axis=1, keepdims=True))
            probabilities = (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)
            run.decoded = tuple(decode(probabilities, self._tags, offsets, window[shift:]))
        return run.decoded or ()
