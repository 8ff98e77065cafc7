"""Reading on the nodes of a Ray cluster: the files at an address are opened, decoded and cut into documents there, several at a time (Ray Data).

In: sources as a person named them. Out: documents and refusals, in the order in which one process alone would read them, and the same ones:
a node runs `corpora.read` on whole files. What lies on this machine's disk is read here; an address (`s3://…`, `gs://…`; `file:///…` for a
folder that every node has) is listed here and read there, so its bytes do not pass through this process. Nothing is stored there: this process
puts what comes into the inbox, which takes each document once, however often a node that died had begun a file.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpora.object_store import Stored, is_address, listed
from corpora.read import read, read_stored
from nlp.errors import InputError
from nlp.records import Document
from serving import ray_cluster

# Documents that go from a node to this process together: one file may hold a million.
TOGETHER = 100
# Tasks for each core: few enough for a hundred thousand small files, many enough that a large file does not keep the others waiting.
TASKS = 8


def read_sources(
    sources: Sequence[str | Path], columns: Mapping[str, str] | None, nature: str | None, *, address: str, cores: int
) -> Iterator[Document | InputError]:  # fmt: skip
    """As `serving.ingest.read_sources`. cores: of a Ray that is started here. Raises InputError without Ray, or where it does not answer."""
    for source in sources:
        if is_address(source):
            yield from _on_nodes(str(source), columns, nature, address, cores)
        else:
            yield from read([source], columns=columns, nature=nature)  # type: ignore[arg-type]


def _on_nodes(
    source: str, columns: Mapping[str, str] | None, nature: str | None, address: str, cores: int
) -> Iterator[Document | InputError]:  # fmt: skip
    files: list[Stored] = []
    for found in listed(source):
        if isinstance(found, InputError):
            yield found
        else:
            files.append(found)
    if not files:
        return
    ray, _ = ray_cluster.connect(address, cores)
    import ray.data as ray_data  # type: ignore[no-redef]

    logging.getLogger("ray.data").setLevel(logging.WARNING)
    context = ray_data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    rows = [{"source": each.source, "path": each.path, "doc_id": each.doc_id} for each in files]
    tasks = TASKS * max(1, int(ray.cluster_resources().get("CPU", 1)))
    read_there = ray_data.from_items(rows, override_num_blocks=min(len(rows), tasks)).map_batches(
        _read_files, batch_size=1, batch_format="pyarrow", fn_kwargs={"columns": dict(columns or {}), "nature": nature}
    )
    for batch in read_there.iter_batches(batch_size=None, batch_format="pyarrow"):
        for item in batch["item"]:
            yield pickle.loads(item.as_py())


def _read_files(files: Any, columns: Mapping[str, str], nature: Any) -> Iterator[Any]:
    """On a node: the documents of the files of one batch, as pickles in tables of one column."""
    import pyarrow

    def table(items: list[bytes]) -> Any:
        return pyarrow.table({"item": pyarrow.array(items, pyarrow.large_binary())})

    held: list[bytes] = []
    for row in files.to_pylist():
        for item in read_stored(Stored(**row), columns=columns, nature=nature):
            held.append(pickle.dumps(item))
            if len(held) >= TOGETHER:
                yield table(held)
                held = []
    yield table(held)
