"""The network that is trained: lower layers of a BERT, mean pooling, one linear layer for kind and label, one for the tags of tokens.

In: a Hugging Face BERT folder (training.encoder_weights writes one, training.read_encoder reads it). Out: a torch module whose logits are
linear in the pooled window, so that the mean of a text's window logits is the logit of its mean vector. It trains nothing by itself.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from training.read_encoder import pad_of, read_bert


class ReportNetwork(nn.Module):
    """A BERT cut to its first layers, mean pooling, linear heads. outputs = kinds + labels; tags = BIO tags, 0 for no token head."""

    def __init__(self, folder: Path, layers: int, outputs: int, attention: str = "sdpa", tags: int = 0) -> None:
        super().__init__()
        self.bert = read_bert(folder, attention)
        self.pad = pad_of(self.bert)
        self.bert.encoder.layer = self.bert.encoder.layer[:layers]
        self.bert.config.num_hidden_layers = layers
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(self.bert.config.hidden_size, outputs)
        self.tagger = nn.Linear(self.bert.config.hidden_size, tags) if tags else None

    def lower(self, input_ids: Tensor, mask: Tensor | None, layers: int) -> Tensor:
        """Hidden states (batch, tokens, hidden) after embeddings and the first `layers` layers."""
        return self._run(self.bert.embeddings(input_ids=input_ids), mask, 0, layers)

    def upper(self, hidden: Tensor, mask: Tensor | None, layers: int) -> Tensor:
        """Hidden states (batch, tokens, hidden) after all layers, from those after the first `layers` layers."""
        return self._run(hidden, mask, layers, len(self.bert.encoder.layer))

    def pool(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Mean vector (batch, hidden) of each window's tokens."""
        if mask is None:
            return hidden.mean(dim=1)
        weights = mask[..., None].to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1)

    def judge(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Logits (batch, kinds + labels) from the last hidden states."""
        return self.head(self.dropout(self.pool(hidden, mask)))

    def tag(self, hidden: Tensor) -> Tensor:
        """Logits (batch, tokens, tags) from the last hidden states; a network without a token head has none to give."""
        if self.tagger is None:
            raise ValueError("this network has no token head")
        return self.tagger(self.dropout(hidden))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        """Logits (batch, outputs) of windows; with a token head also (batch, tokens, tags). Without a mask nothing is padding."""
        hidden = self.upper(self.lower(input_ids, attention_mask, 0), attention_mask, 0)
        logits = self.judge(hidden, attention_mask)
        return logits if self.tagger is None else (logits, self.tag(hidden))

    def _run(self, hidden: Tensor, mask: Tensor | None, first: int, last: int) -> Tensor:
        # 0 where a token is, −10⁴ where there is padding: large enough for a softmax.
        extended = None if mask is None else (1.0 - mask[:, None, None, :].to(hidden.dtype)) * -1e4
        for layer in self.bert.encoder.layer[first:last]:
            output = layer(hidden, extended)
            hidden = output[0] if isinstance(output, tuple) else output
        return hidden
