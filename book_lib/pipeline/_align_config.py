"""How a policy is aligned: the settings of :func:`book_lib.pipeline.ppo.align`."""

from __future__ import annotations

from dataclasses import dataclass

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib.pipeline._advantages import share

METHODS = ("ppo", "reinforce", "grpo")
EPOCHS = {"ppo": 2, "reinforce": 1, "grpo": 2}  # unless the settings say otherwise
COUNTS = ("iterations", "batch", "group", "minibatches", "max_new_tokens", "checkpoint_every")


@dataclass(frozen=True)
class AlignConfig:
    """How a policy learns from rewards.

    Args:
        method: "ppo" (clipped steps, and a value for each token), "reinforce" (one step a batch, and the other answers'
            mean for a baseline) or "grpo" (clipped steps, and groups of answers to one prompt instead of a value).
        iterations: rounds of answering, judging and learning.
        batch: answers in a round.
        group: answers to one prompt, for grpo; divides the batch.
        epochs: times that a round's answers are learnt from; unless given 2, and 1 for reinforce, where more are
            not allowed.
        minibatches: steps in an epoch, each on a part of the answers.
        clip: ε, how far the ratio π/π_old may leave 1 before it no longer pays, in (0, 1).
        beta: price of a nat of divergence from the reference, β ≥ 0; in ppo and reinforce it is part of the reward, in
            grpo of the loss.
        gamma: what a reward loses with each token that it is ahead, in [0, 1].
        lam: λ of the advantages of ppo, in [0, 1].
        value_coefficient: weight of the value's loss beside the policy's, for ppo.
        learning_rate: of Adam, the same for all steps.
        max_norm: the largest norm of the gradient; a longer one is shortened.
        max_new_tokens: after which an answer is cut off; the command line, unless told, takes what the toy world's
            longest answer needs, or what prompts of your own leave, at most 64.
        end_penalty: what an answer that was cut off before its end loses, ≥ 0.
        temperature: T > 0 of each token, when answering and when probabilities are looked up.
        seed: of the choice of prompts and of the answers.
        device: "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", "mps".
        threads: of the processor, 0 for as many as torch takes by itself.
        checkpoint_every: rounds from one checkpoint to the next.
        final_answers: answers with which the result is judged at the end; 0 for none.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.

    See the section :ref:`sec-align-ppo`.

    >>> AlignConfig(method="grpo", beta=0.02).passes
    2
    """

    method: str = "ppo"
    iterations: int = 25
    batch: int = 64
    group: int = 8
    epochs: int | None = None
    minibatches: int = 1
    clip: float = 0.2
    beta: float = 0.05
    gamma: float = 1.0
    lam: float = 0.95
    value_coefficient: float = 0.1
    learning_rate: float = 5e-4
    max_norm: float = 1.0
    max_new_tokens: int = 20
    end_penalty: float = 1.0
    temperature: float = 1.0
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    checkpoint_every: int = 5
    final_answers: int = 256

    def __post_init__(self) -> None:
        _checks.one_of("method", self.method, METHODS)
        for name in COUNTS:
            _checks.integer(name, getattr(self, name), 1)
        for name in ("seed", "threads", "final_answers"):
            _checks.integer(name, getattr(self, name), 0)
        for name in ("learning_rate", "max_norm", "temperature"):
            _checks.positive(name, getattr(self, name))
        for name in ("beta", "value_coefficient", "end_penalty"):
            arrays.at_least_zero(name, getattr(self, name))
        for name in ("gamma", "lam"):
            share(name, getattr(self, name))
        if not 0 < _checks.finite("clip", self.clip) < 1:
            raise ValueError(f"clip must be greater than 0 and less than 1, got {self.clip}")
        if not isinstance(self.device, str):
            raise TypeError(f"device must be text such as 'cpu', got {self.device!r}")
        self._check_batches()

    def _check_batches(self) -> None:
        _checks.integer("batch", self.batch, 2)
        if self.epochs is not None:
            _checks.integer("epochs", self.epochs, 1)
        _checks.integer("minibatches", self.minibatches, 1, self.batch)
        if self.method == "reinforce" and (self.passes, self.minibatches) != (1, 1):
            raise ValueError(f"epochs and minibatches must be 1 for reinforce, got {self.passes} and "
                             f"{self.minibatches}: after a step, the answers are another policy's")  # fmt: skip
        if self.method == "grpo":
            _checks.integer("group", self.group, 2)
            if self.batch % self.group:
                raise ValueError(f"batch must be a multiple of group, {self.group}, got {self.batch}")

    @property
    def passes(self) -> int:
        """The epochs, given or not."""
        return EPOCHS[self.method] if self.epochs is None else self.epochs


def as_config(config: AlignConfig) -> AlignConfig:
    """Return the settings if they are some."""
    if not isinstance(config, AlignConfig):
        raise TypeError(f"config must be an AlignConfig, got {config!r}")
    return config
