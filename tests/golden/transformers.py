"""Golden vectors of the explorables of transformers, for core/*.js to repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib import transformer as library
from book_lib._transformer_costs import PRESETS, activations_per_token, flops, memory, preset, where_they_sit
from book_lib.explorables import ArchitectureTour, AttentionCalculator, PositionalEncodings
from book_lib.explorables.architecture_tour import LEVELS

ATTENTION: list[dict[str, Any]] = [
    {},
    {"scaled": True},
    {"causal": True, "temperature": 0.5, "row": 1},
    {"scores": (np.arange(25).reshape(5, 5) * 7 % 11 - 4.5).tolist(), "temperature": 3.0},
    {"source": "vectors", "size": 4, "scaled": True, "causal": True},
    {"source": "random", "size": 5, "d": 512, "seed": 3},
    {"source": "random", "size": 3, "d": 1, "scaled": True, "seed": 2**32 - 1},
]


def attention() -> dict[str, Any]:
    """Weights and outputs as `book_lib.transformer.attention` has them."""
    cases = []
    for settings in ATTENTION:
        box = AttentionCalculator(**settings)
        n = box.size
        queries, keys = (box.table(), np.eye(n)) if box.source == "scores" else box.vectors()
        values = np.reshape(box.values, (5, 2))[:n]
        mask = library.causal_mask(n) if box.causal else None
        outputs, weights = library.attention(queries, keys, values, mask, box.scale() / box.temperature)
        names = ("source", "size", "scores", "query_vectors", "key_vectors", "values", "d", "scaled", "causal")
        cases.append(
            {
                "traits": {name: getattr(box, name) for name in (*names, "temperature", "row", "seed")},
                "table": box.table().tolist(),
                "weights": weights.tolist(),
                "outputs": outputs.tolist(),
                "entropies": box.entropies().tolist(),
                "jacobians": box.jacobians().tolist(),
            }
        )
    return {"cases": cases}


def positions() -> dict[str, Any]:
    """Waves and rotations of the library, and the curves, gaps and moves of each kind."""
    x = np.linspace(-1, 2, 8)
    cases = []
    for kind in ("none", "learned", "sinusoidal", "rotary"):
        for content in (False, True):
            box = PositionalEncodings(kind=kind, content=content, width=16, pair=3, position=11, base=1000.0, seed=4)
            cases.append(
                {
                    "settings": {name: getattr(box, name) for name in ("kind", "width", "base", "seed")},
                    "content": content,
                    "position": box.position,
                    "wavelength": box.wavelength(),
                    "encoding": box.encoding()[[0, 1, 40, 63]].tolist(),
                    "scores": box.scores()[::9].tolist(),
                    "gap": box.gap(),
                    "outputs": box.outputs().tolist(),
                    "moves": box.moves().tolist(),
                }
            )
    return {
        "waves": library.sinusoidal_positions(64, 16)[::7].tolist(),
        "x": x.tolist(),
        "turned": [library.rotate(x[None], [p])[0].tolist() for p in range(0, 64, 7)],
        "cases": cases,
    }


def costs() -> dict[str, Any]:
    """Parameters by part, bytes and operations of every preset."""
    cases = []
    for name in PRESETS:
        for tied, precision, cache, batch, stored in (
            (True, "float32", "float32", 1, False),
            (False, "bfloat16", "int8", 8, True),
        ):
            config = preset(name, tied)
            parts = where_they_sit(config)
            parts["feedForward"] = parts.pop("feed_forward")
            cases.append(
                {
                    "preset": name,
                    "tied": tied,
                    "use": {"precision": precision, "cache": cache, "batch": batch, "stored": stored},
                    "parts": parts,
                    "total": sum(library.count_parameters(config).values()),
                    "per_token": activations_per_token(config, stored),
                    "bytes": memory(config, precision, cache, batch, stored),
                    "flops": flops(config, 1e9),
                }
            )
    return {"cases": cases}


def architecture() -> dict[str, Any]:
    """The boxes of every level, for two sizes and both places of the norm."""
    cases = []
    for name in ("page", "xl"):
        for level in LEVELS:
            for norm in ("pre", "post"):
                tour = ArchitectureTour(name, level=level, norm=norm)
                rows = [[[box.id, list(box.shape), box.parameters] for box in row] for row in tour.rows()]
                cases.append({"preset": name, "level": level, "norm": norm, "total": tour.total(), "rows": rows})
    return {"cases": cases}
