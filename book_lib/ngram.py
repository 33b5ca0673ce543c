"""n-gram language models, perplexity, and sources of text with a known entropy.

A text's probability is the product of each token's after those before it. An n-gram model looks back at n − 1
of them and counts.

* :class:`NGram` counts with a smoothing of your choice, and gives the law of the next token;
  :func:`perplexity` says how surprised a model is.
* :class:`MarkovSource` draws texts whose entropy is known, so that a perplexity has a floor to be compared
  with.

Both are models in the sense of :func:`book_lib.sampling.generate`: they have ``next_logits(ids)``.

>>> source = MarkovSource([[0.9, 0.1], [0.5, 0.5]])
>>> model = NGram(2, vocab_size=2).fit(source.sample(50_000, rng=0))
>>> round(model.perplexity(source.sample(50_000, rng=1)), 1), round(source.entropy_rate, 2)
(1.5, 0.39)
"""

from book_lib._ngram_markov import MarkovSource
from book_lib._ngram_model import NGram, perplexity

__all__ = ["MarkovSource", "NGram", "perplexity"]
