"""What all tests share: where things are, the `claim` marker, and how files are spread over processes."""

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


# subtle: first, because xdist reads the groups in the same hook, and its turn would come before ours.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests below tests/site, and keep a file's tests in one process (`--dist loadgroup`).

    A file's tests share fixtures that are costly to make. test_site.py is the exception: it holds the tests
    of every page, and each page may go to a process of its own.
    """
    for item in items:
        if ROOT / "tests" / "site" in item.path.parents:
            item.add_marker(pytest.mark.site)
        if item.get_closest_marker("xdist_group"):
            continue
        group = str(item.path.relative_to(ROOT))
        page = getattr(item, "callspec", None) and item.callspec.params.get("path")
        if item.path.name == "test_site.py" and page:
            group += f":{page}"
        item.add_marker(pytest.mark.xdist_group(group))
