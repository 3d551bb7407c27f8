"""Reading QST: values of ``phenotype/qst.tsv`` and trials of ``beh/*_task-qst_beh.tsv``.

All refusals happen here, one by one and by name; what comes out is in the canonical unit of each parameter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nociscope import files
from nociscope.assays.qst import conversion
from nociscope.assays.qst.conversion import Refused
from nociscope.assays.qst.inputs import QST_SITES, SIDES, TRIAL_FILES, TRIALS, VALUES
from nociscope.assays.qst.parameters import PARAMETERS, SLOPE_CODES, Parameter
from nociscope.assays.qst.settings import Settings
from nociscope.problems import BadInput, Problem
from nociscope.tables import Censored
from nociscope.tsv import MISSING, RawRow, Row, format_number, split_tsv

if TYPE_CHECKING:
    from nociscope.study.records import FileRecord, Visit

Task = Literal["limits", "yes_no", "rating", "count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QstValue:
    """One value of the table, in its parameter's canonical unit."""

    site: str
    side: str
    parameter: str
    value: float
    censored: Censored = "none"
    device: str = MISSING
    method: str = "table"
    remark: str = ""
    source: str = MISSING
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial.

    Attributes
    ----------
    site, side, parameter, device, source : str
    task : {'limits', 'yes_no', 'rating', 'count'}
        What kind of trial it is, hence how trials of its kind become a reading.
    intensity : float or None
        `limits`: canonical unit of the parameter (for `tsl`: see `absolute`); `yes_no`: size of the step, degC.
    absolute : bool
        `tsl` only: the intensity is a temperature, not a span.
    direction, response : str
        Empty when missing.
    rating : float or None
        0-100.
    baseline : float or None
        degC, None where neither the row nor the sidecar says.
    order : float
        The trial number, or the row.
    remark : str
    """

    site: str
    side: str
    parameter: str
    task: Task
    intensity: float | None = None
    absolute: bool = False
    direction: str = ""
    response: str = ""
    rating: float | None = None
    baseline: float | None = None
    device: str = MISSING
    order: float = 0.0
    remark: str = ""
    source: str = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class QstRecording:
    """All QST of one visit: values that came as values, and trials; `group` as in ``participants.tsv``."""

    values: tuple[QstValue, ...] = ()
    trials: tuple[Trial, ...] = ()
    group: str = ""
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: Settings) -> QstRecording:
    """Read the QST of a visit.

    Parameters
    ----------
    visit : Visit
    settings : Settings

    Returns
    -------
    QstRecording

    Raises
    ------
    BadInput
        Nothing is left that could be used, and something was refused.
    """
    problems: list[Problem] = []
    values: list[QstValue] = []
    trials: list[Trial] = []
    sources: list[str] = []
    try:
        parsed = visit.table(VALUES)
        problems += parsed.problems
        sources += [r.file for r in parsed.rows] + [p.file for p in parsed.problems if p.file]
        values = _values(parsed.rows, settings, problems)
    except BadInput as error:
        problems += error.problems
    for record in visit.find(
        datatype=TRIAL_FILES.datatype,
        suffix=TRIAL_FILES.suffix,
        extensions=TRIAL_FILES.extensions,
        **dict(TRIAL_FILES.entities),
    ):
        sources.append(record.path)
        try:
            trials += _trials(visit, record, settings, problems)
        except BadInput as error:
            problems += error.problems
    placed = tuple(
        p.at(participant_id=visit.participant_id, session_id=visit.session_id, assay="qst")
        for p in sorted(problems, key=lambda p: (p.file, p.row or 0))
    )
    if not values and not trials and any(p.severity == "error" for p in placed):
        raise BadInput(placed)
    return QstRecording(
        values=tuple(values),
        trials=tuple(trials),
        group=visit.participant.group,
        problems=placed,
        sources=tuple(dict.fromkeys(sources)),
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a remedy that suggests the known word nearest to an unknown one."""
    import difflib

    choices = tuple(known)
    close = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    begins = [c for c in choices if word and c.startswith(word.lower())]
    found = close or begins[:1]
    return f"write {found[0]} if you meant it" if found else f"use one of {', '.join(choices)}"


def _place(row: Row) -> tuple[str, str, Parameter]:
    """Return site, side and parameter of a row.

    Raises
    ------
    Refused
        One of them is not known.
    """
    code = row.text("parameter").lower()
    if code not in PARAMETERS:
        raise Refused("parameter", "is not a QST parameter", nearest(code, PARAMETERS), "unknown-parameter")
    site = row.text("site").lower()
    if site not in QST_SITES:
        raise Refused("site", "is not a site that is known", nearest(site, QST_SITES), "unknown-site")
    side = row.text("side", MISSING).lower()
    if side != MISSING and side not in SIDES:
        raise Refused(
            "side", "is not a side; expected left, right, both or n/a", nearest(side, SIDES), "unknown-side"
        )
    return site, side, PARAMETERS[code]


def _values(rows: Iterable[Row], settings: Settings, problems: list[Problem]) -> list[QstValue]:
    found: list[tuple[Row, QstValue]] = []
    for row in rows:
        try:
            value = _value(row, settings)
        except Refused as error:
            problems.append(row.problem(error.column, error.what, error.remedy, code=error.code))
            continue
        if value is not None:
            found.append((row, value))
            problems += _at_device_limit(row, value, settings)
    return _without_conflicts(found, problems)


def _at_device_limit(row: Row, value: QstValue, settings: Settings) -> list[Problem]:
    """Ask about a pain threshold that equals the device's limit and is not marked as censored."""
    limit = {"cpt": settings.cold_cutoff_c, "hpt": settings.heat_cutoff_c}.get(value.parameter)
    if limit is None or value.value != limit or value.censored != "none":
        return []
    beyond = "below" if value.parameter == "cpt" else "above"
    return [
        row.problem(
            "value",
            f"is the limit of the device ({limit:g} degC), and the row does not say whether the threshold is beyond",
            f"write {beyond} in the column censored if no pain was felt up to there",
            severity="warning",
            code="at-device-limit",
        )
    ]


def _value(row: Row, settings: Settings) -> QstValue | None:
    site, side, parameter = _place(row)
    number = row.number("value")
    if number is None:
        return None
    converted = conversion.to_canonical(
        parameter, number, row.text("unit"), row.number("baseline_c"), settings.baseline_c
    )
    censored = row.text("censored", "none")
    assert censored in ("none", "below", "above")
    return QstValue(
        site=site,
        side=side,
        parameter=parameter.code,
        value=converted.value,
        censored=_censored(parameter, row, censored),  # type: ignore[arg-type]
        device=row.text("device", MISSING),
        method=row.text("method", "table"),
        remark=converted.remark,
        source=row.file,
        row=row.row,
    )


def _censored(parameter: Parameter, row: Row, censored: str) -> str:
    """Return the direction of censoring on the canonical scale.

    A cold threshold written as a temperature that lies *below* 0 degC is a magnitude *above* its bound, and the
    other way round.
    """
    turned = {"below": "above", "above": "below"}
    unit = conversion.spelled(row.text("unit"))
    negative = (row.number("value") or 0.0) < 0
    if parameter.kind == "detection" and parameter.step < 0 and (unit == "degC" or negative):
        return turned.get(censored, censored)
    if parameter.code == "cpt" and unit == "delta_degC" and not negative:
        return turned.get(censored, censored)
    return censored


def _without_conflicts(found: list[tuple[Row, QstValue]], problems: list[Problem]) -> list[QstValue]:
    """Drop every value that stands twice with different numbers, naming the rows; keep equal ones once."""
    groups: dict[tuple[str, ...], list[tuple[Row, QstValue]]] = {}
    for row, value in found:
        groups.setdefault((value.site, value.side, value.parameter, value.method), []).append((row, value))
    kept: list[QstValue] = []
    for (site, side, code, _), same in groups.items():
        row, first = same[0]
        if len(same) == 1:
            kept.append(first)
            continue
        lines = " and ".join(str(r.row) for r, _ in same)
        numbers = " and ".join(f"{format_number(v.value)} ({v.censored})" for _, v in same)
        what = f"rows {lines} both give {code} of {site} {side}"
        if all((v.value, v.censored, v.device) == (first.value, first.censored, first.device) for _, v in same):
            kept.append(first)
            problems.append(
                row.problem(
                    "", f"{what}; it is used once", "keep one of them", code="duplicate-row", severity="warning"
                )
            )
        else:
            if len({v.value for _, v in same}) > 1:
                what += f" with different values ({numbers} {PARAMETERS[code].unit})"
            else:
                what += " with different devices or censoring"
            problems.append(row.problem("", f"{what}; none is used", "keep one of them", code="duplicate-row"))
    return kept


def _trials(visit: Visit, record: FileRecord, settings: Settings, problems: list[Problem]) -> list[Trial]:
    header, rows, ragged = split_tsv(files.read_text(visit.path(record), record.path), record.path)
    problems += ragged
    for name in ("site", "parameter"):
        if name not in header:
            raise BadInput(
                Problem(
                    what=f"the column {name} is missing",
                    remedy=f"add it; a trial table has {', '.join(TRIALS.names)}",
                    code="missing-column",
                    file=record.path,
                    column=name,
                )
            )
    metadata = visit.metadata(record)
    device = _device(metadata)
    baseline = _sidecar_baseline(metadata, record.path, problems)
    parsed = TRIALS.parse(_lowered(rows))
    problems += parsed.problems
    trials: list[Trial] = []
    for row in parsed.rows:
        try:
            trial = _trial(row, settings, baseline, device)
        except Refused as error:
            problems.append(row.problem(error.column, error.what, error.remedy, code=error.code))
            continue
        if trial is not None:
            trials.append(trial)
    problems += _silent_singles(trials, record.path)
    return trials


def _silent_singles(trials: Iterable[Trial], file: str) -> Iterable[Problem]:
    """Say where every single stimulus of a wind-up series was rated 0, so that there is no ratio."""
    singles: dict[tuple[str, str], list[float]] = {}
    for trial in trials:
        if trial.parameter == "wur" and trial.direction == "single" and trial.rating is not None:
            singles.setdefault((trial.site, trial.side), []).append(trial.rating)
    for (site, side), ratings in singles.items():
        if not any(ratings):
            place = site if side == MISSING else f"{side} {site}"
            yield Problem(
                what=f"every single stimulus at the {place} was rated 0, so the wind-up ratio has no value",
                remedy="choose a stronger pinprick next time; nothing needs correcting if the ratings are right",
                severity="note",
                code="zero-ratings",
                file=file,
                column="rating",
                value="0",
            )


def _lowered(rows: Iterable[RawRow]) -> list[RawRow]:
    """Return rows whose choices are in lower case: ``Yes`` is `yes`."""
    out = []
    for row in rows:
        cells = dict(row.cells)
        for name in ("direction", "response"):
            if name in cells and cells[name].strip() != MISSING:
                cells[name] = cells[name].strip().lower()
        out.append(RawRow(row.file, row.row, cells))
    return out


def _device(metadata: dict[str, object]) -> str:
    names = [metadata.get("Manufacturer"), metadata.get("ManufacturersModelName")]
    words = [n.strip() for n in names if isinstance(n, str) and n.strip() and n.strip() != MISSING]
    return " ".join(words) or MISSING


def _sidecar_baseline(metadata: dict[str, object], file: str, problems: list[Problem]) -> float | None:
    """Return the baseline temperature that a sidecar states, None when it does not."""
    value = metadata.get("baseline_c", metadata.get("BaselineTemperature"))
    if isinstance(value, dict) or value is None:  # the data dictionary's entry of the column
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 10 <= value <= 45:
        return float(value)
    problems.append(
        Problem(
            what="the baseline temperature in the sidecar is not a number from 10 to 45",
            remedy="correct baseline_c in the JSON file",
            code="impossible-value",
            severity="warning",
            file=file,
            column="baseline_c",
            value=str(value),
        )
    )
    return None


def _trial(row: Row, settings: Settings, sidecar_baseline: float | None, device: str) -> Trial | None:
    """Return the trial of a row, None when it holds no answer.

    Raises
    ------
    Refused
        A cell cannot be right.
    """
    site, side, parameter = _place(row)
    stated = row.number("baseline_c")
    baseline = sidecar_baseline if stated is None else stated
    answer = _answer(row, parameter, baseline, settings)
    if answer is None:
        return None
    return Trial(
        site=site,
        side=side,
        parameter=parameter.code,
        task=answer.task,
        intensity=answer.intensity,
        absolute=answer.absolute,
        direction=row.text("direction"),
        response=row.text("response"),
        rating=row.number("rating"),
        baseline=baseline,
        device=row.text("device", device),
        order=row.number("trial") or float(row.row),
        remark=answer.remark,
        source=row.file,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What kind of trial a row is, and its intensity on the scale of that kind; see :class:`Trial`."""

    task: Task
    intensity: float | None = None
    remark: str = ""
    absolute: bool = False


def _answer(row: Row, parameter: Parameter, baseline: float | None, settings: Settings) -> _Answer | None:
    """Return what a row answers, None when it holds no answer.

    Raises
    ------
    Refused
        A cell cannot be right.
    """
    intensity, response = row.number("intensity"), row.text("response")
    if row.text("direction") == "constant" and parameter.code in SLOPE_CODES:
        if intensity is None or not response:
            return None
        return _Answer("yes_no", _step(parameter, intensity, row.text("unit"), baseline, settings))
    if parameter.kind in ("rating", "ratio"):
        if row.number("rating") is None:
            return None
        if parameter.kind == "ratio" and row.text("direction") not in ("single", "train"):
            raise Refused(
                "direction", "is not single or train, which wind-up needs", "write which it was", "bad-direction"
            )
        return _Answer("rating")
    if parameter.kind == "count":
        if response:
            return _Answer("count")
        if intensity is None:
            return None
        counted = conversion.to_canonical(parameter, intensity, "", None, settings.baseline_c, "intensity")
        return _Answer("count", counted.value)
    return _limit(row, parameter, intensity, baseline, settings)


def _limit(
    row: Row, parameter: Parameter, intensity: float | None, baseline: float | None, settings: Settings
) -> _Answer | None:
    """Return a limits trial or a turning point; a thermal limen keeps its sign, which tells cold from warm."""
    if row.text("direction") not in ("", "up", "down"):
        raise Refused(
            "direction", f"is not a direction of {parameter.code}; expected up or down", "correct it", "bad-direction"
        )
    if intensity is None:
        return None
    unit = row.text("unit")
    converted = conversion.to_canonical(parameter, intensity, unit, baseline, settings.baseline_c, "intensity")
    if parameter.kind == "span":
        return _Answer("limits", intensity, converted.remark, absolute=conversion.spelled(unit) == "degC")
    return _Answer("limits", converted.value, converted.remark)


def _step(parameter: Parameter, intensity: float, unit: str, baseline: float | None, settings: Settings) -> float:
    """Return the magnitude in degC of the step of a yes/no trial."""
    name = conversion.spelled(unit)
    if name == "delta_degC":
        if abs(intensity) > 80:
            raise Refused("intensity", "is impossible for a step in degC", "correct the cell", "impossible-value")
        return abs(intensity)
    if name != "degC":
        raise Refused("unit", "is not degC or delta_degC", "write the unit that was measured in", "wrong-unit")
    if baseline is None:
        baseline = settings.baseline_c
    step = parameter.step * (intensity - baseline)
    if step < 0 or not conversion.LOWEST_C <= intensity <= conversion.HIGHEST_C:
        raise Refused(
            "intensity",
            f"degC is not a step of {parameter.code} from {format_number(baseline)} degC",
            "correct the cell or baseline_c",
            "impossible-value",
        )
    return step
