"""What is known exactly about the square-lattice Ising model, and what mean field makes of it.

Public through :mod:`book_lib.ising`. Units: k_B = 1; E = −J Σ_<ij> s s′ − h Σ s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks

CRITICAL_TEMPERATURE = 2 / math.log(1 + math.sqrt(2))
MEAN_FIELD_CRITICAL_TEMPERATURE = 4.0


@dataclass(frozen=True)
class Thermodynamics:
    """What follows from ln Z and its first two derivatives in T.

    Attributes:
        log_partition: ln Z of the whole lattice.
        free_energy_per_spin: f = −T ln Z / N.
        energy_per_spin: u = ⟨E⟩/N.
        entropy_per_spin: s = (u − f)/T, in nats.
        specific_heat: c = ∂u/∂T = (⟨E²⟩ − ⟨E⟩²)/(N T²).
    """

    log_partition: float
    free_energy_per_spin: float
    energy_per_spin: float
    entropy_per_spin: float
    specific_heat: float


@dataclass(frozen=True)
class Exact(Thermodynamics):
    """Averages over every state of a small torus; m is the mean spin of a state, N the number of spins.

    Attributes:
        magnetization: ⟨m⟩ (0 without a field, by symmetry).
        abs_magnetization: ⟨|m|⟩.
        squared_magnetization: ⟨m²⟩.
        response: N(⟨m²⟩ − ⟨m⟩²)/T = ∂⟨m⟩/∂h.
        susceptibility: N(⟨m²⟩ − ⟨|m|⟩²)/T, which is what a simulation measures and peaks near T_c.
        binder: 1 − ⟨m⁴⟩/(3⟨m²⟩²): 2/3 in perfect order, near 0 in perfect disorder; −∞ where no float tells
            ⟨m²⟩² from 0, as in a cold antiferromagnet.
    """

    magnetization: float
    abs_magnetization: float
    squared_magnetization: float
    response: float
    susceptibility: float
    binder: float


def _derived(sites: int, temperature: float, log_z: float, energy: float, heat: float) -> dict[str, float]:
    """Return the fields of :class:`Thermodynamics` from ln Z, ⟨E⟩ and the heat capacity of N spins."""
    log_z, free, internal = float(log_z), float(-temperature * log_z / sites), energy / sites
    return {
        "log_partition": log_z,
        "free_energy_per_spin": free,
        "energy_per_spin": internal,
        "entropy_per_spin": (internal - free) / temperature,
        "specific_heat": heat / sites,
    }


# ---------------------------------------------------------------------------- enumeration


@lru_cache(maxsize=2)
def _states(size: int) -> tuple[NDArray, NDArray, NDArray]:
    """Count a small torus: how many states have each (Σ_<ij> s s′, Σ s).

    Returns:
        Three arrays of one length: bond sums, spin sums, and the number of states that share them.
    """
    sites = size * size
    codes = np.arange(2**sites, dtype=np.uint32)[:, None]
    spins = ((codes >> np.arange(sites, dtype=np.uint32)) & 1).astype(np.int8) * 2 - 1
    grid = spins.reshape(-1, size, size)  # (state, row, column)
    bonds = (grid * (np.roll(grid, 1, 1) + np.roll(grid, 1, 2))).sum((1, 2), dtype=np.int64)
    pairs, counts = np.unique(np.stack([bonds, spins.sum(1, dtype=np.int64)]), axis=1, return_counts=True)
    return pairs[0], pairs[1], counts


def enumerate_torus(size: int, temperature: float, field: float = 0.0, coupling: float = 1.0) -> Exact:
    """Sum over all 2⁹ or 2¹⁶ states of a 3×3 or 4×4 torus: Boltzmann's law with nothing left out.

    Args:
        size: 3 or 4.
        temperature: T > 0.
        field, coupling: h and J, of either sign.

    Raises:
        ValueError: for another size, or a temperature that is not positive and finite or so low that E/T
            is not.

    See the section :ref:`sec-ising-exact`.

    >>> round(enumerate_torus(3, temperature=1.0).energy_per_spin, 5)
    -1.99711
    """
    if _checks.integer("size", size) not in (3, 4):
        raise ValueError(f"size must be 3 or 4 (a 5x5 torus has 33 million states), got {size}")
    temperature = _checks.positive("temperature", temperature)
    field, coupling = _checks.finite("field", field), _checks.finite("coupling", coupling)
    bonds, spin_sums, counts = _states(size)
    coupling_over_t = float(_checks.over_temperature("coupling", coupling, temperature))
    field_over_t = float(_checks.over_temperature("field", field, temperature))
    energies = -coupling * bonds - field * spin_sums
    weights = coupling_over_t * bonds + field_over_t * spin_sums + np.log(counts)
    p = np.exp(weights - weights.max())
    log_z = float(weights.max() + np.log(p.sum()))
    p /= p.sum()  # subtle: exp(weights − ln Z) would lose the digits that ln Z has before the point
    sites, m = size * size, spin_sums / (size * size)
    energy = float(p @ energies)
    heat = float(p @ (energies - energy) ** 2) / temperature / temperature
    mean, mean_abs, square, fourth = (float(p @ x) for x in (m, abs(m), m**2, m**4))
    return Exact(
        **_derived(sites, temperature, log_z, energy, heat),
        magnetization=mean,
        abs_magnetization=mean_abs,
        squared_magnetization=square,
        response=float(p @ (m - mean) ** 2) * sites / temperature,
        susceptibility=float(p @ (abs(m) - mean_abs) ** 2) * sites / temperature,
        binder=1 - fourth / (3 * square**2) if square**2 > 0 else -math.inf,
    )


# ---------------------------------------------------------------------------- the infinite lattice


def onsager_magnetization(temperature: ArrayLike, coupling: float = 1.0) -> NDArray | float:
    """Return the spontaneous magnetisation m = (1 − sinh⁻⁴(2J/T))^{1/8}, and 0 from T_c upwards.

    Announced by Onsager, proved by Yang (:cite:`yang1952spontaneous`). For J < 0 neighbours alternate:
    the mean spin is 0 at every temperature, and the formula with |J| gives the staggered magnetisation.

    Args:
        temperature: T > 0, a number or an array.
        coupling: J.

    Raises:
        ValueError: if a temperature is not positive and finite, or so low that J/T is not.

    >>> round(onsager_magnetization(2.0), 6)
    0.911319
    """
    t, coupling = _temperatures(temperature), _checks.finite("coupling", coupling)
    k = _checks.over_temperature("coupling", coupling, t)
    inverse = np.exp(-2 * k) if coupling > 0 else np.ones_like(t)
    # 1/sinh(x) = 2q/(1 − q²) with q = e^{−x}: no overflow at low temperature.
    ratio = 2 * inverse / np.where(inverse < 1, 1 - inverse**2, 1.0)
    return _like(temperature, np.maximum(0.0, 1 - ratio**4) ** 0.125 if coupling > 0 else np.zeros_like(t))


def onsager_energy(temperature: ArrayLike, coupling: float = 1.0) -> NDArray | float:
    """Return the energy per spin of the infinite lattice without a field (:cite:`onsager1944crystal`).

    u = −J coth 2K [1 + (2/π) κ″ K₁(κ)], with K = J/T, κ″ = 2 tanh² 2K − 1, κ² = 1 − κ″², and K₁ the
    complete elliptic integral of the first kind. It does not depend on the sign of J.

    Args and errors as :func:`onsager_magnetization`.

    >>> round(onsager_energy(CRITICAL_TEMPERATURE), 6)
    -1.414214
    """
    t, strength = _temperatures(temperature), abs(_checks.finite("coupling", coupling))
    if strength == 0:
        return _like(temperature, np.zeros_like(t))
    tanh, _, _, bracket = _onsager_symbols(_checks.over_temperature("coupling", strength, t))
    return _like(temperature, -strength / tanh * bracket)


def onsager_specific_heat(temperature: ArrayLike, coupling: float = 1.0) -> NDArray | float:
    """Return the specific heat per spin of the infinite lattice, which diverges at T_c as −ln|T − T_c|.

    c = (2/π)(K coth 2K)² {2K₁ − 2E₁ − (1 − κ″)[π/2 + κ″K₁]}, with the symbols of
    :func:`onsager_energy` and E₁ the elliptic integral of the second kind.

    Args and errors as :func:`onsager_magnetization`. No float is T_c itself, so at the rounded
    ``CRITICAL_TEMPERATURE`` the value is large but finite, about 17.6.

    >>> round(onsager_specific_heat(2.0), 4)
    0.7249
    """
    t, strength = _temperatures(temperature), abs(_checks.finite("coupling", coupling))
    if strength == 0:
        return _like(temperature, np.zeros_like(t))
    k = _checks.over_temperature("coupling", strength, t)
    tanh, modulus, difference, bracket = _onsager_symbols(k)
    value = 2 * difference - (1 - modulus) * math.pi / 2 * bracket
    # subtle: not (k/tanh)², which overflows in the cold, where the value beside it is 0.
    return _like(temperature, 2 / math.pi * (k / tanh) * value * (k / tanh))


def onsager_free_energy(temperature: ArrayLike, coupling: float = 1.0) -> NDArray | float:
    """Return the free energy per spin of the infinite lattice without a field.

    −f/T = ln(2 cosh 2K) + (1/π) ∫₀^{π/2} ln ½(1 + √(1 − κ² sin²φ)) dφ, κ = 2 sinh 2K / cosh² 2K.

    Args and errors as :func:`onsager_magnetization`.

    >>> round(onsager_free_energy(CRITICAL_TEMPERATURE), 6)
    -2.109651
    """
    t, strength = _temperatures(temperature), abs(_checks.finite("coupling", coupling))
    k = _checks.over_temperature("coupling", strength, t)
    modulus = 2 * np.tanh(2 * k) ** 2 - 1
    angle, weight = _double_exponential()  # the angle from π/2, where the root is nearly 0 at T_c
    root = np.sqrt(modulus[..., None] ** 2 * np.cos(angle) ** 2 + np.sin(angle) ** 2)
    integral = (np.log((1 + root) / 2) * weight).sum(-1)
    log_cosh = 2 * k + np.log1p(np.exp(-4 * k))  # ln(2 cosh 2K)
    return _like(temperature, -t * (log_cosh + integral / math.pi))


def onsager_entropy(temperature: ArrayLike, coupling: float = 1.0) -> NDArray | float:
    """Return the entropy per spin of the infinite lattice, s = (u − f)/T: 0 when cold, ln 2 when hot.

    Args and errors as :func:`onsager_magnetization`.

    >>> round(onsager_entropy(1000.0), 4) == round(math.log(2), 4)
    True
    """
    u, f = (curve(temperature, coupling) for curve in (onsager_energy, onsager_free_energy))
    return _like(temperature, (np.asarray(u) - f) / np.asarray(temperature))


@lru_cache(maxsize=1)
def _double_exponential() -> tuple[NDArray, NDArray]:
    """Return nodes and weights on (0, π/2) that crowd at both ends, where an integrand may have a kink."""
    u = np.arange(-3.2, 3.2001, 0.05)
    inner = math.pi / 2 * np.sinh(u)
    nodes = math.pi / 4 * (1 + np.tanh(inner))
    weights = math.pi / 4 * (math.pi / 2 * np.cosh(u)) / np.cosh(inner) ** 2 * 0.05
    return nodes, weights


def _onsager_symbols(k: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return tanh 2K, κ″, K₁ − E₁ and 1 + (2/π)κ″K₁.

    The elliptic integrals come from Gauss's arithmetic–geometric mean of 1 and |κ″|
    (:cite:`dlmf`, section 19.8(i)): K₁ = π/(2·agm), E₁ = K₁(1 − Σ 2ⁿ⁻¹c_n²).
    """
    tanh = np.tanh(2 * k)
    modulus = 2 * tanh**2 - 1
    cold = np.exp(-4 * k)
    # subtle: 1 − |κ″| is small when hot and when cold; half of it is tanh² 2K or 1/cosh² 2K, and exact.
    c = np.where(modulus < 0, tanh**2, 4 * cold / (1 + cold) ** 2)
    b, first_c, rest, power = np.abs(modulus), c, np.zeros_like(c), 1.0
    total = 2 * c * (1 - c) + c**2
    a, b = 1 - c, np.sqrt(b)
    for _ in range(12):  # each step doubles the number of right digits
        a, b = (a + b) / 2, np.sqrt(a * b)
        c = c**2 / (4 * a)
        rest, power = rest + c, 2 * power
        total = total + power * c**2
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(modulus == 0, np.inf, math.pi / (2 * a) * total)
        bracket = np.where(modulus < 0, (first_c - rest) / a, 1 + modulus / a)
    return tanh, modulus, difference, np.where(modulus == 0, 1.0, bracket)


def _temperatures(temperature: ArrayLike) -> NDArray[np.float64]:
    t = _checks.finite_array("temperature", temperature)
    if (t <= 0).any():
        raise ValueError(f"temperature must be greater than 0, got {t.min()}")
    return t


def _like(argument: ArrayLike, values: NDArray) -> NDArray | float:
    return float(values) if np.ndim(argument) == 0 else values


# ---------------------------------------------------------------------------- the finite torus


def kaufman_torus(size: int, temperature: float, coupling: float = 1.0) -> Thermodynamics:
    """Return the exact thermodynamics of an L×L torus without a field (:cite:`kaufman1949crystal`).

    Z = ½ (2 sinh 2K)^{N/2} [Π 2cosh(Lγ_{2r+1}/2) + Π 2sinh(Lγ_{2r+1}/2)
    + Π 2cosh(Lγ_{2r}/2) + Π 2sinh(Lγ_{2r}/2)], products over r = 0 … L−1, with
    cosh γ_j = cosh 2K coth 2K − cos(πj/L), and γ₀ = 2K + ln tanh K, negative above T_c.

    Right to about nine digits where enumeration can tell (L = 3 and 4); the worst, eight, are those of the
    specific heat at T between 50 J and 1000 J, where the terms begin to cancel.

    Args:
        size: L ≥ 3, up to thousands: every product is kept as a logarithm.
        temperature: T > 0.
        coupling: J; negative only for even L, where it changes nothing.

    Raises:
        ValueError: for a size below 3, a temperature that is not positive and finite or so low that J/T is
            not, or J < 0 and odd L.

    See the section :ref:`sec-ising-exact`.

    >>> exact = enumerate_torus(4, temperature=2.0)
    >>> abs(kaufman_torus(4, temperature=2.0).energy_per_spin - exact.energy_per_spin) < 1e-12
    True
    """
    size, temperature = _checks.integer("size", size, 3), _checks.positive("temperature", temperature)
    coupling = _checks.finite("coupling", coupling)
    if coupling < 0 and size % 2:
        raise ValueError(f"coupling must not be negative on an odd torus (size {size}), got {coupling}")
    sites, k = size * size, float(_checks.over_temperature("coupling", abs(coupling), temperature))
    if k == 0:
        return Thermodynamics(**_derived(sites, temperature, sites * math.log(2), 0.0, 0.0))
    if k < 1e-3:
        log_z, slope, curvature = _hot_torus(size, k)
    elif k > 100:  # only the two ground states are left, to every digit
        log_z, slope, curvature = 2 * sites * k + math.log(2), 2.0 * sites, 0.0
    else:
        log_z, slope, curvature = _log_z_and_derivatives(size, k)
    return Thermodynamics(**_derived(sites, temperature, log_z, -abs(coupling) * slope, k * curvature * k))


def _hot_torus(size: int, k: float) -> tuple[float, float, float]:
    """Return ln Z and its derivatives in K by the series in v = tanh K, where Kaufman's terms cancel.

    It counts closed loops of 3, 4 and 5 bonds: the N squares, and what winds round a torus so narrow.
    """
    sites, v = size * size, math.tanh(k)
    loops = {3: {3: 6, 5: 36}, 4: {4: 8}, 5: {5: 10}}.get(size, {})
    loops[4] = loops.get(4, 0) + sites
    log_z = sites * (math.log(2) + 2 * math.log(math.cosh(k)))
    slope, curvature = 2 * sites * v, 2.0 * sites
    for length, count in loops.items():
        log_z += count * v**length
        slope += (1 - v * v) * count * length * v ** (length - 1)
        curvature += count * length * (length - 1) * v ** (length - 2)
    return log_z, slope, (1 - v * v) * curvature


def _log_z_and_derivatives(size: int, k: float) -> tuple[float, float, float]:
    """Return ln Z and its first two derivatives in K."""
    gamma, slope, curvature = _kaufman_angles(size, k)  # each (2L,)
    logs, firsts, seconds, signs = [], [], [], []
    for start in (1, 0):
        for function in ("cosh", "sinh"):
            log, first, second, sign = _product(
                size, gamma[start::2], slope[start::2], curvature[start::2], function
            )
            logs.append(log), firsts.append(first), seconds.append(second), signs.append(sign)
    logs, firsts, seconds = np.array(logs), np.array(firsts), np.array(seconds)
    top = logs.max()
    weights = np.array(signs) * np.exp(logs - top)
    total = weights.sum()
    weights /= total
    # Each term is given as e^log·(sign, first, second derivative), the last two free of the factor.
    scaled = np.exp(logs - top) / total
    mean, square = float(scaled @ firsts), float(scaled @ seconds)
    sites, x = size * size, 2 * k
    log_z = -math.log(2) + sites / 2 * (x + math.log1p(-math.exp(-2 * x))) + top + math.log(total)
    tanh = math.tanh(x)
    return log_z, sites / tanh + mean, -2 * sites * (1 / tanh**2 - 1) + square - mean**2


def _kaufman_angles(size: int, k: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return γ_0 … γ_{2L−1} and their first and second derivatives in K."""
    q = math.exp(-2 * k)
    b = q * (1 - q * q)
    gap = (1 - 2 * q - q * q) / (2 * math.sqrt(b))  # sinh(γ₀/2): positive below T_c, negative above
    half = np.sin(np.pi * np.arange(2 * size) / (2 * size))
    # subtle: sinh²(γ/2) = sin²(πj/2L) + gap² loses no digits where arccosh near 1 would.
    root = np.sqrt(half**2 + gap**2)
    root[0] = gap
    gamma = 2 * np.arcsinh(root)
    sinh, cosh = math.sinh(2 * k), math.cosh(2 * k)
    first = 2 * cosh * (1 - 1 / sinh**2)  # d/dK of cosh 2K coth 2K
    second = 4 * sinh * (1 - 1 / sinh**2) + 8 * cosh**2 / sinh**3
    sinh_gamma = np.sinh(gamma)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = first / sinh_gamma
        curvature = (second - np.cosh(gamma) * slope**2) / sinh_gamma
    slope[0], curvature[0] = 2 + 2 / sinh, -4 * cosh / sinh**2  # γ₀ = 2K + ln tanh K
    return gamma, slope, curvature


def _product(
    size: int, gamma: NDArray, slope: NDArray, curvature: NDArray, function: str
) -> tuple[float, float, float, float]:
    """Return (log scale, first derivative, second derivative, value) of Π 2f(Lγ/2), in units of e^scale.

    The first factor is kept apart, as a number and not as a logarithm: for f = sinh and γ₀ = 0, at T_c,
    it vanishes, and so do neither its derivative nor, then, the product's.
    """
    x, dx, ddx = size * gamma / 2, size * slope / 2, size * curvature / 2
    even = np.exp(-2 * np.abs(x))  # cosh x = e^|x|(1 + even)/2, sinh x = ±e^|x|(1 − even)/2
    cosh, sinh = (1 + even) / 2, np.sign(x) * (1 - even) / 2
    ratio = (sinh[1:] / cosh[1:]) if function == "cosh" else (cosh[1:] / sinh[1:])
    log = float(np.abs(x).sum() + np.log(np.where(function == "cosh", 1 + even[1:], 1 - even[1:])).sum())
    first = float((dx[1:] * ratio).sum())
    second = float((ddx[1:] * ratio + dx[1:] ** 2 * (1 - ratio**2)).sum()) + first**2
    f, df = (cosh[0], sinh[0]) if function == "cosh" else (sinh[0], cosh[0])
    value, d_value, dd_value = 2 * f, 2 * df * dx[0], 2 * (df * ddx[0] + f * dx[0] ** 2)
    return (
        log,
        d_value + value * first,
        dd_value + 2 * d_value * first + value * second,
        value,
    )


# ---------------------------------------------------------------------------- mean field


def mean_field_magnetization(
    temperature: ArrayLike,
    field: float = 0.0,
    coupling: float = 1.0,
    neighbors: int = 4,
    start: float = 1.0,
) -> NDArray | float:
    """Solve m = tanh((zJm + h)/T), the condition that makes the mean-field free energy stationary.

    Below T_c = zJ there are up to three solutions. Iterating the equation from ``start`` climbs or
    falls to the nearest one in its direction; that one is returned, found by bisection, so that it is
    exact at T_c as well, where the iteration takes for ever.

    Args:
        temperature: T > 0, a number or an array.
        field, coupling: h and J. For J < 0 this is the uniform solution, the only one.
        neighbors: z ≥ 1, the number of neighbours of a site.
        start: where the search begins, −1 … 1; +1 gives the upper branch, −1 the lower.

    Raises:
        ValueError: if a temperature is not positive and finite, or so low that zJ/T or h/T is not, or
            ``start`` lies outside −1 … 1.

    See the section :ref:`sec-ising-mean-field`.

    >>> round(mean_field_magnetization(2.0), 5)
    0.9575
    >>> mean_field_magnetization(4.0)
    0.0
    """
    t, field = _temperatures(temperature), _checks.finite("field", field)
    slope = _checks.finite("coupling", coupling) * _checks.integer("neighbors", neighbors, 1)
    if not -1 <= _checks.finite("start", start) <= 1:
        raise ValueError(f"start must lie between -1 and 1, got {start}")
    slopes = _checks.over_temperature("neighbors * coupling", slope, t).ravel().tolist()
    fields = _checks.over_temperature("field", field, t).ravel().tolist()
    solved = [_self_consistent(a, b, float(start)) for a, b in zip(slopes, fields, strict=True)]
    return _like(temperature, np.array(solved).reshape(t.shape))


def _self_consistent(a: float, b: float, start: float) -> float:
    """Return the root of tanh(am + b) − m that iteration from ``start`` would approach."""

    def residual(m: float) -> float:
        return math.tanh(a * m + b) - m

    if residual(start) == 0:
        return start
    turning = [-1.0, 1.0]  # the residual is monotone between these points: at most one root in each part
    if a > 1:
        bend = math.acosh(math.sqrt(a))
        turning += [m for m in ((-bend - b) / a, (bend - b) / a) if -1 < m < 1]
    parts = sorted({*turning, start})
    rising = residual(start) > 0
    path = [m for m in parts if m >= start] if rising else [m for m in reversed(parts) if m <= start]
    for low, high in zip(path, path[1:], strict=False):
        if residual(high) == 0 or (residual(high) > 0) != rising:
            return _bisect(residual, low, high)
    return path[-1]


def _bisect(function, low: float, high: float) -> float:
    """Return the sign change of ``function`` between ``low`` and ``high`` to the last bit."""
    positive = function(low) > 0
    while True:
        middle = (low + high) / 2
        value = function(middle)
        if value == 0 or middle in (low, high):
            return middle
        if (value > 0) == positive:
            low = middle
        else:
            high = middle


def mean_field_free_energy(
    m: ArrayLike, temperature: float, field: float = 0.0, coupling: float = 1.0, neighbors: int = 4
) -> NDArray | float:
    """Return F[q]/N = −zJm²/2 − hm − T S(m) for independent spins of mean m.

    By the master identity it is never below the true free energy per spin; its minimum over m is mean
    field's best bound. S(m) = −Σ_± (1 ± m)/2 ln((1 ± m)/2).

    Args:
        m: mean spin, −1 … 1, a number or an array.
        temperature: T ≥ 0; at T = 0 this is the energy.
        field, coupling, neighbors: h, J and z.

    Raises:
        ValueError: if m lies outside −1 … 1 or a number is not finite.

    >>> round(mean_field_free_energy(0.0, temperature=1.0), 6)
    -0.693147
    """
    mean = _checks.finite_array("m", m)
    if (abs(mean) > 1).any():
        raise ValueError(f"m must lie between -1 and 1, got {np.ravel(mean)[np.argmax(abs(np.ravel(mean)))]}")
    temperature = _checks.finite("temperature", temperature)
    if temperature < 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    field, coupling = _checks.finite("field", field), _checks.finite("coupling", coupling)
    neighbors = _checks.integer("neighbors", neighbors, 1)
    entropy = np.zeros_like(mean)
    for share in ((1 + mean) / 2, (1 - mean) / 2):
        entropy -= share * np.log(np.where(share > 0, share, 1.0))
    return _like(m, -neighbors * coupling * mean**2 / 2 - field * mean - temperature * entropy)
