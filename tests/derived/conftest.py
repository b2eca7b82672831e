from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.derived.states import COUNT, assert_right, index_path, many
from tests.repositories import Clone, init_project


@pytest.fixture(scope="session")
def prepared_large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clone = Clone(tmp_path_factory.mktemp("large") / "project")
    init_project(clone.path)
    clone.write(many(COUNT))
    with clone.store() as store:
        assert_right(store)
    assert index_path(clone).exists()
    return clone.path


@pytest.fixture
def large(prepared_large: Path, tmp_path: Path) -> Clone:
    """With an index on disk, as its size asks for."""
    clone = Clone(tmp_path / "project")
    shutil.copytree(prepared_large, clone.path, symlinks=True)
    clone.git("update-index", "-q", "--refresh")
    return clone
