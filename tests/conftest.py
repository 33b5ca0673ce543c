"""What all tests share: where things are, the `claim` marker, and how files are spread over processes."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# No deadline: a busy machine is no fault of the code. The same examples every time: a red run can be repeated.
settings.register_profile("book", deadline=None, derandomize=True)
settings.load_profile("book")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests below tests/site."""
    for item in items:
        if ROOT / "tests" / "site" in item.path.parents:
            item.add_marker(pytest.mark.site)


def unit(nodeid: str) -> str:
    """The tests that one process runs, in their order: a file's, which share fixtures that are costly to make.

    test_site.py is the exception: it holds the tests of every page, and each page may go to a process of its own.

    >>> unit("tests/lib/test_rng.py::test_range[1-2]")
    'tests/lib/test_rng.py'
    >>> unit("tests/site/test_site.py::test_page[dark-chapters/ising.html]")
    'tests/site/test_site.py chapters/ising.html'
    """
    file, _, test = nodeid.partition("::")
    page = re.search(r"[\w/]+\.html", test)
    return f"{file} {page[0]}" if page and file.endswith("test_site.py") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Spread units over processes. (`--dist loadgroup` would, but pytest 9.2 does not see xdist's group names.)"""
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    return Units(config, log)
