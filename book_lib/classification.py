"""Classification: from a score to a probability, from data to the scores, and whether the answers can be trusted.

Labels of two classes come in two conventions, "01" (0 and 1) and "pm1" (−1 and +1); of K classes, as 0 … K−1.

* :func:`sigmoid`, :func:`log_sigmoid` and :func:`softplus` are written so that nothing overflows; ``links`` holds other
  ways to bend a score into a probability.
* :func:`binary_cross_entropy`, :func:`softmax_cross_entropy` and its slope :func:`cross_entropy_gradient`, p − t.
* :class:`LogisticRegression` and :class:`SoftmaxRegression` fit linear scores.
* :func:`confusion_matrix`, :func:`accuracy`, :func:`precision_recall`, :func:`precision_at`, :func:`roc_curve`,
  :func:`auc` and :func:`threshold_for` count right and wrong.
* :func:`reliability`, :func:`expected_calibration_error` and :func:`fit_temperature` ask whether 90 % means 90 %.

>>> model = LogisticRegression(penalty=1.0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
>>> accuracy([0, 0, 1, 1], model.predict([[0.0], [1.0], [2.0], [3.0]]))
1.0
"""

from book_lib._classification_calibration import (
    Reliability,
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from book_lib._classification_losses import (
    binary_cross_entropy,
    cross_entropy_gradient,
    links,
    log_sigmoid,
    sigmoid,
    softmax_cross_entropy,
    softplus,
)
from book_lib._classification_metrics import (
    ROC,
    accuracy,
    auc,
    confusion_matrix,
    precision_at,
    precision_recall,
    roc_curve,
    threshold_for,
)
from book_lib._classification_models import (
    BinaryClassifier,
    LogisticRegression,
    SoftmaxClassifier,
    SoftmaxRegression,
)

__all__ = [
    "ROC",
    "BinaryClassifier",
    "LogisticRegression",
    "Reliability",
    "SoftmaxClassifier",
    "SoftmaxRegression",
    "accuracy",
    "auc",
    "binary_cross_entropy",
    "confusion_matrix",
    "cross_entropy_gradient",
    "expected_calibration_error",
    "fit_temperature",
    "links",
    "log_sigmoid",
    "precision_at",
    "precision_recall",
    "reliability",
    "roc_curve",
    "sigmoid",
    "softmax_cross_entropy",
    "softplus",
    "threshold_for",
]
