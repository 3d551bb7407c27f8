"""The same studies under many choices: how far the answer depends on the method."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nociscope.evidence.heterogeneity import TAU2_METHODS
from nociscope.evidence.pooling import Estimate, Options, estimate_of
from nociscope.evidence.reading import TRANSFORMS, Effects, read_effects
from nociscope.evidence.studies import as_studies
from nociscope.problems import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One set of choices and what it gives; `estimate` is None where it gives nothing."""

    options: Options
    effects: Effects
    estimate: Estimate | None

    @property
    def name(self) -> str:
        """The choices in a few words."""
        o = self.options
        scale = f"{o.transform}, " if o.measure == "proportion" else ""
        if o.model != "random":
            return f"{scale}{o.model}"
        return f"{scale}random {o.tau2}, {o.interval}"


def multiverse(data: object, measure: str = "proportion", level: float = 0.95) -> tuple[Alternative, ...]:
    """Pool a table under every transform, estimator and interval that fits its measure.

    Parameters
    ----------
    data : as for :func:`nociscope.evidence.pool`
    measure : str
    level : float
    """
    table = as_studies(data)
    out = []
    for options in _choices(Options(measure=measure, level=level)):
        effects = read_effects(table, measure, options.transform)
        try:
            estimate: Estimate | None = estimate_of(effects, options)
        except BadInput:
            estimate = None
        out.append(Alternative(options=options, effects=effects, estimate=estimate))
    return tuple(out)


def _choices(base: Options) -> list[Options]:
    transforms = TRANSFORMS if base.measure == "proportion" else ("logit",)
    out = []
    for transform in transforms:
        one = replace(base, transform=transform)
        out.append(replace(one, model="common").settled())
        out += [
            replace(one, tau2=tau2, interval=interval).settled() for tau2 in TAU2_METHODS for interval in ("z", "hk")
        ]
    if base.measure in ("proportion", "or"):
        out.append(replace(base, model="glmm").settled())
    if base.measure in ("or", "rr", "rd"):
        out.append(replace(base, model="mh").settled())
    if base.measure == "or":
        out.append(replace(base, model="peto").settled())
    return out
