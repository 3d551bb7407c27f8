"""From trials to the DFNS value: how each parameter is averaged, and how sure the average is.

Rules of averaging: Rolke et al. 2006 (https://doi.org/10.1016/j.pain.2006.01.041). Intervals are 95 % Student
intervals of the trials of this one session; where the parameter is normal only on the log scale they are made on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nociscope.assays.qst.parameters import PARAMETERS, Parameter
from nociscope.assays.qst.read import Trial
from nociscope.assays.qst.settings import Settings
from nociscope.tables import Censored, Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What a group of trials gives: the fields of a reading that depend on the trials."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    censored: Censored = "none"
    method: str
    quality: Quality = "good"
    remark: str = ""


def student(df: float) -> float:
    """Return the 97.5 % point of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975))


def mean_with_interval(values: Sequence[float], log: bool = False) -> tuple[float, float | None, float | None]:
    """Return the arithmetic mean and its 95 % Student interval.

    Parameters
    ----------
    values : sequence of float
        At least one.
    log : bool
        Make the interval on the log scale, with the standard error of log(mean) by the delta method: a magnitude
        cannot be negative. The mean stays the arithmetic one.

    Returns
    -------
    mean : float
    low, high : float or None
        None with fewer than two values, or when all are equal: their spread is then below the reading's resolution
        and an interval of no width would claim certainty.
    """
    n = len(values)
    mean = math.fsum(values) / n
    if n < 2:
        return mean, None, None
    error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    if error <= 1e-12 * max(1.0, abs(mean)):
        return mean, None, None
    half = student(n - 1) * error
    if log and mean > 0:
        factor = math.exp(min(half / mean, 700.0))
        return mean, mean / factor, mean * factor
    return mean, mean - half, mean + half


def geometric_mean(values: Sequence[float], offset: float = 0.0) -> tuple[float, float | None, float | None]:
    """Return the geometric mean of values + offset, less the offset, and its 95 % Student interval on the log scale.

    Taking the offset off again keeps the value in the unit of the ratings: equal ratings return themselves, and
    ratings of 0 return 0.

    Raises
    ------
    ValueError
        A value plus the offset is not positive.
    """
    logs = [math.log(v + offset) for v in values]
    mean, low, high = mean_with_interval(logs)

    def back(x: float | None) -> float | None:
        return None if x is None else max(0.0, math.exp(min(x, 700.0)) - offset)

    value = back(mean)
    assert value is not None
    return min(max(value, min(values)), max(values)), back(low), back(high)  # rounding must not leave their range


def aggregate(code: str, trials: Sequence[Trial], settings: Settings) -> Aggregate:
    """Return the value of one parameter at one site and side from its trials (not yes/no trials).

    Parameters
    ----------
    code : str
        DFNS code.
    trials : sequence of Trial
        All of this parameter, site, side and device; their order does not matter.
    settings : Settings
    """
    parameter = PARAMETERS[code]
    if parameter.kind == "count":
        return _count(trials)
    if code == "wur":
        return _wind_up(trials)
    if parameter.kind == "rating":
        return _ratings(trials, settings)
    if parameter.kind == "force":
        return _turning_points(trials)
    if code == "tsl":
        return _limen(trials, settings)
    return _limits(parameter, trials, settings)


def _few(n: int, usual: int) -> tuple[Quality, str]:
    if n >= usual:
        return "good", ""
    return "poor", f"{n} of the usual {usual} trials"


def _joined(*parts: str) -> str:
    return "; ".join(dict.fromkeys(p for p in parts if p))


def _limits(parameter: Parameter, trials: Sequence[Trial], settings: Settings) -> Aggregate:
    values = [t.intensity for t in trials if t.intensity is not None]
    value, low, high = mean_with_interval(values, log=parameter.log10)
    at_limit = [t for t in trials if _at_limit(parameter, t, settings)]
    censored: Censored = "none"
    if at_limit:
        censored = "below" if parameter.code == "cpt" else "above"
        if parameter.kind == "eighths" and all((t.intensity or 0) <= 0 for t in at_limit):
            censored = "below"
    if parameter.kind == "eighths":
        low, high = (None if b is None else min(8.0, max(0.0, b)) for b in (low, high))
    quality, few = _few(len(values), 3)
    counted = f"{len(at_limit)} of {len(values)} trials ended at the end of the range" if at_limit else ""
    remark = _joined(few, counted, *(t.remark for t in trials))
    return Aggregate(
        value=value,
        low=low,
        high=high,
        n=len(values),
        censored=censored,
        method="limits",
        quality=quality,
        remark=remark,
    )


def _at_limit(parameter: Parameter, trial: Trial, settings: Settings) -> bool:
    """Tell whether a limits trial ended because the device could not go on."""
    assert trial.intensity is not None
    if trial.response == "no" and parameter.kind != "eighths":
        return True
    tolerance = 1e-6
    if parameter.kind == "eighths":
        return not 0 < trial.intensity < 8
    if parameter.kind == "pressure":
        return False
    base = settings.baseline_c if trial.baseline is None else trial.baseline
    absolute = trial.intensity if parameter.kind == "pain" else base + parameter.step * trial.intensity
    if parameter.step < 0:
        return absolute <= settings.cold_cutoff_c + tolerance
    return absolute >= settings.heat_cutoff_c - tolerance


def _limen(trials: Sequence[Trial], settings: Settings) -> Aggregate:
    """Return the thermal sensory limen: warm minus cold detections, or the mean of spans.

    With trials in both directions that are temperatures (or signed differences), it is mean(up) - mean(down) with
    Welch's interval; otherwise every row is a span and the limen is their mean. Rising trials alone that lie above
    the baseline are temperatures whose other half is missing.
    """
    up = [t.intensity for t in trials if t.direction == "up" and t.intensity is not None]
    down = [t.intensity for t in trials if t.direction == "down" and t.intensity is not None]
    both = bool(up and down)
    if (
        up
        and not down
        and len(up) == len(trials)
        and min(up) >= settings.baseline_c
        and all(t.absolute for t in trials)
    ):
        return Aggregate(
            value=None,
            n=len(up),
            method="limits",
            quality="failed",
            remark="warm detections without cold detections; a span is written with the unit delta_degC",
        )
    if both and (all(t.absolute for t in trials) or any(v < 0 for v in down)):
        value, low, high = _difference(up, down)
        n = min(len(up), len(down))
    else:
        spans = [abs(t.intensity) for t in trials if t.intensity is not None]
        n = len(spans)
        value, low, high = mean_with_interval(spans, log=True)
    quality, few = _few(n, 3)
    if value < 0:
        return Aggregate(
            value=None,
            n=n,
            method="limits",
            quality="failed",
            remark="warm detections lie below cold detections, so there is no span",
        )
    censored: Censored = "above" if any(t.response == "no" for t in trials) else "none"
    return Aggregate(
        value=value, low=low, high=high, n=n, censored=censored, method="limits", quality=quality, remark=few
    )


def _difference(up: Sequence[float], down: Sequence[float]) -> tuple[float, float | None, float | None]:
    means = [math.fsum(v) / len(v) for v in (up, down)]
    value = means[0] - means[1]
    if len(up) < 2 or len(down) < 2 or value <= 0:
        return value, None, None
    parts = [
        math.fsum((x - m) ** 2 for x in v) / (len(v) - 1) / len(v) for v, m in zip((up, down), means, strict=True)
    ]
    error = math.sqrt(sum(parts))
    if error <= 1e-12:
        return value, None, None
    df = sum(parts) ** 2 / sum(p**2 / (len(v) - 1) for p, v in zip(parts, (up, down), strict=True))
    factor = math.exp(min(student(df) * error / value, 700.0))
    return value, value / factor, value * factor


def _turning_points(trials: Sequence[Trial]) -> Aggregate:
    """Return the geometric mean of all turning points of rising and falling series."""
    values = [t.intensity for t in trials if t.intensity is not None]
    value, low, high = geometric_mean(values)
    never = sum(t.direction != "down" and t.response == "no" for t in trials)
    always = sum(t.direction == "down" and t.response == "yes" for t in trials)
    censored: Censored = "above" if never else ("below" if always else "none")
    quality, few = _few(len(values), 10)
    if never and always:
        quality = "poor"
    remark = _joined(
        few,
        f"not felt at the strongest stimulus in {never} series" if never else "",
        f"still felt at the weakest stimulus in {always} series" if always else "",
    )
    return Aggregate(
        value=value,
        low=low,
        high=high,
        n=len(values),
        censored=censored,
        method="limits:turning_points",
        quality=quality,
        remark=remark,
    )


def _ratings(trials: Sequence[Trial], settings: Settings) -> Aggregate:
    values = [t.rating for t in trials if t.rating is not None]
    method = "ratings:geometric_mean"
    if settings.rating_offset <= 0 and min(values) <= 0:
        return Aggregate(value=0.0, n=len(values), method=method, remark="a rating is 0, so is the geometric mean")
    value, low, high = geometric_mean(values, max(0.0, settings.rating_offset))
    remark = "all ratings are 0" if not any(values) else ""
    return Aggregate(value=value, low=low, high=high, n=len(values), method=method, remark=remark)


def _wind_up(trials: Sequence[Trial]) -> Aggregate:
    """Return mean(trains) / mean(singles), with the delta-method interval of its logarithm."""
    trains = [t.rating for t in trials if t.direction == "train" and t.rating is not None]
    singles = [t.rating for t in trials if t.direction == "single" and t.rating is not None]
    n = min(len(trains), len(singles))
    failed = Aggregate(value=None, n=n, method="ratings:ratio", quality="failed")
    if not n:
        return replace(failed, remark=f"no ratings of {'single pinpricks' if trains else 'trains'}")
    if not any(singles):
        return replace(failed, remark="all single pinpricks were rated 0, so the ratio is undefined")
    quality, few = _few(n, 5)
    top, bottom = math.fsum(trains) / len(trains), math.fsum(singles) / len(singles)
    value = top / bottom
    result = Aggregate(value=value, n=n, method="ratings:ratio", quality=quality, remark=few)
    if n < 2 or top == 0:
        return result
    parts = [
        math.fsum((x - m) ** 2 for x in v) / (len(v) - 1) / len(v) / m**2
        for v, m in ((trains, top), (singles, bottom))
    ]
    if sum(parts) <= 1e-24:
        return result
    df = sum(parts) ** 2 / sum(p**2 / (len(v) - 1) for p, v in zip(parts, (trains, singles), strict=True))
    factor = math.exp(min(student(df) * math.sqrt(sum(parts)), 700.0))
    return replace(result, low=value / factor, high=value * factor)


def _count(trials: Sequence[Trial]) -> Aggregate:
    """Return how often paradoxical heat was felt: answers `yes`, or the counts as written."""
    answered = [t for t in trials if t.response]
    if answered:
        return Aggregate(value=float(sum(t.response == "yes" for t in answered)), n=len(answered), method="count")
    counts = [t.intensity for t in trials if t.intensity is not None]
    return Aggregate(value=math.fsum(counts), n=len(counts), method="count")
