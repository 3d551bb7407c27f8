"""Laser-evoked potentials of the same study by nociscope and by MNE-BIDS-Pipeline, in one run.

The study: simulated recordings of 10 min, 64 channels, 1000 Hz (BrainVision, 77 MB each), 62 laser pulses. Measured:

* the whole of ``nociscope run`` (a new process, with report and figures), wall time per participant;
* the whole of ``mne_bids_pipeline`` (read, filter, epochs, rejection, average, report; no ICA, no decoding, no source
  estimation), wall time per participant: it measures no peak, so this compares how long a user waits for a page;
* the measuring part alone (`read` and `measure`, files in the page cache) beside its floor: the memory-mapped read of
  the channels that an LEP needs, and a zero-phase band-pass of the whole of them;
* the peak memory of the measuring part and of the whole.

Run: ``python benchmarks/lep_vs_mne_bids_pipeline.py --pipeline-python VENV/bin/python``, with mne-bids-pipeline
installed in that environment; without the option only nociscope is measured. Everything runs with one BLAS thread, as
nociscope's own workers do (set before numpy is loaded).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from _machine import machine_line, timed

RATE, MINUTES, PULSES = 1000.0, 10, 62
# fmt: off
EXTRA = (
    "Fp1", "Fp2", "AF7", "AF3", "AFz", "AF4", "AF8", "F7", "F5", "F3", "F1", "F2", "F4", "F6", "F8", "FT7",
    "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8", "C5", "C1", "C2", "C6", "TP7", "CP5", "CP3",
    "CP1", "CPz", "CP2", "CP4", "CP6", "TP8", "P7", "P5", "P3", "P1", "P2", "P4", "P6", "P8", "PO7", "PO3",
    "POz", "PO4", "PO8", "O1", "Oz", "O2", "Fpz",
)
# fmt: on

CONFIG = """
bids_root = {root!r}
deriv_root = {out!r}
task = "lep"
data_type = "eeg"
ch_types = ["eeg"]
eeg_reference = ["A1", "A2"]
eeg_template_montage = "standard_1005"
interactive = False
l_freq = 0.3
h_freq = 30.0
conditions = ["laser"]
epochs_tmin = -0.5
epochs_tmax = 1.0
baseline = (None, 0)
reject = {{"eeg": 200e-6}}
spatial_filter = None
decode = False
run_source_estimation = False
n_jobs = 1
memory_location = False
on_error = "abort"
"""


def write_study(root: Path, people: int) -> None:
    """Write the study; every person has other noise."""
    from nociscope.assays.lep.simulate import files_of
    from nociscope.assays.lep.synthesis import Design, Response, Session, session

    people_lines = ["participant_id\tage\tsex\tgroup"]
    low = (MINUTES * 60 - 8) / PULSES
    for number in range(1, people + 1):
        design = Design(
            blocks=2, pulses=PULSES // 2, rate=RATE, interval_s=(low - 0.3, low + 0.2), habituation=(1, 0.8)
        )
        made = session([Response()], design, number)
        rng = np.random.default_rng(number)
        samples = int(MINUTES * 60 * RATE)
        cz = made.channels.index("Cz")
        data = np.empty((len(made.channels) + len(EXTRA), samples), dtype=np.float32)
        kept = min(samples, made.signals_uv.shape[1])
        data[: len(made.channels)] = rng.normal(0, 4, (len(made.channels), samples))
        data[: len(made.channels), :kept] = made.signals_uv[:, :kept]
        for k in range(len(EXTRA)):
            data[len(made.channels) + k] = rng.uniform(0.2, 0.9) * data[cz] + rng.normal(0, 3, samples)
        whole = Session(
            channels=(*made.channels, *EXTRA), rate=RATE, signals_uv=data, trials=made.trials, true_values=()
        )
        for f in files_of(whole):
            stem = f"sub-{number:02d}_task-lep_{f.suffix}"
            path = root / f"sub-{number:02d}/eeg/{stem}{f.extension}"
            path.parent.mkdir(parents=True, exist_ok=True)
            is_text = f.extension in (".vhdr", ".vmrk")
            path.write_bytes(f.content.replace(b"{stem}", stem.encode()) if is_text else f.content)
        people_lines.append(f"sub-{number:02d}\t40\tF\tcontrol")
    (root / "participants.tsv").write_text("\n".join(people_lines) + "\n")
    (root / "README").write_text("A simulated study to time programs on; nobody took part in it.\n" * 4)
    (root / "dataset_description.json").write_text(json.dumps({"Name": "Timing", "BIDSVersion": "1.10.0"}))


def floor(root: Path) -> None:
    """Read four channels through a memory map and band-pass the whole of them."""
    from scipy.signal import butter, sosfiltfilt

    path = root / "sub-01/eeg/sub-01_task-lep_eeg.eeg"
    mapped = np.memmap(path, dtype="<i2", mode="r").reshape(-1, 64)
    picked = np.ascontiguousarray(mapped[:, [1, 0, 3, 9]].T).astype(np.float64) * 0.1
    sosfiltfilt(butter(2, [0.3, 30], "bandpass", fs=RATE, output="sos"), picked, axis=1)


def measuring(root: Path) -> None:
    """Read and measure the first person."""
    from nociscope.assays.lep import ASSAY
    from nociscope.study import open_study

    visit = open_study(root).visits["sub-01"][0]
    settings = ASSAY.settings()
    readings = ASSAY.measure(ASSAY.read(visit, settings), settings)
    assert any(r.measure == "n2p2_amplitude" and r.value for r in readings)


def parts(root: Path) -> None:
    """Print the floor, the measuring part and the peak memory of this process, as JSON."""
    from nociscope.assays.lep import ASSAY
    from nociscope.study import open_study

    visit = open_study(root).visits["sub-01"][0]
    settings = ASSAY.settings()

    def reading() -> object:
        return ASSAY.read(visit, settings)

    ASSAY.measure(reading(), settings)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"memory_mb": memory}
    for name, function in (
        ("floor", lambda: floor(root)),
        ("read", reading),
        ("read_and_measure", lambda: ASSAY.measure(reading(), settings)),
        ("floor_again", lambda: floor(root)),
    ):
        timing = timed(function, 9)
        result[name] = [timing.median, timing.low, timing.high]
    print(json.dumps(result))


def child(command: list[str], **environment: str) -> tuple[float, float]:
    """Run a command; return its wall seconds and the peak memory of its largest process in MB."""
    with tempfile.TemporaryFile("w+") as words:
        started = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=words, stderr=words)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        words.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{words.read()[-3000:]}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline-python", default="")
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--parts", default="", help=argparse.SUPPRESS)
    parser.add_argument("--write", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.parts:
        parts(Path(options.parts))
        return
    if options.write:
        write_study(Path(options.write), options.people)
        return
    print(machine_line())
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "study"
        # in a process of its own: a child's peak memory begins at that of its parent
        subprocess.run([sys.executable, __file__, "--write", str(root), "--people", str(options.people)], check=True)
        done = subprocess.run(
            [sys.executable, __file__, "--parts", str(root)], capture_output=True, text=True, check=True
        )
        found = json.loads(done.stdout)
        base = min(found["floor"][0], found["floor_again"][0])
        for name in ("floor", "floor_again", "read", "read_and_measure"):
            middle, low, high = (1000 * x for x in found[name])
            print(f"{name:18s} {middle:7.1f} ms (min {low:.1f}, max {high:.1f})  {middle / 1000 / base:.2f} x floor")
        print(f"peak memory of read and measure: {found['memory_mb']:.0f} MB")
        command = [sys.executable, "-m", "nociscope", "run", str(root), str(Path(folder) / "ours"), "--jobs", "1"]
        ours, memory = child([*command, "--assay", "lep"])
        print(f"nociscope run: {ours:.2f} s in all, {ours / options.people:.2f} s per participant, {memory:.0f} MB")
        if options.pipeline_python:
            config = Path(folder) / "config.py"
            config.write_text(CONFIG.format(root=str(root), out=str(Path(folder) / "theirs")))
            theirs, memory = child(
                [str(Path(options.pipeline_python).with_name("mne_bids_pipeline")), "--config", str(config)],
                PYTHONPATH="",
            )
            per = theirs / options.people
            print(f"MNE-BIDS-Pipeline: {theirs:.2f} s in all, {per:.2f} s per participant, {memory:.0f} MB")
            print(f"ratio of wall time per participant: {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
