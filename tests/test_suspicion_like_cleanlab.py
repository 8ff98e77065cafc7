"""serving.annotation.suspicion finds what cleanlab finds: the same documents, by the same thresholds, on labels of which some were changed."""

from __future__ import annotations

import numpy as np
import pytest

from serving.annotation.suspicion import Given, suspect

counting = pytest.importorskip("cleanlab.count", reason="needs the extra full (cleanlab)")
LABELS = ("a", "b", "c", "d")


@pytest.mark.parametrize("seed", range(6))
def test_the_same_documents_as_cleanlab(seed: int) -> None:
    # 1. Four hundred documents; a model that is mostly right; one label in eight is another than it should be.
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, len(LABELS), 400)
    logits = draw.normal(0, 1, (400, len(LABELS)))
    logits[np.arange(400), truth] += 2.5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    changed = draw.random(400) < 0.125
    given = np.where(changed, (truth + draw.integers(1, len(LABELS), 400)) % len(LABELS), truth)
    # 2. Both, and what they say.
    joint, theirs = counting.compute_confident_joint(
        given, shares, calibrate=False, return_indices_of_off_diagonals=True
    )
    documents = [
        Given(str(row), LABELS[given[row]], (), dict(zip(LABELS, map(float, shares[row]), strict=True)))
        for row in range(400)
    ]
    ours = suspect(documents)
    assert {int(found.document_id) for found in ours} == set(theirs)
    assert len(ours) == joint.sum() - np.trace(joint) > 0
    # 3. More than half of what was changed is among them.
    assert sum(changed[int(found.document_id)] for found in ours) > changed.sum() / 2
