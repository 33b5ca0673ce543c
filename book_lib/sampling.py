"""Sampling: from logits to tokens, and from tokens to texts.

A model's logits z are energies −z. A temperature divides them, top-k and top-p make all but a few infinite,
and a draw from e^{z/T}/Z is the next token.

* :func:`next_distribution` is the law after temperature, :func:`top_k` and :func:`top_p`; :func:`sample` draws
  from it, :func:`gumbel_max` with noise that can be kept.
* :func:`generate` continues a prompt with any model that has ``next_logits(ids)``, with its cache if it has
  one.
* :func:`temper_tokens` and :func:`temper_texts` show by enumeration that the temperature of the tokens is not
  that of the text.

>>> next_distribution([2.0, 1.0, 0.0], temperature=0.5, top_k=2).round(3).tolist()
[0.881, 0.119, 0.0]
"""

from book_lib._sampling_generation import generate
from book_lib._sampling_laws import gumbel, gumbel_max, next_distribution, sample, top_k, top_p
from book_lib._sampling_texts import log_joint, prefix_probability, temper_texts, temper_tokens

__all__ = [
    "generate",
    "gumbel",
    "gumbel_max",
    "log_joint",
    "next_distribution",
    "prefix_probability",
    "sample",
    "temper_texts",
    "temper_tokens",
    "top_k",
    "top_p",
]
