"""Fair timing of rivals: interleaved, best of several rounds, in processor time.

Only ratios taken within one run mean anything. Rivals take turns, so that a slow minute of the machine
strikes all of them; the best round of each counts, as noise only ever adds; and processor time is
measured, not the clock on the wall, so that a neighbour's work on the same cores does not count.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def best_times(rivals: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least processor time in seconds of one call of each rival.

    Args:
        rivals: name → a call to time.
        rounds: how often each takes its turn; a first turn is not counted.
    """
    best = dict.fromkeys(rivals, float("inf"))
    for turn in range(rounds + 1):
        for name, call in rivals.items():
            start = time.process_time()
            call()
            if turn:
                best[name] = min(best[name], time.process_time() - start)
    return best


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep NumPy to one thread, and torch if it is loaded: idle threads that wait would count as work."""
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 1
    with threadpool_limits(limits=1):
        try:
            if torch:
                torch.set_num_threads(1)
            yield
        finally:
            if torch:
                torch.set_num_threads(threads)


def machine() -> dict[str, str]:
    """Describe the processor and the versions that a figure depends on."""
    import numpy

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {"processor": model, "python": platform.python_version(), "numpy": numpy.__version__}
