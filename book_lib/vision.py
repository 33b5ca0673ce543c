"""Vision: kernels on images, what a unit sees, what a network is made of, and a small one that learns.

* :func:`cross_correlate` and :func:`convolve` slide a kernel loop by loop, :func:`conv2d` does it fast by
  :func:`im2col`; :func:`max_pool` and :func:`average_pool` shrink. :data:`kernels` holds some of 3 × 3.
* :func:`output_size`, :func:`receptive_field` and :func:`count_parameters` are the arithmetic of layers;
  :class:`Architecture` makes a table of :class:`Conv`, :class:`Pool` and :class:`Dense`, and :func:`alexnet` is one.
* :class:`Conv2d`, :class:`MaxPool2d`, :class:`Flatten` and :class:`SmallCNN` learn; :func:`book_lib.neural.fit` trains.

>>> edge = [[0, 0, 1, 1]] * 3
>>> cross_correlate(edge, kernels["vertical edges"])
array([[4., 4.]])
"""

from book_lib._vision_architecture import (
    Architecture,
    Conv,
    Dense,
    Pool,
    Row,
    alexnet,
    count_parameters,
    receptive_field,
)
from book_lib._vision_arrays import average_pool, conv2d, convolve, cross_correlate, im2col, kernels, max_pool
from book_lib._vision_network import Conv2d, Flatten, MaxPool2d, SmallCNN
from book_lib._vision_windows import output_size

__all__ = [
    "Architecture",
    "Conv",
    "Conv2d",
    "Dense",
    "Flatten",
    "MaxPool2d",
    "Pool",
    "Row",
    "SmallCNN",
    "alexnet",
    "average_pool",
    "conv2d",
    "convolve",
    "count_parameters",
    "cross_correlate",
    "im2col",
    "kernels",
    "max_pool",
    "output_size",
    "receptive_field",
]
