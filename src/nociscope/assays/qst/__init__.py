"""Quantitative sensory testing: the thirteen DFNS parameters, and psychometric functions of yes/no trials."""

from __future__ import annotations

from nociscope.assays.declaration import Assay, Reference
from nociscope.assays.qst.draw import draw
from nociscope.assays.qst.inputs import INPUTS
from nociscope.assays.qst.measure import measure
from nociscope.assays.qst.parameters import MEASURES
from nociscope.assays.qst.read import read
from nociscope.assays.qst.settings import Settings
from nociscope.assays.qst.simulate import simulate

ASSAY = Assay(
    name="qst",
    title="Quantitative sensory testing",
    inputs=INPUTS,
    measures=MEASURES,
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=Settings,
    methods=(
        "Quantitative sensory testing followed the thirteen parameters of the German Research Network on Neuropathic "
        "Pain (Rolke et al. 2006). Trials of the method of limits were averaged arithmetically, turning points of "
        "filament and pinprick series and pain ratings geometrically ({rating_offset} added to each rating and taken "
        "off the mean); detection thresholds are magnitudes from the baseline ({baseline_c} degC where a row did not "
        "state it). Limits trials that reached {cold_cutoff_c} or {heat_cutoff_c} degC are marked censored. Yes/no "
        "trials were fitted with a cumulative normal with a fixed share of {lapse} unrelated answers, penalised by "
        "Jeffreys' prior; intervals are profile intervals. Pain thresholds given as changes from an "
        "unstated baseline were left as changes."
    ),
    references=(
        Reference("Rolke R et al. Pain 2006;123:231-243", "10.1016/j.pain.2006.01.041", "parameters, log rule"),
        Reference(
            "Magerl W et al. Pain 2010;151:598-605", "10.1016/j.pain.2010.07.026", "scoring against a reference"
        ),
        Reference("Firth D. Biometrika 1993;80:27-38", "10.1093/biomet/80.1.27", "penalised likelihood"),
        Reference("Kosmidis I, Firth D. Biometrika 2021;108:71-82", "10.1093/biomet/asaa052", "finite estimates"),
        Reference("Heinze G, Schemper M. Stat Med 2002;21:2409-2419", "10.1002/sim.1047", "profile intervals"),
        Reference("Courtin AS et al. bioRxiv 2025.09.22.677851", "10.1101/2025.09.22.677851", "slope as precision"),
    ),
)

__all__ = ["ASSAY"]
