"""What `read` hands to `measure`: clean epochs of each stimulated site, and what is known of each pulse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nociscope.problems import Problem
from nociscope.tsv import MISSING, Row

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One laser pulse.

    Attributes
    ----------
    onset_s : float
        When it reached the skin, in seconds from the start of its recording (trigger delay added to the marker).
    site, side, laser : str
    energy_j, rating : float or None
        Rating on 0-10.
    block : str
        Label of its series; empty where there are none.
    """

    onset_s: float
    site: str = MISSING
    side: str = MISSING
    laser: str = ""
    energy_j: float | None = None
    rating: float | None = None
    block: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalp:
    """Coarse epochs of every scalp electrode, for maps.

    Attributes
    ----------
    names : tuple of str
        The c electrodes.
    positions : array (c, 2)
        On the unit disc seen from above, nose up.
    times_s : array (b,)
        Centres of the 20 ms bins.
    bins_uv : array (n, c, b)
        Mean of each bin, baseline removed.
    """

    names: tuple[str, ...]
    positions: Floats
    times_s: Floats
    bins_uv: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulated:
    """The pulses to one site and side, in the order given, and their filtered, baseline-corrected epochs.

    Attributes
    ----------
    site, side, laser : str
    times_s : array (t,)
        Time axis of the epochs; 0 is the pulse.
    vertex_uv : array (n, t) or None
        Cz against the reference; None when there is no usable signal.
    lateral_uv : array (n, t) or None
        Contralateral temporal (or central) electrode against Fz, for N1.
    lateral_name : str
        As in ``T7-Fz``.
    kept : array (n,) of bool
        Trials free of artefacts.
    rejected : tuple of (reason, count)
    energy_j, rating : array (n,)
        NaN where unknown; rating on 0-10.
    block : tuple of str
        Length n; empty strings where there are no series.
    order : array (n,)
        Number of the pulse within this site and side, from 0.
    all_ratings, all_rating_blocks
        Ratings of all pulses, those without usable EEG included, and their series.
    reference : str
        What the vertex is against: ``ears (A1, A2)``.
    average_reference : bool
        Whether it had to be the average reference; norms do not apply then.
    failed : str
        Why there is no usable signal; empty when there is.
    source : str
        Its signal files.
    device : str
    scalp : Scalp or None
    """

    site: str
    side: str
    laser: str = ""
    times_s: Floats
    vertex_uv: Floats | None
    lateral_uv: Floats | None = None
    lateral_name: str = ""
    kept: Bools
    rejected: tuple[tuple[str, int], ...] = ()
    energy_j: Floats
    rating: Floats
    block: tuple[str, ...]
    order: Floats
    all_ratings: Floats
    all_rating_blocks: tuple[str, ...]
    reference: str = ""
    average_reference: bool = False
    failed: str = ""
    source: str = MISSING
    device: str = MISSING
    scalp: Scalp | None = None

    @property
    def blocks(self) -> tuple[str, ...]:
        """The series in the order in which they were given; empty where there are none."""
        return tuple(dict.fromkeys(b for b in self.block if b))


@dataclass(frozen=True, slots=True, kw_only=True)
class LepRecording:
    """The laser-evoked recordings of one visit.

    Attributes
    ----------
    stimulated : tuple of Stimulated
        One per site and side.
    peaks : tuple of Row
        Rows of a table of peaks that were measured elsewhere.
    problems, sources
        As every recording.
    """

    stimulated: tuple[Stimulated, ...] = ()
    peaks: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()
