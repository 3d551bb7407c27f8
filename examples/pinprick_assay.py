"""A whole assay in one file: how many of some pinpricks were felt.

The table ``phenotype/pinprick.tsv`` has one row per site and side: pinpricks given, pinpricks felt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nociscope.assays.declaration import Assay, Figure, Measure, TableInput, setting
from nociscope.problems import BadInput, Problem
from nociscope.study import Visit
from nociscope.tables import SITES, Reading, Score
from nociscope.truth import Simulated, TrueValue, Truth
from nociscope.tsv import MISSING, Column, Table

PINPRICK = Table(
    "pinprick",
    "Pinpricks at one site",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>"),
        Column("site", "Where", "choice", choices={s: s for s in SITES}, required=True, needed=True),
        Column("side", "Side of the body", "choice", choices={"left": "left", "right": "right"}),
        Column("given", "Pinpricks given", "integer", minimum=1, maximum=1000, required=True, needed=True),
        Column("felt", "Pinpricks felt as sharp", "integer", minimum=0, maximum=1000, required=True, needed=True),
    ),
    key=("participant_id", "session_id", "site", "side"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the example."""

    fewest: int = setting(10, "Pinpricks below which a share is marked as poor", source="made up for the example")


@dataclass(frozen=True, slots=True)
class Site:
    """Pinpricks at one site."""

    site: str
    side: str
    given: int
    felt: int
    source: str


@dataclass(frozen=True, slots=True)
class PinprickRecording:
    """All sites of a visit."""

    sites: tuple[Site, ...]
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: Settings) -> PinprickRecording:
    """Read the rows of a visit; those that cannot be right are refused one by one."""
    parsed = visit.table(PINPRICK)
    problems = list(parsed.problems)
    sites = []
    for row in parsed.rows:
        given, felt = int(row.number("given") or 0), int(row.number("felt") or 0)
        if felt > given:
            problems.append(row.problem("felt", f"is more than the {given} given", "correct one of them"))
            continue
        sites.append(Site(row.text("site"), row.text("side", MISSING), given, felt, row.file))
    if not sites:
        nothing = Problem(what="no row can be used", remedy="add one row per site", file="phenotype/pinprick.tsv")
        raise BadInput([*problems, nothing])
    return PinprickRecording(tuple(sites), tuple(problems), tuple(sorted({s.source for s in sites})))


def measure(recording: PinprickRecording, settings: Settings) -> tuple[Reading, ...]:
    """Return the share felt at each site with Jeffreys' interval of a proportion."""
    from scipy.special import betaincinv  # heavy, so not at the top

    readings = []
    for s in recording.sites:
        low, high = (float(betaincinv(s.felt + 0.5, s.given - s.felt + 0.5, p)) for p in (0.025, 0.975))
        few = s.given < settings.fewest
        readings.append(
            Reading(
                site=s.site,
                side=s.side,
                measure="pinprick_felt",
                value=100 * s.felt / s.given,
                unit="%",
                low=0.0 if s.felt == 0 else 100 * low,
                high=100.0 if s.felt == s.given else 100 * high,
                n=s.given,
                method="pinprick",
                quality="poor" if few else "good",
                remark=f"fewer than {settings.fewest} pinpricks" if few else "",
                source=s.source,
            )
        )
    return tuple(readings)


def draw(
    recording: PinprickRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: Settings
) -> tuple[Figure, ...]:
    """Draw the share felt at each site."""
    from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure

    shown = [r for r in readings if r.value is not None and r.low is not None and r.high is not None]
    if not shown:
        return ()
    with house_style():
        fig = new_figure(12, 2 + len(shown))
        ax = fig.subplots()
        for place, r in enumerate(shown):
            ax.plot([r.low, r.high], [place, place], color=PALETTE.normal, linewidth=3)
            ax.plot([r.value], [place], marker="o", markersize=8, color=PALETTE.normal)
        ax.set_yticks(range(len(shown)), [f"{r.site} {r.side}" for r in shown])
        ax.set_xlim(0, 103)
        ax.set_xlabel("pinpricks felt (%)")
        svg = figure_to_svg(fig, "pinprick-felt")
    words = "; ".join(f"{r.site} {r.side} {r.value:.0f} % ({r.low:.0f} to {r.high:.0f})" for r in shown)
    return (
        Figure(name="felt", title="Pinpricks felt", caption=f"Share felt with its 95 % interval: {words}.", svg=svg),
    )


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return pinpricks on the foot; loss of small fibres makes fewer felt (effect made up)."""
    rng = np.random.default_rng(seed)
    share = float(rng.uniform(0.85, 0.98)) * (1 - 0.6 * truth.of("distal_small_fibre_loss"))
    row: dict[str, Any] = {"site": "foot_dorsum", "side": "left", "given": 40, "felt": int(rng.binomial(40, share))}
    true = TrueValue(measure="pinprick_felt", value=100 * share, site="foot_dorsum", side="left")
    return Simulated(rows={"pinprick": (row,)}, true_values=(true,))


ASSAY = Assay(
    name="pinprick",
    title="Pinprick",
    inputs=(TableInput(PINPRICK),),
    measures=(
        Measure(
            name="pinprick_felt",
            unit="%",
            title="Pinpricks felt",
            meaning="Share of the pinpricks that were felt as sharp",
            loss="low",
        ),
    ),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=Settings,
    methods="The share of pinpricks felt as sharp has Jeffreys' interval; fewer than {fewest} are marked.",
)
