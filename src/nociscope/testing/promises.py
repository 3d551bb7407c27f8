"""How a broken promise is said."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nociscope.assays.declaration import Assay
from nociscope.problems import Problem


def promise(kept: bool, assay: Assay, breach: str) -> None:
    """Raise with a sentence that names the assay, unless the promise is kept."""
    if not kept:
        raise AssertionError(f"{assay.name}: {breach}.")


def at_most(hits: int, tries: int, p: float) -> float:
    """Return the probability of at most so many hits."""
    return sum(math.comb(tries, k) * p**k * (1 - p) ** (tries - k) for k in range(hits + 1))


def named(error: Exception) -> str:
    """Return an exception as its kind and first line."""
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__


def first_sentence(problems: Sequence[Problem]) -> str:
    """Return the first problem's sentence without its full stop."""
    return problems[0].sentence().rstrip(".") if problems else ""


def random_state() -> bytes:
    """Return the state of numpy's global generator, which nobody may use."""
    import pickle

    return pickle.dumps(np.random.get_state())
