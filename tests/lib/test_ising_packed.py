"""The bit-packed kernels of book_lib.ising against plain loops, enumeration, Kaufman and Onsager.

Statistics use fixed seeds and ask for |z| < 4, with errors from blocking, which include autocorrelation.
"""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book_lib import _ising_kernels as kernels
from book_lib import _ising_packed as packed
from book_lib import ising
from book_lib.rng import CounterRNG, as_generator

TC = ising.CRITICAL_TEMPERATURE
NAN = float("nan")
LOCAL = ("metropolis", "heat_bath")


def random_spins(*shape, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], size=shape).astype(np.int8)


# ---------------------------------------------------------------------------- words


@given(st.integers(0, 99), st.integers(1, 300))
def test_words_hold_bits_and_give_them_back(seed, n):
    words = np.random.default_rng(seed).integers(0, 2**64, size=n, dtype=np.uint64)
    bits = packed.unpack(words)
    assert bits.shape == (64, n)
    for lane in (0, 1, 31, 63):
        assert [int(word) >> lane & 1 for word in words] == bits[lane].tolist()
    assert np.array_equal(packed.pack(bits), words)
    assert np.array_equal(packed.lane_counts(words), bits.sum(1, dtype=int))


@pytest.mark.parametrize("size", [128, 256, 384, 1024])
def test_packed_lattice_is_the_lattice(size):
    spins = random_spins(size, size, seed=size)
    lattice, plain = packed.PackedLattice(spins), kernels.Torus(spins)
    assert np.array_equal(lattice.spins(), spins)
    assert lattice.totals() == plain.totals()
    assert lattice.totals() == plain.totals()  # measuring changes nothing
    model = ising.Ising(size, 2.0, coupling=-0.7, start=spins, kernel="packed")
    assert model.energy_per_spin == pytest.approx(ising.energy(spins, -0.7) / size**2)
    assert model.magnetization == spins.mean()


@pytest.mark.parametrize("size", [4, 6, 16, 94, 130])
def test_packed_replicas_are_64_lattices(size):
    spins = random_spins(64, size, size, seed=size)
    replicas = packed.PackedReplicas(spins)
    assert np.array_equal(replicas.spins(), spins)
    bonds, totals = replicas.totals()
    assert list(zip(bonds, totals, strict=True)) == [kernels.Torus(lattice).totals() for lattice in spins]


# ---------------------------------------------------------------------------- chances

CHANCES = [1e-9, 1e-4, 0.003, 0.0294, 0.1716, 0.25, 0.3, 0.4999, 0.5, 0.51, 0.75, 0.9, 0.999999]


@given(st.floats(0, 0.5), st.integers(0, 16))
def test_nothing_of_a_chance_is_cut_off(p, digits):
    """Digits and rest together have the chance p again, to the rounding of floats."""
    level, rate = packed.split(np.array(p), digits)
    dense = int(level) / 2**digits
    assert 0 <= p - dense < 2.0**-digits
    assert dense - (1 - dense) * math.expm1(-float(rate)) == pytest.approx(p, rel=1e-15, abs=1e-16)


@pytest.mark.parametrize("algorithm", LOCAL)
def test_where_strays_fall_is_known_as_exactly_as_stated(algorithm):
    """A uniform number comes in steps of 2⁻⁵³: a spin's chance of a stray is off by less than that times the words."""
    for size in (128, 512, 1024, 2048):
        lattice = packed.PackedLattice(np.ones((size, size), np.int8))
        words = max(block.own.size for colour in lattice._colours for block in colour)
        assert words <= 2**14
        for temperature in np.geomspace(0.05, 1e3, 50):
            dice = packed.Dice(packed.CHANCES[algorithm](temperature, 1.0))
            assert 2.0**-53 * words * dice._per_word < 1e-12


def events(chances, words, seed):
    """Both events for some words of spins, drawn as a sweep draws them, shape (2, words)."""
    dice, rng = (packed.Dice if chances.ndim == 1 else packed.LaneDice)(chances), as_generator(seed)
    answers = []
    for asks in (2**64 - 1, 0):  # all spins ask for the first event, then all for the second
        (strays,) = dice.strays(rng, 1, words)
        digits = packed.raw_words(rng, dice.digits * words).reshape(-1, 1, words)
        room = np.empty((2, 1, words), np.uint64)
        answers.append(dice.answer(digits, strays, np.full((1, words), asks, np.uint64), room)[0])
    return np.array(answers)


@pytest.mark.parametrize("p", CHANCES)
def test_events_come_as_often_as_they_should(p):
    words, rarer = 2**16, p * p
    n = 64 * words
    for event, chance in zip(events(np.array([p, rarer]), words, seed=7), (p, rarer), strict=True):
        count = int(np.bitwise_count(event).sum())
        assert abs(count - n * chance) < 4 * math.sqrt(n * chance * (1 - chance)) + 1
    lanes = np.linspace(p / 2, p, 64)
    pair = np.stack([lanes, lanes**2])
    for event, chances in zip(events(pair, words, seed=8), pair, strict=True):
        error = np.sqrt(words * chances * (1 - chances)) + 0.25  # of a lane that may never see one
        z = (packed.lane_counts(event) - words * chances) / error
        assert abs(z).max() < 4.5 and abs(z.mean()) < 4 / math.sqrt(64)


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_events_that_never_or_always_come(chance):
    for chances in (np.full(2, chance), np.full((2, 64), chance)):
        assert packed.Dice(chances).digits == 0  # no random words for what is certain
        assert (packed.unpack(events(chances, 100, seed=1)) == chance).all()


@pytest.mark.parametrize("p", [0.0294, 0.1716, 0.6])
def test_events_of_different_spins_are_independent(p):
    """Pairs of spins in one word, in neighbouring words, and of different lanes: both events come with p²."""
    for chances in (np.array([p, p]), np.full((2, 64), p)):
        bits = packed.unpack(events(chances, 2**15, seed=3)[0]) - p  # (64, words)
        n, variance = bits.size, p * (1 - p)
        for shift, axis in [(1, 0), (2, 0), (8, 0), (32, 0), (1, 1), (2, 1), (256, 1), (4096, 1)]:
            pairs = (bits * np.roll(bits, shift, axis)).sum()
            assert abs(pairs) < 4 * variance * math.sqrt(n), (shift, axis)


def test_chances_are_those_of_the_physics():
    for temperature, coupling in [
        (TC, 1.0),
        (0.5, -1.0),
        (7.0, 2.0),
        (1.0, 0.0),
        (5e-324, 1.0),
        (1e300, 1.0),
    ]:
        for factor, name in itertools.product((1, 2), LOCAL):
            x = 4 * factor * abs(coupling) / temperature
            expected = math.exp(-x) if name == "metropolis" else kernels.sigmoid(-x)
            assert packed.CHANCES[name](temperature, coupling)[factor - 1] == pytest.approx(
                expected, rel=1e-12
            )


def test_digits_are_as_few_as_pays():
    digits = [packed.Dice(packed.metropolis_chances(t, 1.0)).digits for t in (0.1, 0.5, 1.0, TC, 4.0)]
    assert digits[:2] == [0, 0] and all(4 <= n <= 12 for n in digits[2:])


# ---------------------------------------------------------------------------- one sweep, spin by spin


def plain_strays(chances, digits, rng, blocks, words):
    """The set of (word, event, bit) that the rest of the chances befalls, one by one."""
    density = {}
    for event, lane in itertools.product((0, 1), range(64)):
        p = chances[event][lane]
        p = 1 - p if p > 0.5 else p
        dense = math.floor(p * 2**digits) / 2**digits
        density[event, lane] = -math.log1p(-(p - dense) / (1 - dense))
    total = sum(density.values())
    found = set()
    counts = rng.poisson(total * words, blocks).tolist()
    numbers = iter(rng.random(sum(counts)).tolist())
    for block, count in enumerate(counts):
        for number in itertools.islice(numbers, count):
            word, within = divmod(number * words, 1)
            left = within * total
            for place, share in density.items():
                left -= share
                if left < 0:
                    found.add((block * words + int(word), *place))
                    break
    return found


def plain_answer(row, asked, other, bit, digits, stray):
    """Whether the event of chance ``asked`` happens, given a spin's bit of each word of digits.

    A bit, or its complement, is a digit of a uniform number: both are equally likely.
    """
    levels = [math.floor((1 - p if p > 0.5 else p) * 2**digits) for p in (asked, other)]
    number = sum((bit(d, row[d], *(level >> d & 1 for level in levels))) << d for d in range(digits))
    return (number < levels[0] or stray) != (asked > 0.5)


def plain_sweep(lattices, where, chances, digits, algorithm, coupling, rng, block):
    """One sweep by loops. ``where(lattice, row, column)`` tells a site's word in its colour and its bit."""
    spins, (count, size, _) = lattices.astype(int), lattices.shape
    words = count * size * size // 128
    strays = plain_strays(chances, digits, rng, 2 * words // block, block)
    rows = max(digits, int(algorithm == "heat_bath"))
    for colour in (0, 1):
        drawn = [
            rng.bit_generator.random_raw(rows * block).reshape(rows, block) for _ in range(words // block)
        ]
        drawn = np.concatenate(drawn, axis=1).tolist()
        for k, i, j in itertools.product(range(count), range(size), range(size)):
            if (i + j) % 2 != colour:
                continue
            word, lane = where(k, i, j)
            row = [drawn[digit][word] >> lane & 1 for digit in range(rows)]
            s = spins[k]
            near = int(s[i - 1, j] + s[(i + 1) % size, j] + s[i, j - 1] + s[i, (j + 1) % size])
            toward = near if coupling >= 0 else -near  # where the neighbours pull
            if algorithm == "heat_bath" and near == 0:
                s[i, j] = (1 if row[-1] else -1) * (1 if coupling >= 0 else -1)
                continue
            satisfied = (4 + toward * s[i, j]) // 2 if algorithm == "metropolis" else (4 + abs(near)) // 2
            event = int(satisfied == 4)
            if count == 64:
                bit = lambda d, word_bit, mine, theirs: word_bit if mine else 1 - word_bit  # noqa: E731
            else:
                bit = lambda d, word_bit, mine, theirs, event=event: (  # noqa: E731
                    word_bit if mine != theirs and event == 0 else 1 - word_bit
                )
            stray = (colour * words + word, event, lane) in strays
            happens = plain_answer(row, chances[event][lane], chances[1 - event][lane], bit, digits, stray)
            if algorithm == "metropolis":
                s[i, j] *= -1 if satisfied <= 2 or happens else 1
            else:
                s[i, j] = (1 if toward > 0 else -1) * (-1 if happens else 1)
    return spins


@pytest.mark.parametrize("algorithm", LOCAL)
@pytest.mark.parametrize(
    ("size", "temperature", "coupling"),
    [(128, TC, 1.0), (128, TC, -1.0), (128, 0.6, 1.0), (128, 30.0, 0.5), (256, 1.9, 1.0)],
)
def test_a_sweep_of_a_lattice_is_that_of_loops(algorithm, size, temperature, coupling, monkeypatch):
    monkeypatch.setattr(packed, "_BLOCK", 128)  # so that size 256 takes two blocks for each colour
    spins = random_spins(size, size, seed=4)
    spins[:, : size // 3] = 1  # so that all numbers of unsatisfied bonds occur
    model = ising.Ising(size, temperature, 0.0, coupling, algorithm, 5, spins, "packed")
    chances = packed.CHANCES[algorithm](temperature, coupling)
    strip, columns = size // 64, size // 2
    expected = plain_sweep(
        spins[None],
        lambda _, row, column: (row % strip * columns + column // 2, row // strip),
        np.repeat(chances[:, None], 64, axis=1).tolist(),
        packed.Dice(chances).digits,
        algorithm,
        coupling,
        as_generator(5),
        block=2 * columns,
    )
    assert np.array_equal(model.sweep().spins, expected[0])


@pytest.mark.parametrize("algorithm", LOCAL)
@pytest.mark.parametrize("coupling", [1.0, -0.8])
def test_a_sweep_of_replicas_is_that_of_loops(algorithm, coupling):
    size, temperatures = 6, np.linspace(0.4, 8.0, 64)
    temperatures[5] = 0.01
    spins = random_spins(64, size, size, seed=6)
    spins[:, :3] = 1
    replicas = ising.IsingReplicas(size, temperatures, coupling, algorithm, rng=9, start=spins)
    chances = packed.CHANCES[algorithm](temperatures, coupling).tolist()
    expected = plain_sweep(
        spins,
        lambda lattice, row, column: (row * size // 2 + column // 2, lattice),
        chances,
        replicas._dice.digits,
        algorithm,
        coupling,
        as_generator(9),
        size * size // 2,
    )
    assert np.array_equal(replicas.sweep().spins, expected)


# ---------------------------------------------------------------------------- statistics


def scores(seen, exact, names):
    return {
        name: (getattr(seen, name).mean - getattr(exact, name)) / getattr(seen, name).error for name in names
    }


def summaries(replicas, sweeps, burn_in, every=1):
    runs = replicas.measure(sweeps, burn_in, every)
    pairs = zip(runs, replicas.temperatures, strict=True)
    return [ising.summarize(series, replicas.size, t) for series, t in pairs]


@pytest.mark.parametrize("algorithm", LOCAL)
@pytest.mark.parametrize("coupling", [1.0, -1.0])
def test_replicas_meet_enumeration(algorithm, coupling):
    """16 temperatures, 4 replicas of each: 64 × 5 comparisons, of which each must be within 4 errors."""
    temperatures = np.repeat(np.linspace(1.8, 5.0, 16), 4)
    replicas = ising.IsingReplicas(4, temperatures, coupling, algorithm, rng=21)
    names = ("energy_per_spin", "abs_magnetization", "specific_heat", "susceptibility", "binder")
    names = names if coupling > 0 else names[:4]  # the antiferromagnet's binder divides by nearly nothing
    squares = []
    for seen, t in zip(summaries(replicas, 4000, 200), temperatures, strict=True):
        z = scores(seen, ising.enumerate_torus(4, float(t), coupling=coupling), names)
        assert max(map(abs, z.values())) < 4, (t, z)
        squares += [value**2 for value in z.values()]
    assert 0.6 < np.mean(squares) < 1.5  # the errors are neither too large nor too small


@pytest.mark.parametrize("algorithm", LOCAL)
@pytest.mark.parametrize(
    ("size", "low", "high"),
    [(8, (1.9, 2.2), (2.4, 4.0)), (16, (1.9, 2.1), (2.5, 4.0)), (32, (1.8, 2.0), (2.6, 4.0))],
)
def test_replicas_meet_kaufman(algorithm, size, low, high):
    """Away from T_c, where a run of local updates is long against its memory."""
    temperatures = np.concatenate([np.linspace(*low, 8), np.linspace(*high, 8)])
    replicas = ising.IsingReplicas(size, temperatures, 1.0, algorithm, rng=22, start="up")
    for seen, t in zip(summaries(replicas, 3000, 400), temperatures, strict=True):
        z = scores(seen, ising.kaufman_torus(size, float(t)), ("energy_per_spin", "specific_heat"))
        assert max(map(abs, z.values())) < 4, (t, z)


@pytest.mark.parametrize("algorithm", LOCAL)
@pytest.mark.parametrize("temperature", [1.5, 1.9, 2.1, 2.5, 2.8, 4.0])
def test_a_packed_lattice_meets_kaufman_and_onsager(algorithm, temperature):
    model = ising.Ising(128, temperature, algorithm=algorithm, rng=23, start="up", kernel="packed")
    seen = ising.summarize(model.measure(2000, burn_in=400), 128, temperature)
    z = scores(seen, ising.kaufman_torus(128, temperature), ("energy_per_spin", "specific_heat"))
    if temperature < TC:
        magnetization = ising.onsager_magnetization(temperature)
        z["m"] = (seen.abs_magnetization.mean - magnetization) / seen.abs_magnetization.error
        z["onsager"] = (
            seen.energy_per_spin.mean - ising.onsager_energy(temperature)
        ) / seen.energy_per_spin.error
    assert max(map(abs, z.values())) < 4, z


def test_a_packed_antiferromagnet_meets_kaufman():
    for algorithm in LOCAL:
        model = ising.Ising(128, 2.6, 0.0, -1.0, algorithm, rng=24, kernel="packed")
        seen = ising.summarize(model.measure(2000, burn_in=300), 128, 2.6)
        z = scores(seen, ising.kaufman_torus(128, 2.6, -1.0), ("energy_per_spin", "specific_heat"))
        assert max(map(abs, z.values())) < 4, z


def test_low_temperatures_are_exact_too():
    """Where sixteen digits would cut off all of e^{−8/T} (10⁻⁵·⁸ at T = 0.6): u + 2 = 8 e^{−8/T} + …, by Kaufman."""
    for algorithm in LOCAL:
        model = ising.Ising(256, 0.6, algorithm=algorithm, rng=25, start="up", kernel="packed")
        seen = ising.summarize(model.measure(3000, burn_in=50), 256, 0.6)
        z = scores(seen, ising.kaufman_torus(256, 0.6), ("energy_per_spin", "specific_heat"))
        assert max(map(abs, z.values())) < 4, z


def test_replicas_are_independent():
    """64 replicas at one temperature: 2,016 correlations of m and of E that are noise, of variance 1/n."""
    replicas = ising.IsingReplicas(8, np.full(64, 3.2), rng=26)
    series = replicas.measure(4000, burn_in=100, every=8)
    for name in ("magnetization", "energy_per_spin"):
        columns = np.array([getattr(run, name) for run in series])
        columns -= columns.mean(1, keepdims=True)
        columns /= np.sqrt((columns**2).mean(1, keepdims=True))
        z = (columns @ columns.T / math.sqrt(columns.shape[1]))[np.triu_indices(64, 1)]
        assert abs(z).max() < 5
        assert np.mean(z**2) == pytest.approx(1, abs=4 * math.sqrt(2 / len(z)) + 0.05)


# ---------------------------------------------------------------------------- the choice of a kernel


@pytest.mark.parametrize(
    ("size", "change", "kernel"),
    [
        (256, {}, "packed"),
        (384, {"algorithm": "heat_bath"}, "packed"),
        (256, {"coupling": -1.0}, "packed"),
        (256, {"rng": np.random.default_rng(1)}, "packed"),
        (256, {"rng": CounterRNG(1)}, "compact"),
        (256, {"field": 0.1}, "compact"),
        (250, {}, "compact"),
        (128, {}, "compact"),
        (64, {}, "compact"),
        (256, {"algorithm": "wolff"}, "plain"),
        (255, {"algorithm": "glauber"}, "plain"),
        (256, {"kernel": "compact"}, "compact"),
        (128, {"kernel": "packed"}, "packed"),
    ],
)
def test_auto_takes_the_fastest_kernel_that_fits_and_says_which(size, change, kernel):
    model = ising.Ising(size, 2.0, **change)
    assert model.kernel == kernel and f"kernel='{kernel}'" in repr(model)


def test_a_magnet_changes_its_kernel_and_keeps_its_spins():
    model = ising.Ising(256, 2.0, rng=1, start="up").sweep(5)
    spins = model.spins
    for name, value, kernel in [
        ("field", 0.1, "compact"),
        ("field", 0.0, "packed"),
        ("algorithm", "glauber", "plain"),
        ("algorithm", "heat_bath", "packed"),
        ("temperature", 1.0, "packed"),
        ("coupling", -1.0, "packed"),
        ("field", -0.2, "compact"),
    ]:
        setattr(model, name, value)
        assert model.kernel == kernel and np.array_equal(model.spins, spins)
    model.field = 0.0
    model.spins = -spins
    assert model.kernel == "packed" and model.magnetization == -spins.mean()
    model.coupling, model.temperature = 1.0, 0.1
    assert np.array_equal(model.sweep(60).spins, -np.ones((256, 256)))  # the new knobs count


def test_both_kernels_have_one_interface_and_one_law():
    runs = {}
    for kernel in ("compact", "packed"):
        model = ising.Ising(128, 2.6, rng=3, kernel=kernel)
        runs[kernel] = ising.summarize(model.measure(1500, burn_in=200), 128, 2.6)
        assert len(model.measure(7, every=3)) == 2
        last = model.measure(1)
        assert last.magnetization[0] == model.magnetization == model.spins.mean()
    one, two = (runs[kernel].energy_per_spin for kernel in ("compact", "packed"))
    assert abs(one.mean - two.mean) < 4 * math.hypot(one.error, two.error)


def test_with_a_counter_the_flips_are_those_of_the_reference():
    spins = random_spins(256, 256, seed=8)
    model = ising.Ising(256, TC, rng=CounterRNG(4), start=spins)
    compact = ising.Ising(256, TC, rng=CounterRNG(4), start=spins, kernel="compact")
    assert np.array_equal(model.sweep(2).spins, compact.sweep(2).spins)


def test_same_seed_same_run():
    for make in (
        lambda: ising.Ising(256, TC, rng=5),
        lambda: ising.IsingReplicas(8, [1.0, 2.0], rng=5),
        lambda: ising.IsingReplicas(8, [1.0, 2.0], rng=CounterRNG(5)),
    ):
        one, two = make(), make()
        assert np.array_equal(one.sweep(4).spins, two.sweep(2).sweep(2).spins)
        for copied in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert np.array_equal(copied.sweep(3).spins, copy.deepcopy(two).sweep(3).spins)
            assert not np.array_equal(copied.spins, one.spins)


# ---------------------------------------------------------------------------- replicas as a class


def test_replicas_measure_what_they_hold():
    temperatures = [1.0, 2.5, 4.0]
    replicas = ising.IsingReplicas(6, temperatures, 0.8, "heat_bath", rng=2)
    temperatures[0] = 9.0
    assert replicas.temperatures.tolist() == [1.0, 2.5, 4.0] and len(replicas) == 3
    assert (replicas.size, replicas.coupling, replicas.algorithm) == (6, 0.8, "heat_bath")
    assert "size=6, 3 temperatures 1 to 4" in repr(replicas)
    assert replicas.sweep(0) is replicas and replicas.measure(0)[2].magnetization.shape == (0,)
    runs = replicas.measure(10, burn_in=2, every=3)
    assert [len(series) for series in runs] == [3, 3, 3]
    assert replicas.spins.shape == (3, 6, 6) and replicas.spins.dtype == np.int8
    energies = [ising.energy(spins, 0.8) / 36 for spins in replicas.spins]
    assert replicas.energy_per_spin == pytest.approx(energies)
    assert replicas.magnetization.tolist() == replicas.spins.mean((1, 2)).tolist()
    assert [series.energy_per_spin[-1] for series in runs] == replicas.energy_per_spin.tolist()
    assert [series.magnetization[-1] for series in runs] == replicas.magnetization.tolist()
    replicas.temperatures[:] = 0.0  # a copy
    assert replicas.temperatures[0] == 1.0


def test_replicas_start_as_told():
    spins = random_spins(2, 8, 8, seed=3)
    assert np.array_equal(ising.IsingReplicas(8, [1.0, 2.0], start=spins).spins, spins)
    assert (ising.IsingReplicas(8, [1.0, 2.0], start="up").magnetization == 1).all()
    assert (ising.IsingReplicas(8, [1.0, 2.0], start="down").magnetization == -1).all()
    scattered = ising.IsingReplicas(16, np.ones(64), rng=4).magnetization
    assert abs(scattered).max() < 4 / 16 and len(set(scattered)) > 20


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 64), st.integers(2, 20))
def test_any_number_of_replicas_of_any_even_size(count, half):
    replicas = ising.IsingReplicas(2 * half, np.linspace(0.5, 5, count), rng=1).sweep(2)
    assert replicas.spins.shape == (count, 2 * half, 2 * half)
    assert (abs(replicas.spins) == 1).all()


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"kernel": "fast"}, ValueError, "kernel must be one of 'auto', 'compact', 'packed', got 'fast'"),
        ({"kernel": None}, ValueError, "kernel must be one of"),
        (
            {"size": 250},
            ValueError,
            "size must be a multiple of 128 for kernel 'packed', got 250; kernel='auto'",
        ),
        ({"size": 64}, ValueError, "size must be a multiple of 128 for kernel 'packed', got 64"),
        ({"size": 129}, ValueError, "size must be even for algorithm 'metropolis'"),
        ({"field": 0.2}, ValueError, "field must be 0 for kernel 'packed', got 0.2"),
        ({"rng": CounterRNG(1)}, ValueError, "rng must be a seed or a NumPy generator for kernel 'packed'"),
        ({"algorithm": "wolff"}, ValueError, "kernel must be 'auto' for algorithm 'wolff', got 'packed'"),
        (
            {"algorithm": "glauber", "kernel": "compact"},
            ValueError,
            "kernel must be 'auto' for algorithm 'glauber'",
        ),
    ],
)
def test_a_kernel_asked_for_by_name_serves_or_says_why_not(bad, error, message):
    with pytest.raises(error, match=message):
        ising.Ising(**{"size": 128, "temperature": 2.0, "kernel": "packed", **bad})


def test_a_kernel_asked_for_by_name_is_not_left_in_silence():
    model = ising.Ising(128, 2.0, kernel="packed", rng=1)
    for name, value, message in [
        ("field", 0.1, "field must be 0 for kernel 'packed', got 0.1"),
        ("algorithm", "wolff", "kernel must be 'auto' for algorithm 'wolff'"),
        ("kernel", "compact", "kernel"),
    ]:
        with pytest.raises((ValueError, AttributeError), match=message):
            setattr(model, name, value)
    assert model.kernel == "packed" and model.field == 0 and model.algorithm == "metropolis"


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"size": 7}, ValueError, "size must be even, .* got 7"),
        ({"size": 2}, ValueError, "size must be at least 4, got 2"),
        ({"size": 8.0}, TypeError, "size must be an integer, got 8.0"),
        (
            {"temperatures": []},
            ValueError,
            r"temperatures must hold 1 to 64 numbers, shape \(n,\), got shape \(0,\)",
        ),
        ({"temperatures": 2.0}, ValueError, r"temperatures must hold 1 to 64 numbers.* got shape \(\)"),
        ({"temperatures": np.ones(65)}, ValueError, r"got shape \(65,\)"),
        ({"temperatures": np.ones((8, 8))}, ValueError, r"got shape \(8, 8\)"),
        ({"temperatures": [1.0, 0.0]}, ValueError, "temperatures must be greater than 0, got 0.0"),
        ({"temperatures": [1.0, -2.0]}, ValueError, "temperatures must be greater than 0, got -2.0"),
        ({"temperatures": [1.0, NAN]}, ValueError, "temperatures must be finite, got nan at index"),
        ({"temperatures": [math.inf]}, ValueError, "temperatures must be finite, got inf"),
        ({"temperatures": ["hot"]}, TypeError, "temperatures must be an array of real numbers"),
        ({"coupling": NAN}, ValueError, "coupling must be finite"),
        (
            {"algorithm": "wolff"},
            ValueError,
            "algorithm must be one of 'metropolis', 'heat_bath', got 'wolff'",
        ),
        ({"rng": None}, TypeError, "rng must be a seed"),
        ({"start": "sideways"}, ValueError, "start must be one of 'random', 'up', 'down', got 'sideways'"),
        ({"start": np.ones((8, 8))}, ValueError, r"start must have shape \(2, 8, 8\), got \(8, 8\)"),
        ({"start": np.zeros((2, 8, 8))}, ValueError, "start must hold only -1 and"),
        ({"start": [[1], [1, 1]]}, ValueError, "start must be an array, got lists of unequal length"),
    ],
)
def test_replicas_name_bad_arguments(bad, error, message):
    with pytest.raises(error, match=message):
        ising.IsingReplicas(**{"size": 8, "temperatures": [1.0, 2.0], **bad})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: r.sweep(-1), ValueError, "n must be at least 0, got -1"),
        (lambda r: r.sweep(1.5), TypeError, "n must be an integer"),
        (lambda r: r.measure(-1), ValueError, "sweeps must be at least 0"),
        (lambda r: r.measure(5, burn_in=-1), ValueError, "burn_in must be at least 0"),
        (lambda r: r.measure(5, every=0), ValueError, "every must be at least 1"),
        (lambda r: setattr(r, "temperatures", [1.0]), AttributeError, "temperatures"),
    ],
)
def test_replicas_refuse_bad_calls(call, error, message):
    with pytest.raises(error, match=message):
        call(ising.IsingReplicas(8, [1.0]))
