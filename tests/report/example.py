"""A made-up visit that has everything a page must be able to show. No number here is anyone's measurement."""

from __future__ import annotations

from nociscope.assays.declaration import Assay, Figure, Measure
from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure, z_band
from nociscope.problems import Problem
from nociscope.results import AssayFigure, AssayResult, NormUsed, VisitResult
from nociscope.tables import Reading, Score

WHO = {"participant_id": "sub-01", "session_id": "ses-1"}

# code, title, unit, decimals, foot value, low, high, z, hand value, z
QST = (
    ("cdt", "Cold detection threshold", "delta_degC", 1, 6.8, 5.2, 8.9, -2.31, 1.4, -0.42),
    ("wdt", "Warm detection threshold", "delta_degC", 1, 9.9, 8.1, 12.1, -2.06, 2.3, -0.61),
    ("tsl", "Thermal sensory limen", "delta_degC", 1, 15.1, 12.2, 18.7, -1.88, 3.9, -0.5),
    ("phs", "Paradoxical heat sensations", "count", 0, 1.0, None, None, None, 0.0, None),
    ("cpt", "Cold pain threshold", "degC", 1, 19.4, 15.5, 23.2, 1.02, 21.9, 1.31),
    ("hpt", "Heat pain threshold", "degC", 1, 43.1, 41.2, 45.0, 0.74, 40.2, 1.45),
    ("ppt", "Pressure pain threshold", "kPa", 0, 212.0, 181.0, 248.0, 2.87, 198.0, 2.44),
    ("mpt", "Mechanical pain threshold", "mN", 1, 512.0, None, None, -2.2, 68.6, 0.1),
    ("mps", "Mechanical pain sensitivity", "rating", 2, 4.31, 2.9, 6.4, 4.83, 3.02, 1.6),
    ("dma", "Dynamic mechanical allodynia", "rating", 2, 0.0, None, None, None, 0.0, None),
    ("wur", "Wind-up ratio", "ratio", 2, 2.61, 1.9, 3.6, 0.35, 2.2, 0.12),
    ("mdt", "Mechanical detection threshold", "mN", 2, 2.83, 1.91, 4.18, -0.93, 0.71, 0.22),
    ("vdt", "Vibration detection threshold", "n/8", 1, 7.3, 6.9, 7.7, -0.11, 8.0, 0.5),
)

DECLARATIONS = {
    "qst": Assay(
        name="qst",
        title="Quantitative sensory testing",
        inputs=(),
        measures=tuple(
            Measure(name=c[0], title=c[1], unit=c[2], decimals=c[3], meaning=f"{c[1]}.", loss="high") for c in QST
        ),
        read=None,  # type: ignore[arg-type]
        measure=None,  # type: ignore[arg-type]
        draw=None,  # type: ignore[arg-type]
        simulate=None,  # type: ignore[arg-type]
    ),
    "biopsy": Assay(
        name="biopsy",
        title="Skin biopsy",
        inputs=(),
        measures=(
            Measure(
                name="ienfd",
                title="Intraepidermal nerve fibre density",
                unit="/mm",
                meaning="Fibres that cross into the epidermis per millimetre",
                loss="low",
                decimals=1,
            ),
            Measure(name="axonal_loss", title="Axonal loss", unit="%", meaning="Below the norm", decimals=0),
        ),
        read=None,  # type: ignore[arg-type]
        measure=None,  # type: ignore[arg-type]
        draw=None,  # type: ignore[arg-type]
        simulate=None,  # type: ignore[arg-type]
    ),
}

NO_NORM = (
    "no DFNS reference is distributed with the program; make norms from the study's own controls "
    "with nociscope norms build"
)


def call(z: float | None) -> str:
    if z is None:
        return "not_comparable"
    return "loss" if z < -1.96 else "gain" if z > 1.96 else "normal"


def qst_rows() -> tuple[list[Reading], list[Score]]:
    readings, scores = [], []
    for code, _, unit, _, foot, low, high, z, hand, z_hand in QST:
        for site, value, score in (("foot_dorsum", foot, z), ("hand_dorsum", hand, z_hand)):
            at = {"assay": "qst", "site": site, "side": "left", "measure": code, "value": value, "unit": unit}
            here = site == "foot_dorsum"
            readings.append(
                Reading(
                    **WHO,
                    **at,
                    low=low if here else None,
                    high=high if here else None,
                    n={"cdt": 3, "wdt": 3, "ppt": 3, "mps": 50}.get(code),
                    censored="above" if (code, here) == ("mpt", True) else "none",
                    method="DFNS",
                    device="TSA-II",
                    quality="poor" if (code, here) == ("vdt", True) else "good",
                    remark={
                        ("mpt", True): "not felt at the strongest pinprick, 512 mN",
                        ("vdt", True): "two of three trials only",
                    }.get((code, here), ""),
                    source="phenotype/qst.tsv",
                )
            )
            scores.append(
                Score(
                    **WHO,
                    **at,
                    norm="n/a" if score is None else "local_qst",
                    expected=None if score is None else value * 0.62,
                    sd=None if score is None else 0.18,
                    z=score,
                    percentile=None
                    if score is None
                    else {True: 98.9, False: 31.0}[score > 1.9]
                    if score > -1.9
                    else 1.4,
                    limit_low=None if score is None else value * 0.3,
                    limit_high=None if score is None else value * 0.95,
                    call=call(score),  # type: ignore[arg-type]
                    p_beyond=None if score is None else min(0.999, max(0.001, abs(score) / 3 - 0.1)),
                    reason=NO_NORM if score is None else "",
                )
            )
    order = {"foot_dorsum": 0, "hand_dorsum": 1}
    return sorted(readings, key=lambda r: order[r.site]), sorted(scores, key=lambda s: order[s.site])


def biopsy_rows() -> tuple[list[Reading], list[Score]]:
    common = {"assay": "biopsy", "side": "right"}
    readings = [
        Reading(
            **WHO, **common, site="distal_leg", measure="ienfd", value=3.94, unit="/mm", low=3.02, high=5.06, n=4,
            method="pgp95_bf", source="phenotype/skin_biopsy.tsv",
        ),
        Reading(
            **WHO, **common, site="distal_leg", measure="axonal_loss", value=58.2, unit="%", low=46.1, high=68.0,
            method="pgp95_bf", source="phenotype/skin_biopsy.tsv",
        ),
        Reading(
            **WHO, **common, site="thigh", measure="ienfd", value=8.1, unit="/mm", low=6.4, high=10.1, n=2,
            method="pgp95_bf", quality="poor", remark="two sections; at least three are wanted",
            source="phenotype/skin_biopsy.tsv",
        ),
    ]  # fmt: skip
    scores = [
        Score(
            **WHO, **common, site="distal_leg", measure="ienfd", value=3.94, unit="/mm", norm="collongues_2018",
            limit_low=5.63, call="loss", p_beyond=0.993,
        ),
        Score(
            **WHO, **common, site="thigh", measure="ienfd", value=8.1, unit="/mm", call="not_comparable",
            reason="no norm of this site and stain is active",
        ),
    ]  # fmt: skip
    return readings, scores


def profile() -> Figure:
    with house_style():
        fig = new_figure(17, 8.5)
        ax = fig.add_subplot()
        z_band(ax)
        codes = [c[0].upper() for c in QST]
        for column, colour, marker, label in (
            (7, PALETTE.left, "o", "foot dorsum"),
            (9, PALETTE.right, "s", "hand dorsum"),
        ):
            points = [(i, c[column]) for i, c in enumerate(QST) if c[column] is not None]
            ax.plot(*zip(*points, strict=True), marker=marker, color=colour, label=label)
        ax.set_xticks(range(len(codes)), codes)
        ax.set_ylim(-5, 5)
        ax.set_ylabel("z  (− loss, + gain)")
        ax.legend(loc="lower right", ncols=2)
        svg = figure_to_svg(fig, "qst-profile")
    return Figure(
        name="profile",
        title="Sensory profile",
        caption="z scores of the thirteen parameters at the left foot and hand; the band is the central 95 % of the "
        "norm. At the foot, cold and warm detection and the mechanical pain threshold lie below the band, the "
        "pressure pain threshold and mechanical pain sensitivity above it. PHS and DMA have no score.",
        svg=svg,
    )


def bars() -> Figure:
    with house_style():
        fig = new_figure(9, 6)
        ax = fig.add_subplot()
        ax.errorbar([0, 1], [3.94, 8.1], yerr=[[0.92, 1.7], [1.12, 2.0]], fmt="o", color=PALETTE.ink, capsize=3)
        ax.hlines(5.63, -0.3, 0.3, color=PALETTE.loss)
        ax.set_xticks([0, 1], ["distal leg", "thigh"])
        ax.set_xlim(-0.6, 1.6)
        ax.set_ylim(0, 12)
        ax.set_ylabel("IENFD (/mm)")
        svg = figure_to_svg(fig, "biopsy-density")
    return Figure(
        name="density",
        title="Fibre density",
        caption="Density with its 95 % interval at distal leg and thigh; the blue line is the 5th percentile for age "
        "and sex at the distal leg, 5.6 /mm. The density at the distal leg lies below it.",
        svg=svg,
        wide=False,
    )


def visit() -> VisitResult:
    qst, qst_scores = qst_rows()
    biopsy, biopsy_scores = biopsy_rows()
    return VisitResult(
        **WHO,
        study_name="Small fibres in fibromyalgia",
        participant={"age": 46.0, "sex": "F", "group": "FM", "height_cm": 168, "weight_kg": "n/a"},
        assays=(
            AssayResult(
                name="qst",
                title="Quantitative sensory testing",
                status="done",
                inputs={"phenotype/qst.tsv": "9f" * 32},
                settings={"baseline_c": 32.0, "rating_offset": 0.1, "sites": ["foot_dorsum", "hand_dorsum"]},
                methods="Quantitative sensory testing followed the protocol of the German Research Network on "
                "Neuropathic Pain. Thermal thresholds are means of limits trials from a baseline of 32 °C.",
                references=(
                    (
                        "Rolke R et al. Quantitative sensory testing: a comprehensive protocol for clinical trials. "
                        "Eur J Pain 2006;10:77–88.",
                        "10.1016/j.ejpain.2005.02.003",
                    ),
                ),
            ),
            AssayResult(
                name="biopsy",
                title="Skin biopsy",
                status="partial",
                problems=(
                    Problem(
                        what="is below 0, the smallest possible value",
                        remedy="correct the cell",
                        file="phenotype/skin_biopsy.tsv",
                        row=9,
                        column="fibres",
                        value="-3",
                        participant_id="sub-01",
                        session_id="ses-1",
                        assay="biopsy",
                    ),
                    Problem(
                        what="the thigh has two sections; at least three are wanted",
                        severity="note",
                        file="phenotype/skin_biopsy.tsv",
                        participant_id="sub-01",
                        session_id="ses-1",
                        assay="biopsy",
                    ),
                ),
                inputs={"phenotype/skin_biopsy.tsv": "0c" * 32},
                methods="Intraepidermal nerve fibres were counted in sections stained for PGP 9.5; density is the "
                "sum of fibres over the sum of epidermal length, with a Poisson interval, "
                "wider where sections disagree.",
            ),
            AssayResult(
                name="lep",
                title="Laser-evoked potentials",
                status="failed",
                problems=(
                    Problem(
                        what="the recording ends before the first laser pulse",
                        remedy="export it again",
                        file="sub-01/ses-1/eeg/sub-01_ses-1_task-lep_eeg.vhdr",
                        participant_id="sub-01",
                        session_id="ses-1",
                        assay="lep",
                    ),
                ),
                inputs={"sub-01/ses-1/eeg/sub-01_ses-1_task-lep_eeg.vhdr": "7a" * 32},
            ),
            AssayResult(name="ccm", title="Corneal confocal microscopy", status="absent"),
        ),
        readings=(*qst, *biopsy),
        scores=(*qst_scores, *biopsy_scores),
        norms=(
            NormUsed(
                key="local_qst",
                title="QST of this study's own controls",
                citation="Own controls of the study",
                doi="",
                status="local",
                population="14 controls, 24 to 61 years, foot and hand dorsum",
                sha256="5d" * 32,
            ),
            NormUsed(
                key="collongues_2018",
                title="Fifth percentile of distal leg density by age and sex, bright field",
                citation="Collongues N et al. PLoS ONE 2018;13(1):e0191614.",
                doi="10.1371/journal.pone.0191614",
                status="read",
                population="300 healthy adults, PGP 9.5, bright field, distal leg",
                sha256="e1" * 32,
            ),
        ),
        figures=(AssayFigure(assay="qst", figure=profile()), AssayFigure(assay="biopsy", figure=bars())),
        other_visits=("ses-2",),
        version="0.1.0",
    )
