"""Write the golden vectors anew: ``python -m tests.golden`` (all) or ``python -m tests.golden rng ising``."""

import json
import sys
from pathlib import Path

from tests.golden.vectors import GOLDEN

FOLDER = Path(__file__).resolve().parent


def main(names: list[str]) -> None:
    """Write ``tests/golden/<name>.json`` for each name."""
    for name in names or sorted(GOLDEN):
        if name not in GOLDEN:
            raise SystemExit(f"unknown golden vectors {name!r}; known: {', '.join(sorted(GOLDEN))}")
        # One line for each top-level entry: short files whose changes can still be read.
        entries = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in GOLDEN[name]().items()]
        path = FOLDER / f"{name}.json"
        path.write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
