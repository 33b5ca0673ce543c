"""A trait that holds a short list of numbers: probabilities, counts, logits."""

import math
from typing import Any

import traitlets

from book_lib.explorables.base import ArgumentError


class Numbers(traitlets.List):
    """A list of finite numbers, of a given length or of one between two lengths.

    Args:
        default: the list at the start.
        length: how many numbers, or (fewest, most).
        least, most: the smallest and the largest number allowed.
        whole: whether the numbers must be whole.
        sum_above: the sum must be greater than this.

    Raises:
        ArgumentError: (a ValueError) that names the argument, what came and what was expected.

    >>> class Die(traitlets.HasTraits):
    ...     counts = Numbers([1, 2, 3], length=3, least=0, whole=True)
    >>> Die(counts=[1, -1, 0])
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: counts must hold 3 whole numbers of at least 0, not [1, -1, 0]
    """

    def __init__(self, default: list, *, length: int | tuple[int, int], least: float | None = None,
                 most: float | None = None, whole: bool = False, sum_above: float | None = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(default_value=list(default), **kwargs)
        self.lengths = (length, length) if isinstance(length, int) else length
        self.least, self.most, self.whole, self.sum_above = least, most, whole, sum_above

    def _expected(self) -> str:
        few, many = self.lengths
        text = f"{few}" if few == many else f"{few} to {many}"
        text += " whole numbers" if self.whole else " finite numbers"
        limits = [("at least", self.least), ("at most", self.most)]
        text += " and".join(f" of {word} {limit:g}" for word, limit in limits if limit is not None)
        return text + ("" if self.sum_above is None else f" whose sum is above {self.sum_above:g}")

    def validate(self, obj: Any, value: Any) -> list:
        """The list as plain Python numbers, or an error."""
        try:
            numbers = [float(one) for one in value if not isinstance(one, (bool, str))]
            good = len(numbers) == len(value) and self.lengths[0] <= len(numbers) <= self.lengths[1]
        except (TypeError, ValueError):
            good, numbers = False, []
        good = good and all(map(math.isfinite, numbers))
        good = good and all(self.least is None or one >= self.least for one in numbers)
        good = good and all(self.most is None or one <= self.most for one in numbers)
        good = good and (self.sum_above is None or sum(numbers) > self.sum_above)
        if not good or (self.whole and not all(one.is_integer() for one in numbers)):
            raise ArgumentError(f"{self.name} must hold {self._expected()}, not {value!r}")
        return [int(one) for one in numbers] if self.whole else numbers


class Rows(traitlets.List):
    """A short table of numbers, kept row after row in one flat list, as the front-end reads it.

    Args:
        width: numbers in a row.
        rows: (fewest, most) rows.
        limits: (least, most) of each column; a column whose limits are whole numbers of type int holds whole numbers.

    Raises:
        ArgumentError: (a ValueError) that names the argument, what came and what was expected.

    >>> class Cloud(traitlets.HasTraits):
    ...     points = Rows(width=2, rows=(0, 9), limits=[(-1.0, 1.0), (-2.0, 2.0)])
    >>> Cloud(points=[(0, 1), (0.5, -1)]).points
    [0.0, 1.0, 0.5, -1.0]
    """

    def __init__(self, default: list | None = None, *, width: int, rows: tuple[int, int],
                 limits: list[tuple[float, float]], **kwargs: Any) -> None:  # fmt: skip
        super().__init__(default_value=list(default or []), **kwargs)
        self.width, self.rows, self.limits = width, rows, limits

    def _expected(self) -> str:
        few, many = self.rows
        columns = ", ".join(f"{low:g} to {high:g}" for low, high in self.limits)
        return f"{few} to {many} rows of {self.width} numbers (from {columns})"

    def validate(self, obj: Any, value: Any) -> list:
        """The numbers in one list, whether they come in rows or in one list; or an error."""
        try:
            flat = [one for row in value for one in (row if hasattr(row, "__len__") else [row])]
            numbers = [self._number(i % self.width, one) for i, one in enumerate(flat)]
            count, rest = divmod(len(numbers), self.width)
            good = rest == 0 and self.rows[0] <= count <= self.rows[1]
        except (TypeError, ValueError):
            good, numbers = False, []
        if not good:
            raise ArgumentError(f"{self.name} must hold {self._expected()}, not {value!r}")
        return numbers

    def _number(self, column: int, value: Any) -> float | int:
        """One entry as a plain number within the limits of its column."""
        if isinstance(value, (bool, str)):
            raise TypeError(f"a number was expected, got {value!r}")
        low, high = self.limits[column]
        number, whole = float(value), isinstance(low, int) and isinstance(high, int)
        if not low <= number <= high or (whole and not number.is_integer()):  # NaN is not between either
            raise ValueError(f"{number} is not between {low} and {high}")
        return int(number) if whole else number
