"""Judging a whole battery: how many abnormal values are expected by chance, and when a control is suspect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nociscope.assays.qst.parameters import PARAMETERS
from nociscope.tables import Score

SUSPICIOUS_ABNORMAL = 4
"""Abnormal values from which a healthy control is probably an inclusion error: specificity 95 %, sensitivity 60 %
(quality assurance of the DFNS, Vollert et al.: 431 healthy people, 833 patients, 18 laboratories)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCheck:
    """What the abnormal values of one control say.

    Attributes
    ----------
    scored, abnormal : int
        How many values have a verdict, and how many of them are abnormal.
    expected : float
        Abnormal values expected by chance among as many.
    probability : float
        Probability of at least as many by chance, were the values independent (they are not quite).
    suspicious : bool
        Whether there are :data:`SUSPICIOUS_ABNORMAL` or more.
    """

    scored: int
    abnormal: int
    expected: float
    probability: float
    suspicious: bool


def expected_abnormal(n: int, level: float = 0.05) -> float:
    """Return how many of `n` values lie outside their limits by chance.

    Parameters
    ----------
    n : int
        Values with a norm.
    level : float
        Share of healthy people outside the limits: 0.05 for two-sided 95 % limits, 0.025 for one side.
    """
    _check(n, level)
    return n * level


def probability_of_any(n: int, level: float = 0.025) -> float:
    """Return the chance of at least one false abnormality among `n` independent values.

    10, 18, 26 and 43 % for 4, 8, 12 and 22 values at the one-sided 2.5 % level (Raasing et al. 2023,
    https://doi.org/10.1097/PR9.0000000000001095, shows the same in practice).
    """
    _check(n, level)
    return 1.0 - (1.0 - level) ** n


def suspicious_control(scores: Iterable[Score], level: float = 0.05) -> ControlCheck:
    """Judge the QST scores of one healthy control at one visit.

    Parameters
    ----------
    scores : iterable of Score
        All scores of the visit; other assays, slopes and values without a norm are left out.
    level : float
        As in :func:`expected_abnormal`.
    """
    judged = [
        s for s in scores if s.assay == "qst" and s.measure in PARAMETERS and s.call not in ("not_comparable", None)
    ]
    n = len(judged)
    abnormal = sum(s.call in ("loss", "gain", "abnormal") for s in judged)
    from scipy.stats import binom

    return ControlCheck(
        scored=n,
        abnormal=abnormal,
        expected=expected_abnormal(n, level),
        probability=float(binom.sf(abnormal - 1, n, level)) if n else 1.0,
        suspicious=abnormal >= SUSPICIOUS_ABNORMAL,
    )


def _check(n: int, level: float) -> None:
    if n < 0 or not 0 < level < 1:
        raise ValueError("expected a count of 0 or more and a level between 0 and 1")
