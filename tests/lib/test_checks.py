"""The guards at the door: what passes, and what is named and refused."""

from fractions import Fraction

import numpy as np
import pytest

from book_lib import _checks


@pytest.mark.parametrize("values", [[1, 2], [Fraction(1, 2)], [], 3, np.float32([1, 2]), np.uint8(3)])
def test_arrays_of_real_numbers_pass(values):
    for guard in (_checks.real_array, _checks.finite_array):
        array = guard("x", values)
        assert array.dtype == np.float64 and np.array_equal(array, np.asarray(values, dtype=float))


@pytest.mark.parametrize(
    "values",
    [
        ["1"], "a", [True, False], np.True_, np.array([1j]), np.array(["2020"], "M8[D]"), [10**400], [[1], [1, 2]],
        None, [None, 1], {}, np.ma.array([1.0, 2.0], mask=[0, 1]), [Fraction(1, 2), "1"], [Fraction(1, 2), True],
    ],
)  # fmt: skip
def test_what_is_no_array_of_real_numbers_is_refused(values):
    for guard in (_checks.real_array, _checks.finite_array):
        with pytest.raises(TypeError, match="^x must be an array of real numbers"):
            guard("x", values)


def test_numbers_that_no_float_holds_are_not_finite():
    with pytest.raises(ValueError, match=r"x must be finite, got 1000.*\.\.\.$"):
        _checks.finite("x", 10**400)
    assert _checks.finite("x", Fraction(1, 4)) == 0.25


def test_quotients_that_no_float_holds_are_refused():
    assert _checks.over_temperature("field", 1.0, [2.0, 4.0]).tolist() == [0.5, 0.25]
    with pytest.raises(ValueError, match="temperature must be at least field/1e300, got 1e-310 for field 1"):
        _checks.over_temperature("field", 1.0, 1e-310)


@pytest.mark.parametrize("spins", [np.ones((4, 4)), np.ones((3, 3), np.int8, order="F"), np.ones((5, 5), int).T])
def test_lattices_lie_row_by_row(spins):
    assert _checks.spin_lattice("spins", spins).flags.c_contiguous


def test_ragged_lattices_are_named():
    with pytest.raises(ValueError, match="spins must be an array, got lists of unequal length"):
        _checks.spin_lattice("spins", [[1, 1], [1]])
