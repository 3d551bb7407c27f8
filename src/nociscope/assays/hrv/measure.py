"""Heart-rate variability of each window of each recording."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from nociscope.assays.hrv import time_domain
from nociscope.assays.hrv.read import HrvRecording
from nociscope.assays.hrv.settings import HrvSettings, Recipe, recipe_of
from nociscope.assays.hrv.spectrum import NoSpectrum, Spectrum, spectrum, without_trend
from nociscope.assays.hrv.time_domain import Value
from nociscope.assays.hrv.windows import Window, windows_of
from nociscope.beats.editing import Edited, edit
from nociscope.beats.series import BeatSeries
from nociscope.tables import Quality, Reading

FEWEST_NN = 20
CLOCK_SHARE = 0.05
"""RMSSD is refused where the rounding of the clock makes up more than this share of its square."""
LOMB_DIFFERENCE = 0.25
"""Where the two spectra differ by more than this share, the value says so."""

TIME_UNITS = {
    "mean_nn": "ms",
    "heart_rate": "/min",
    "sdnn": "ms",
    "rmssd": "ms",
    "sdsd": "ms",
    "pnn50": "%",
    "sd1": "ms",
    "sd2": "ms",
}
SPECTRAL_UNITS = {
    "vlf": "ms2",
    "lf": "ms2",
    "hf": "ms2",
    "total": "ms2",
    "lf_nu": "nu",
    "hf_nu": "nu",
    "lf_hf": "",
    "lf_lomb": "ms2",
    "hf_lomb": "ms2",
}
DAY_UNITS = {"sdann": "ms", "triangular_index": ""}
_FINE = ("rmssd", "sdsd", "pnn50", "sd1")
_POWERS = ("vlf", "lf", "hf", "total")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One window of one recording after editing."""

    series: BeatSeries
    window: Window
    beats: Edited

    @property
    def times_s(self) -> np.ndarray:
        """Ends of the NN intervals."""
        times: np.ndarray = self.beats.times_s[1:][self.beats.normal]
        return times

    @property
    def nn_ms(self) -> np.ndarray:
        """The NN intervals."""
        intervals: np.ndarray = 1000.0 * self.beats.nn_s[self.beats.normal]
        return intervals


def parts_of(series: BeatSeries, settings: HrvSettings) -> tuple[Part, ...]:
    """Edit the beats of a recording and cut its windows."""
    beats = edit(series.times_s, series.odd_shape, recipe_of(settings).multiple)
    parts = []
    for window in windows_of(series, settings):
        whole = window.start_s <= 0 and window.end_s >= series.times_s[-1]
        parts.append(Part(series, window, beats if whole else beats.within(window.start_s, window.end_s)))
    return tuple(parts)


def measure(recording: HrvRecording, settings: HrvSettings | None = None) -> tuple[Reading, ...]:
    """Return the measures of every window of every recording of a visit.

    Parameters
    ----------
    recording : HrvRecording
    settings : HrvSettings, optional

    Returns
    -------
    tuple of Reading
        Site and side ``n/a``. `method` is ``task:… window:…`` and the recipe: norms are bound to it. `n` is the
        number of NN intervals (of differences for `rmssd`, `sdsd`, `pnn50`, `sd1`). Powers are in ms2; `lf_nu` and
        `hf_nu` are percentages of LF + HF.

    Notes
    -----
    Intervals hold for the state of the person during the recording; they do not say how another day would turn out.
    """
    chosen = settings or HrvSettings()
    recipe = recipe_of(chosen)
    readings: list[Reading] = []
    for series in recording.series:
        for part in parts_of(series, chosen):
            readings += _of_part(part, recipe, chosen)
    return tuple(readings)


def _of_part(part: Part, recipe: Recipe, settings: HrvSettings) -> list[Reading]:
    stem = f"task:{part.series.task or 'none'} window:{part.window.name}"
    remark, quality = _state(part, settings)
    edited = _edited(part)
    everywhere = "; ".join(r for r in (remark, edited if quality == "poor" else "") if r)
    out = _Readings(part, f"{stem} {recipe.time_name}", everywhere, quality)
    said = "" if quality == "poor" else edited
    out.add("artefact_fraction", Value(part.beats.fraction, n=part.beats.times_s.size), "", said)
    names = {**TIME_UNITS, **(DAY_UNITS if part.window.name == "24h" else {})}
    nn, times = part.nn_ms, part.times_s
    differences = time_domain.differences_ms(1000.0 * part.beats.nn_s, part.beats.normal)
    spectral = f"{stem} {recipe.name}"
    if nn.size < FEWEST_NN or differences.size < FEWEST_NN // 2:
        why = f"only {nn.size} normal intervals are left, and {FEWEST_NN} are needed"
        for name, unit in names.items():
            out.fail(name, unit, why)
        for name, unit in SPECTRAL_UNITS.items():
            out.fail(name, unit, why, _lomb_method(stem) if name.endswith("lomb") else spectral)
        return out.readings
    flat = without_trend(nn, recipe.priors_lambda)
    if recipe.priors_lambda:
        whole = 1000.0 * part.beats.nn_s.copy()
        whole[part.beats.normal] = flat
        differences = time_domain.differences_ms(whole, part.beats.normal)
    _time_domain(out, times, nn, flat, differences, names)
    try:
        found = spectrum(times, flat, recipe)
    except NoSpectrum as reason:
        for name, unit in SPECTRAL_UNITS.items():
            out.fail(name, unit, str(reason), _lomb_method(stem) if name.endswith("lomb") else spectral)
        return out.readings
    _frequency_domain(out, found, part, spectral, stem)
    return out.readings


def _lomb_method(stem: str) -> str:
    return f"{stem} lomb-scargle"


def _state(part: Part, settings: HrvSettings) -> tuple[str, Quality]:
    """Return what every value of a part must say, and how far it can be trusted."""
    remarks = [*part.series.remarks]
    if part.window.remark:
        remarks.append(part.window.remark)
    poor = part.beats.fraction > settings.poor_artefact_fraction
    if part.beats.gaps_s:
        lost = sum(b - a for a, b in part.beats.gaps_s)
        count = len(part.beats.gaps_s)
        remarks.append(f"{count} gap{'s' if count > 1 else ''} in the recording, {lost:.0f} s in all")
    if part.series.agreement is not None and part.series.agreement < 0.8:
        poor = True
    return "; ".join(remarks), "poor" if poor else "good"


def _edited(part: Part) -> str:
    """Return in words what was edited: beside the share itself, and beside every value where it is much."""
    if not part.beats.kinds:
        return ""
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(Counter(part.beats.kinds).items()))
    return f"{100 * part.beats.fraction:.2g} % of beats edited ({kinds})"


class _Readings:
    """Readings of one part under way: they share method, remark, quality and source."""

    def __init__(self, part: Part, method: str, remark: str, quality: Quality) -> None:
        self.part = part
        self.method = method
        self.remark = remark
        self.quality = quality
        self.readings: list[Reading] = []

    def add(self, name: str, value: Value, unit: str, more: str = "", method: str = "", poor: bool = False) -> None:
        quality: Quality = "poor" if poor else self.quality
        self.readings.append(
            Reading(
                measure=name,
                value=value.value,
                unit=unit,
                low=value.low,
                high=value.high,
                n=value.n,
                method=method or self.method,
                quality=quality,
                remark="; ".join(r for r in (more, self.remark) if r),
                source=self.part.series.source,
            )
        )

    def fail(self, name: str, unit: str, why: str, method: str = "") -> None:
        self.readings.append(
            Reading(
                measure=name,
                value=None,
                unit=unit,
                method=method or self.method,
                quality="failed",
                remark="; ".join(r for r in (why, self.remark) if r),
                source=self.part.series.source,
            )
        )


def _time_domain(
    out: _Readings,
    times: np.ndarray,
    nn: np.ndarray,
    flat: np.ndarray,
    differences: np.ndarray,
    names: dict[str, str],
) -> None:
    mean = time_domain.mean(times, nn)
    values: dict[str, Value] = {"mean_nn": mean, "heart_rate": _rate(mean)}
    values["sdnn"] = time_domain.standard_deviation(flat)
    values["rmssd"] = time_domain.standard_deviation(differences, about_zero=True)
    values["sdsd"] = time_domain.standard_deviation(differences)
    values["pnn50"] = time_domain.pnn50(differences)
    values["sd1"] = _scaled(values["sdsd"], np.sqrt(0.5))
    along = max(2 * values["sdnn"].value ** 2 - values["sd1"].value ** 2, 0.0) ** 0.5
    values["sd2"] = _scaled(values["sdnn"], along / values["sdnn"].value if values["sdnn"].value > 0 else 0.0)
    step = out.part.series.resolution_s
    floor = 1000.0 * step / np.sqrt(2 * CLOCK_SHARE)
    for name, value in values.items():
        if step and name in _FINE and values["rmssd"].value < floor:
            out.fail(
                name,
                names[name],
                f"the clock of {1000 * step:.3g} ms is too coarse: its rounding alone is more than "
                f"{100 * CLOCK_SHARE:.0f} % of the square of an RMSSD below {floor:.0f} ms",
            )
        elif step and name in _FINE:
            out.add(name, value, names[name], f"clock of {1000 * step:.3g} ms", poor=True)
        else:
            out.add(name, value, names[name])
    if "sdann" in names:
        between = time_domain.sdann(times, nn)
        if between is None:
            out.fail("sdann", "ms", "fewer than twelve whole five-minute pieces")
        else:
            out.add("sdann", Value(between, n=nn.size), "ms")
        out.add("triangular_index", Value(time_domain.triangular_index(nn), n=nn.size), "")


def _rate(mean: Value) -> Value:
    """Return the heart rate of a mean interval; the ends of the interval change places."""
    low = None if mean.high is None or mean.low is None or mean.low <= 0 else 60_000.0 / mean.high
    high = None if low is None or mean.low is None else 60_000.0 / mean.low
    return Value(60_000.0 / mean.value, low, high, mean.n)


def _scaled(value: Value, factor: float) -> Value:
    low = None if value.low is None else value.low * factor
    high = None if value.high is None else value.high * factor
    return Value(value.value * factor, low, high, value.n)


def _frequency_domain(out: _Readings, found: Spectrum, part: Part, method: str, stem: str) -> None:
    from scipy.special import chdtri, fdtri

    n = part.nn_ms.size
    notes = [f"{found.segments} Welch segment{'s' if found.segments > 1 else ''}"]
    if found.dropped:
        notes.append(f"{found.dropped} left out for holes in the recording")
    for name in _POWERS:
        degrees, power = found.freedom[name], found.power[name]
        low, high = (float(power * degrees / chdtri(degrees, tail)) for tail in (0.025, 0.975))
        more = [*notes] if name in ("lf", "hf") else notes[1:]
        lomb = found.lomb.get(name)
        if lomb is not None and abs(lomb - power) > LOMB_DIFFERENCE * max(power, lomb):
            more.append(f"the Lomb-Scargle check gives {lomb:.3g} ms2")
        if name == "vlf" and part.window.length_s < 600:
            more.append("too short for VLF: only a few cycles")
        short = name in ("vlf", "total") and part.window.length_s < 600
        out.add(name, Value(power, low, high, n), "ms2", "; ".join(more), method, short)
    lf, hf = found.power["lf"], found.power["hf"]
    names = {"lf_nu": "nu", "hf_nu": "nu", "lf_hf": ""}
    if lf > 0 and hf > 0:
        ratio = lf / hf
        ends = [ratio / float(fdtri(found.freedom["lf"], found.freedom["hf"], p)) for p in (0.975, 0.025)]
        lowest, highest = min(*ends, ratio), max(*ends, ratio)
        said = "; ".join(notes[1:])
        out.add(
            "lf_nu",
            Value(100 * lf / (lf + hf), 100 * lowest / (1 + lowest), 100 * highest / (1 + highest), n),
            "nu",
            said,
            method,
        )
        out.add("hf_nu", Value(100 * hf / (lf + hf), 100 / (1 + highest), 100 / (1 + lowest), n), "nu", said, method)
        weak = "weak evidence alone: it depends on the recipe and on breathing"
        out.add("lf_hf", Value(ratio, lowest, highest, n), "", "; ".join(r for r in (weak, said) if r), method)
    else:
        for name, unit in names.items():
            out.fail(name, unit, "there is no variability in these bands", method)
    for name in ("lf", "hf"):
        if name in found.lomb:
            out.add(f"{name}_lomb", Value(found.lomb[name], n=n), "ms2", "", _lomb_method(stem))
        else:
            out.fail(f"{name}_lomb", "ms2", "no segment has enough intervals", _lomb_method(stem))
