"""Seeds that belong to a name: what is drawn for one person and test never depends on who else is drawn."""

from __future__ import annotations

import hashlib

import numpy as np


def sub_seed(seed: int, *names: str) -> int:
    """Return a seed of its own for a name, such as a person's and an assay's.

    Parameters
    ----------
    seed : int
        The study's seed, not negative.
    *names : str
        What the seed is for: ``sub_seed(1, "sub-001", "n/a", "biopsy")``.

    Returns
    -------
    int
        Of 64 bits, from :class:`numpy.random.SeedSequence`; the same on every machine.

    Raises
    ------
    ValueError
        `seed` is negative.
    """
    if seed < 0:
        raise ValueError("a seed must not be negative")
    digest = hashlib.sha256("\0".join(names).encode("utf-8")).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, len(digest), 4)]
    return int(np.random.SeedSequence([seed, *words]).generate_state(1, np.uint64)[0])


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return a random generator of its own for a name; see :func:`sub_seed`."""
    return np.random.default_rng(sub_seed(seed, *names))
