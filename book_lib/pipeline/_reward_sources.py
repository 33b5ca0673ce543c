"""Where the preferences of a run come from: a file of the reader's, or the toy world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from book_lib import _checks
from book_lib.pipeline import _toy
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline._reward_loop import as_pairs
from book_lib.pipeline._reward_model import Preference, load_preferences, placed_preferences
from book_lib.rng import RandomLike


@dataclass(frozen=True)
class RewardSources:
    """Where the preferences come from.

    Args:
        preferences: a file with one JSON object a line, {"prompt": [{"role": "user", "content": "..."}], "chosen":
            "...", "rejected": "..."}; pairs of a toy world about Python's things if none.
        toy_preferences: how many pairs the toy world makes.
        noise: how capricious their judge is, at least 0; at 0 the better answer always wins.
        held_out_share: share of the pairs that is not learnt, but judged by, less than 1.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.
    """

    preferences: str | None = None
    toy_preferences: int = 1200
    noise: float = 1.0
    held_out_share: float = 0.2

    def __post_init__(self) -> None:
        if self.preferences is not None and not isinstance(self.preferences, str):
            raise TypeError(f"preferences must be the path of a file, got {self.preferences!r}")
        _checks.integer("toy_preferences", self.toy_preferences, 1)
        if _checks.finite("noise", self.noise) < 0:
            raise ValueError(f"noise must be at least 0, got {self.noise}")
        if not 0 <= _checks.finite("held_out_share", self.held_out_share) < 1:
            raise ValueError(f"held_out_share must be at least 0 and less than 1, got {self.held_out_share}")

    def absolute(self) -> RewardSources:
        """The same from wherever the command is called again."""
        if self.preferences is None:
            return self
        return replace(self, preferences=str(Path(self.preferences).expanduser().absolute()))

    @property
    def is_toy(self) -> bool:
        """Whether the pairs are those of the toy world."""
        return self.preferences is None

    def read(self, seed: int, template: ChatTemplate, context: int) -> tuple[list[Preference], list[Preference]]:
        """Return pairs to learn from, one at least, and others that are held out.

        Pairs of the toy world that do not fit into the context are left out: the reader cannot shorten them.

        Raises:
            FileNotFoundError, ValueError: as :func:`load_preferences`; if a pair of the file does not fit, or none of
                the toy world does.
        """
        rng = np.random.default_rng(seed)
        found = self._drawn(rng, template, context) if self.is_toy else self._file(template, context)
        apart = min(round(self.held_out_share * len(found)), len(found) - 1)
        order = rng.permutation(len(found)).tolist()
        return [found[k] for k in sorted(order[apart:])], [found[k] for k in sorted(order[:apart])]

    def _drawn(self, rng: RandomLike, template: ChatTemplate, context: int) -> list[Preference]:
        return toy_pairs(self.toy_preferences, self.noise, rng, template, context)

    def _file(self, template: ChatTemplate, context: int) -> list[Preference]:
        return fitting(self.preferences, template, context)


def fitting(path: str, template: ChatTemplate, context: int) -> list[Preference]:
    """Return the preferences of a file.

    Raises:
        FileNotFoundError, ValueError: as :func:`load_preferences`; if an answer with its prompt is longer than the
            context, or cannot be written as tokens. The file and the line are named.
    """
    for place, pair in placed_preferences(path):
        try:
            as_pairs("preferences", template, [pair], context)
        except ValueError as error:
            raise ValueError(f"{place}: {str(error).removeprefix('preferences[0], ')}") from None
    return load_preferences(path)


def toy_pairs(
    count: int, noise: float, rng: RandomLike, template: ChatTemplate, context: int
) -> list[Preference]:
    """Return pairs of the toy world, those that fit into the context: the reader cannot shorten the others.

    Raises:
        ValueError: if none fits.
    """
    found = _toy.preferences(count, rng, noise)
    fits = [pair for pair in found
            if max(len(template.answered(pair.prompt, one)) for one in (pair.chosen, pair.rejected)) <= context]
    if not fits:
        raise ValueError(f"the toy world must hold a pair that fits into the context of {context} tokens, and none "
                         f"of {count} does: name a file with --preferences, or pre-train with a larger "
                         "--context")  # fmt: skip
    return fits
