"""The checks of the chapter on information and energy: right answers pass, typical slips get their replies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def mean_energy(energies, temperature):
    weights = [math.exp(-e / temperature) for e in energies]
    return sum(w * e for w, e in zip(weights, energies, strict=True)) / sum(weights)


def bits(p, q):
    return stats.entropy(p, q, base=2)


def two_spins(temperature, coupling):
    """−T ln Z over the four states, against two fair coins."""
    z = sum(math.exp(coupling * a * b / temperature) for a in (1, -1) for b in (1, -1))
    return -2 * temperature * math.log(2) + temperature * math.log(z)


def quotients(logits, target, temperature):
    """Difference quotients of −ln p_t, one logit at a time."""

    def loss(z):
        return special.logsumexp(z / temperature) - z[target] / temperature

    steps = 1e-6 * np.eye(len(logits))
    return np.array([(loss(logits + h) - loss(logits - h)) / 2e-6 for h in steps])


def information(joint):
    parts = stats.entropy(joint.sum(axis=0)) + stats.entropy(joint.sum(axis=1))
    return parts - stats.entropy(joint.ravel())


def softmax_slope(z, target, temperature):
    slopes = special.softmax(z / temperature)
    slopes[target] -= 1
    return slopes / temperature


HUMP = optimize.brentq(lambda t: math.tanh(0.5 / t) - 2 * t, 0.1, 2)


def test_the_chapter_registers_its_checks():
    assert names("information") == [f"information-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("information-2", bits),
        ("information-3", lambda a, t: (t / a) ** 0.5),
        ("information-5", two_spins),
        ("information-6", softmax_slope),
        ("information-7", lambda z, t: t * special.logsumexp(z / t)),
        ("information-8", HUMP),
        ("information-9", information),
    ],
)
def test_right_answers_pass(name, answer):
    verdict = check(name, answer)
    assert verdict.right, str(verdict)
    assert not verdict.failed


@pytest.mark.parametrize(("target", "temperature"), [(0, 1.0), (3, 0.5), (1, 2.0)])
def test_the_gradient_is_the_slope_of_the_loss(target, temperature):
    z = np.array([4.0, 3.0, 2.0, 0.0])
    assert softmax_slope(z, target, temperature) == pytest.approx(quotients(z, target, temperature), abs=1e-8)


def test_the_spring_has_the_largest_entropy_of_its_energy():
    """−⟨ln p⟩ of other densities with the same ⟨x²⟩ is smaller; and the normal law of variance T/a has ⟨E⟩ = T/2."""
    stiffness, temperature = 2.0, 3.0
    best = stats.norm(0, math.sqrt(temperature / stiffness))
    assert best.expect(lambda x: stiffness * x**2 / 2) == pytest.approx(temperature / 2)
    for other in (stats.laplace(scale=1), stats.uniform(-1, 2), stats.logistic(), stats.t(5)):
        stretched = other.entropy() + math.log(best.std() / other.std())
        assert stretched < best.entropy()


@given(SEEDS)
def test_every_thermometer_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("information-1", seed)
    assert puzzle.energies[0] == 0 and list(puzzle.energies) == sorted(set(puzzle.energies))
    t = optimize.brentq(lambda t: mean_energy(puzzle.energies, t) - puzzle.mean_energy, 0.1, 30)
    assert check("information-1", t, seed=seed).right
    slips = (
        (-t, "sign"),
        (t * math.log(2), "powers of two"),
        (1 / t, "turn it over"),
        (puzzle.mean_energy, "this is the mean energy"),
    )
    for wrong, words in slips:
        verdict = check("information-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


def test_the_same_seed_gives_the_same_levels():
    assert variant("information-1", 5) == variant("information-1", 5)
    assert len({variant("information-1", seed) for seed in range(40)}) > 30


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("information-2", lambda p, q: stats.entropy(p, q), "These are nats"),
        ("information-2", lambda p, q: -bits(p, q), "The sign"),
        ("information-2", lambda p, q: bits(q, p), "The order"),
        ("information-2", lambda p, q: bits(p, q) + stats.entropy(p, base=2), "cross-entropy"),
        ("information-3", lambda a, t: t / a, "That is the variance"),
        ("information-3", lambda a, t: math.sqrt(2 * t / a), "factor 2"),
        ("information-3", lambda a, t: math.sqrt(a / t), "Upside down"),
        ("information-3", lambda a, t: 1 / math.sqrt(a), "temperature is missing"),
        ("information-5", lambda t, j: two_spins(t, j) / t, "That is the divergence"),
        ("information-5", lambda t, j: -two_spins(t, j), "never less"),
        (
            "information-5",
            lambda t, j: two_spins(t, j) + 2 * t * math.log(2),
            "is missing from their free energy",
        ),
        ("information-5", lambda t, j: two_spins(t, j) + t * math.log(2), "Each of the two coins"),
        ("information-5", lambda t, j: j, "energy missed at T = 0"),
        ("information-6", lambda z, k, t: softmax_slope(z, k, t) * t, "factor 1/T"),
        ("information-6", lambda z, k, t: -softmax_slope(z, k, t), "slope of +ln"),
        ("information-6", lambda z, k, t: special.softmax(z / t), "target is missing"),
        ("information-6", lambda z, k, t: softmax_slope(z, k, 1.0), "temperature is not used"),
        ("information-7", lambda z, t: special.logsumexp(z / t), "That is ln Z"),
        ("information-7", lambda z, t: np.max(z), "limit T → 0"),
        ("information-7", lambda z, t: special.logsumexp(z), "temperature is not used"),
        ("information-7", lambda z, t: t * special.logsumexp(z / t) - max(z), "not put back"),
        ("information-8", 1 / HUMP, "turn it over"),
        ("information-8", 0.4392, "how high"),
        ("information-8", 0.9102, "a quarter is up"),
        ("information-9", lambda j: -information(j), "The sign"),
        ("information-9", lambda j: information(j) / math.log(2), "These are bits"),
        ("information-9", lambda j: stats.entropy(j.ravel()), "entropy of the table"),
        ("information-9", lambda j: stats.entropy(j.ravel()) - stats.entropy(j.sum(axis=1)), "y given x"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_a_naive_soft_maximum_is_told_where_it_overflows():
    verdict = check("information-7", lambda z, t: t * np.log(np.exp(z / t).sum()))
    assert not verdict.right and len(verdict.passed) == 3
    assert all("too large a number on the way" in text for text in verdict.failed)


def test_the_zeros_of_a_table_are_told():
    def careless(joint):
        product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
        return (joint * np.log(joint / product)).sum()

    verdict = check("information-9", careless)
    assert not verdict.right and len(verdict.passed) == 3 and "returned nan" in verdict.failed[0]
