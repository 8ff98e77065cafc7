"""Opens the store: engine, migrations under a lock, and the two sorts of transaction.

In: a database URL. Out: a `Store` with `reading()` and `writing()`. It knows no table and no query.

SQLite: WAL, foreign keys on, synchronous FULL (a commit is on disk when it returns: "accepted" means that), 60 s busy
timeout, 16 MB of pages in memory a connection and 64 MB the writing one; writers begin with BEGIN IMMEDIATE, so a writer never fails in
the middle because another one came first.
PostgreSQL: by URL, pooled; synchronous_commit is the server's own (on by default).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from nlp.errors import FanzhaError
from serving import data_key
from serving.migrations import HEAD

# How long a writer waits for those of other processes on one SQLite file. Analysis happens outside the transaction, so a minute means
# trouble; half of one was passed on a machine with eight times more to do than it could.
BUSY_SECONDS = 60
_WRITES = "fanzha_writes"
# SQLite's own pages in memory, KiB a connection. Its default of 2 MB holds no index of a large store. A writer gets more: the thirty keys
# of a case stand in thirty places of their index, each a page that is read, changed and, if it does not stay, written and read again.
_CACHE, _WRITER_CACHE, _WIDENED = 16_384, 65_536, "fanzha_widened"
_MIGRATION_LOCK = 0x66616E7A  # "fanz": the advisory lock under which PostgreSQL is migrated


class StoreError(FanzhaError):
    """The store cannot be opened, or it is of another version than this program."""

    status = 503
    code = "store"


class Store:
    """An open store. Threads may share it; sessions are short and belong to one thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        # PostgreSQL's own default gives every statement a state of its own: a page and its cursor would not fit together.
        one_state: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        # Writers of one process stand in a queue here; SQLite's own waiting is asking again and again, by which one of many may starve.
        self._turn = threading.Lock() if self.is_sqlite else None
        self._reader = engine if self.is_sqlite else engine.execution_options(**one_state)

    @property
    def is_sqlite(self) -> bool:
        """Is this the store that needs no server?"""
        return self.engine.dialect.name == "sqlite"

    @property
    def address(self) -> str:
        """The URL with any password struck out, fit for screens and logs."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the store and changes nothing; the rows read stay usable after it."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session
            session.expunge_all()
            session.rollback()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises."""
        with self._queued(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _queued(self) -> Iterator[None]:
        """This thread's turn to write, on SQLite. Whoever waits longer than anybody may write is let through to SQLite's own answer."""
        mine = self._turn is not None and self._turn.acquire(timeout=10 * BUSY_SECONDS)
        try:
            yield
        finally:
            if mine and self._turn is not None:
                self._turn.release()

    def bound_pages(self, size: int) -> None:
        """Keep at most about so many bytes of SQLite's pages in this process, whatever its connections may; nothing on PostgreSQL."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA soft_heap_limit = {size}")

    def close(self) -> None:
        """Give back every connection. The last one to leave folds the WAL into the file."""
        self.engine.dispose()


def open_store(url: str, *, migrate: bool = True) -> Store:
    """Open the store at `url` (SQLAlchemy URL), making folder, file and tables at the first start.

    migrate: bring an older schema up to this program's, under a lock; False raises StoreError instead.
    Raises StoreError when it cannot be reached or was made by a newer program.
    """
    store = connected(url)
    with _told(store):
        _bring_up_to_date(store, migrate)
        _know_taxonomy(store)
    return store


def _know_taxonomy(store: Store) -> None:
    """This process speaks the version of the taxonomy that is in force in the store it opened last."""
    from serving.taxonomies import versions

    with store.reading() as session:
        versions.install(session)


@contextmanager
def _told(store: Store) -> Iterator[None]:
    """What fails inside closes the store; an error of the database is told as one of ours."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        store.close()
        raise StoreError(
            f"打不开事件库：{error.orig}", where=store.address, advice="检查路径、权限、磁盘空间，或数据库是否在运行"
        ) from error
    except BaseException:
        store.close()
        raise


def connected(url: str) -> Store:
    """The store at `url` as it is, of whatever version, also an empty one: for backups, which come before an upgrade.

    Raises StoreError for an address that cannot be used; whether anybody answers there shows with the first session.
    """
    parsed = make_url(url)
    # An error of the database quotes its statement, never what was put in: that is a complaint.
    options: dict[str, Any] = {"pool_pre_ping": True, "hide_parameters": True}
    if parsed.get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}, "hide_parameters": True}
        if parsed.database and parsed.database != ":memory:":
            options["pool_use_lifo"] = True  # the connection that was used last has the pages
            _make_place(Path(parsed.database))
        else:
            options["poolclass"] = sa.StaticPool
    try:
        engine = sa.create_engine(parsed, **options)
    except (sa.exc.ArgumentError, ModuleNotFoundError) as error:
        raise StoreError(
            f"无法使用事件库地址：{error}",
            where=url.split("@")[-1],
            expected="sqlite:///文件 或 postgresql://…",
            advice="PostgreSQL 需要先安装 fanzha[scale]",
        ) from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgres(engine)
    return Store(engine)


def schema_version(connection: sa.Connection) -> str | None:
    """The Alembic revision that the store is at, None for an empty store."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _make_place(file: Path) -> None:
    """The folder, and a new file that its owner alone may read: SQLite gives its journals the same mode."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError, PermissionError):  # a folder that cannot be written is SQLite's to tell
            os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StoreError(
            f"建不了文件夹：{error.strerror}", where=str(file.parent), advice="检查权限，或用 --store 指定别处"
        ) from error


def _prepare_sqlite(engine: Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, see _on_begin
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            f"cache_size=-{_CACHE}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        if writes and not connection.info.get(_WIDENED):
            connection.exec_driver_sql(f"PRAGMA cache_size = -{_WRITER_CACHE}")
            connection.info[_WIDENED] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgres(engine: Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # Compiling a statement takes PostgreSQL tenths of a second; none of ours reads so much that it would be won back.
        connection.execute("SET jit = off")
        connection.commit()


def _bring_up_to_date(store: Store, migrate: bool) -> None:
    # 1. The usual case, without a lock and without importing Alembic (0.3 s).
    with store.engine.connect() as connection:
        found = schema_version(connection)
    if found == HEAD:
        _check_data_keys(store, migrate)
        return
    if not migrate:
        raise StoreError(
            f"事件库版本为 {found or '空'}", where=store.address, expected=HEAD, advice="运行 fanzha doctor --migrate"
        )
    # 2. One migrates, the others wait and then find it done. SQLite: the write lock; PostgreSQL: an advisory lock.
    with store._writer.begin() as connection:
        if not store.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if schema_version(connection) != HEAD:
            from serving.migrations.run import upgrade

            upgrade(connection)
    _check_data_keys(store, migrate)


def _check_data_keys(store: Store, write: bool) -> None:
    """Every key that the store is sealed with must be here, and the one in use is noted before anything is sealed with it.

    Raises DataKeyError, before a row is read or written. write: may the note be made?
    """
    from serving.store.identity import now

    table = sa.table("data_keys", sa.column("name"), sa.column("since"))
    with store.engine.connect() as connection:
        noted = set(connection.scalars(sa.select(table.c.name)))
    here = data_key.keys()
    if noted and not here:
        raise data_key.DataKeyError(
            "事件库已加密，没有设数据密钥", where=data_key.VARIABLE, expected=f"密钥 {'、'.join(sorted(noted))}",
            advice="把密钥放回环境变量；什么也没有读，什么也没有改",
        )  # fmt: skip
    for name in sorted(noted):
        data_key.named(name)
    if write and here and here[0].name not in noted:
        with store._writer.begin() as connection:
            if not store.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            if connection.scalar(sa.select(table.c.name).where(table.c.name == here[0].name)) is None:
                connection.execute(sa.insert(table).values(name=here[0].name, since=now()))
