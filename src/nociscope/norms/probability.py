"""How likely the true value behind a reading lies beyond a limit, from the reading's 95 % interval alone."""

from __future__ import annotations

import math
from functools import lru_cache

_Z = 1.959963984540054
"""The normal quantile of 0.975: an interval's half width in standard deviations."""

_SMALLEST_SHAPE, _LARGEST_SHAPE = 0.02, 1e7


def p_below(limit: float, value: float, low: float, high: float, spread: str) -> float | None:
    """Return the probability that the true value is below `limit`.

    Parameters
    ----------
    limit, value, low, high : float
        On the reading's own scale; `low` and `high` are the ends of its 95 % interval.
    spread : {'normal', 'lognormal', 'count', 'none'}
        `normal` and `lognormal`: a normal curve around the (log) value whose standard deviation is the half of the
        interval on the limit's side over 1.96, so that a skewed interval is honoured; `count`: the gamma posterior of
        a rate whose central 95 % is (low, high), see :func:`gamma_of`.

    Returns
    -------
    float or None
        None where the interval cannot be one of this family.
    """
    if spread == "count":
        shape_rate = gamma_of(low, high)
        if shape_rate is None:
            return None
        if limit <= 0:
            return 0.0
        from scipy.special import gammainc

        shape, rate = shape_rate
        return float(gammainc(shape, rate * limit))
    if spread == "lognormal":
        if min(value, high) <= 0 or low < 0:
            return None
        if limit <= 0:
            return 0.0
        value, high, limit = math.log(value), math.log(high), math.log(limit)
        low = math.log(low) if low > 0 else -math.inf
    elif spread != "normal":
        return None
    if not low <= value <= high:
        return None
    sd = ((value - low) if limit < value else (high - value)) / _Z
    if sd == 0:
        return 0.5 if limit == value else float(limit > value)
    if math.isinf(sd):
        return None
    return 0.5 * math.erfc(-(limit - value) / (sd * math.sqrt(2)))


@lru_cache(maxsize=4096)
def gamma_of(low: float, high: float) -> tuple[float, float] | None:
    """Return shape and rate of the gamma distribution whose 2.5 % and 97.5 % points are `low` and `high`.

    With k events over a length L the Jeffreys posterior of the rate is gamma with shape k + 1/2 and rate L, so a
    Poisson interval gives back k and L, and an overdispersed (wider) one a smaller effective count. The ratio of the
    two points depends on the shape alone and falls with it, which makes the root unique. Where k = 0 the interval is
    printed from 0; the shape is then 1/2 and the rate follows from `high`, whether that is the 97.5 % point or not.

    Returns None when no gamma distribution has such points.
    """
    if not (0 <= low < high):
        return None
    from scipy.special import gammaincinv

    if low == 0:
        return 0.5, float(gammaincinv(0.5, 0.975)) / high
    wanted = math.log(high / low)

    def ratio(shape: float) -> float:
        bottom = float(gammaincinv(shape, 0.025))
        return math.log(float(gammaincinv(shape, 0.975)) / bottom) if bottom > 0 else math.inf

    a, b = math.log(_SMALLEST_SHAPE), math.log(_LARGEST_SHAPE)
    if not ratio(_LARGEST_SHAPE) <= wanted <= ratio(_SMALLEST_SHAPE):
        return None
    for _ in range(60):
        middle = 0.5 * (a + b)
        if ratio(math.exp(middle)) > wanted:
            a = middle
        else:
            b = middle
    shape = math.exp(0.5 * (a + b))
    return shape, float(gammaincinv(shape, 0.975)) / high
