"""A tiny deterministic stand-in for the model, for tests where the model is not the point: it counts the taxonomy's own cues.

from fake_classifier import FakeClassifier
FakeClassifier().classify(["…"]) -> [Verdict]
"""

from __future__ import annotations

from collections.abc import Sequence

from nlp import taxonomy
from nlp.records import Verdict

# Without any of these a text is unrelated; with one of the second group somebody was harmed or caught, so it is a case.
FIELD = ("诈骗", "被骗", "骗走", "骗取", "传销", "赌", "信息罪", "盗刷", "敲诈", "非法集资", "跑分", "村推", "帮信")
CASE = ("被骗", "骗走", "骗取", "报警", "抓获", "拘留", "判处", "嫌疑人", "被告人", "转账", "损失")


class FakeClassifier:
    """Same interface as nlp.classify.Classifier."""

    model = "fake 0"

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict a text: kind by FIELD and CASE, label by the number of cues found (the first label wins a tie)."""
        return [self._judge(text) for text in texts]

    def _judge(self, text: str) -> Verdict:
        known = taxonomy.load()
        counts = {label.id: sum(cue in text for cue in label.cues) for label in known.labels}
        total = sum(counts.values())
        best = max(counts, key=lambda label: counts[label]) if total else known.label_ids[-1]
        labels = {label: (count + 0.01) / (total + 0.01 * len(counts)) for label, count in counts.items()}
        related = any(word in text for word in FIELD)
        kind = "unrelated" if not related else "case" if any(word in text for word in CASE) else "advisory"
        second = tuple(
            label for label in sorted(counts, key=lambda c: -counts[c]) if label != best and labels[label] > 0.3
        )
        return Verdict(kind, 0.9, best, labels[best], labels, second, review=not total and related, model=self.model)  # type: ignore[arg-type]
