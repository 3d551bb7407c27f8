"""The two public ECG records used in tests, read without any package: WFDB format 212 and its annotations."""

from pathlib import Path

import numpy as np

RATE_HZ = 360.0
BEAT_CODES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41}


def record_100(folder: Path) -> np.ndarray:
    """Return the first lead of MIT-BIH 100 in mV."""
    packed = np.fromfile(folder / "ecg" / "100.dat", dtype=np.uint8).astype(np.int32).reshape(-1, 3)
    first = packed[:, 0] | ((packed[:, 1] & 15) << 8)
    return (np.where(first > 2047, first - 4096, first) - 1024) / 200.0


def annotations_100(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return times in s and codes of the reference beats of MIT-BIH 100."""
    words = np.fromfile(folder / "ecg" / "100.atr", dtype="<u2").astype(int)
    place = i = 0
    found = []
    while i < words.size and words[i]:
        code, value = words[i] >> 10, words[i] & 0x3FF
        if code == 59:
            place += (words[i + 1] << 16) + words[i + 2]
            i += 3
        elif code == 63:
            i += 1 + (value + 1) // 2
        elif code in (60, 61, 62):
            i += 1
        else:
            place += value
            found.append((place, code))
            i += 1
    beats = [(p / RATE_HZ, c) for p, c in found if c in BEAT_CODES]
    return np.asarray([t for t, _ in beats]), np.asarray([c for _, c in beats])


def record_208(folder: Path) -> np.ndarray:
    """Return five minutes of MIT-BIH 208 in mV."""
    return (np.load(folder / "ecg" / "mitbih208.npz")["ecg"].astype(float) - 1024) / 200.0


def distance(of: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Return the distance of each time to the nearest of the others."""
    return np.abs(of[:, None] - to).min(axis=1)
