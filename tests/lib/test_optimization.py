"""book_lib.optimization against torch, closed forms, finite differences and the laws that noise ends in."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from book_lib import optimization as opt
from book_lib.learning import numerical_gradient
from book_lib.rng import CounterRNG

LANDSCAPES = [
    opt.Quadratic([1.0, 4.0]),
    opt.ravine(),
    opt.Rosenbrock(),
    opt.Rosenbrock(a=0.5, b=10.0),
    opt.DoubleWell(),
    opt.DoubleWell(barrier=2.0, tilt=-1.0),
    opt.Saddle(),
]
POINTS = np.random.default_rng(0).normal(size=(6, 2))


def names(landscape):
    return repr(landscape)


# ---------------------------------------------------------------------------- landscapes


@pytest.mark.parametrize("land", LANDSCAPES, ids=names)
def test_slopes_and_curvatures_agree_with_finite_differences(land):
    for point in POINTS:
        assert land.gradient(point) == pytest.approx(numerical_gradient(land.value, point), abs=1e-5)
        rows = [numerical_gradient(lambda w, j=j: float(land.gradient(w)[j]), point) for j in range(2)]
        assert land.hessian(point) == pytest.approx(np.array(rows), abs=1e-4)


@pytest.mark.parametrize("land", LANDSCAPES, ids=names)
def test_many_points_at_once_are_one_after_another(land):
    grid = POINTS.reshape(3, 2, 2)
    for method in (land.value, land.gradient, land.hessian):
        together = method(grid)
        assert together[2, 1] == pytest.approx(method(grid[2, 1])) and together.shape[:2] == (3, 2)
    assert isinstance(land.value(POINTS[0]), float)


@pytest.mark.parametrize("land", LANDSCAPES, ids=names)
def test_the_minimum_is_one(land):
    assert land.gradient(land.minimum) == pytest.approx(np.zeros(2), abs=1e-12)
    curvatures = np.linalg.eigvalsh(land.hessian(land.minimum))
    assert curvatures[0] > 0 and land.largest_curvature() == pytest.approx(curvatures[-1])
    best = min(optimize.minimize(land.value, start).fun for start in [*POINTS, [2, 0], [-2, 0]])
    assert land.value(land.minimum) == pytest.approx(best, abs=1e-8)


def test_the_saddle_is_level_at_the_origin_uphill_one_way_and_downhill_the_other():
    saddle = opt.Saddle()
    assert (saddle.gradient([0.0, 0.0]) == 0).all()
    assert np.linalg.eigvalsh(saddle.hessian([0.0, 0.0])) == pytest.approx([-1, 1])
    assert saddle.largest_curvature([0.0, 0.0]) == pytest.approx(1)


def test_the_pass_of_the_double_well_is_where_basins_meet():
    well = opt.DoubleWell(barrier=0.5, tilt=0.2)
    left, top, right = well.stationary
    for x in (left, top, right):
        assert well.gradient([x, 0.0])[0] == pytest.approx(0, abs=1e-12)
    assert well.hessian([top, 0.0])[0, 0] < 0 and well.minimum[0] == left
    assert opt.DoubleWell(tilt=-0.1).minimum[0] > 0
    for start, end in ((top - 1e-3, left), (top + 1e-3, right)):
        way = opt.minimize(well.value, well.gradient, [start, 1.0], opt.GradientDescent(0.1), steps=5000)
        assert way.converged and way.weights == pytest.approx([end, 0], abs=1e-6)


# ---------------------------------------------------------------------------- methods, step by step, as torch's

torch = pytest.importorskip("torch")


def torchs(make, land, start, steps, schedule=None):
    """Return the points of a torch optimizer in double precision, given the same gradients."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([w])
    points = [w.detach().numpy().copy()]
    for k in range(steps):
        if schedule:
            optimizer.param_groups[0]["lr"] = schedule(k)
        w.grad = torch.tensor(land.gradient(w.detach().numpy()))
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


PEERS = {
    "gradient descent": (opt.GradientDescent(1e-3), lambda p: torch.optim.SGD(p, lr=1e-3)),
    "momentum": (opt.Momentum(1e-4, 0.9), lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9)),
    "Nesterov": (
        opt.Nesterov(1e-4, 0.8),
        lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.8, nesterov=True),
    ),
    "Adam": (opt.Adam(0.02), lambda p: torch.optim.Adam(p, lr=0.02)),
    "Adam, other means": (
        opt.Adam(0.02, beta1=0.5, beta2=0.9, epsilon=1e-3),
        lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.5, 0.9), eps=1e-3),
    ),
    "AdamW": (opt.AdamW(0.02), lambda p: torch.optim.AdamW(p, lr=0.02)),
    "AdamW, strong decay": (
        opt.AdamW(0.05, weight_decay=0.7),
        lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.7),
    ),
}


@pytest.mark.parametrize("name", PEERS)
def test_every_step_is_torchs(name):
    """A hundred of them: beyond, Adam's swings across the ravine double the last digit's rounding every few steps."""
    method, make = PEERS[name]
    land, start = opt.Rosenbrock(), [-1.2, 1.0]
    ours = opt.minimize(land.value, land.gradient, start, method, steps=100)
    assert ours.points == pytest.approx(torchs(make, land, start, 100), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (opt.cosine(0.1, steps=50), lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 50)),
        (
            opt.cosine(0.1, steps=50, floor=0.02),
            lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 50, eta_min=0.02),
        ),
        (opt.step_decay(0.1, 0.3, 7), lambda o: torch.optim.lr_scheduler.StepLR(o, 7, gamma=0.3)),
        (opt.constant(0.1), lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0)),
        (
            opt.inverse_time(0.1, 0.25),
            lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: 1 / (1 + 0.25 * k)),
        ),
    ],
)
def test_schedules_are_torchs(ours, theirs):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = theirs(optimizer)
    for k in range(50):
        assert ours(k) == pytest.approx(schedule.get_last_lr()[0], abs=1e-12), k
        optimizer.step()
        schedule.step()


def test_a_schedule_drives_a_method_as_in_torch():
    land, schedule = opt.Quadratic([1.0, 3.0]), opt.cosine(0.1, steps=40, warmup=5)
    ours = opt.minimize(land.value, land.gradient, [1.0, 2.0], opt.AdamW(schedule), steps=40)
    theirs = torchs(lambda p: torch.optim.AdamW(p), land, [1.0, 2.0], 40, schedule)
    assert ours.points == pytest.approx(theirs, rel=1e-12, abs=1e-14)


def test_the_warm_up_climbs_evenly_and_the_end_stays():
    schedule = opt.cosine(1.0, steps=20, warmup=4, floor=0.1)
    assert [schedule(k) for k in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert schedule(12) == pytest.approx(0.55) and schedule(20) == schedule(99) == pytest.approx(0.1)


@given(st.floats(-1e6, 1e6).filter(lambda g: abs(g) > 1e-3))
def test_adams_first_step_is_the_learning_rate_whatever_the_gradient(g):
    method = opt.Adam(0.01)
    state = method.step(method.begin([0.0]), np.array([g]), 0)
    assert state.weights == pytest.approx([-0.01 * np.sign(g)], rel=1e-4)


def test_in_mere_noise_adams_steps_keep_their_length():
    method, rng = opt.Adam(0.01, beta1=0.9, beta2=0.999), np.random.default_rng(0)
    state = method.begin(np.zeros(2000))
    for k in range(3000):
        before, state = state, method.step(state, 1e3 * rng.normal(size=2000), k)
    length = np.sqrt(((state.weights - before.weights) ** 2).mean())
    assert length == pytest.approx(0.01 * math.sqrt((1 - 0.9) / (1 + 0.9)), rel=0.05)


def test_adamw_without_decay_is_adam_and_with_it_shrinks_past_the_means():
    land = opt.Rosenbrock()
    ways = [
        opt.minimize(land.value, land.gradient, [0.0, 0.0], m, steps=50)
        for m in (opt.Adam(0.1), opt.AdamW(0.1, weight_decay=0.0))
    ]
    assert np.array_equal(ways[0].points, ways[1].points)
    method = opt.AdamW(0.1, weight_decay=0.5)
    state = method.begin([2.0])
    for k in range(10):
        state = method.step(state, np.zeros(1), k)
    assert state.weights == pytest.approx([2 * 0.95**10])


def test_momentum_gathers_speed_on_a_steady_slope():
    method = opt.Momentum(0.1, 0.9)
    state = method.begin([0.0])
    for k in range(300):
        state = method.step(state, np.ones(1), k)
    assert state.velocity == pytest.approx([1 / (1 - 0.9)])


def test_a_method_may_serve_two_descents_at_once():
    method, land = opt.Momentum(0.1, 0.5), opt.Quadratic([1.0])
    ways = [opt.descend(land.value, land.gradient, [x], method) for x in (1.0, 2.0)]
    for one, two in itertools.islice(zip(*ways, strict=True), 10):
        assert two.weights == pytest.approx(2 * one.weights)


# ---------------------------------------------------------------------------- Newton


@given(st.integers(0, 100))
def test_newton_meets_the_minimum_of_a_quadratic_in_one_step(seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(4, 4))
    A, b = A @ A.T + 0.1 * np.eye(4), rng.normal(size=4)
    way = opt.minimize(
        lambda w: w @ A @ w / 2 - b @ w,
        lambda w: A @ w - b,
        rng.normal(size=4),
        opt.Newton(lambda w: A),
        tolerance=1e-7,
    )
    assert way.converged and way.steps == 1
    assert way.weights == pytest.approx(np.linalg.solve(A, b))


def test_newton_with_its_line_search_finds_rosenbrocks_minimum_and_never_climbs():
    land = opt.Rosenbrock()
    way = opt.minimize(land.value, land.gradient, [-1.2, 1.0], opt.Newton(land.hessian))
    assert way.converged and way.steps < 30 and way.weights == pytest.approx([1, 1])
    assert (np.diff(way.losses) <= 0).all()


def test_newton_leaves_a_saddle_downhill():
    """The pure step would jump onto the saddle: there, as at a minimum, the slope is 0."""
    land = opt.Saddle()
    pure = -np.linalg.solve(land.hessian([0.1, 0.1]), land.gradient([0.1, 0.1]))
    assert pure[1] < 0  # towards the saddle, uphill
    way = opt.minimize(land.value, land.gradient, [0.1, 0.1], opt.Newton(land.hessian))
    assert way.converged and way.weights == pytest.approx([0, 1])
    # The curvature along y is −0.97 and counts as 0.97: a step of 0.099/0.97, away from the saddle.
    assert way.points[1] == pytest.approx([0, 0.1 + 0.099 / 0.97])


def test_newton_on_a_plane_follows_the_slope():
    method = opt.Newton(lambda w: np.zeros((2, 2)))
    state = method.step(method.begin([0.0, 0.0]), np.array([1.0, 2.0]), 0, lambda w: float(w @ [1.0, 2.0]))
    assert state.weights == pytest.approx([-1, -2])


def test_newton_stays_where_no_step_helps():
    method = opt.Newton(lambda w: np.eye(1))
    state = method.begin([0.0])
    assert method.step(state, np.array([1.0]), 0, lambda w: abs(float(w[0]))) is state  # a slope that is not there


def test_newton_takes_a_step_whose_gain_is_lost_in_the_last_digit():
    """½w² at w = 1e-6 is 5e-13, nothing beside 1e6: there the height is the same, or by rounding a digit higher."""
    method = opt.Newton(lambda w: np.eye(1))
    state = method.begin([1e-6])
    for bottom in (1e6, np.nextafter(1e6, math.inf)):
        found = method.step(state, state.weights, 0, lambda w, h=bottom: 1e6 if w[0] else h)
        assert found.weights == [0]


@pytest.mark.parametrize(("start", "end"), [(2.0, -0.5), (1.5, -0.9375)])
def test_the_halved_step_is_the_first_that_falls_enough(start, end):
    """f = √(1 + w²) from w = 2: H⁻¹g = w(1 + w²) = 10, to −8, −3 (higher than at 2), then −0.5; from 1.5 to −3.375
    (higher), then −0.9375."""
    method = opt.Newton(lambda w: np.diag((1 + w**2) ** -1.5))
    found = method.step(
        method.begin([start]),
        np.array([start / math.hypot(1, start)]),
        0,
        lambda w: math.sqrt(1 + float(w @ w)),
    )
    assert found.weights == pytest.approx([end])


# ---------------------------------------------------------------------------- the walk


def test_the_step_divides_at_two_over_the_curvature():
    """E = 2w², a = 4: η = 0.1 falls, 0.5 swings between ±1, 0.6 diverges."""

    def run(rate, steps):
        return opt.minimize(lambda w: 2 * w**2, lambda w: 4 * w, 1.0, opt.GradientDescent(rate), steps=steps)

    assert run(0.1, 4).points == pytest.approx(0.6 ** np.arange(5))
    assert run(0.5, 4).points.tolist() == [1, -1, 1, -1, 1]
    assert run(0.6, 3).points == pytest.approx([1, -1.4, 1.96, -2.744])
    assert run(0.1, 500).converged and not run(0.5, 500).converged


@given(st.floats(0.01, 1.99), st.lists(st.floats(0.01, 50), min_size=1, max_size=5))
def test_below_two_over_the_largest_curvature_the_loss_never_rises(share, curvatures):
    land = opt.Quadratic(curvatures)
    rate = share / land.largest_curvature()
    way = opt.minimize(
        land.value, land.gradient, np.ones(len(curvatures)), opt.GradientDescent(rate), steps=60
    )
    assert (np.diff(way.losses) <= 0).all()
    powers = (1 - rate * land.curvatures) ** np.arange(way.steps + 1)[:, None]
    assert way.points == pytest.approx(powers, abs=1e-9)


def test_the_record_is_what_was_seen_at_each_point():
    land = opt.Rosenbrock()
    way = opt.minimize(land.value, land.gradient, [0.0, 0.0], opt.GradientDescent(1e-3), steps=7)
    assert way.points.shape == (8, 2) and way.steps == 7 and not way.converged
    assert way.losses == pytest.approx(land.value(way.points)) and way.loss == way.losses[-1]
    assert way.gradient_norms == pytest.approx(np.linalg.norm(land.gradient(way.points), axis=1))
    assert way.weights is not None and (way.weights == way.points[-1]).all()
    nowhere = opt.minimize(land.value, land.gradient, [0.0, 0.0], steps=0)
    assert nowhere.steps == 0 and nowhere.points.tolist() == [[0, 0]]


def test_weights_keep_their_shape_and_the_start_is_not_changed():
    start = np.ones((2, 3))
    way = opt.minimize(lambda w: float((w**2).sum()), lambda w: 2 * w, start, opt.Adam(0.1), steps=5)
    assert way.points.shape == (6, 2, 3) and (start == 1).all()


def test_a_gradient_that_fills_one_array_again_and_again_is_recorded_as_it_was():
    buffer = np.zeros(1)

    def gradient(w):
        buffer[:] = 2 * w
        return buffer

    way = opt.minimize(lambda w: float(w @ w), gradient, [1.0], opt.GradientDescent(0.1), steps=3)
    assert way.gradient_norms == pytest.approx(2 * 0.8 ** np.arange(4))


def test_nobody_who_writes_into_what_was_handed_out_moves_the_descent():
    def spoils(value):
        def call(w):
            w += 5.0
            return value(w - 5.0)

        return call

    function, gradient = spoils(lambda w: float(w @ w)), spoils(lambda w: 2 * w)
    seen = []
    for step in opt.descend(function, gradient, [1.0], opt.Momentum(0.1, 0.0)):
        seen.append(float(step.weights[0]))
        step.weights[:], step.gradient[:] = 100.0, 100.0
        if step.number == 3:
            break
    assert seen == pytest.approx(0.8 ** np.arange(4))


def test_the_function_is_asked_once_for_each_point():
    asked = []

    def function(w):
        asked.append(float(w[0]))
        return float(w @ w)

    way = opt.minimize(function, lambda w: 2 * w, [1.0], opt.GradientDescent(0.1), steps=3)
    assert asked == way.points.ravel().tolist()


def test_a_descent_goes_on_for_ever_and_ends_when_it_rests():
    land = opt.Quadratic([1.0])
    moments = opt.descend(land.value, land.gradient, [1.0], opt.GradientDescent(1.0), tolerance=0)
    assert [(step.number, step.converged) for step in moments] == [(0, False), (1, True)]
    assert list(moments) == []
    flat = opt.descend(lambda w: 0.0, lambda w: np.ones(1), [0.0], opt.GradientDescent(1.0))
    assert [step.number for step in itertools.islice(flat, 2000)] == list(range(2000))


def test_a_function_may_give_any_single_number_and_its_own_errors_come_through():
    for value in (3, np.float32(3), np.array(3.0), torch.tensor(3.0)):
        assert opt.minimize(lambda w, v=value: v, lambda w: 0 * w, [1.0]).loss == 3.0
    calls = itertools.count()

    def wrong(w):
        if next(calls):
            raise TypeError("mine")
        return 1.0

    with pytest.raises(TypeError, match="^mine$"):
        opt.minimize(wrong, lambda w: w, [1.0])


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_a_slope_whose_square_fits_no_float_has_its_length(size):
    land = opt.Quadratic([3 * size, 4 * size])
    first = next(opt.descend(land.value, land.gradient, [1.0, 1.0]))
    assert first.gradient_norm / size == pytest.approx(5)
    assert next(opt.descend(lambda w: 0.0, lambda w: 0 * w, [1.0])).gradient_norm == 0


def test_a_generator_that_diverges_says_what_minimize_says_but_keeps_no_way():
    land = opt.Quadratic([2.0])
    caught = []
    for run in (opt.descend, opt.minimize):
        with pytest.raises(opt.Diverged) as error:
            list(run(land.value, land.gradient, [1.0], opt.GradientDescent(10.0)))
        caught.append(error.value)
    assert str(caught[0]) == str(caught[1]) and caught[0].trajectory is None
    # (1 − 20)^k: the loss w² passes 1e10 at k = 4.
    assert caught[0].step == 4 and caught[0].loss == 19.0**8 and caught[1].trajectory.losses.tolist() == [
        1.0, 19.0**2, 19.0**4, 19.0**6
    ]  # fmt: skip


def test_a_loss_may_start_at_nothing_and_rise():
    """Growth counts from 1 at least, and from the size of a loss below 0: a noisy step from 0 to 1e9 is no divergence,
    nor is one from −1e3 to 9e12."""
    for low, high in ((0.0, 1e9), (1e-30, 9e9), (-1e3, 9e12)):
        heights = {0.0: low, 1.0: high}
        method = opt.GradientDescent(1.0)
        way = opt.minimize(lambda w, h=heights: h[float(w)], lambda w: -np.ones(()), 0.0, method, steps=1)
        assert way.losses.tolist() == [low, high]
    with pytest.raises(opt.Diverged):
        opt.minimize(lambda w: 0.0 if w < 1 else 1.1e10, lambda w: -np.ones(()), 0.0, opt.GradientDescent(1.0))


def test_momentum_that_passes_the_bottom_has_not_converged():
    """At the bottom the slope is 0, but the ball still rolls."""
    method = opt.Momentum(0.5, 0.5)
    moving = opt.State(np.zeros(1), np.ones(1))
    assert not method.at_rest(moving, np.zeros(1), 1e-9)
    assert method.at_rest(opt.State(np.zeros(1), np.zeros(1)), np.zeros(1), 1e-9)
    assert not opt.AdamW(0.1).at_rest(opt.AdamW(0.1).begin([1.0]), np.zeros(1), 1e-9)  # it still shrinks
    assert opt.AdamW(0.1, weight_decay=0.0).at_rest(opt.AdamW(0.1).begin([1.0]), np.zeros(1), 1e-9)


def test_no_tolerance_walks_all_the_way():
    land = opt.Quadratic([1.0])
    assert opt.minimize(land.value, land.gradient, [1.0], opt.GradientDescent(0.5), steps=60, tolerance=0).steps == 60


def test_a_divergence_is_named_with_the_way_there():
    land = opt.Quadratic([1.0, 4.0])
    with pytest.raises(opt.Diverged, match="the learning rate 0.6 is too large .* below 2/L") as caught:
        opt.minimize(land.value, land.gradient, [1.0, 1.0], opt.GradientDescent(0.6))
    error = caught.value
    assert isinstance(error, ArithmeticError)
    assert error.learning_rate == 0.6 and error.step == error.trajectory.steps + 1
    assert error.loss > 1e10 * error.trajectory.losses[0] >= error.trajectory.loss
    assert f"at step {error.step}" in str(error)


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        (lambda w: float(np.exp(w)), lambda w: -np.exp(w)),  # NumPy's ∞
        (lambda w: math.exp(w), lambda w: -1e6 * np.ones(())),  # Python's OverflowError
        (lambda w: float(w) if w < 5 else math.nan, lambda w: -np.ones(()) * 9),
        (lambda w: 0.0, lambda w: np.array(np.nan if w != 1 else -1.0)),  # a gradient that is no number
        (lambda w: -float(w) ** 3, lambda w: -3 * w**2),  # down for ever
    ],
)
def test_what_is_no_number_any_more_has_diverged(function, gradient):
    with pytest.raises(opt.Diverged):
        opt.minimize(function, gradient, 1.0, opt.GradientDescent(100.0), steps=2000)


def test_a_schedule_that_diverges_names_the_rate_of_its_last_step():
    with pytest.raises(opt.Diverged) as caught:
        opt.minimize(
            lambda w: w**2, lambda w: 2 * w, 1.0, opt.GradientDescent(lambda k: 2.0 + k), steps=100
        )
    assert caught.value.learning_rate == 2.0 + caught.value.step - 1
    assert "start elsewhere" in str(opt.Diverged(3, math.inf, None))


# ---------------------------------------------------------------------------- batches


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 100))
def test_each_example_is_in_one_batch_of_an_epoch(n, size, seed):
    size = min(size, n)
    parts = list(opt.batches(n, size, seed))
    assert len(parts) == math.ceil(n / size)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert all(len(part) == size for part in parts[:-1]) and 1 <= len(parts[-1]) <= size


def test_the_next_epoch_is_dealt_anew():
    rng = np.random.default_rng(0)
    first, second = (np.concatenate(list(opt.batches(50, 10, rng))) for _ in range(2))
    assert (first != second).any()


def test_batch_means_have_the_full_mean_and_a_variance_like_one_over_their_size():
    values = np.random.default_rng(1).normal(size=6)
    for size in (1, 2, 3):
        means = [values[list(part)].mean() for part in itertools.combinations(range(6), size)]
        assert np.mean(means) == pytest.approx(values.mean())
    spreads = []
    for size in (10, 40):
        parts = (part for seed in range(50) for part in opt.batches(400, size, seed))
        spreads.append(np.var([part.mean() for part in parts]))  # the values are the indices themselves
    expected = (1 / 10 - 1 / 400) / (1 / 40 - 1 / 400)  # drawn without putting back
    assert spreads[0] / spreads[1] == pytest.approx(expected, rel=0.25)


def test_a_descent_by_batches_asks_for_each_example_once_an_epoch():
    X = np.random.default_rng(2).normal(size=(10, 2))
    t, asked = X @ [1.0, -2.0], []

    def gradient(w, indices):
        asked.append(indices)
        return X[indices].T @ (X[indices] @ w - t[indices]) / len(indices)

    def loss(w):
        return float(((X @ w - t) ** 2).mean()) / 2

    way = opt.minimize(loss, gradient, [0.0, 0.0], opt.GradientDescent(0.1), steps=399, batches=(10, 4), rng=1)
    assert len(asked) == 400 and [len(part) for part in asked[:4]] == [4, 4, 2, 4]
    for epoch in range(100):
        assert sorted(np.concatenate(asked[3 * epoch : 3 * epoch + 3]).tolist()) == list(range(10))
    assert way.weights == pytest.approx([1, -2], abs=1e-3) and not way.converged
    again = opt.minimize(loss, gradient, [0.0, 0.0], opt.GradientDescent(0.1), steps=399, batches=(10, 4), rng=1)
    assert np.array_equal(way.points, again.points)


def test_a_descent_draws_what_batches_draws_epoch_after_epoch():
    asked, rng = [], np.random.default_rng(3)

    def gradient(w, indices):
        asked.append(indices.tolist())
        return np.zeros(1)  # no slope at all: with batches that is no end

    way = opt.minimize(lambda w: 0.0, gradient, [1.0], steps=8, batches=(10, 4), rng=np.random.default_rng(3))
    expected = [part.tolist() for _ in range(3) for part in opt.batches(10, 4, rng)]
    assert way.steps == 8 and not way.converged and asked == expected and expected[:3] != expected[3:6]


# ---------------------------------------------------------------------------- heat


@pytest.mark.parametrize(("rate", "curvature", "sigma"), [(0.1, 1.0, 1.0), (0.5, 2.0, 0.3), (0.9, 2.0, 1.0)])
def test_noise_on_a_parabola_ends_in_boltzmanns_law(rate, curvature, sigma):
    """The variance solves V = (1 − ηa)²V + η²σ²; the law is normal, so Kolmogorov and Smirnov agree."""
    temperature = opt.stationary_temperature(rate, curvature, sigma**2)
    assert temperature / curvature == pytest.approx(rate**2 * sigma**2 / (1 - (1 - rate * curvature) ** 2))
    land = opt.Quadratic([curvature])
    w = opt.noisy_descent(land, np.zeros((20_000, 1)), 300, rate, sigma, CounterRNG(5))[:, 0]
    assert w.var() == pytest.approx(temperature / curvature, rel=4 * math.sqrt(2 / 20_000))
    law = stats.norm(scale=math.sqrt(temperature / curvature))
    assert stats.kstest(w, law.cdf).pvalue > 1e-3


class OneWell:
    """(w² − 1)²/4 + w/5: two wells, in one dimension."""

    def gradient(self, w):
        return w**3 - w + 0.2


def test_small_steps_in_a_double_well_share_it_as_boltzmann_would():
    rate, sigma = 0.01, 8.0
    temperature = rate * sigma**2 / 2
    w = opt.noisy_descent(OneWell(), 10_000, 1500, rate, sigma, 7)
    weight = lambda x: math.exp(-((x**2 - 1) ** 2 / 4 + 0.2 * x) / temperature)  # noqa: E731
    left = integrate.quad(weight, -6, 0)[0] / integrate.quad(weight, -6, 6)[0]
    assert (w < 0).mean() == pytest.approx(left, abs=0.02)  # an error of the order of η remains


def test_each_step_draws_once_in_the_walkers_order():
    w = opt.noisy_descent(OneWell(), [0.5, -0.5], 3, [0.1, 0.0, 0.2], 2.0, CounterRNG(3))
    rng, expected = CounterRNG(3), np.array([0.5, -0.5])
    for rate in (0.1, 0.0, 0.2):
        expected = expected - rate * (OneWell().gradient(expected) + 2.0 * rng.standard_normal(2))
    assert w == pytest.approx(expected, rel=1e-15)
    assert (opt.noisy_descent(OneWell(), 2, 0, 0.1, 1.0, 1) == 0).all()
    land, starts = opt.DoubleWell(), np.ones((5, 2))
    assert opt.noisy_descent(land, starts, 2, 0.1, 0.5, 1).shape == (5, 2) and (starts == 1).all()


def test_a_walker_that_runs_off_is_named_with_its_step():
    """Without noise w ← w − η·w³ for η = 1 from w = 1e60: −1e180, then beyond all floats."""

    class Cubic:
        def gradient(self, w):
            return w**3

    with pytest.raises(opt.Diverged, match="at step 2") as caught:
        opt.noisy_descent(Cubic(), [0.0, 1e60], 9, 1.0, 0.0, 1)
    assert caught.value.step == 2 and caught.value.learning_rate == 1.0 and caught.value.loss == math.inf


def test_no_noise_is_descent():
    land = opt.Quadratic([2.0])
    assert opt.noisy_descent(land, [[1.0]], 3, 0.25, 0.0, 1) == pytest.approx(np.array([[0.125]]))


# ---------------------------------------------------------------------------- zooming out


@given(st.floats(-300, 300))
def test_decimation_squares_the_tanh(K):
    found = opt.decimate(K)
    if abs(K) < 15:
        assert math.tanh(found) == pytest.approx(math.tanh(K) ** 2, rel=1e-9, abs=1e-300)
    assert 0 <= found <= abs(K)
    if abs(K) > 20:
        assert found == pytest.approx(abs(K) - math.log(2) / 2)


@pytest.mark.parametrize("K", [1e-3, 0.3, 1.0, 5.0])
def test_decimation_sums_out_every_second_spin(K):
    """Σ_s e^{Ks(s₁ + s₂)} ∝ e^{K's₁s₂}: the ratio of alike to unlike neighbours is e^{2K'}."""
    alike, unlike = 2 * math.cosh(2 * K), 2.0
    assert opt.decimate(K) == pytest.approx(math.log1p((alike - unlike) / unlike) / 2, rel=1e-6, abs=1e-17)


def test_tiny_couplings_keep_their_digits():
    assert opt.decimate(np.array([1e-8, 1e-20])) == pytest.approx([1e-16, 1e-40], rel=1e-12)


def test_no_coupling_is_too_strong():
    assert opt.decimate(1e308) == 1e308
    assert opt.decimate(1.0) == pytest.approx(math.atanh(math.tanh(1.0) ** 2), rel=1e-14)  # where the formulas meet


def test_at_any_temperature_above_zero_a_chain_flows_to_no_magnet():
    K = 3.0
    for _ in range(400):
        assert opt.decimate(K) < K or K == 0
        K = opt.decimate(K)
    assert K == 0


# ---------------------------------------------------------------------------- what is not needed is not loaded


@pytest.mark.parametrize("module", ["optimization", "regression", "classification"])
def test_the_library_needs_neither_torch_nor_scikit_learn(module):
    program = (
        f"import sys, book_lib.{module}; "
        "print([name for name in ('torch', 'sklearn', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


# ---------------------------------------------------------------------------- bad input

BOWL = opt.Quadratic([1.0])


def run(start=(1.0,), method=None, **options):
    return opt.minimize(BOWL.value, BOWL.gradient, start, method, **options)


def step(method, gradient=(1.0,)):
    return method.step(method.begin([1.0]), np.array(gradient), 0, lambda w: float(w @ w))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: opt.GradientDescent(0.0), ValueError, "learning_rate must be greater than 0, got 0.0"),
        (lambda: opt.GradientDescent(-0.1), ValueError, "learning_rate must be greater than 0"),
        (lambda: opt.Momentum(math.nan), ValueError, "learning_rate must be finite"),
        (lambda: opt.AdamW("0.1"), TypeError, "learning_rate must be a real number"),
        (lambda: opt.Momentum(0.1, 1.0), ValueError, "momentum must lie in 0 ≤ momentum < 1, got 1"),
        (lambda: opt.Nesterov(0.1, -0.1), ValueError, "momentum must lie in"),
        (lambda: opt.Adam(beta1=1.0), ValueError, "beta1 must lie in 0 ≤ beta1 < 1"),
        (lambda: opt.Adam(beta2=-1.0), ValueError, "beta2 must lie in"),
        (lambda: opt.Adam(epsilon=0.0), ValueError, "epsilon must be greater than 0"),
        (lambda: opt.AdamW(weight_decay=-1.0), ValueError, "weight_decay must be at least 0, got -1"),
        (lambda: opt.Newton(np.eye(2)), TypeError, "hessian must be a function of the weights"),
        (lambda: opt.Newton(lambda w: np.eye(1)).begin(1.0), ValueError, r"weights must have shape \(D,\)"),
        (lambda: step(opt.Newton(lambda w: np.eye(2))), ValueError, r"hessian must have shape \(1, 1\)"),
        (lambda: step(opt.Newton(lambda w: [[math.nan]])), ValueError, "hessian must be finite"),
        (
            lambda: opt.Newton(lambda w: [[1.0, 2.0], [0.0, 1.0]]).step(
                opt.State(np.ones(2)), np.ones(2), 0, lambda w: 0.0
            ),
            ValueError,
            "hessian must be symmetric",
        ),
        (
            lambda: opt.Newton(lambda w: np.eye(1)).step(opt.State(np.ones(1)), np.ones(1), 0),
            TypeError,
            "function must be a function of the weights for a line search, got None",
        ),
        (lambda: run(method=opt.GradientDescent(lambda k: -1.0)), ValueError, "must not fall below 0, .* at step 0"),
        (lambda: run(method=opt.GradientDescent(lambda k: "a")), TypeError, "the value of learning_rate must be"),
        (lambda: run(method=opt.AdamW(lambda k: math.nan)), ValueError, "the value of learning_rate must be finite"),
        (lambda: run(method=opt.Momentum(lambda k: None)), TypeError, "the value of learning_rate must be a real"),
        (lambda: run([math.nan]), ValueError, "start must be finite"),
        (lambda: run(["a"]), TypeError, "start must be an array of real numbers"),
        (lambda: run(steps=-1), ValueError, "steps must be at least 0"),
        (lambda: run(steps=1.5), TypeError, "steps must be an integer"),
        (lambda: run(tolerance=-1.0), ValueError, "tolerance must be at least 0"),
        (lambda: run(method=opt.Adam), TypeError, "method must be one such as GradientDescent"),
        (lambda: run(method="adam"), TypeError, "method must be one such as"),
        (lambda: run(batches=3, rng=0), TypeError, r"batches must be a pair \(n, size\), got 3"),
        (lambda: run(batches=(3, 4), rng=0), ValueError, "size must be at most 3, got 4"),
        (lambda: run(batches=(3, 2)), TypeError, "rng must be a seed"),
        (lambda: opt.minimize(1.0, BOWL.gradient, [1.0]), TypeError, "function must be a function"),
        (lambda: opt.minimize(BOWL.value, None, [1.0]), TypeError, "gradient must be a function"),
        (lambda: opt.minimize(lambda w: math.nan, BOWL.gradient, [1.0]), ValueError, "at the start must be finite"),
        (lambda: opt.minimize(BOWL.value, lambda w: [math.nan], [1.0]), ValueError, "gradient at the start must be"),
        (lambda: opt.minimize(lambda w: "a", BOWL.gradient, [1.0]), TypeError, "function must return a real number"),
        (lambda: opt.minimize(lambda w: w**2, BOWL.gradient, [1.0]), TypeError, r"a real number, got array\(\[1.\]\)"),
        (lambda: opt.minimize(lambda w: None, BOWL.gradient, [1.0]), TypeError, "a real number, got None"),
        (lambda: opt.minimize(lambda w: True, BOWL.gradient, [1.0]), TypeError, "a real number, got True"),
        (lambda: opt.minimize(lambda w: [[1], [1, 2]], BOWL.gradient, [1.0]), TypeError, "a real number, got"),
        (lambda: opt.minimize(lambda w: 10**400, BOWL.gradient, [1.0]), ValueError, "must be finite, got inf"),
        (
            lambda: opt.minimize(lambda w: 1.0 if w[0] == 1 else w, BOWL.gradient, [1.0]),
            TypeError,
            "function must return a real number",
        ),
        (
            lambda: opt.minimize(BOWL.value, lambda w: [1.0, 2.0], [1.0]),
            ValueError,
            r"gradient must have the shape of the weights, \(1,\), got \(2,\)",
        ),
        (lambda: opt.descend(BOWL.value, 3, [1.0]), TypeError, "gradient must be"),  # at once, not when first asked
        (lambda: opt.batches(0, 1, 0), ValueError, "n must be at least 1"),
        (lambda: opt.batches(5, 0, 0), ValueError, "size must be at least 1"),
        (lambda: opt.batches(5, 2, None), TypeError, "rng must be a seed"),
        (lambda: opt.constant(0.0), ValueError, "learning_rate must be greater than 0"),
        (lambda: opt.inverse_time(0.1, 0.0), ValueError, "decay must be greater than 0"),
        (lambda: opt.cosine(0.1, 5, warmup=5), ValueError, "steps must be at least 6"),
        (lambda: opt.cosine(0.1, 5, floor=0.2), ValueError, "floor must lie between 0 and the learning rate 0.1"),
        (lambda: opt.cosine(-0.1, 5), ValueError, "learning_rate must be greater than 0"),
        (lambda: opt.step_decay(0.1, 2.0, 3), ValueError, "factor must be at most 1"),
        (lambda: opt.step_decay(0.1, 0.5, 0), ValueError, "every must be at least 1"),
        (lambda: opt.Quadratic([]), ValueError, r"curvatures must have shape \(D,\)"),
        (lambda: opt.Quadratic([math.inf]), ValueError, "curvatures must be finite"),
        (lambda: BOWL.value([1.0, 2.0]), ValueError, r"weights must be points of shape \(…, 1\), got \(2,\)"),
        (lambda: opt.Saddle().gradient(1.0), ValueError, r"points of shape \(…, 2\)"),
        (lambda: opt.Saddle().largest_curvature(np.zeros((3, 2))), ValueError, "weights must be one point"),
        (lambda: opt.Saddle().largest_curvature([math.inf, 0.0]), ValueError, "weights must be finite"),
        (lambda: opt.ravine(0.0), ValueError, "ratio must be greater than 0"),
        (lambda: opt.Rosenbrock(b=-1.0), ValueError, "b must be greater than 0"),
        (lambda: opt.DoubleWell(barrier=0.0), ValueError, "barrier must be greater than 0"),
        (lambda: opt.DoubleWell(barrier=0.25, tilt=0.4), ValueError, "tilt must stay below 0.3849"),
        (lambda: opt.stationary_temperature(1.0, 2.0, 1.0), ValueError, r"below 2/curvature = 1, got 1: it diverges"),
        (lambda: opt.stationary_temperature(0.0, 2.0, 1.0), ValueError, "learning_rate must be greater than 0"),
        (lambda: opt.stationary_temperature(0.1, -1.0, 1.0), ValueError, "curvature must be greater than 0"),
        (lambda: opt.stationary_temperature(0.1, 1.0, -1.0), ValueError, "noise_variance must be at least 0"),
        (lambda: opt.noisy_descent(None, 5, 1, 0.1, 1.0, 0), TypeError, "potential must have a method gradient"),
        (lambda: opt.noisy_descent(OneWell(), 0, 1, 0.1, 1.0, 0), ValueError, "walkers must be at least 1"),
        (lambda: opt.noisy_descent(OneWell(), 1.5, 1, 0.1, 1.0, 0), TypeError, "walkers must be an integer"),
        (lambda: opt.noisy_descent(OneWell(), np.zeros((1, 1, 1)), 1, 0.1, 1.0, 0), ValueError, "must be a count"),
        (lambda: opt.noisy_descent(OneWell(), [[1], [1, 2]], 1, 0.1, 1.0, 0), ValueError, "walkers must be an array"),
        (lambda: opt.noisy_descent(OneWell(), None, 1, 0.1, 1.0, 0), TypeError, "walkers must be an integer"),
        (lambda: opt.noisy_descent(OneWell(), 5, 1, math.cos, 1.0, 0), TypeError, "learning_rate must be a real"),
        (lambda: opt.noisy_descent(OneWell(), 5, 1, 0.0, 1.0, 0), ValueError, "learning_rate must be greater than 0"),
        (lambda: opt.noisy_descent(OneWell(), 5, 2, [0.1], 1.0, 0), ValueError, r"or have shape \(2,\)"),
        (lambda: opt.noisy_descent(OneWell(), 5, 1, [-0.1], 1.0, 0), ValueError, "learning_rate must not be negative"),
        (lambda: opt.noisy_descent(OneWell(), 5, 1, 0.1, -1.0, 0), ValueError, "noise must be at least 0"),
        (lambda: opt.noisy_descent(OneWell(), 5, 1, 0.1, 1.0, None), TypeError, "rng must be a seed"),
        (lambda: opt.noisy_descent(opt.Saddle(), 5, 1, 0.1, 1.0, 0), ValueError, "points of shape"),
        (lambda: opt.noisy_descent(OneWell(), [9.0], 99, 1.0, 1.0, 0), opt.Diverged, "rate 1 is too large"),
        (lambda: opt.decimate(math.nan), ValueError, "coupling must be finite"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
