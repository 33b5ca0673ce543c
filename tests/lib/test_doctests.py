"""Every example in a docstring of book_lib and book_ext runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import book_ext
import book_lib

PACKAGES = (book_lib, book_ext)
MODULES = sorted(
    module.name for one in PACKAGES for module in pkgutil.walk_packages(one.__path__, one.__name__ + ".")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """One module's examples; ``...`` stands for anything, and an error's module need not be written."""
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    assert result.failed == 0


def test_there_are_examples() -> None:
    """The modules that the chapters use show how to use them."""
    for name in ("book_lib.ising", "book_lib.probability", "book_lib.rng"):
        found = doctest.DocTestFinder().find(importlib.import_module(name))
        assert any(test.examples for test in found), name
