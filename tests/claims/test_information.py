"""The claims of the chapter on information and energy, against values that share no code with what they test."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy import constants, integrate, optimize, stats

from book_lib import probability


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("information")


def random_laws(count, size, seed=1):
    return np.random.default_rng(seed).dirichlet(np.ones(size), size=count)


def mean_of(values, weights):
    return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)


def spelled_out(energies, temperature):
    """Z, the mean energy, its variance and the entropy of Boltzmann's law, term by term."""
    weights = [math.exp(-e / temperature) for e in energies]
    z = sum(weights)
    mean = mean_of(energies, weights)
    variance = mean_of([(e - mean) ** 2 for e in energies], weights)
    entropy = -sum(w / z * math.log(w / z) for w in weights)
    return z, mean, variance, entropy


# ---------------------------------------------------------------------------- P-09: surprise and entropy


@pytest.mark.claim("P-09")
def test_entropy_is_the_mean_surprise(here):
    for p in [*random_laws(20, 5), [0.5, 0.5, 0.0], [1.0, 0.0]]:
        assert here.names["mean_surprise"](p) == pytest.approx(stats.entropy(p), abs=1e-12)
        assert probability.entropy(p) == pytest.approx(stats.entropy(p), abs=1e-12)
        assert probability.entropy(p, base=2) == pytest.approx(stats.entropy(p, base=2), abs=1e-12)


@pytest.mark.claim("P-09")
@pytest.mark.parametrize("size", [2, 3, 6, 50])
def test_entropy_lies_between_nought_and_ln_k(here, size):
    hand = here.names["mean_surprise"]
    uniform, sure = np.full(size, 1 / size), np.eye(size)[0]
    for function in (hand, probability.entropy):
        assert function(uniform) == pytest.approx(math.log(size))
        assert function(sure) == 0
        assert all(0 < function(p) < math.log(size) for p in random_laws(200, size))


@pytest.mark.claim("P-09")
def test_bits_and_nats_differ_by_ln_2(here):
    numbers = here.numbers
    assert numbers["fair_nats"] == pytest.approx(math.log(6))
    assert numbers["fair_bits"] == pytest.approx(math.log2(6))
    assert numbers["bit"] == pytest.approx(numbers["fair_nats"] / numbers["fair_bits"])
    assert f"{numbers['bit']:.4f}" == "0.6931"
    assert r"$\ln 2 = 0.6931$ nats" in here.prose("sec-info-entropy")


@pytest.mark.claim("P-09")
def test_surprises_of_independent_news_add(here):
    written = re.search(
        r"-\\ln\\frac12 - \\ln\\frac16 = ([\d.]+) \+ ([\d.]+) = ([\d.]+) = -\\ln\\frac1\{12\}",
        here.prose("sec-info-entropy"),
    )
    coin, six, both = map(float, written.groups())
    assert (coin, six, both) == pytest.approx((math.log(2), math.log(6), math.log(12)), abs=5e-4)
    p, q = random_laws(2, 4)
    assert probability.entropy(np.outer(p, q).ravel()) == pytest.approx(stats.entropy(p) + stats.entropy(q))


@pytest.mark.claim("P-09")
def test_the_ways_are_counted_rightly(here):
    rolls = itertools.product(range(3), repeat=10)
    ways = sum([roll.count(face) for face in range(3)] == [5, 3, 2] for roll in rolls)
    assert ways == 2520 == math.factorial(10) // (120 * 6 * 2)
    assert r"W = \frac{10!}{5!\,3!\,2!} = 2520" in here.section("sec-info-counting")


@pytest.mark.claim("P-09")
def test_the_ways_grow_as_the_entropy(here):
    entropy = stats.entropy([0.5, 0.3, 0.2])
    assert here.numbers["three_faces"] == pytest.approx(entropy)
    exact = math.factorial(10_000) // math.prod(math.factorial(n) for n in (5000, 3000, 2000))
    per_roll = (exact.bit_length() - 1) * math.log(2) / 10_000  # within a bit of the whole
    assert here.numbers["per_roll"] == pytest.approx(per_roll, abs=1e-4)
    assert 0 < entropy - here.numbers["per_roll"] < 2 * math.log(10_000) / 10_000
    assert re.search(r"= -N \\sum_i p_i \\ln p_i = N\\, S\(p\)", here.section("sec-info-counting"))


@pytest.mark.claim("P-09")
def test_differential_entropy_may_be_negative(here):
    assert here.numbers["zero_width"] == pytest.approx(
        optimize.brentq(lambda s: stats.norm(0, s).entropy(), 0.1, 1)
    )
    assert f"{here.numbers['zero_width']:.3f}" == "0.242"
    for width in (0.2, 0.241, 0.243, 1.0):
        entropy = probability.Normal(0.0, width).entropy()
        assert entropy == pytest.approx(stats.norm(0, width).entropy())
        assert (entropy < 0) == (width < here.numbers["zero_width"])
    shift = stats.norm(0, 100).entropy() - stats.norm(0, 1).entropy()  # a metre is a hundred centimetres
    assert here.numbers["centimetres"] == pytest.approx(shift)
    assert stats.uniform(0, 0.5).entropy() == pytest.approx(-math.log(2))


# ---------------------------------------------------------------------------- P-10: divergence


@pytest.mark.claim("P-10")
def test_the_divergence_both_ways(here):
    p, q = [0.7, 0.2, 0.1], [0.3, 0.3, 0.4]
    assert f"{here.numbers['forth']:.5f}" == "0.37339"
    assert f"{here.numbers['back']:.5f}" == "0.42197"
    assert here.numbers["forth"] == pytest.approx(stats.entropy(p, q))
    assert here.numbers["back"] == pytest.approx(stats.entropy(q, p))
    assert probability.kl_divergence(p, q) == pytest.approx(stats.entropy(p, q))
    assert probability.kl_divergence(q, p, base=2) == pytest.approx(stats.entropy(q, p, base=2))


@pytest.mark.claim("P-10")
def test_the_first_law_does_the_averaging(here):
    """Draw from p and average ln p/q: that is KL(p‖q), and not KL(q‖p)."""
    p, q = np.array([0.7, 0.2, 0.1]), np.array([0.3, 0.3, 0.4])
    drawn = np.log(p / q)[np.random.default_rng(5).choice(3, size=200_000, p=p)]
    error = drawn.std() / math.sqrt(len(drawn))
    assert abs(drawn.mean() - here.numbers["forth"]) < 4 * error
    assert abs(drawn.mean() - here.numbers["back"]) > 10 * error
    section = here.section("sec-info-kl")
    assert (
        r"\mathrm{KL}(p \,\Vert\, q) &= H(p, q) - S(p) \\"
        "\n"
        r"&= \sum_i p_i \ln \frac{p_i}{q_i} ." in section
    )
    assert "stands before the bars, is the one that happens and does the averaging" in here.prose(
        "sec-info-kl"
    )


@pytest.mark.claim("P-10")
@pytest.mark.parametrize("size", [2, 3, 10])
def test_gibbs_inequality(here, size):
    laws = random_laws(400, size, seed=size).reshape(200, 2, size)
    prices = probability.kl_divergence(laws[:, 0], laws[:, 1])
    assert (prices > 0).all()
    assert prices == pytest.approx([stats.entropy(p, q) for p, q in laws])
    assert probability.kl_divergence(laws[0, 0], laws[0, 0]) == 0
    assert probability.kl_divergence(laws[:, 0], np.full(size, 1 / size)) == pytest.approx(
        [math.log(size) - stats.entropy(p) for p in laws[:, 0]]
    )
    assert here.numbers["least_price"] > 0
    assert r"$\ln x \le x - 1$" in here.section("sec-info-kl")


@pytest.mark.claim("P-10")
def test_a_divergence_does_not_move_with_the_unit():
    def divergence(unit):
        x = np.linspace(-9, 9, 20_001) * unit
        p, q = stats.norm(0.5 * unit, 0.7 * unit), stats.norm(-0.3 * unit, 1.1 * unit)
        return integrate.trapezoid(p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), x)

    assert divergence(1.0) == pytest.approx(divergence(100.0), rel=1e-9)


@pytest.mark.claim("P-10")
def test_the_fits_both_ways(here):
    """A grid of the chapter against an optimiser of scipy's on finer ground."""
    x = np.linspace(-9, 9, 3601)
    p = 0.5 * stats.norm(-2, 0.6).pdf(x) + 0.5 * stats.norm(2, 0.6).pdf(x)

    def price(parameters, forward):
        q = stats.norm(parameters[0], math.exp(parameters[1]))
        log_ratio = np.log(p) - q.logpdf(x)
        return integrate.trapezoid(p * log_ratio if forward else -q.pdf(x) * log_ratio, x)

    wide = optimize.minimize(price, [0.5, 0.0], args=(True,), method="Nelder-Mead")
    narrow = optimize.minimize(price, [-1.5, -0.3], args=(False,), method="Nelder-Mead")
    numbers = here.numbers
    assert wide.x[0] == pytest.approx(0, abs=1e-3)
    assert numbers["moments"] == pytest.approx(math.exp(wide.x[1]), abs=1e-3)
    assert numbers["wide_width"] == pytest.approx(numbers["moments"], abs=0.05)
    assert numbers["wide_kl"] == pytest.approx(wide.fun, abs=1e-3)
    assert (abs(numbers["narrow_mean"]), numbers["narrow_width"]) == pytest.approx(
        (-narrow.x[0], math.exp(narrow.x[1])), abs=0.02
    )
    assert numbers["narrow_kl"] == pytest.approx(narrow.fun, abs=1e-3) == pytest.approx(math.log(2), abs=5e-3)
    assert len(here.calls("KLBothWays")) == 1


# ---------------------------------------------------------------------------- P-11: cross-entropy


@pytest.mark.claim("P-11")
def test_the_printed_values_are_bits(here):
    numbers = here.numbers
    assert (numbers["unknown_bits"], numbers["nearly_bits"]) == pytest.approx((2, -math.log2(0.91)))
    assert f"{numbers['nearly_bits']:.5f}" == "0.13606"
    assert f"{numbers['unknown_nats']:.4f} {numbers['nearly_nats']:.4f}" == "1.3863 0.0943"
    assert numbers["nearly_nats"] == pytest.approx(numbers["nearly_bits"] * math.log(2))
    assert "A slide once printed 2 and 0.136, and no unit" in here.prose("sec-info-cross")


@pytest.mark.claim("P-11")
def test_cross_entropy_is_entropy_plus_divergence(here):
    for p, q in random_laws(100, 4, seed=2).reshape(50, 2, 4):
        expected = -sum(a * math.log(b) for a, b in zip(p, q, strict=True))
        assert probability.cross_entropy(p, q) == pytest.approx(expected)
        assert expected == pytest.approx(stats.entropy(p) + stats.entropy(p, q))
    numbers = here.numbers
    assert numbers["cross_pq"] == pytest.approx(numbers["own_p"] + numbers["forth"])
    assert "$$ (eq-info-cross)" in here.section("sec-info-cross")
    assert r"H(p, q) = -\sum_i p_i \ln q_i" in here.section("sec-info-cross")


@pytest.mark.claim("P-11")
def test_likelihood_per_roll_is_a_cross_entropy():
    rolls, p = [1, 2, 2, 4], [0.1, 0.2, 0.3, 0.4]
    loss = -sum(math.log(p[roll - 1]) for roll in rolls)
    shares = [rolls.count(face) / 4 for face in (1, 2, 3, 4)]
    assert probability.cross_entropy(shares, p) == pytest.approx(loss / 4)


@pytest.mark.claim("P-11")
def test_smaller_cross_entropy_need_not_mean_closer(here):
    assert here.right_option("H(p, q) is 0.693 for one pair") == "One cannot tell without S(p)."
    equal = probability.cross_entropy([0.5, 0.5], [0.5, 0.5])
    unequal = probability.cross_entropy([1, 0], [0.6, 0.4])
    assert (round(equal, 3), round(unequal, 3)) == (0.693, 0.511)
    assert (here.names["coins"], here.names["unequal"]) == (equal, unequal)
    assert (
        probability.kl_divergence([0.5, 0.5], [0.5, 0.5]) == 0 < probability.kl_divergence([1, 0], [0.6, 0.4])
    )


# ---------------------------------------------------------------------------- P-17: the law


@pytest.mark.claim("P-17")
def test_no_law_of_mean_4_5_has_more_entropy(here):
    """Against an optimiser that knows nothing of exponentials."""
    faces = np.arange(1, 7)
    found = optimize.minimize(
        lambda p: (p * np.log(p)).sum(),
        np.full(6, 1 / 6),
        bounds=[(1e-9, 1)] * 6,
        constraints=[
            {"type": "eq", "fun": lambda p: p.sum() - 1},
            {"type": "eq", "fun": lambda p: p @ faces - 4.5},
        ],
        tol=1e-14,
    )
    assert here.names["best"] == pytest.approx(found.x, abs=2e-5)
    assert here.numbers["best_s"] == pytest.approx(-found.fun, abs=1e-9)
    assert here.numbers["six"] == pytest.approx(found.x[5], abs=2e-5)
    assert max(here.numbers[name] for name in ("middle_s", "straight_s", "traded_s")) < here.numbers["best_s"]
    assert here.numbers["traded_s"] > here.numbers["straight_s"]


@pytest.mark.claim("P-17")
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_boltzmanns_law_has_the_largest_entropy_of_its_mean(temperature):
    energies = np.array([0.0, 0.7, 1.0, 2.5])
    p = probability.boltzmann(energies, temperature)
    assert p == pytest.approx(np.exp(-energies / temperature) / spelled_out(energies, temperature)[0])
    keeping = np.linalg.svd(np.stack([np.ones(4), energies]))[2][2:]  # trades that keep sum and mean
    rng = np.random.default_rng(3)
    for _ in range(200):
        q = p + rng.normal(size=2) @ keeping * p.min()
        if (q > 0).all():
            assert q @ energies == pytest.approx(p @ energies)
            assert stats.entropy(q) < stats.entropy(p)


@pytest.mark.claim("P-17")
def test_the_price_of_energy_is_one_over_t(here):
    numbers = here.numbers
    assert numbers["die_temperature"] == pytest.approx(1 / math.log(numbers["ratio"]))
    assert numbers["quotient"] == pytest.approx(1 / numbers["die_temperature"], abs=1e-6)
    low, high = (spelled_out(range(6), numbers["die_temperature"] + step) for step in (-1e-3, 1e-3))
    assert spelled_out(range(6), numbers["die_temperature"])[1] == pytest.approx(1.5)
    assert (high[3] - low[3]) / (high[1] - low[1]) == pytest.approx(numbers["quotient"], abs=1e-6)
    assert r"\frac{\mathrm{d}S}{\mathrm{d}U} = \frac1T" in here.section("sec-info-temperature")


@pytest.mark.claim("P-17")
def test_the_law_is_derived_with_letters(here):
    section = here.section("sec-info-letters")
    assert r"p_i = \frac{e^{-E_i/T}}{Z}, \qquad Z = \sum_j e^{-E_j/T}" in section
    assert "$$ (eq-info-boltzmann)" in section
    assert r"&- \lambda \Bigl( \sum_i p_i - 1 \Bigr) \\" in section
    assert r"&- b \Bigl( \sum_i p_i E_i - U \Bigr) ." in section
    assert r"-\ln p_i - 1 - \lambda - b E_i = 0" in section and "$b = 1/T$" in here.prose("sec-info-letters")
    assert r"S(q) \;\le\; \frac{U}{T} + \ln Z \;=\; S(p)" in section


@pytest.mark.claim("P-17")
def test_one_die_of_a_hundred_feels_the_others(here):
    """Whole numbers of ways, by another recursion; and for four dice a plain list of all throws."""

    def ways(dice, total):
        table = [1]
        for _ in range(dice):
            table = [
                sum(table[s - face] for face in range(1, 7) if 0 <= s - face < len(table))
                for s in range(len(table) + 6)
            ]
        return table[total] if 0 <= total < len(table) else 0

    listed = [throw[0] for throw in itertools.product(range(1, 7), repeat=4) if sum(throw) == 18]
    assert [listed.count(face) for face in range(1, 7)] == [ways(3, 18 - face) for face in range(1, 7)]
    counts = [ways(99, 450 - face) for face in range(1, 7)]
    shares = [count / sum(counts) for count in counts]
    assert here.names["ways"] / here.names["ways"].sum() == pytest.approx(shares)
    assert here.numbers["crowd_six"] == pytest.approx(shares[5])
    assert shares == pytest.approx(here.names["best"], abs=2e-3)


@pytest.mark.claim("P-17")
def test_the_two_limits():
    for energies, cold in (([0, 1], [1, 0]), ([2, 0, 1], [0, 1, 0]), ([0, 0, 1], [0.5, 0.5, 0])):
        assert probability.boltzmann(energies, 0) == pytest.approx(cold)
        assert probability.boltzmann(energies, 1e-3) == pytest.approx(cold)
        uniform = [1 / len(energies)] * len(energies)
        assert probability.boltzmann(energies, math.inf) == pytest.approx(uniform)
        assert probability.boltzmann(energies, 1e6) == pytest.approx(uniform, abs=1e-5)
        for temperature in (0, 0.1, 1, 30, math.inf):
            assert probability.boltzmann(energies, temperature).sum() == pytest.approx(1)


@pytest.mark.claim("P-17")
def test_the_limits_are_in_the_text(here):
    assert here.numbers["two_ground"] == pytest.approx(math.log(2))
    prose = here.prose("sec-info-temperature")
    assert "As $T \\to 0$" in prose and "As $T \\to \\infty$ all ratios go to 1" in prose
    assert r"\frac{p_a}{p_b} = e^{-(E_a - E_b)/T}" in here.section("sec-info-temperature")


@pytest.mark.claim("P-17")
@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 2.0, 10.0])
def test_two_levels(here, temperature):
    upper = probability.boltzmann([0, 1], temperature)[1]
    assert upper == pytest.approx(1 / (1 + math.exp(1 / temperature)))
    assert upper < 0.5
    assert here.numbers["upper_1"] == pytest.approx(1 / (1 + math.e))
    assert here.numbers["upper_01"] == pytest.approx(1 / (1 + math.exp(10)))
    section = here.section("sec-info-two-level")
    assert r"\frac{e^{-\Delta/T}}{1 + e^{-\Delta/T}} = \frac{1}{1 + e^{\Delta/T}}" in section


@pytest.mark.claim("P-17")
def test_units_are_restored_rightly(here):
    mev = 1000 * constants.k * 300 / constants.e
    assert here.numbers["room_mev"] == pytest.approx(mev)
    assert here.numbers["tenth_ev"] == pytest.approx(math.exp(-100 / mev))
    assert "that is the same only if $k_B T = 1$" in here.prose("sec-info-temperature")


@pytest.mark.claim("P-17")
def test_below_zero_the_dear_states_crowd(here):
    numbers = here.numbers
    assert numbers["below"] == pytest.approx(-numbers["die_temperature"])
    assert numbers["below_six"] == pytest.approx(here.names["best"][0])
    assert spelled_out(range(6), numbers["below"])[1] == pytest.approx(3.5)
    weights = [1, math.exp(-1 / numbers["inverted"])]
    assert weights[1] / sum(weights) == pytest.approx(0.75)


@pytest.mark.claim("P-17")
def test_the_physics_is_named(here):
    prose = here.prose("sec-info-two-level")
    for words in ("Statistical physics", "quantum system", "Ising model", "<sec-ising-boltzmann>"):
        assert words in prose


@pytest.mark.claim("P-17")
def test_softmax_is_the_same_law(here):
    scores = here.names["scores"]
    assert probability.softmax(scores, 0.7) == pytest.approx(probability.boltzmann(-scores, 0.7))
    for temperature in (0, 0.3, 1.0, math.inf):
        law = probability.softmax(scores, temperature)
        assert probability.softmax(scores + 1000, temperature) == pytest.approx(law)
    weights = [math.exp(z) for z in (4, 3, 2, 0)]
    assert here.names["naive_softmax"](scores) == pytest.approx(np.array(weights) / sum(weights))
    assert probability.softmax([1, 2, 2], 0).tolist() == [0, 0.5, 0.5]
    numbers = here.numbers
    assert numbers["moon_1"] == pytest.approx(1 / sum(weights))
    assert numbers["moon_5"] == pytest.approx(1 / sum(math.exp(z / 5) for z in (4, 3, 2, 0)))
    assert (round(numbers["mat_1"], 2), round(numbers["moon_5"], 2)) == (0.66, 0.15)
    assert len(here.calls("SoftmaxTemperature")) == 1


@pytest.mark.claim("P-17")
def test_the_faded_ladder_has_two_bits(here):
    questions = [one for one in here.calls("Numeric") if one[1][0] == "So T is"]
    assert questions[0][2]["answer"] == pytest.approx(1 / math.log(2))
    rungs = np.arange(200)
    p = probability.boltzmann(rungs, 1 / math.log(2))
    assert p[:3] == pytest.approx([0.5, 0.25, 0.125])
    assert (p @ rungs, probability.entropy(p, base=2)) == pytest.approx((1, 2))


# ---------------------------------------------------------------------------- the master identity (no row)


def test_the_master_identity_holds_for_every_law(here):
    rng = np.random.default_rng(7)
    for q in random_laws(60, 5, seed=4):
        energies, temperature = rng.normal(size=5) * 3, rng.uniform(0.2, 5)
        z = sum(math.exp(-e / temperature) for e in energies)
        free = sum(a * (e + temperature * math.log(a)) for a, e in zip(q, energies, strict=True))
        p = np.exp(-energies / temperature) / z
        assert probability.free_energy(q, energies, temperature) == pytest.approx(free)
        assert free == pytest.approx(-temperature * math.log(z) + temperature * stats.entropy(q, p))
        assert free > probability.free_energy(p, energies, temperature) - 1e-12
        assert probability.log_partition(energies, temperature) == pytest.approx(math.log(z))
    section = here.section("sec-info-master")
    identity = (
        r"F[q] &= \langle E \rangle_q - T\, S(q) \\"
        "\n"
        r"&= -T \ln Z + T\, \mathrm{KL}(q \,\Vert\, p) ."
        "\n"
        r"\end{aligned}"
        "\n$$ (eq-info-master)"
    )
    assert identity in section
    assert r"E_i = -T \ln Z - T \ln p_i" in section


def test_the_table_of_four_laws(here):
    z, mean, _, entropy = spelled_out([0, 1, 2], 1.0)
    numbers = here.numbers
    assert numbers["minimum"] == pytest.approx(-math.log(z)) == pytest.approx(mean - entropy)
    assert numbers["u_boltzmann"] == pytest.approx(mean)
    printed = {"sure": 0.0, "uniform": 1 - math.log(3), "a guess": 0.5 - stats.entropy([0.6, 0.3, 0.1])}
    for name, free in printed.items():
        q = here.names["trials"][name]
        assert probability.free_energy(q, [0, 1, 2], 1.0) == pytest.approx(free)
        assert free - numbers["minimum"] == pytest.approx(stats.entropy(q, here.names["trials"]["Boltzmann"]))
    assert numbers["minimum"] < min(printed.values())


def test_the_coin_over_two_levels(here):
    """The faded derivation: ▢₁ = T ln 2 and ▢₂ = ln cosh(Δ/2T), the divergence of a coin."""
    chosen = [
        text
        for one in here.calls("Choice")
        for text, verdict in one[1][1].items()
        if isinstance(verdict, tuple) and verdict[0] is True
    ]
    assert {"T ln 2", "ln cosh(Δ/2T)", "⟨s⟩/T", "tanh(h/T)", "1/(1 − r)", "1/2, 1/4, 1/8, …"} <= set(chosen)
    for gap, temperature in ((1.0, 1.0), (3.0, 0.5), (0.2, 2.0)):
        p = probability.boltzmann([0, gap], temperature)
        coin = probability.kl_divergence([0.5, 0.5], p)
        assert coin == pytest.approx(math.log(math.cosh(gap / (2 * temperature))))
        free = probability.free_energy([0.5, 0.5], [0, gap], temperature)
        assert free == pytest.approx(gap / 2 - temperature * math.log(2))


def test_the_explored_curve_is_the_free_energy(here):
    curves = here.names["free_energy_curve"](0.8)
    assert len(here.calls("explore")) == 1 and len(curves) == 2
    drawn = [one[1] for one in here.calls("Series") if one[1][0] == "F"][-1]
    q, free = np.asarray(drawn[1]), np.asarray(drawn[2])
    inside = (q > 0) & (q < 1)
    entropy = -(q * np.log(q, where=inside, out=np.zeros_like(q)))
    entropy -= (1 - q) * np.log(1 - q, where=inside, out=np.zeros_like(q))
    assert free == pytest.approx(q - 0.8 * entropy)
    assert q[free.argmin()] == pytest.approx(1 / (1 + math.exp(1 / 0.8)), abs=0.01)
    assert free.min() == pytest.approx(-0.8 * math.log(1 + math.exp(-1 / 0.8)), abs=1e-3)


def test_what_softmax_maximises():
    """⟨z⟩ + T S(q) ≤ T ln Σ e^(z/T), between the largest score and T ln K above it."""
    z, temperature = np.array([4.0, 3.0, 2.0, 0.0]), 0.7
    best = temperature * math.log(sum(math.exp(one / temperature) for one in z))
    assert probability.logsumexp(z, temperature) == pytest.approx(best)
    values = [q @ z + temperature * stats.entropy(q) for q in random_laws(500, 4)]
    assert max(values) < best
    p = probability.softmax(z, temperature)
    assert p @ z + temperature * stats.entropy(p) == pytest.approx(best)
    assert 4 < best < 4 + temperature * math.log(4)


# ---------------------------------------------------------------------------- the lemma (no row)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_lemma(here, temperature):
    """ln Z of energies that bend with θ, against −⟨∂E/∂θ⟩/T."""

    def energies(theta):
        return np.array([theta**2, 1 - theta, math.sin(theta), 2.0])

    theta, step = 0.6, 1e-5
    up, down = (probability.log_partition(energies(theta + s), temperature) for s in (step, -step))
    slopes = np.array([2 * theta, -1, math.cos(theta), 0])
    p = probability.boltzmann(energies(theta), temperature)
    assert (up - down) / (2 * step) == pytest.approx(-p @ slopes / temperature, abs=1e-8)
    assert r"= -\frac1T \left\langle \frac{\partial E}{\partial \theta} \right\rangle" in here.section(
        "sec-info-lemma"
    )


def test_the_worked_slope(here):
    weights = [1, math.exp(-1), math.exp(-2)]
    assert here.numbers["third"] == pytest.approx(weights[2] / sum(weights))
    assert here.numbers["knob_slope"] == pytest.approx(-here.numbers["third"], abs=1e-7)
    section = here.section("sec-info-lemma")
    data_minus_model = (
        r"= \frac1T \left( \frac{\partial E(x)}{\partial \theta} - "
        r"\left\langle \frac{\partial E}{\partial \theta} \right\rangle \right)"
    )
    assert data_minus_model in section


def test_a_spin_in_a_field_by_the_lemma():
    field, temperature, step = 0.7, 1.3, 1e-5
    up, down = (probability.log_partition([-h, h], temperature) for h in (field + step, field - step))
    mean = temperature * (up - down) / (2 * step)
    assert mean == pytest.approx(math.tanh(field / temperature), abs=1e-8)
    p = probability.boltzmann([-field, field], temperature)
    assert p[0] - p[1] == pytest.approx(mean, abs=1e-8)


@pytest.mark.parametrize("temperature", [0.2, 0.5, 1.0, 3.0])
def test_heat_capacity_and_the_rise_of_entropy(here, temperature):
    words = [0.0, 1.0, 2.0, 4.0]
    step = 1e-5
    high, low = spelled_out(words, temperature + step), spelled_out(words, temperature - step)
    variance = spelled_out(words, temperature)[2]
    heat, rise = (high[1] - low[1]) / (2 * step), (high[3] - low[3]) / (2 * step)
    assert heat == pytest.approx(variance / temperature**2, rel=1e-6)
    assert rise == pytest.approx(variance / temperature**3, rel=1e-6)
    assert probability.heat_capacity(words, temperature) == pytest.approx(variance / temperature**2)
    assert rise > 0
    section = here.section("sec-info-heat")
    assert r"= \frac{\operatorname{Var} E}{T^2} ," in section
    assert (
        r"\frac{\mathrm{d}S}{\mathrm{d}T} = \frac{C}{T} = \frac{\operatorname{Var} E}{T^3} \;\ge\; 0"
        in section
    )


def test_the_quotients_in_the_text(here):
    variance = spelled_out([0, 1, 2, 4], 1.0)[2]
    numbers = here.numbers
    assert numbers["variance"] == pytest.approx(variance)
    assert (numbers["heat_quotient"], numbers["rise_quotient"]) == pytest.approx(
        (variance, variance), abs=1e-5
    )


def test_the_sketch_is_measured_and_theory(here):
    name, _, options = here.calls("Sketch")[0]
    assert name == "Sketch" and options["x"][0] == 0
    series = {one[1][0]: one for one in here.calls("Series")}
    _, temperatures, means = series["2,000 words each"][1]
    bars = series["2,000 words each"][2]["error"]
    assert len(temperatures) == 11
    for temperature, mean, bar in zip(temperatures, means, bars, strict=True):
        assert (
            abs(mean - spelled_out([0, 1, 2, 4], temperature)[3]) < 4 * bar + 0.002
        )  # Miller's bias, 3/4000
    _, many, theory = series["theory"][1]
    assert theory[10:] == pytest.approx([spelled_out([0, 1, 2, 4], t)[3] for t in many[10:]], abs=1e-9)
    assert list(theory) == sorted(theory)
    assert here.numbers["sketch_worst"] < 4


def test_the_steepest_rise_is_where_the_text_says(here):
    rise = [spelled_out([0, 1, 2, 4], t)[2] / t**3 for t in np.linspace(0.1, 2, 400)]
    steepest = np.linspace(0.1, 2, 400)[int(np.argmax(rise))]
    assert f"steepest near $T = {steepest:.1f}$" in here.prose("sec-info-softmax")
    hump = optimize.minimize_scalar(
        lambda t: -spelled_out([0, 1], t)[2] / t**2, bounds=(0.2, 1), method="bounded"
    )
    assert here.numbers["hump"] == pytest.approx(hump.x, abs=1e-4)
    assert here.numbers["hump_height"] == pytest.approx(-hump.fun, abs=1e-8)


def test_the_mean_energy_falls_with_its_price(here):
    """dU/db = −Var E at prices above zero, at it and below; so every mean between the extremes has one b."""
    energies = np.array([0.0, 0.7, 1.0, 2.5])

    def mean(price):
        return mean_of(energies, np.exp(-price * energies))

    step, means = 1e-5, [mean(price) for price in np.linspace(-20, 20, 801)]
    assert all(high > low for high, low in itertools.pairwise(means))
    assert (means[0], means[400], means[-1]) == pytest.approx((2.5, energies.mean(), 0.0), abs=1e-6)
    for price in (-2.0, 0.0, 0.3, 4.0):
        variance = mean_of((energies - mean(price)) ** 2, np.exp(-price * energies))
        assert (mean(price + step) - mean(price - step)) / (2 * step) == pytest.approx(-variance, rel=1e-6)
    assert r"\frac{\mathrm{d}U}{\mathrm{d}b} = -\operatorname{Var} E" in here.section("sec-info-heat")
    assert "whose mean cost is 1.5 where a fair die has 2.5" in here.prose("sec-info-letters")


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_what_fluctuates_answers(here, temperature):
    """∂⟨M⟩/∂h = Var M/T for any M, and p(1 − p)/T for the score of one outcome of a softmax."""
    energies, rewarded, step = np.array([0.0, 0.7, 1.0, 2.5]), np.array([1.0, -2.0, 0.5, 3.0]), 1e-5

    def law(field, quantity):
        weights = [math.exp(-(e - field * m) / temperature) for e, m in zip(energies, quantity, strict=True)]
        return np.array(weights) / sum(weights)

    for quantity in (rewarded, np.eye(4)[2]):
        p = law(0.4, quantity)
        slope = (law(0.4 + step, quantity) - law(0.4 - step, quantity)) @ quantity / (2 * step)
        variance = p @ (quantity - p @ quantity) ** 2
        assert slope == pytest.approx(variance / temperature, rel=1e-6)
    assert variance == pytest.approx(p[2] * (1 - p[2]))
    section = here.section("sec-info-heat")
    assert r"\frac{\partial \langle M \rangle}{\partial h} &= \sum_i p_i M_i" in section
    assert r"&= \frac{\operatorname{Var} M}{T} ," in section
    assert "at the rate $p_k(1 - p_k)/T$" in here.prose("sec-info-heat")


def test_the_magnets_response_cites_the_lemma(chapter):
    """The magnet's chapter does not derive anew what stands here."""
    magnets = chapter("ising").source
    fold = re.search(r"why fluctuations tell the response\n(.*?)\n```", magnets, re.S)[1]
    assert "{eq}`eq-info-lemma`" in fold and "{eq}`eq-info-response`" in fold
