"""Linear regression: y = Xw, fitted by least squares, held back by a penalty, and with its own uncertainty.

* :func:`least_squares` finds the weights of the smallest mean squared error, and says what it did where the data do
  not determine them; :func:`design` makes the table X, with a column of ones and powers if asked for.
* :func:`ridge` adds λ|w|², which is a Gaussian prior in disguise; :func:`ridge_path` does so for many λ at the cost of
  one; :func:`standardize` makes columns comparable first.
* :func:`mean_squared_error` and :func:`gaussian_nll` are the two faces of one loss.
* :class:`BayesianLinearRegression` keeps every line that the data allow, and so knows how wide its band must be.

>>> X = design([0.0, 1.0, 2.0])
>>> least_squares(X, [1.0, 4.0, 7.0]).weights.round(6)
array([1., 3.])
"""

from book_lib._regression_bayes import BayesianLinearRegression, Posterior
from book_lib._regression_fits import (
    LeastSquares,
    gaussian_nll,
    least_squares,
    mean_squared_error,
    normal_equations_residual,
)
from book_lib._regression_ridge import ridge, ridge_path
from book_lib._regression_tables import Standardizer, design, standardize

__all__ = [
    "BayesianLinearRegression",
    "LeastSquares",
    "Posterior",
    "Standardizer",
    "design",
    "gaussian_nll",
    "least_squares",
    "mean_squared_error",
    "normal_equations_residual",
    "ridge",
    "ridge_path",
    "standardize",
]
