"""Virtual questionnaires: answers to single items, made from scores that were chosen first.

The way is the reverse of measuring: a score is drawn, and answers are dealt out that must give it. Points, weights
and bands stand here a second time, so that a slip in an instrument's file does not agree with itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nociscope.truth import Simulated, TrueValue, Truth
from nociscope.tsv import Value

Rows = dict[str, dict[str, Value]]

# Effect sizes are made up for demonstration, tests and power; none is taken from any source.
_BASE = {"control": 0.12, "FM": 0.55}


class _Person:
    """Levels of one virtual person, 0 to 1, with the noise of the day."""

    def __init__(self, truth: Truth, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        base = _BASE.get(truth.group, 0.3)
        fibre = max(truth.of("distal_small_fibre_loss"), truth.of("proximal_small_fibre_loss"))
        style = 0.04 * truth.response_style
        self.pain = base + 0.25 * truth.of("central_gain") + style
        self.neuropathic = 0.6 * base + 0.35 * fibre + style
        self.autonomic = 0.5 * base + 0.4 * truth.of("cardiac_autonomic_shift") + style
        self.mood = 0.8 * base + style
        self.rows: Rows = {}
        self.truths: list[TrueValue] = []

    def upto(self, top: int, level: float, noise: float = 0.12) -> int:
        """Draw a whole number from 0 to `top` about a level."""
        drawn = float(np.clip(self.rng.normal(level, noise), 0.0, 1.0))
        return round(drawn * top)

    def chance(self, level: float) -> int:
        """Draw 0 or 1."""
        return int(self.rng.random() < level)

    def deal(self, total: int, count: int, top: int) -> list[int]:
        """Return `count` whole numbers of 0 to `top` with a given sum."""
        out = [0] * count
        while total > 0:
            place = int(self.rng.integers(count))
            if out[place] < top:
                out[place] += 1
                total -= 1
        return out

    def true(self, measure: str, value: float) -> None:
        """Note a value that was put in."""
        self.truths.append(TrueValue(measure=measure, value=value))

    def summed(self, key: str, parts: Sequence[tuple[str, str, int]], level: float, add_up: bool = True) -> int:
        """Deal out an instrument whose parts are sums; a part is (measure, items, top answer)."""
        whole = 0
        for measure, items, top in parts:
            names = items.split()
            score = self.upto(len(names) * top, level)
            self.rows.setdefault(key, {}).update(zip(names, self.deal(score, len(names), top), strict=True))
            if measure:
                self.true(measure, score)
            whole += score
        if add_up:
            self.true(f"{key}_total", whole)
        return whole


def _q(*places: int) -> str:
    return " ".join(f"q{n}" for n in places)


def _run(first: int, last: int) -> str:
    return _q(*range(first, last + 1))


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return the answers of a virtual person to every scored instrument.

    Parameters
    ----------
    truth : Truth
        Group, `central_gain`, the small-fibre losses, `cardiac_autonomic_shift` and the response style move the
        answers.
    seed : int

    Returns
    -------
    Simulated
        One row an instrument; true values of every score.
    """
    person = _Person(truth, seed)
    _pain_areas(person)
    _fiqr(person)
    _npsi(person)
    _screeners(person)
    _compass31(person)
    _mood_and_function(person)
    _psqi(person)
    _rand36(person)
    _migraine(person)
    rows = {key: (row,) for key, row in person.rows.items()}
    return Simulated(rows=rows, true_values=tuple(person.truths))


_REGION = {
    "left_upper": ("shoulder_girdle_left", "upper_arm_left", "lower_arm_left"),
    "right_upper": ("shoulder_girdle_right", "upper_arm_right", "lower_arm_right"),
    "left_lower": ("hip_left", "upper_leg_left", "lower_leg_left"),
    "right_lower": ("hip_right", "upper_leg_right", "lower_leg_right"),
    "axial": ("neck", "upper_back", "lower_back"),
}
_UNCOUNTED = ("jaw_left", "jaw_right", "chest", "abdomen")


def _pain_areas(person: _Person) -> None:
    row: dict[str, Value] = {}
    regions = wpi = 0
    for areas in _REGION.values():
        painful = person.upto(3, person.pain, 0.25)
        marks = person.deal(painful, 3, 1)
        row.update(zip(areas, marks, strict=True))
        regions += painful > 0
        wpi += painful
    for area in _UNCOUNTED:
        mark = person.chance(0.6 * person.pain)
        row[area] = mark
        wpi += mark
    sss = 0
    for part in ("fatigue", "unrefreshed", "cognition"):
        score = person.upto(3, person.pain, 0.2)
        row[part] = score
        sss += score
    for symptom in ("headache", "abdominal_pain", "depression"):
        mark = person.chance(person.pain)
        row[symptom] = mark
        sss += mark
    row["somatic"] = person.upto(3, person.pain, 0.2)
    row["duration_months"] = person.upto(120, person.pain) + 1
    row["other_disorder"] = "yes" if person.chance(0.05) else "no"
    row["tender_points"] = person.upto(18, person.pain)
    row["widespread_1990"] = "yes" if regions == 5 else "no"
    row["aapt_sites"] = min(9, (wpi + 1) // 2)
    person.rows["fm_criteria"] = row
    for measure, value in (("wpi", wpi), ("sss", sss), ("regions_positive", regions), ("pds", wpi + sss)):
        person.true(measure, value)


def _fiqr(person: _Person) -> None:
    row = person.rows.setdefault("fiqr", {})
    total = 0.0
    for part, items, divisor in (
        ("function", _run(1, 9), 3),
        ("impact", _q(10, 11), 1),
        ("symptoms", _run(12, 21), 2),
    ):
        names = items.split()
        raw = person.upto(10 * len(names), person.pain)
        row.update(zip(names, person.deal(raw, len(names), 10), strict=True))
        person.true(f"fiqr_{part}", raw / divisor)
        total += raw / divisor
    person.true("fiqr_total", total)


def _npsi(person: _Person) -> None:
    row = person.rows.setdefault("npsi", {"q4": person.upto(4, 0.5), "q7": person.upto(4, 0.5)})
    total = 0
    dimensions = (
        ("burning", _q(1)), ("pressing", _q(2, 3)), ("paroxysmal", _q(5, 6)), ("evoked", _q(8, 9, 10)),
        ("paraesthesia", _q(11, 12)),
    )  # fmt: skip
    for name, items in dimensions:
        names = items.split()
        raw = person.upto(10 * len(names), person.neuropathic, 0.2)
        row.update(zip(names, person.deal(raw, len(names), 10), strict=True))
        person.true(f"npsi_{name}", raw / len(names))
        total += raw
    person.true("npsi_total", total)


def _screeners(person: _Person) -> None:
    raw = person.upto(35, person.neuropathic)
    pattern = int(person.rng.integers(1, 5))
    radiation = person.chance(person.neuropathic)
    answers = dict(zip(_run(1, 7).split(), person.deal(raw, 7, 5), strict=True))
    person.rows["paindetect"] = {**answers, "pattern": pattern, "radiation": radiation}
    person.true("paindetect_total", raw + (0, -1, 1, 1)[pattern - 1] + 2 * radiation)
    interview, examination = person.upto(7, person.neuropathic), person.upto(3, person.neuropathic)
    answers = dict(zip(_run(1, 7).split(), person.deal(interview, 7, 1), strict=True))
    answers |= dict(zip(_run(8, 10).split(), person.deal(examination, 3, 1), strict=True))
    person.rows["dn4"] = {**answers}
    person.true("dn4_interview", interview)
    person.true("dn4_total", interview + examination)
    for key in ("lanss", "slanss"):
        marks = [person.chance(person.neuropathic) for _ in range(7)]
        person.rows[key] = dict(zip(_run(1, 7).split(), marks, strict=True))
        person.true(f"{key}_total", sum(w for w, m in zip((5, 5, 3, 2, 1, 5, 3), marks, strict=True) if m))
    person.summed("sfnsl", (("", _run(1, 21), 4),), person.neuropathic)
    person.summed("sfn_siq", (("", _run(1, 13), 3),), person.neuropathic)


_UP, _DOWN, _SHIFTED, _SHIFTED_DOWN = (0, 1, 2, 3), (0, 3, 2, 1), (0, 2, 3, 4), (0, 4, 3, 2)
_NO = {8: 2, 9: 2, 10: 2, 12: 3, **dict.fromkeys((3, 4, 7, 18, 19, 22, 23, 28, 30), 4)}
"""COMPASS-31: a printed code without points, where 1 is not one."""


def _code(question: int, points: int, table: Sequence[int]) -> int:
    """Return a printed code with these points; `table` gives the code of each number of points."""
    return table[points] if points else _NO.get(question, 1)


def _compass31(person: _Person) -> None:
    row: dict[str, Value] = {}
    total = 0.0

    def block(gate: int, tables: Sequence[tuple[int, Sequence[int]]]) -> int:
        """Answer a gate and its followers; a no leaves them empty."""
        if not person.chance(0.3 + 0.7 * person.autonomic):
            row[f"q{gate}"] = 2
            row.update({f"q{n}": None for n, _ in tables})
            return 0
        row[f"q{gate}"] = 1
        raw = 1
        for n, table in tables:
            points = person.upto(len(table) - 1, person.autonomic, 0.25)
            row[f"q{n}"] = _code(n, points, table)
            raw += points
        return raw

    def single(n: int, table: Sequence[int]) -> int:
        points = person.upto(len(table) - 1, person.autonomic, 0.25)
        row[f"q{n}"] = _code(n, points, table)
        return points

    standing = block(1, ((2, _SHIFTED), (3, _UP), (4, _DOWN)))
    colour = block(5, ((7, _DOWN),))
    parts = person.upto(2, person.autonomic) if colour else 0
    row["q6"] = parts if colour else None
    glands = single(8, (0, 1, 5)) + single(9, (0, 1)) + single(10, (0, 1)) + single(11, _SHIFTED_DOWN)
    gut = single(12, (0, 2, 1)) + sum(single(n, (0, 2, 3)) for n in (13, 14, 15))
    gut += block(16, ((17, _SHIFTED), (18, _UP), (19, _DOWN))) + block(20, ((21, _SHIFTED), (22, _UP), (23, _DOWN)))
    bladder = sum(single(n, _SHIFTED) for n in (24, 25, 26))
    pupils = (
        single(27, _SHIFTED) + single(28, _UP) + single(29, _SHIFTED) + single(30, _UP) + single(31, _SHIFTED_DOWN)
    )
    for name, raw, most, worth in (
        ("orthostatic", standing, 10, 40), ("vasomotor", colour + parts, 6, 5), ("secretomotor", glands, 7, 15),
        ("gastrointestinal", gut, 28, 25), ("bladder", bladder, 9, 10), ("pupillomotor", pupils, 15, 5),
    ):  # fmt: skip
        score = raw / most * worth
        person.true(f"compass31_{name}", score)
        total += score
    person.rows["compass31"] = row
    person.true("compass31_total", total)


def _mood_and_function(person: _Person) -> None:
    odd, even = _q(*range(1, 15, 2)), _q(*range(2, 15, 2))
    person.summed("hads", (("hads_anxiety", odd, 3), ("hads_depression", even, 3)), person.mood, add_up=False)
    pcs = (("pcs_rumination", _run(8, 11), 4), ("pcs_magnification", _q(6, 7, 13), 4))
    person.summed("pcs", (*pcs, ("pcs_helplessness", _q(1, 2, 3, 4, 5, 12), 4)), person.mood)
    person.summed("isi", (("", _run(1, 7), 4),), person.mood)
    person.summed("midas", (("", _run(1, 5), 30),), 0.5 * person.pain)
    person.summed("pain_nrs", (("", _q(1), 10),), person.pain)
    row = person.rows.setdefault("bpi", {})
    for name, items in (("severity", _run(1, 4)), ("interference", _run(5, 11))):
        names = items.split()
        raw = person.upto(10 * len(names), person.pain)
        row.update(zip(names, person.deal(raw, len(names), 10), strict=True))
        person.true(f"bpi_{name}", raw / len(names))
    codes = [1 + person.upto(4, person.pain, 0.25) for _ in range(6)]
    person.rows["hit6"] = dict(zip(_run(1, 6).split(), codes, strict=True))
    person.true("hit6_total", sum((6, 8, 10, 11, 13)[c - 1] for c in codes))
    change = 1 + person.upto(6, 0.5, 0.2)
    person.rows["pgic"] = {"q1": change}
    person.true("pgic_total", change)


def _psqi(person: _Person) -> None:
    draw = [person.upto(3, person.mood, 0.25) for _ in range(7)]
    quality, latency, duration, efficiency, disturbances, medication, dysfunction = draw
    hours = (7.5, 6.25, 5.5, 4.0)[duration]
    in_bed = round(60 * hours / (0.95, 0.80, 0.70, 0.55)[efficiency])
    to_bed = int(person.rng.integers(21 * 60, 25 * 60)) % 1440
    up = (to_bed + in_bed) % 1440
    half = (0, 2, 4, 6)[latency]
    trouble = min(3, half)
    row: dict[str, Value] = {
        "q1": f"{to_bed // 60:02d}:{to_bed % 60:02d}",
        "q2": (10, 25, 45, 90)[half - trouble],
        "q3": f"{up // 60:02d}:{up % 60:02d}",
        "q4": hours,
        "q5a": trouble,
        "q6": quality,
        "q7": medication,
    }
    nights = (0, 5, 14, 22)[disturbances]
    row |= dict(zip((f"q5{c}" for c in "bcdefghij"), person.deal(nights, 9, 3), strict=True))
    row |= dict(zip(("q8", "q9"), person.deal((0, 1, 4, 6)[dysfunction], 2, 3), strict=True))
    person.rows["psqi"] = row
    names = ("quality", "latency", "duration", "efficiency", "disturbances", "medication", "dysfunction")
    for name, value in zip(names, draw, strict=True):
        person.true(f"psqi_{name}", value)
    person.true("psqi_total", sum(draw))


_BEST_FIRST = {1: 5, 2: 5, 20: 5, 22: 5, 34: 5, 36: 5, 21: 6, 23: 6, 26: 6, 27: 6, 30: 6}
_BEST_LAST = {
    **dict.fromkeys(range(3, 13), 3),
    **dict.fromkeys(range(13, 20), 2),
    **dict.fromkeys((24, 25, 28, 29, 31), 6),
}
_BEST_LAST |= dict.fromkeys((32, 33, 35), 5)
_RAND = {
    "physical_functioning": range(3, 13), "role_physical": range(13, 17), "role_emotional": range(17, 20),
    "energy": (23, 27, 29, 31), "emotional_wellbeing": (24, 25, 26, 28, 30), "social_functioning": (20, 32),
    "pain": (21, 22), "general_health": (1, 33, 34, 35, 36),
}  # fmt: skip


def _rand36(person: _Person) -> None:
    row: dict[str, Value] = {}
    worth: dict[int, float] = {}
    for n in range(1, 37):
        steps = _BEST_FIRST.get(n) or _BEST_LAST[n]
        good = person.upto(steps - 1, 1 - person.pain, 0.25)
        row[f"q{n}"] = steps - good if n in _BEST_FIRST else 1 + good
        worth[n] = 100 * good / (steps - 1)
    person.rows["rand36"] = row
    for name, items in _RAND.items():
        person.true(f"rand36_{name}", sum(worth[n] for n in items) / len(items))


def _migraine(person: _Person) -> None:
    features = [
        "unilateral",
        "pulsating",
        "moderate_severe",
        "worse_activity",
        "nausea_vomiting",
        "photophobia",
        "phonophobia",
    ]
    row: dict[str, Value] = {"attacks": person.upto(40, person.pain), "duration_h": 4 + person.upto(60, person.pain)}
    row |= {f: "yes" if person.chance(0.15 + person.pain) else "no" for f in features}
    person.rows["migraine_ichd3"] = {**row, "other_diagnosis": "no"}
