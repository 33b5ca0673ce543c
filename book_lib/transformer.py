"""Transformers: attention and positions step by step, and a GPT that learns, remembers and reads GPT-2's weights.

* :func:`attention` is the step-by-step one, on NumPy arrays, with :func:`causal_mask` and :func:`local_mask`;
  :func:`sinusoidal_positions` and :func:`rotate` say where a token stands.
* :class:`GPTConfig` has the sizes, :func:`count_parameters` counts them, :class:`GPT` is the model, and
  :class:`GPTState` its memory (the KV cache) while it writes.
* :func:`train` and :func:`evaluate` teach it, with :class:`TrainConfig`, :class:`Muon` and :class:`History`;
  :func:`with_waves` gives it a head start on positions; :func:`ablate` silences heads.
* :func:`save`, :func:`load` and :func:`from_pretrained` are behind the methods of these names.

>>> model = GPT(GPTConfig(vocab_size=512, context=128, width=128, layers=4, heads=4))
>>> model.num_params()
875264
"""

from book_lib._transformer_attention import attention, causal_mask, local_mask
from book_lib._transformer_model import GPT, MLP, Attention, Block, GPTConfig, GPTState
from book_lib._transformer_positions import rotate, sinusoidal_positions, with_waves
from book_lib._transformer_pretrained import from_pretrained, load, save
from book_lib._transformer_tools import ablate, count_parameters
from book_lib._transformer_training import History, Muon, TrainConfig, evaluate, train

__all__ = [
    "GPT",
    "MLP",
    "Attention",
    "Block",
    "GPTConfig",
    "GPTState",
    "History",
    "Muon",
    "TrainConfig",
    "ablate",
    "attention",
    "causal_mask",
    "count_parameters",
    "evaluate",
    "from_pretrained",
    "load",
    "local_mask",
    "rotate",
    "save",
    "sinusoidal_positions",
    "train",
    "with_waves",
]
