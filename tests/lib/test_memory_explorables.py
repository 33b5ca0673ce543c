"""The explorables of Hopfield networks in Python: what they take, refuse, compute and show."""

import itertools
import math

import numpy as np
import pytest
import torch

from book_lib.explorables import AssociativeMemory, HopfieldCube, ModernHopfield
from book_lib.explorables.associative_memory import LETTERS, bank, cover, decode, encode, name_state
from book_lib.explorables.hopfield_cube import ORDERS, STATES, edges, fraction, place, signs
from book_lib.explorables.modern_hopfield import verdict
from book_lib.hopfield import Hopfield, letters, mixture, overlap, retrieval_overlap
from book_lib.rng import CounterRNG
from tests.lib.pictures import check_pictures, check_pictures_are_quick

BLANK = "0" * 25

BAD = [
    (AssociativeMemory, {"patterns": "faces"}, "patterns"),
    (AssociativeMemory, {"own": "xyz"}, "own"),
    (AssociativeMemory, {"own": BLANK + "." + "0" * 16}, "own"),
    (AssociativeMemory, {"own": ".".join([BLANK] * 13)}, "own"),
    (AssociativeMemory, {"own": np.zeros((2, 100))}, "own"),
    (AssociativeMemory, {"own": np.ones((2, 81))}, "own"),
    (AssociativeMemory, {"stored": []}, "stored"),
    (AssociativeMemory, {"stored": [0, 0]}, "stored"),
    (AssociativeMemory, {"stored": [0, 8]}, "stored"),
    (AssociativeMemory, {"stored": "AB"}, "stored"),
    (AssociativeMemory, {"stored": [0.5]}, "stored"),
    (AssociativeMemory, {"chosen": "B"}, "chosen"),
    (AssociativeMemory, {"chosen": 8}, "chosen"),
    (AssociativeMemory, {"extra": 41}, "extra"),
    (AssociativeMemory, {"rule": "oja"}, "rule"),
    (AssociativeMemory, {"corruption": "blur"}, "corruption"),
    (AssociativeMemory, {"share": 1.1}, "share"),
    (AssociativeMemory, {"share": math.nan}, "share"),
    (AssociativeMemory, {"cue": "0" * 16}, "cue"),
    (AssociativeMemory, {"cue": "no picture"}, "cue"),
    (AssociativeMemory, {"predict": "yes"}, "predict"),
    (HopfieldCube, {"pattern": [1, 0, 1]}, "pattern"),
    (HopfieldCube, {"pattern": [1, 1]}, "pattern"),
    (HopfieldCube, {"start": [0, 1, 1]}, "start"),
    (HopfieldCube, {"theta1": 2.1}, "theta1"),
    (HopfieldCube, {"theta3": math.inf}, "theta3"),
    (HopfieldCube, {"sign": "+"}, "sign"),
    (HopfieldCube, {"tie": "toss"}, "tie"),
    (HopfieldCube, {"order": "112"}, "order"),
    (HopfieldCube, {"steps": 61}, "steps"),
    (ModernHopfield, {"patterns": [(0, 1)]}, "patterns"),
    (ModernHopfield, {"patterns": [(0, 2), (1, 1)]}, "patterns"),
    (ModernHopfield, {"state": [0, 1.6]}, "state"),
    (ModernHopfield, {"beta": 0}, "beta"),
    (ModernHopfield, {"beta": 101}, "beta"),
    (ModernHopfield, {"steps": -1}, "steps"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


WIDGETS = [
    AssociativeMemory(),
    AssociativeMemory(stored=LETTERS, chosen="T"),
    AssociativeMemory(stored="ACH", share=0.3, seed=7),
    AssociativeMemory(stored="AC", share=0.5, seed=5, asynchronous=False),
    AssociativeMemory(patterns="digits", rule="pseudo-inverse", stored=list(range(10)), corruption="cover"),
    AssociativeMemory(patterns="own", extra=5, share=1.0),
    HopfieldCube(),
    HopfieldCube(theta1=1, sign="minus", tie="plus", order="312"),
    ModernHopfield(),
    ModernHopfield(beta=0.1, patterns=[(1, 0), (-1, 0)]),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


@pytest.mark.parametrize("widget", WIDGETS[::2], ids=lambda widget: type(widget).__name__)
def test_pictures_are_made_soon(widget) -> None:
    check_pictures_are_quick(widget)


def test_alt_text_can_be_given() -> None:
    kinds = (AssociativeMemory, HopfieldCube, ModernHopfield)
    assert all(kind(alt="A figure.").describe() == "A figure." for kind in kinds)


# -- the memory


def test_pictures_are_the_librarys_letters_and_means_of_its_digits() -> None:
    np.testing.assert_array_equal(AssociativeMemory().pictures(), letters(LETTERS))
    digits = AssociativeMemory(patterns="digits")
    assert digits.names() == list("0123456789")
    assert digits.pictures().shape == (10, 64)
    assert len({encode(one) for one in digits.pictures()}) == 10
    assert AssociativeMemory(patterns="own").pictures().shape == (3, 100)
    for texts in bank().values():
        for text in texts.values():
            assert encode(decode(text)) == text


def test_pictures_may_come_as_arrays_and_names() -> None:
    own = letters("HT")
    memory = AssociativeMemory(own=own, chosen="2", cue=-own[1])
    assert (memory.patterns, memory.names(), memory.stored) == ("own", ["1", "2"], [0, 1])
    np.testing.assert_array_equal(memory.pictures(), own)
    np.testing.assert_array_equal(memory.start(), -own[1])
    assert AssociativeMemory(own=own[0]).names() == ["1"]
    assert AssociativeMemory(stored="HZ", chosen="Z").stored == [2, 7]


@pytest.mark.parametrize("rule", ["hebb", "pseudo-inverse"])
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_recall_follows_the_fields_unit_by_unit(rule: str, asynchronous: bool) -> None:
    box = AssociativeMemory(stored=LETTERS, rule=rule, share=0.25, seed=3, extra=2, asynchronous=asynchronous)
    kept = box.kept().astype(float)
    weights = kept.T @ kept / 100 if rule == "hebb" else kept.T @ np.linalg.solve(kept @ kept.T, kept)
    np.fill_diagonal(weights, 0)
    state, rng, done = box.start().astype(int), CounterRNG(3, 2), box.recall()
    for wanted in done.path[1:]:
        if asynchronous:
            for i in rng.permutation(100):
                h = weights[i] @ state
                state[i] = state[i] if abs(h) < 1e-9 else int(np.sign(h))
        else:
            h = weights @ state
            state = np.where(np.abs(h) < 1e-9, state, np.sign(h)).astype(int)
        np.testing.assert_array_equal(state, wanted)


def test_noise_turns_that_many_and_a_cover_blanks_that_many_rows() -> None:
    for share in (0.0, 0.15, 0.5, 1.0):
        box = AssociativeMemory(share=share, seed=4)
        assert (box.start() != box.target()).sum() == round(100 * share)
    half = cover(letters("H")[0], 0.5).reshape(10, 10)
    assert (half[5:] == -1).all()
    np.testing.assert_array_equal(half[:5], letters("H")[0].reshape(10, 10)[:5])


@pytest.mark.parametrize("name", ["A", "H", "T", "X"])
def test_half_a_letter_is_completed(name: str) -> None:
    box = AssociativeMemory(stored="AHTX", chosen=name, corruption="cover", share=0.5)
    assert overlap(box.recall().state, box.target()) > 0.95
    assert box.name().kind == "pattern"


def test_eight_letters_are_too_many_for_hebb_and_not_for_the_pseudo_inverse() -> None:
    for k in range(8):
        settings = {"stored": LETTERS, "chosen": k, "share": 0.1}
        assert AssociativeMemory(rule="pseudo-inverse", **settings).name().kind == "pattern"
    stable = [Hopfield(100).store(letters(LETTERS)).is_stable(one) for one in letters(LETTERS)]
    assert sum(stable) < 8
    digits = [AssociativeMemory(patterns="digits", stored=list(range(10)), chosen=k, share=0.0, rule=rule).name().kind
              for rule in ("hebb", "pseudo-inverse") for k in range(10)]  # fmt: skip
    assert "pattern" not in digits[:10]
    assert digits[10:] == ["pattern"] * 10


def test_random_patterns_beside_fill_the_memory_until_it_forgets() -> None:
    light, full = (AssociativeMemory(extra=extra, share=0.1) for extra in (2, 40))
    assert (light.load(), full.load()) == pytest.approx((0.05, 0.43))
    assert np.mean(light.trials(8)) > 0.95
    assert np.mean(full.trials(8)) < 0.85
    assert abs(overlap(full.kept()[3:], full.target())).max() < 0.5


def test_a_picture_among_random_patterns_is_kept_as_far_as_the_theory_says() -> None:
    means = {extra: np.mean(AssociativeMemory(stored="A", extra=extra, share=0).trials(20)) for extra in (4, 9, 34)}
    assert means[4] == pytest.approx(retrieval_overlap(0.05), abs=0.01)
    assert means[9] == pytest.approx(retrieval_overlap(0.1), abs=0.02)
    assert retrieval_overlap(0.35) == 0 < means[34] < 0.7  # a hundred units get stuck on the way out


def test_two_states_alternate_when_all_move_at_once() -> None:
    box = AssociativeMemory(stored="AC", share=0.5, seed=5, asynchronous=False)
    done = box.recall()
    assert done.period == 2
    np.testing.assert_array_equal(box.memory().wishes(box.memory().wishes(done.state)), done.state)
    assert "two states alternate" in box.describe()


def test_a_spurious_state_is_named_as_the_mixture_it_is() -> None:
    box = AssociativeMemory(stored="ACH", share=0.3, seed=7)
    named = box.name()
    assert (named.kind, named.of, named.signs, named.overlap) == ("mixture", (0, 1, 2), (1, -1, 1), 1)
    parts = letters("ACH") * np.array([[1], [-1], [1]])
    np.testing.assert_array_equal(box.recall().state, mixture(parts))
    assert "the mixture of A, not C, H" in box.describe()


def test_names_of_states() -> None:
    rng = np.random.default_rng(0)
    patterns = rng.choice([-1, 1], (6, 200)).astype(np.int8)
    slips = patterns[4].copy()
    slips[:4] *= -1
    cases = {
        "pattern": (patterns[2], (2,), (1,)),
        "negative": (-patterns[3], (3,), (-1,)),
        "near": (slips, (4,), (1,)),
    }
    for kind, (state, of, sign) in cases.items():
        named = name_state(state, patterns)
        assert (named.kind, named.of, named.signs) == (kind, of, sign)
    for of in itertools.chain(itertools.combinations(range(6), 3), itertools.combinations(range(6), 5)):
        named = name_state(mixture(patterns[list(of)]), patterns)
        assert (named.kind, named.of, named.overlap) == ("mixture", of, 1)
    assert name_state(rng.choice([-1, 1], 200).astype(np.int8), patterns).kind == "unknown"


# -- the cube


def test_the_worked_example_exactly() -> None:
    box = HopfieldCube()
    np.testing.assert_allclose(3 * box.network().weights, [[0, -1, 1], [-1, 0, -1], [1, -1, 0]])
    assert [box.field(state, unit) for unit, state in enumerate(box.path(2))] == pytest.approx([0, -2 / 3, 2 / 3])
    assert [fraction(box.energy(state)) for state in STATES] == ["1/3", "1/3", "−1", "1/3", "1/3", "−1", "1/3", "1/3"]
    assert box.at_rest() == [(-1, 1, -1), (1, -1, 1)]
    assert all(HopfieldCube(order=order).end() == (1, -1, 1) for order in ORDERS)
    assert HopfieldCube(tie="minus").path(3)[-1] == (-1, -1, -1)


@pytest.mark.parametrize("theta", list(itertools.product((-1.3, 0.0, 0.4), repeat=3)))
def test_the_update_is_the_librarys_and_never_uphill_by_the_right_sign(theta: tuple) -> None:
    settings = dict(zip(("theta1", "theta2", "theta3"), theta, strict=True))
    box, library = HopfieldCube(**settings), Hopfield(3, theta).store([[1, -1, 1]])
    for state in STATES:
        wishes = library.wishes(state)
        assert [box.update(state, unit)[unit] for unit in range(3)] == wishes.tolist()
        s = np.array(state)
        assert box.energy(state) == pytest.approx(-0.5 * s @ library.weights @ s - np.array(theta) @ s)
    assert box.rises() == 0
    slip = HopfieldCube(sign="minus", **settings)
    mirror = HopfieldCube(**{name: -value for name, value in settings.items()})
    assert slip.arrows() == mirror.arrows()  # downhill on the energy of −θ
    assert slip.rises() == sum(slip.energy(b) > slip.energy(a) + 1e-9 for a, b, _ in mirror.arrows())


def test_the_slip_raises_the_energy() -> None:
    box = HopfieldCube(theta1=1, sign="minus")
    before, after = box.path(1)
    assert (fraction(box.energy(before)), fraction(box.energy(after))) == ("−2/3", "4/3")
    assert box.rises() == 4


def test_by_every_rule_it_comes_to_rest() -> None:
    for tie, sign, order in itertools.product(("keep", "plus", "minus"), ("plus", "minus"), ORDERS):
        box = HopfieldCube(tie=tie, sign=sign, order=order, theta1=0.5, theta2=-2 / 3)
        for start in STATES:
            box.start = list(start)
            assert box.end() in box.at_rest()


def test_the_cube_has_twelve_edges_and_corners_apart() -> None:
    assert len(edges()) == 12
    places = [place(state) for state in STATES]
    assert min(math.dist(a, b) for a, b in itertools.combinations(places, 2)) > 0.6
    assert signs((1, -1, 1)) == "(+−+)"
    assert [fraction(v) for v in (0.0, -0.5, 0.123456)] == ["0", "−1/2", "0.123"]


# -- the modern network


@pytest.mark.parametrize("beta", [0.1, 1.0, 7.3, 100.0])
def test_an_update_is_torchs_attention(beta: float) -> None:
    box = ModernHopfield(beta=beta, state=[-0.4, 0.7])
    X, query = torch.tensor(box.points()), torch.tensor(np.array(box.state))[None]
    wanted = torch.nn.functional.scaled_dot_product_attention(query, X, X, scale=beta)[0].numpy()
    np.testing.assert_allclose(box.path(1)[1], wanted, rtol=1e-12)


@pytest.mark.parametrize("beta", [0.1, 1.0, 4.0, 30.0])
def test_the_energy_falls_until_it_rests_where_the_slope_is_nought(beta: float) -> None:
    box = ModernHopfield(beta=beta, state=[-1.2, 1.4])
    energies = [box.energy(at) for at in box.path(500)]
    assert all(b <= a + 1e-12 for a, b in itertools.pairwise(energies))
    rest, d = box.rest(), 1e-5
    for i in range(2):
        step = np.eye(2)[i] * d
        assert abs(box.energy(rest + step) - box.energy(rest - step)) / (2 * d) < 1e-6


def test_cold_recalls_and_hot_averages() -> None:
    cold, hot = ModernHopfield(beta=100, state=[0.1, -0.6]), ModernHopfield(beta=0.1)
    np.testing.assert_allclose(cold.rest(), cold.points()[3], atol=1e-3)
    np.testing.assert_allclose(hot.rest(), hot.points().mean(0), atol=0.03)
    assert (cold.outcome(), hot.outcome()) == ("one", "mean")
    assert verdict(np.array([0.5, 0.5, 0.0])) == "between"
    assert [ModernHopfield(beta=beta).outcome() for beta in (1.0, 2.0, 4.0)] == ["mean", "between", "one"]
