"""Parquet, and files by address: a bucket is read as the folder is that it was made from, by pyarrow's own client over HTTP."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from corpora import object_store
from corpora.limits import Limits
from corpora.read import read, read_bytes
from nlp.errors import InputError
from nlp.records import Document
from serving.ingest import ingest
from serving.store import open_store
from serving.store.tables import BatchRow
from tests.object_server import serving_objects

ROWS = [
    {
        "id": "甲1",
        "标题": "刷单",
        "正文": "张某被人以刷单为名骗走3000元",
        "日期": "2024-05-01",
        "渠道": "网站",
    },
    {"id": "甲2", "标题": "", "正文": "李某接到冒充客服的电话", "日期": None, "渠道": None},
    {"id": "甲3", "标题": "空", "正文": None, "日期": "", "渠道": ""},
]


def parquet_of(rows: list[dict[str, Any]], **options: Any) -> bytes:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra tables (make test-all)")
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out, **options)
    return out.getvalue()


def told(items: Any) -> list[tuple[Any, ...]]:
    """What was read, without where it lay."""
    return [
        (item.doc_id, item.title, item.text, item.published, dict(item.metadata), item.sha256)
        if isinstance(item, Document)
        else (item.found, item.expected)
        for item in items
    ]


def test_parquet_gives_what_the_same_rows_give_as_json_lines() -> None:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
    by_table, by_lines = (
        list(read_bytes(data, name)) for data, name in ((parquet_of(ROWS), "a.parquet"), (lines, "a.jsonl"))
    )
    assert told(by_table) == told(by_lines)
    assert [item.where for item in by_table if isinstance(item, InputError)] == ["a.parquet 第 3 行"]
    assert told(read_bytes(parquet_of(ROWS), "无后缀")) == told(by_table)
    assert told(read_bytes(parquet_of(ROWS, row_group_size=1), "a.parquet")) == told(by_table)


def test_a_map_of_columns_and_rows_without_ids() -> None:
    (document,) = read_bytes(parquet_of([{"案": "王某投诉", "数": 1.0}]), "b.parquet", columns={"text": "案"})
    assert isinstance(document, Document)
    assert (document.doc_id, document.text, document.metadata["数"]) == ("b.parquet#1", "王某投诉", "1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[:-20], "已损坏或不完整"),
        (lambda data: data[:4], "已损坏或不完整"),
        (lambda data: b"PAR1" + bytes(200) + b"PAR1", "已损坏或不完整"),
        # The pages are spoilt, the footer is whole.
        (lambda data: data[:4] + bytes(len(data) // 3) + data[4 + len(data) // 3 :], "无法读取"),
    ],
)
def test_a_damaged_file_is_one_refusal(change: Any, said: str) -> None:
    found = list(
        read_bytes(
            change(parquet_of([{"正文": f"第{n}起，骗走{n}元"} for n in range(300)], compression="none")), "a.parquet"
        )
    )
    assert isinstance(found[-1], InputError)
    assert said in str(found[-1])


def test_what_is_no_table_of_texts_or_unpacks_to_too_much_is_refused() -> None:
    (none,) = read_bytes(parquet_of([{"甲": 1, "乙": 2}]), "a.parquet")
    assert "现有列：甲、乙" in str(none)
    (large,) = read_bytes(parquet_of(ROWS), "a.parquet", limits=Limits(office_bytes=100))
    assert "行组" in str(large)
    many = list(read_bytes(parquet_of([{"正文": ""}] * 150), "a.parquet"))
    assert "前 100 行都无法读取" in str(many[-1])


def test_text_that_is_not_marked_as_text_is_text() -> None:
    known, bad, other = read_bytes(
        parquet_of(
            [
                {"正文": "张某被骗3000元".encode(), "图": b"\xff\xd8"},
                {"正文": b"\xff\xfe", "图": None},
                {"正文": "李某".encode(), "图": None},
            ]
        ),
        "a.parquet",
    )
    assert isinstance(known, Document)
    assert (known.text, known.metadata["图"]) == ("张某被骗3000元", "（不是文字，2 字节）")
    assert isinstance(bad, InputError)
    assert "第 2 行" in str(bad)
    assert isinstance(other, Document)  # one bad row does not take those after it
    assert other.text == "李某"


def test_one_long_value_that_every_row_repeats_is_not_unpacked_for_all_at_once() -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra tables (make test-all)")
    data = parquet_of([{"正文": "骗" * 2_000_000}] * 64, compression="zstd")  # 6 MB, once; 384 MB in all
    assert len(data) < 10_000
    before, most = pyarrow.total_allocated_bytes(), 0
    for item in read_bytes(data, "a.parquet"):
        assert "过大" in str(item)
        most = max(most, pyarrow.total_allocated_bytes() - before)
    assert most < 200_000_000


def test_a_list_that_names_one_value_a_million_times_is_not_unpacked() -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra tables (make test-all)")
    data = parquet_of(
        [{"正文": "张某被骗3000元", "标签": ["返利" * 100] * 200_000}], compression="zstd"
    )  # 120 MB as text
    assert len(data) < 20_000
    before = pyarrow.total_allocated_bytes()
    items = read_bytes(data, "a.parquet")
    document = next(items)
    assert isinstance(document, Document)
    assert (document.text, dict(document.metadata)) == ("张某被骗3000元", {})
    assert pyarrow.total_allocated_bytes() - before < 1_000_000


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    object_store._system.cache_clear()
    (table,) = read_bytes(b"PAR1", "a.parquet")
    (bucket,) = read(["s3://bucket/x"])
    assert all("fanzha[tables]" in str(each) for each in (table, bucket))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://AKIA:geheim@bucket/x", "环境变量"),
        ("https://example.org/a.html", "fanzha watch"),
        # Secrets of AWS hold "/", which ends the host of an address.
        ("s3://AKIA:ge/heim@bucket/x", "环境变量"),
        ("s3://AKIA:ge?heim", "环境变量"),
        ("abfs://c@a.example/x?client_secret=geheim", "环境变量"),
        ("s3://bucket/x?region=ge heim", "无法使用"),
        ("s3://[bucket/x", "无法使用"),
        ("file:///tmp/%00x", "无法读取"),
        ("s3://", "没有桶"),
    ],
)
def test_an_address_that_is_none_is_one_refusal_and_no_key_is_repeated(address: str, said: str) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra tables (make test-all)")
    (refused,) = read([address])
    assert said in str(refused)
    assert "heim" not in f"{refused}{object_store.plain(address)}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder as a crawl leaves it: three forms, marks of Spark, one bad file."""
    root = tmp_path / "buckets" / "corpus" / "day"
    (root / "b").mkdir(parents=True)
    (root / "_SUCCESS").touch()
    (root / ".hidden").write_text("不读")
    (root / "a.txt").write_text("昨天有人被骗。" * 3, encoding="gb18030")
    (root / "b" / "part 0.parquet").write_bytes(parquet_of(ROWS))
    (root / "b" / "网页.html").write_text(
        "<html><body><article><p>" + "骗子自称客服。" * 30 + "</p></article></body></html>"
    )
    (root / "c.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    return root


def test_a_bucket_is_read_as_the_folder_it_was_made_from(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_folder = [*read([tree / "a.txt"]), *read([tree / "b"]), *read([tree / "c.xls"])]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    with serving_objects(tree.parents[1]) as server:
        by_bucket = list(read([f"s3://corpus/day{server.options}"]))
        (one,) = read([f"s3://corpus/day/a.txt{server.options}"])
        (nothing,) = read([f"s3://corpus/night{server.options}"])
        (closed,) = read([f"s3://closed/day{server.options}"])
    by_address = list(read([f"file://{tree}"]))
    assert [row[1:] for row in told(by_bucket)] == [row[1:] for row in told(by_folder)]
    assert told(by_address) == told(by_bucket)
    assert [item.doc_id for item in by_bucket if isinstance(item, Document)] == ["a.txt", "甲1", "甲2", "b/网页.html"]
    assert {item.origin for item in by_bucket if isinstance(item, Document)} == {
        f"s3://corpus/day/{name}" for name in ("a.txt", "b/part 0.parquet", "b/网页.html")
    }
    assert one.text == by_folder[0].text
    assert "没有文件" in str(nothing)
    assert "无法读取" in str(closed)
    assert not server.unsigned
    assert server.endpoint not in "".join(map(str, (*by_bucket, nothing, closed)))


def test_what_an_address_leads_to_comes_into_the_store_once(tree: Path, tmp_path: Path) -> None:
    from tests.fake_analyzer import make

    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with serving_objects(tree.parents[1]) as server:
        first, again = (ingest(store, [f"s3://corpus/day{server.options}"], make) for _ in range(2))
    assert (first.new, first.already, again.new, again.already) == (4, 0, 0, 4)
    assert first.work.done == 4
    with store.reading() as session:
        assert {row.source for row in session.query(BatchRow)} == {"s3://corpus/day"}
    store.close()


def test_a_link_out_of_the_folder_is_not_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("别的人的文件")
    (tree / "b" / "link.txt").symlink_to(tmp_path / "outside.txt")
    refused = [item for item in read([f"file://{tree}/b"]) if isinstance(item, InputError)]
    assert any("符号链接" in str(item) for item in refused)
