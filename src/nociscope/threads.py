"""How many threads numeric libraries may use."""

from __future__ import annotations

import os

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What numeric libraries read, once, when they are loaded."""


def one_thread() -> None:
    """Tell numeric libraries that are loaded from now on, here and in child processes, to use one thread.

    Participants run side by side, so more threads would only fight for the cores; and sums split over threads need
    not have the same last bits.
    """
    for name in VARIABLES:
        os.environ[name] = "1"
