"""Results as JSON: the keys that users and other programs rely on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nociscope.evidence.pooling import Estimate, Pooled
    from nociscope.evidence.reading import Effects
    from nociscope.evidence.regression import Moderation
    from nociscope.evidence.sensitivity import Step


def finite(value: float | None) -> float | None:
    """Return the number, None when it is not finite."""
    return None if value is None or not np.isfinite(value) else float(value)


def _natural(effects: Effects, estimate: Estimate) -> dict[str, Any]:
    low, high = estimate.prediction or (None, None)
    values = {
        "estimate": estimate.estimate,
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        "pi_low": low,
        "pi_high": high,
    }
    with np.errstate(over="ignore"):
        back = {k: None if v is None else finite(float(effects.natural(np.array(v)))) for k, v in values.items()}
    return {"scale": effects.natural_name, **back}


def estimate_record(effects: Effects, estimate: Estimate) -> dict[str, Any]:
    """Return a pooled value: on the pooling scale, and under `natural` turned back."""
    tau_low, tau_high = estimate.tau2_interval or (None, None)
    low, high = estimate.prediction or (None, None)
    return {
        "k": estimate.k,
        "estimate": finite(estimate.estimate),
        "se": finite(estimate.se),
        "ci_low": finite(estimate.low),
        "ci_high": finite(estimate.high),
        "statistic": finite(estimate.statistic),
        "p": finite(estimate.p),
        "interval": estimate.interval,
        "se_classic": finite(estimate.se_classic),
        "tau2": finite(estimate.tau2),
        "tau2_low": finite(tau_low),
        "tau2_high": finite(tau_high),
        "i2": finite(estimate.i2),
        "i2_q": finite(estimate.i2_q),
        "h2": finite(estimate.h2),
        "q": finite(estimate.q),
        "q_df": estimate.q_df,
        "q_p": finite(estimate.q_p),
        "pi_low": finite(low),
        "pi_high": finite(high),
        "natural": _natural(effects, estimate),
    }


def _steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    empty = {"estimate": None}
    return [
        {"study": s.study, **(empty if s.estimate is None else estimate_record(s.effects, s.estimate))} for s in steps
    ]


def _moderator(found: Moderation) -> dict[str, Any]:
    fit = found.fit
    columns = zip(found.names, fit.beta, fit.se, fit.low, fit.high, fit.statistic, fit.p, strict=True)
    tau_low, tau_high = found.tau2_interval or (None, None)
    return {
        "k": found.effects.k,
        "coefficients": [
            {
                "name": name,
                "estimate": finite(b),
                "se": finite(s),
                "ci_low": finite(low),
                "ci_high": finite(high),
                "statistic": finite(t),
                "p": finite(p),
            }
            for name, b, s, low, high, t, p in columns
        ],
        "qm": finite(found.qm),
        "qm_df": [d for d in found.qm_df if d is not None],
        "qm_test": "chi-squared" if found.qm_df[1] is None else "F",
        "qm_p": finite(found.qm_p),
        "tau2": finite(fit.tau2),
        "tau2_low": finite(tau_low),
        "tau2_high": finite(tau_high),
        "i2": finite(found.i2),
        "h2": finite(found.h2),
        "r2": finite(found.r2),
        "qe": finite(fit.q),
        "qe_df": fit.df,
        "qe_p": finite(fit.q_p),
        "left_out": list(found.left_out),
    }


def _studies(result: Pooled) -> list[dict[str, Any]]:
    e, x = result.estimate, result.effects
    columns = zip(x.names, e.yi, e.vi, e.weights, x.adjusted, x.source, strict=True)
    return [
        {"study": n, "yi": y, "vi": v, "weight": finite(w), "half_added": half, "source": source}
        for n, y, v, w, half, source in columns
    ]


def pooled_record(result: Pooled) -> dict[str, Any]:
    """Return a result as strict JSON holds it; what was not asked for is null or empty."""
    o = result.options
    out: dict[str, Any] = {
        "measure": result.effects.measure,
        "scale": result.effects.scale,
        "model": o.model if o.model != "glmm" or o.measure == "proportion" else f"glmm {o.glmm}",
        "tau2_method": o.tau2 if o.model == "random" else "ML" if o.model == "glmm" else None,
        "prediction": o.prediction if result.estimate.prediction else None,
        "level": o.level,
        "i2_definition": "tau2/(tau2 + typical variance)" if o.model in ("random", "glmm") else "(Q - df)/Q",
        **estimate_record(result.effects, result.estimate),
        "studies": _studies(result),
        "leave_one_out": _steps(result.leave_one_out),
        "cumulative": _steps(result.cumulative),
        "egger": None,
        "begg": None,
        "trim_fill": None,
        "groups": [
            {"group": g.name, **estimate_record(g.effects, g.estimate), "studies": list(g.effects.names)}
            for g in result.groups
        ],
        "between": None,
        "moderator": None if result.moderator is None else _moderator(result.moderator),
        "left_out": [p.sentence() for p in result.problems if p.code == "left-out"],
        "notes": list(result.notes),
    }
    if result.egger is not None:
        g = result.egger
        out["egger"] = {"t": g.t, "df": g.df, "p": g.p, "bias": g.bias, "se": g.se}
    if result.begg is not None:
        out["begg"] = {"tau": result.begg.tau, "p": result.begg.p, "exact": result.begg.exact}
    if result.trim_fill is not None:
        t = result.trim_fill
        out["trim_fill"] = {
            "k0": t.k0,
            "side": t.side,
            "estimate": t.estimate,
            "se": finite(t.se),
            "ci_low": finite(t.low),
            "ci_high": finite(t.high),
            "tau2": t.tau2,
        }
    if result.between is not None:
        q, df, p = result.between
        out["between"] = {"q": q, "df": df, "p": p}
    return out
