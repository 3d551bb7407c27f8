"""When a laboratory's own healthy people look abnormal too often: a probable measuring error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from nociscope.assays.declaration import Assay
from nociscope.norms.covariates import Surroundings
from nociscope.norms.library import NormLibrary
from nociscope.norms.scoring import score
from nociscope.study.records import Participant
from nociscope.tables import Reading
from nociscope.tsv import MISSING

GROUP, ABNORMAL = 16, 6
"""Six or more abnormal values of one parameter in a group of 16 healthy people: probable measuring error (quality
assurance study of the German network, Vollert and colleagues, 18 laboratories)."""


@lru_cache(maxsize=64)
def allowed(n: int) -> int:
    """Return the number of abnormal values in `n` healthy people from which a measuring error is probable.

    For 16 people it is the published 6. For more, the same number would be reached by chance; it is the smallest
    whose chance (5 % each, binomial) is not above that of 6 in 16.
    """
    from scipy.special import bdtrc

    chance = float(bdtrc(ABNORMAL - 1, GROUP, 0.05))
    k = ABNORMAL
    while k < n and float(bdtrc(k - 1, n, 0.05)) > chance:
        k += 1
    return k


def suspicious(
    readings: Sequence[Reading],
    controls: Mapping[str, Participant],
    library: NormLibrary,
    assays: Sequence[Assay],
    around: Surroundings,
) -> str:
    """Return a warning when too many controls are abnormal in one parameter against the published norm, else empty.

    One value a control counts: the first session, the first side.
    """
    first: dict[str, Reading] = {}
    for r in sorted(readings, key=lambda r: (r.participant_id, r.session_id, r.side)):
        first.setdefault(r.participant_id, r)
    calls = [s.call for i, r in first.items() for s in score([r], controls[i], library, assays, around=around)]
    judged = [c for c in calls if c != "not_comparable"]
    abnormal = sum(c != "normal" for c in judged)
    if len(judged) < GROUP or abnormal < allowed(len(judged)):
        return ""
    r = next(iter(first.values()))
    where = f" at {r.site}" if r.site != MISSING else ""
    return (
        f"{abnormal} of {len(judged)} controls are abnormal in {r.assay} {r.measure}{where} ({r.method}): probably a "
        "measuring error, or a published norm that does not hold here"
    )
