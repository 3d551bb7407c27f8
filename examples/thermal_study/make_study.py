"""Turn the open thermal-threshold data into a BIDS study that `nociscope run` takes.

    python examples/thermal_study/make_study.py STUDY

The data (15,260 yes/no trials of warm, cold and pain detection) are those of Courtin and colleagues, MIT licence,
doi 10.1101/2025.09.22.677851; the notice stands beside them in ``data/LICENSE``. Nothing is filtered silently: the
script prints who is left out and why.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

DATA = Path(__file__).parent / "data"

PARAMETERS = {"1": "cdt", "2": "wdt", "3": "cpt", "4": "hpt"}
LEFT_OUT = {"3019": "left out by the authors' own analysis script"}
ANSWERS = {"1": "yes", "0": "no", "NaN": "n/a"}

# The files give changes in degC and no baseline. Cold steps end at 30 degC below it and heat steps at 20 degC above,
# the range of a thermode of 0 to 50 degC around 30 degC, so 30 is stated here as an inference, not as a reading.
BASELINE_C = 30.0

TRIAL_COLUMNS = ("site", "side", "parameter", "trial", "intensity", "unit", "direction", "response", "rating")


def read_csv(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows of one of the data files."""
    with (DATA / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def write(path: Path, text: str) -> None:
    """Write a text file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def tsv(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a TSV text."""
    return "\n".join("\t".join(row) for row in [columns, *rows]) + "\n"


def trials_by_person() -> dict[str, list[tuple[str, ...]]]:
    """Return the trials of each person as rows of a `_beh.tsv`, in the order they stand in the file."""
    people: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for row in read_csv("aggregated_results.csv"):
        person, parameter = row["subject"], PARAMETERS[row["condition"]]
        counts[person, parameter] += 1
        answer = ANSWERS[row["response"]]
        intensity = f"{float(row['recorded_intensity']):.4f}".rstrip("0").rstrip(".")
        people[person].append(
            (
                "forearm",
                "n/a",
                parameter,
                str(counts[person, parameter]),
                intensity,
                "delta_degC",
                "constant",
                answer,
                "n/a",
            )
        )
    return people


def write_study(root: Path) -> None:
    """Write the study and print what became of every person of the source."""
    if root.exists() and any(root.iterdir()):
        sys.exit(f"{root} is not empty; name a new folder.")
    trials = trials_by_person()
    demographics = {row["ID"]: row for row in read_csv("demographics.csv")}
    excluded = {row["ID"]: row["reason"] for row in read_csv("participant_to_exclude.csv", ";")} | LEFT_OUT
    kept = [person for person in sorted(trials) if person not in excluded]

    people = []
    for person in kept:
        row = demographics[person]
        group = "neuropathy" if row["group"] == "5" else "control"
        people.append((f"sub-{person}", row["age"], row["gender"], group))
        write(root / f"sub-{person}/beh/sub-{person}_task-qst_beh.tsv", tsv(TRIAL_COLUMNS, trials[person]))
    write(root / "participants.tsv", tsv(("participant_id", "age", "sex", "group"), people))
    write_descriptions(root)

    used = sum(len(trials[person]) for person in kept)
    total = sum(map(len, trials.values()))
    unanswered = sum(row[7] == "n/a" for person in kept for row in trials[person])
    print(
        f"{len(kept)} people ({sum(p[3] == 'control' for p in people)} healthy, "
        f"{sum(p[3] == 'neuropathy' for p in people)} with diabetic polyneuropathy), {used} of {total} trials, "
        f"{unanswered} of them without an answer."
    )
    for person, reason in sorted(excluded.items()):
        what = f"{len(trials[person])} trials" if person in trials else "no trials in the source"
        print(f"Left out: {person} ({reason}; {what}).")
    silent = sorted(set(demographics) - set(trials) - set(excluded))
    if silent:
        print(f"In the demographics without trials: {', '.join(silent)}.")
    print(f"Study: {root}")


def write_descriptions(root: Path) -> None:
    """Write the files that say what the study and its columns are."""
    described = {
        "Name": "Thermal detection and pain thresholds across age and in diabetic polyneuropathy",
        "BIDSVersion": "1.11.0",
        "DatasetType": "raw",
        "License": "MIT",
        "Authors": [
            "Courtin AS",
            "Krænge CE",
            "Mitchell AG",
            "Ehmsen JF",
            "Brask-Thomsen PK",
            "Gylfadottir SS",
            "Fardo F",
        ],
        "DatasetDOI": "doi:10.1101/2025.09.22.677851",
        "ReferencesAndLinks": ["https://doi.org/10.1101/2025.09.22.677851"],
    }
    write(root / "dataset_description.json", json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    write(
        root / "README",
        "Yes/no trials of cold detection, warm detection, cold pain and heat pain in healthy people and people with\n"
        "diabetic polyneuropathy, converted from the authors' public files (MIT licence), no value changed.\n\n"
        "Two things are inferred, not stated in the source: the site (forearm) and the baseline (30 degC).\n",
    )
    write(root / "LICENSE", (DATA / "LICENSE").read_text(encoding="utf-8"))
    columns = {
        "age": {"Description": "Age", "Units": "year"},
        "sex": {"Description": "Sex", "Levels": {"F": "female", "M": "male"}},
        "group": {"Description": "Group", "Levels": {"control": "healthy", "neuropathy": "diabetic polyneuropathy"}},
    }
    write(root / "participants.json", json.dumps(columns, indent=2) + "\n")
    sidecar = {
        "TaskName": "qst",
        "TaskDescription": "Thermal steps of constant intensity; the person says whether it was felt",
        "BaselineTemperature": BASELINE_C,
        "site": {"Description": "Body site"},
        "side": {"Description": "Side of the body"},
        "parameter": {"Description": "DFNS code: cdt, wdt cold and warm detection; cpt, hpt cold and heat pain"},
        "trial": {"Description": "Number of the trial within its parameter"},
        "intensity": {"Description": "Size of the step as recorded by the thermode", "Units": "degC"},
        "unit": {"Description": "Unit of the intensity"},
        "direction": {
            "Description": "How the intensity was presented",
            "Levels": {"constant": "a step of constant size"},
        },
        "response": {"Description": "Whether it was felt", "Levels": {"yes": "felt", "no": "not felt"}},
        "rating": {"Description": "Rating 0-100; not asked for here"},
    }
    write(root / "task-qst_beh.json", json.dumps(sidecar, indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_study(Path(sys.argv[1]))
