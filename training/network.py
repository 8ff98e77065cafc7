"""The network that is trained: lower layers of a BERT, mean pooling, one linear layer for kind and label.

In: a Hugging Face BERT folder (training.encoder_weights writes one). Out: a torch module whose logits are linear in the pooled
window, so that the mean of a text's window logits is the logit of its mean vector. It trains nothing by itself.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from transformers import BertModel


class ReportNetwork(nn.Module):
    """A BERT cut to its first layers, mean pooling, one linear head. outputs = kinds + labels."""

    def __init__(self, folder: Path, layers: int, outputs: int, attention: str = "sdpa") -> None:
        super().__init__()
        # Sequence classification would add BERT's pooler, which e5 never trained; mean pooling is what it did train.
        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation=attention)
        self.bert.encoder.layer = self.bert.encoder.layer[:layers]
        self.bert.config.num_hidden_layers = layers
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(self.bert.config.hidden_size, outputs)

    def lower(self, input_ids: Tensor, mask: Tensor, layers: int) -> Tensor:
        """Hidden states (batch, tokens, hidden) after embeddings and the first `layers` layers."""
        return self._run(self.bert.embeddings(input_ids=input_ids), mask, 0, layers)

    def upper(self, hidden: Tensor, mask: Tensor, layers: int) -> Tensor:
        """Pooled windows (batch, hidden) from hidden states after the first `layers` layers."""
        hidden = self._run(hidden, mask, layers, len(self.bert.encoder.layer))
        weights = mask[..., None].to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits (batch, outputs) of windows."""
        hidden = self.lower(input_ids, attention_mask, 0)
        return self.head(self.dropout(self.upper(hidden, attention_mask, 0)))

    def _run(self, hidden: Tensor, mask: Tensor, first: int, last: int) -> Tensor:
        # 0 where a token is, −10⁴ where there is padding: large enough for a softmax, small enough for every export.
        extended = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * -1e4
        for layer in self.bert.encoder.layer[first:last]:
            output = layer(hidden, extended)
            hidden = output[0] if isinstance(output, tuple) else output
        return hidden
