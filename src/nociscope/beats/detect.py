"""R peaks of an ECG by the field's detector, with a second one beside it and a look at the shape of each beat."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

MAKOWSKI_DOI = "10.3758/s13428-020-01516-y"
PAN_DOI = "10.1109/TBME.1985.325532"

QRS_HZ = (8.0, 20.0)

LOWEST_HZ = 50.0
SHORTEST_S = 10.0
FLAT_MV = 0.02
"""An ECG that moves less than this in half of its two-second pieces shows no heart; a QRS complex has about 1 mV."""

TOLERANCE_S = 0.1
SAME_HEART = 0.6
"""Agreement of the two detectors below which what they found are not beats."""

ODD_CORRELATION = 0.5
"""A complex that correlates less than this with the median one of the beats around it is not a normal beat."""
TEMPLATE_BEATS = 500
BEFORE_S, AFTER_S = 0.10, 0.25


class NoHeart(ValueError):
    """The signal shows no heart beats; the message says what it shows instead."""


@dataclass(frozen=True, slots=True, eq=False)
class Detected:
    """R peaks.

    Attributes
    ----------
    times_s : ndarray, shape (n,)
    odd_shape : ndarray of bool, shape (n,)
    agreement : float
        Of the two detectors, 0 to 1.
    inverted : bool
        Whether the ECG was turned over because its main deflection points down.
    rescued : int
        Beats that only the second detector found, taken over where the first left a gap.
    """

    times_s: np.ndarray
    odd_shape: np.ndarray
    agreement: float
    inverted: bool
    rescued: int


def detect(ecg_mv: np.ndarray, sampling_hz: float) -> Detected:
    """Return the R peaks of an ECG.

    Parameters
    ----------
    ecg_mv : ndarray, shape (n,)
        In mV; samples may be NaN where the recording has none.
    sampling_hz : float
        At least 50.

    Raises
    ------
    NoHeart
        It is flat, too short, or the two detectors find different things.

    Notes
    -----
    Cleaning and peaks by NeuroKit2 (Makowski et al. 2021, doi 10.3758/s13428-020-01516-y); the second detector is
    :func:`energy_peaks`. Peaks are placed between samples by a
    parabola. Where the first leaves an interval of more than 1.6 times the median of the intervals around it, beats
    of the second inside it are taken over.
    """
    if ecg_mv.size < SHORTEST_S * sampling_hz:
        raise NoHeart(f"is shorter than {SHORTEST_S:g} s, too short to find beats in")
    if sampling_hz < LOWEST_HZ:
        raise NoHeart(f"is sampled at {sampling_hz:g} Hz, and at least {LOWEST_HZ:g} Hz are needed to place a beat")
    signal = _filled(ecg_mv)
    upward, downward = _deflections(signal, sampling_hz)
    if upward + downward < FLAT_MV:
        raise NoHeart("is flat: there is no heart beat in it")
    inverted = downward > 1.3 * upward
    if inverted:
        signal = -signal
    clean, first, second = _two_detectors(signal, sampling_hz)
    agreement = agreement_of(first / sampling_hz, second / sampling_hz)
    if first.size < 3 or agreement < SAME_HEART:
        raise NoHeart(f"shows no heart beats that two detectors agree on (agreement {100 * agreement:.0f} %)")
    both = _rescue(first, second, clean, sampling_hz)
    both = _without_ends(both[np.isfinite(ecg_mv[both])], clean, sampling_hz)
    times = _between_samples(clean, both) / sampling_hz
    keep = np.concatenate([[True], np.diff(times) > 0])
    return Detected(
        times[keep], odd_shapes(clean, both, sampling_hz)[keep], agreement, inverted, both.size - first.size
    )


def _filled(signal: np.ndarray) -> np.ndarray:
    """Bridge missing samples by straight lines, so that filters can run; beats there are dropped afterwards."""
    good = np.isfinite(signal)
    if good.all():
        return np.asarray(signal, dtype=float)
    if not good.any():
        raise NoHeart("holds no number")
    places = np.arange(signal.size)
    return np.interp(places, places[good], signal[good])


def _deflections(signal: np.ndarray, sampling_hz: float) -> tuple[float, float]:
    """Return how far the signal rises above and falls below its local median, typically, in two-second pieces."""
    width = int(2 * sampling_hz)
    pieces = signal[: signal.size // width * width].reshape(-1, width)
    centre = np.median(pieces, axis=1)
    return float(np.median(pieces.max(axis=1) - centre)), float(np.median(centre - pieces.min(axis=1)))


def _two_detectors(signal: np.ndarray, sampling_hz: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cleaned signal, and the sample numbers of the peaks of both detectors."""
    import neurokit2 as nk

    rate = round(sampling_hz) if abs(sampling_hz - round(sampling_hz)) < 1e-6 else sampling_hz
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clean = np.asarray(nk.ecg_clean(signal, sampling_rate=rate, method="neurokit"), dtype=float)
            first = _peaks(nk.ecg_peaks(clean, sampling_rate=rate, method="neurokit"))
        except (ValueError, IndexError, TypeError, ZeroDivisionError) as error:
            raise NoHeart(f"holds nothing that the beat detector can use ({type(error).__name__})") from None
    return clean, first, _at_peak(clean, energy_peaks(signal, sampling_hz), sampling_hz)


def energy_peaks(signal: np.ndarray, sampling_hz: float) -> np.ndarray:
    """Return where the energy between 8 and 20 Hz peaks: a second detector that shares nothing with the first.

    The idea is that of Pan and Tompkins 1985 (doi 10.1109/TBME.1985.325532): band-pass, square, smooth, adaptive
    threshold. Here everything is symmetric in time, so that peaks are not delayed, and the threshold is a quarter of
    the median of the highest energies of the two-second pieces around.

    Parameters
    ----------
    signal : ndarray, shape (n,)
        Without NaN.
    sampling_hz : float

    Returns
    -------
    ndarray of int
        Samples.
    """
    from scipy.ndimage import median_filter, uniform_filter1d
    from scipy.signal import butter, find_peaks, sosfiltfilt

    high = min(QRS_HZ[1], 0.45 * sampling_hz)
    band = butter(2, (QRS_HZ[0], high), "bandpass", fs=sampling_hz, output="sos")
    energy = uniform_filter1d(sosfiltfilt(band, signal) ** 2, max(1, int(0.12 * sampling_hz)))
    width = int(2 * sampling_hz)
    highest = energy[: energy.size // width * width].reshape(-1, width).max(axis=1)
    usual = median_filter(highest, size=5, mode="nearest")
    centres = (np.arange(highest.size) + 0.5) * width
    threshold = 0.25 * np.interp(np.arange(energy.size), centres, usual)
    peaks, _ = find_peaks(energy, height=np.maximum(threshold, 1e-12), distance=max(1, int(0.25 * sampling_hz)))
    return np.asarray(peaks, dtype=int)


def _peaks(found: tuple[object, dict[str, object]]) -> np.ndarray:
    peaks = np.asarray(found[1]["ECG_R_Peaks"], dtype=float)
    return np.unique(peaks[np.isfinite(peaks)].astype(int))


def _without_ends(places: np.ndarray, clean: np.ndarray, sampling_hz: float) -> np.ndarray:
    """Leave out low peaks in the first and last 0.3 s: waves of complexes that the recording cut off."""
    reach = 0.3 * sampling_hz
    at_end = (places < reach) | (places > clean.size - reach)
    low = clean[places] < 0.5 * np.median(clean[places]) if places.size else at_end
    kept: np.ndarray = places[~(at_end & low)]
    return kept


def _at_peak(clean: np.ndarray, places: np.ndarray, sampling_hz: float) -> np.ndarray:
    """Move each place to the highest sample within 80 ms."""
    if not places.size:
        return places
    reach = max(1, int(0.08 * sampling_hz))
    window = np.clip(places[:, None] + np.arange(-reach, reach + 1), 0, clean.size - 1)
    return np.unique(window[np.arange(places.size), np.argmax(clean[window], axis=1)])


def agreement_of(first_s: np.ndarray, second_s: np.ndarray, tolerance_s: float = TOLERANCE_S) -> float:
    """Return the harmonic mean of the shares of beats of each that the other has within the tolerance.

    Parameters
    ----------
    first_s, second_s : ndarray
        Sorted beat times, in s.
    """
    if not first_s.size or not second_s.size:
        return 0.0
    shares = [float(np.mean(_distance(a, b) <= tolerance_s)) for a, b in ((first_s, second_s), (second_s, first_s))]
    return 2 * shares[0] * shares[1] / sum(shares) if sum(shares) else 0.0


def _distance(of: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Return the distance of each time to the nearest of the others."""
    right = np.clip(np.searchsorted(to, of), 0, to.size - 1)
    left = np.clip(right - 1, 0, to.size - 1)
    return np.minimum(np.abs(of - to[right]), np.abs(of - to[left]))


def _rescue(first: np.ndarray, second: np.ndarray, clean: np.ndarray, sampling_hz: float) -> np.ndarray:
    """Add beats of the second detector where the first left a long interval."""
    from nociscope.beats.editing import running_median

    intervals = np.diff(first)
    usual = running_median(intervals.astype(float), 11)
    long = np.flatnonzero(intervals > 1.6 * usual)
    if not long.size or not second.size:
        return first
    added = []
    for i in long:
        clearance = 0.45 * usual[i]
        inside = second[(second > first[i] + clearance) & (second < first[i + 1] - clearance)]
        height = np.median(clean[first[max(0, i - 10) : i + 12]])
        last = -np.inf
        for place in inside:
            if clean[place] > 0.3 * height and place - last > clearance:
                added.append(int(place))
                last = place
    return np.union1d(first, np.asarray(added, dtype=int)) if added else first


def _between_samples(clean: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the places of peaks in samples, to a fraction of one, by a parabola through three samples."""
    inner = np.clip(places, 1, clean.size - 2)
    before, here, after = clean[inner - 1], clean[inner], clean[inner + 1]
    curve = before - 2 * here + after
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(curve < 0, 0.5 * (before - after) / np.where(curve < 0, curve, 1.0), 0.0)
    return places + np.clip(shift, -0.5, 0.5) * (places == inner)


def odd_shapes(clean: np.ndarray, places: np.ndarray, sampling_hz: float) -> np.ndarray:
    """Tell which beats do not look like the median of the 500 beats around them.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where the correlation with the median complex (100 ms before to 250 ms after the peak, so that the
        repolarisation counts) is below 0.5. Both limits were set on two public records, one without and one with
        many ventricular beats, and change little between 0.5 and 0.75.
    """
    offsets = np.arange(-int(BEFORE_S * sampling_hz), int(AFTER_S * sampling_hz) + 1)
    odd = np.zeros(places.size, dtype=bool)
    if places.size < 5:
        return odd
    blocks = max(1, round(places.size / TEMPLATE_BEATS))
    for part in np.array_split(np.arange(places.size), blocks):
        window = clean[np.clip(places[part, None] + offsets, 0, clean.size - 1)]
        centred = window - window.mean(axis=1, keepdims=True)
        template = np.median(centred, axis=0)
        template -= template.mean()
        norm = np.sqrt((centred**2).sum(axis=1) * (template**2).sum())
        odd[part] = centred @ template < ODD_CORRELATION * norm
    return odd
