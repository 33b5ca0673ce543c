"""The benchmarks compare right things: the peer of our own writing samples the right law, and ours is faster."""

import numpy as np

from benchmarks import __main__ as command
from benchmarks import ising as rivals
from benchmarks.timing import best_times, machine
from book_lib.ising import blocking, energy, kaufman_torus


def test_roll_and_mask_samples_the_right_law():
    run = rivals.roll_and_mask(16, 3.0)
    run(50)
    seen = blocking([energy(run(1)) / 256 for _ in range(3000)])
    assert abs(seen.mean - kaufman_torus(16, 3.0).energy_per_spin) < 4 * seen.error


def test_ours_is_four_times_as_fast_as_roll_and_mask():
    calls = {}
    for rival in (rivals.RIVALS[0], rivals.RIVALS[2]):
        step = rival.make(512, 2.269)
        calls[rival.name] = lambda step=step: step(2)
    slow, fast = best_times(calls, rounds=4).values()
    assert slow / fast >= 4


def test_the_table_shows_every_rival_and_keeps_a_place_for_the_packed_kernel():
    rows = [
        {"name": rival.name, "updates_per_ns": None, "ratio": None, "note": ""} for rival in rivals.RIVALS
    ]
    entry = {"date": "2000-01-01", "machine": machine(), "size": 8, "rows": rows}
    text = command.report({"ising": entry, "build": {"cold_seconds": 1.0, "rebuild_seconds": 2, "date": "x"}})
    for name in ("roll and mask", "peapods", "book_lib metropolis", "bit-packed", "cold | 1", "changed | 2"):
        assert name in text
    assert "not measured yet" in command.report({})


def test_peers_make_as_many_sweeps_as_they_say():
    spins = rivals.roll_and_mask(8, 1e9)(1)  # so hot that every proposal is accepted
    again = rivals.roll_and_mask(8, 1e9)(2)
    assert np.array_equal(np.abs(spins), np.ones((8, 8))) and np.array_equal(again, -spins)
