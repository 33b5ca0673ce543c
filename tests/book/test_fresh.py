"""A second build says what a first one would (book_ext/fresh.py); real builds are in test_execution.py."""

from types import SimpleNamespace

import pytest

from book_ext import fresh


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "host.js").write_text("2"),
        lambda folder: (folder / "new.js").write_text("1"),
        lambda folder: (folder / "host.js").rename(folder / "other.js"),
    ],
    ids=["text", "new", "name"],
)
def test_a_digest_sees_every_change_of_a_bundle(tmp_path, change):
    (tmp_path / "host.js").write_text("1")
    before = fresh.digest(tmp_path)
    assert before == fresh.digest(tmp_path)
    change(tmp_path)
    assert before != fresh.digest(tmp_path)


def test_a_page_made_from_a_list_is_read_again_when_the_list_changes(tmp_path):
    (tmp_path / "test_a.py").touch()
    env = SimpleNamespace(docname="tested", found_docs={"tested"})
    fresh.note_listing(env, tmp_path, "test_*.py")
    assert fresh.outdated(None, env) == []
    (tmp_path / "notes.txt").touch()
    assert fresh.outdated(None, env) == []
    (tmp_path / "test_b.py").touch()
    assert fresh.outdated(None, env) == ["tested"]
    fresh.forget(None, env, "tested")
    assert fresh.outdated(None, env) == []
