"""The literature as data, and a meta-analysis library that stands on its own.

``from nociscope.evidence import pool`` needs numpy and scipy only::

    pool({"study": ["A", "B", "C"], "events": [11, 6, 18], "n": [27, 20, 57]}, measure="proportion")

Names are loaded when they are first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nociscope.evidence.alternatives import multiverse
    from nociscope.evidence.appraisal import appraisal_form, read_appraisal
    from nociscope.evidence.bayes import BayesResult, pool_bayes
    from nociscope.evidence.clustered import Clustered, pool_clustered
    from nociscope.evidence.diagnostic import Accuracy, accuracy
    from nociscope.evidence.many import dersimonian_laird_many
    from nociscope.evidence.pooling import Options, Pooled, pool
    from nociscope.evidence.quoting import Quote, quotes
    from nociscope.evidence.register import Register, load_register
    from nociscope.evidence.sensitivity import cumulative, influence, leave_one_out
    from nociscope.evidence.small_study import begg, egger, trim_and_fill

_HOME = {
    "Accuracy": "diagnostic",
    "accuracy": "diagnostic",
    "appraisal_form": "appraisal",
    "read_appraisal": "appraisal",
    "BayesResult": "bayes",
    "pool_bayes": "bayes",
    "Clustered": "clustered",
    "pool_clustered": "clustered",
    "dersimonian_laird_many": "many",
    "multiverse": "alternatives",
    "Options": "pooling",
    "Pooled": "pooling",
    "pool": "pooling",
    "Quote": "quoting",
    "quotes": "quoting",
    "Register": "register",
    "load_register": "register",
    "cumulative": "sensitivity",
    "influence": "sensitivity",
    "leave_one_out": "sensitivity",
    "begg": "small_study",
    "egger": "small_study",
    "trim_and_fill": "small_study",
}

__all__ = [
    "Accuracy",
    "BayesResult",
    "Clustered",
    "Options",
    "Pooled",
    "Quote",
    "Register",
    "accuracy",
    "appraisal_form",
    "begg",
    "cumulative",
    "dersimonian_laird_many",
    "egger",
    "influence",
    "leave_one_out",
    "load_register",
    "multiverse",
    "pool",
    "pool_bayes",
    "pool_clustered",
    "quotes",
    "read_appraisal",
    "trim_and_fill",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first asked for."""
    if name in _HOME:
        found = getattr(import_module(f"nociscope.evidence.{_HOME[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
