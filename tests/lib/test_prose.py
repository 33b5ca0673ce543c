"""Numbers kept for the text must arrive where myst-nb looks for them, and nothing else may be kept."""

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from book_lib.prose import note


@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_a_number_is_kept_as_glue_keeps_it(shell):
    from myst_nb import glue

    with capture_output() as ours:
        note(critical=np.float64(2.25))
    with capture_output() as theirs:
        glue("critical", 2.25, display=False)
    assert [(o.data, o.metadata) for o in ours.outputs] == [(o.data, o.metadata) for o in theirs.outputs]


@pytest.mark.parametrize("value", ["2.3", None, 1j, True, np.ones(2)])
def test_only_real_numbers(value):
    with pytest.raises(TypeError, match="share must be a real number"):
        note(share=value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_only_finite_numbers(value):
    with pytest.raises(ValueError, match="share must be finite"):
        note(share=value)


def test_nothing_is_kept_if_one_number_is_bad(shell):
    with capture_output() as ours, pytest.raises(ValueError, match="share must be finite"):
        note(critical=2.25, share=10**400)
    assert not ours.outputs


def test_without_a_notebook_nothing_happens(capsys):
    note(share=0.5)
    assert capsys.readouterr().out == ""
