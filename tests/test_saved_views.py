"""Saved views belong to a person, replace one another by name, and come to an end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import fresh_store

from nlp.errors import InputError
from serving.console import saved_views
from serving.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def test_views_are_a_person_s_own(store: Store) -> None:
    asked_for = {"q": "刷单 & 返利", "place": "41", "sort": "-loss"}
    with store.writing() as session:
        saved_views.save(session, "甲", " 河南  大额 ", {"place": "41"})
        saved_views.save(session, "甲", "河南 大额", asked_for)
        saved_views.save(session, "乙", "河南 大额", {})
    with store.reading() as session:
        assert list(saved_views.listed(session, "甲")) == ["河南 大额"]
        assert saved_views.read(saved_views.listed(session, "甲")["河南 大额"]) == asked_for
        assert saved_views.listed(session, "乙") == {"河南 大额": ""}
        assert saved_views.listed(session, "丙") == {}
    with store.writing() as session:
        assert saved_views.delete(session, "甲", "河南 大额")
        assert not saved_views.delete(session, "甲", "河南 大额")
        assert saved_views.listed(session, "乙")


@pytest.mark.parametrize("name", ["", "  ", "长" * 61, "a\0"])
def test_a_bad_name_is_refused(store: Store, name: str) -> None:
    with store.writing() as session, pytest.raises(InputError):
        saved_views.save(session, "甲", name, {})


def test_views_and_filters_have_a_bound(store: Store) -> None:
    with store.writing() as session:
        for number in range(saved_views.MOST):
            saved_views.save(session, "甲", str(number), {})
        saved_views.save(session, "甲", "0", {"q": "又一次"})
        with pytest.raises(InputError, match="已存了"):
            saved_views.save(session, "甲", "多", {})
        with pytest.raises(InputError, match="太长"):
            saved_views.save(session, "甲", "1", {"q": "长" * 1000})
