"""How long it takes to judge 1,000 participants with 12 nerves each by all nerve conduction rules, on one core.

Run: ``OMP_NUM_THREADS=1 python benchmarks/ncs.py [--participants 1000] [--repeats 3]``
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from _machine import machine_line, timed

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.model import Evidence, VisitEvidence
from nociscope.rules.registry import rule_named
from nociscope.study.records import Participant

RULES = ("efns_pns_2010", "ean_pns_2021", "aan_cidp", "ncs_pattern")
LIMITS = {
    "median": (4.0, 4.5, 49.0, 31.6),
    "ulnar": (7.9, 3.7, 52.0, 31.5),
    "fibular": (1.3, 6.5, 38.0, 61.2),
    "tibial": (4.4, 6.1, 39.0, 61.4),
}


def person(number: int) -> Evidence:
    """Return twelve nerves, six a side: four motor with F waves, two sensory; a third are slowed."""
    rng = np.random.default_rng(number)
    slowing = rng.uniform(0.6, 1.0) if number % 3 == 0 else 1.0
    studies: list[NerveStudy] = []
    for side in ("left", "right"):
        for nerve, (low, late, slow, f_late) in LIMITS.items():
            base = NerveStudy(
                nerve=nerve,
                side=side,
                kind="motor",
                stimulation="distal",
                amplitude=low * rng.uniform(0.5, 3),
                amplitude_unit="mV",
                onset_latency_ms=0.85 * late / slowing,
                duration_ms=rng.uniform(4, 8),
                low_cut_hz=10.0,
                amplitude_lln=low,
                latency_uln=late,
                velocity_lln=slow,
                f_latency_uln=f_late,
            )
            further = replace(
                base,
                stimulation="proximal",
                amplitude=(base.amplitude or 0) * rng.uniform(0.5, 1),
                velocity_m_s=1.15 * slow * slowing,
                duration_ms=(base.duration_ms or 0) * rng.uniform(1, 1.4),
            )
            waves = replace(
                base, kind="f_wave", amplitude=None, f_latency_ms=0.9 * f_late / slowing, f_persistence=80.0
            )
            studies += [base, further, waves]
        for nerve in ("sural", "radial"):
            studies.append(
                NerveStudy(
                    nerve=nerve,
                    side=side,
                    kind="sensory",
                    amplitude=rng.uniform(2, 30),
                    amplitude_unit="uV",
                    amplitude_lln=5.0,
                    onset_latency_ms=2.8,
                    latency_uln=3.6,
                    velocity_m_s=50.0 * slowing,
                    velocity_lln=40.0,
                )
            )
    visit = VisitEvidence(nerve_studies=tuple(studies))
    return Evidence(participant=Participant(participant_id=f"sub-{number}"), visits=(visit,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    people = [person(i) for i in range(arguments.participants)]
    chosen = [rule_named(key) for key in RULES]
    [list(r.findings(people[0])) for r in chosen]
    print(machine_line())
    for rules in ([chosen[0]], chosen):
        taken = timed(lambda rules=rules: [list(r.findings(p)) for p in people for r in rules], arguments.repeats)
        names = ", ".join(r.key for r in rules)
        print(f"{arguments.participants} participants x 12 nerves by {names}: {taken}")


if __name__ == "__main__":
    main()
