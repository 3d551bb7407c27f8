"""Laser-evoked potentials: N1, N2, P2, whether there is a response, and how it habituates."""

from __future__ import annotations

from nociscope.assays.declaration import Assay, FileInput, Reference, TableInput
from nociscope.assays.lep.draw import draw
from nociscope.assays.lep.elsewhere import PEAKS
from nociscope.assays.lep.measure import measure
from nociscope.assays.lep.measures import MEASURES
from nociscope.assays.lep.read import read
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.simulate import simulate

ASSAY = Assay(
    name="lep",
    title="Laser-evoked potentials",
    inputs=(
        FileInput(
            datatype="eeg",
            suffix="eeg",
            extensions=(".vhdr", ".edf", ".bdf", ".set"),
            title="EEG of laser pulses",
        ),
        FileInput(
            datatype="eeg", suffix="events", extensions=(".tsv",), title="Times, sites and ratings of the pulses"
        ),
        TableInput(PEAKS),
    ),
    measures=MEASURES,
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=LepSettings,
    methods=(
        "Laser-evoked potentials were measured at Cz against the reference named with each value (linked ears, "
        "else mastoids, else nose). Signals were band-passed from {high_pass_hz} to {low_pass_hz} Hz without "
        "phase shift, cut from {epoch_start_s} to {epoch_end_s} s around the pulse (trigger delay "
        "{trigger_delay_ms} ms), and corrected to the baseline from {baseline_start_s} to 0 s. Trials beyond "
        "{reject_uv} uV from the baseline, or with more than {reject_blink_uv} uV peak-to-peak at the eyes, were "
        "rejected. N2 and P2 are the largest local extrema of the average within windows chosen by site, P2 after "
        "N2; N1 is measured at the contralateral {n1_derivation} electrode against Fz. A response counts as "
        "present when its N2-P2 exceeds what the same search finds in all but a share of {absent_alpha} of "
        "plus-minus averages (Schimmel 1967). N1 is shown by the same criterion, with an interval conditional on "
        "this selection (Weinstein et al. 2013), and once more without it. Series were measured at the peak "
        "latencies of the average over all trials; ratios of series carry Fieller intervals, the slope over "
        "pulses was adjusted for laser energy and carries a Fieller interval on the HC3 covariance. Other "
        "intervals come from {resamples} resamples of the trials. Single trials were estimated by multiple linear "
        "regression with dispersion after Hu et al. 2011."
    ),
    references=(
        Reference(
            "Hu L et al. J Neurophysiol 2011;106:3216-3229", "10.1152/jn.00220.2011", "single-trial regression"
        ),
        Reference("Schimmel H. Science 1967;157:92-94", note="plus-minus reference"),
        Reference("Weinstein A et al. J Am Stat Assoc 2013;108(501)", note="interval of a shown N1"),
        Reference("Fieller EC. J R Stat Soc B 1954;16:175-185", "10.1111/j.2517-6161.1954.tb00159.x", "ratios"),
        Reference(
            "MacKinnon JG, White H. J Econometrics 1985;29:305-325", "10.1016/0304-4076(85)90158-7", "HC3 covariance"
        ),
        Reference("de Tommaso M et al. J Pain 2011", "10.1016/j.jpain.2010.06.004", "three series of 20 pulses"),
    ),
)

__all__ = ["ASSAY"]
