"""Where results may be written, who may write, and what an interruption leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from nociscope.engine import Options, run_study
from nociscope.engine.lock import hold
from nociscope.problems import CannotWrite, UsageError
from tests.engine.conftest import SMALL, command, contents, environment, nociscope, write_study


@pytest.mark.parametrize("where", ["", "results", "derivatives", "sub-01/x"])
def test_output_in_the_study_is_refused_before_anything_is_written(study, where):
    before = contents(study)
    with pytest.raises(UsageError):
        run_study(study, study / where)
    assert contents(study) == before
    assert not (study / "results").exists()


def test_output_in_the_study_through_a_link_is_refused(study, tmp_path):
    (tmp_path / "link").symlink_to(study)
    with pytest.raises(UsageError):
        run_study(study, tmp_path / "link" / "results")


@pytest.mark.parametrize("where", ["file", "file/out", "file/deep/out"])
def test_output_that_is_or_needs_a_file_is_refused(study, tmp_path, where):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CannotWrite):
        run_study(study, tmp_path / where)
    assert (tmp_path / "file").read_text() == "mine"


def test_read_only_output_is_refused(study, tmp_path):
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    if os.access(out, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(CannotWrite):
        run_study(study, out)


@pytest.mark.parametrize("name", ["sub-01", "group", "logs", ".nociscope"])
def test_links_that_lead_out_are_not_written_through(study, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(outside)
    with pytest.raises(CannotWrite, match="link"):
        run_study(study, tmp_path / "out")
    assert not list(outside.iterdir())


def test_deep_and_file_links_are_not_written_through(study, tmp_path):
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    (outside / "page").write_text("mine")
    (out / "sub-02").mkdir(parents=True)
    (out / "sub-02" / "sub-02_report.html").symlink_to(outside / "page")
    (out / "index.html").symlink_to(outside / "new")
    assert run_study(study, out).exit_code == 0
    assert (outside / "page").read_text() == "mine"
    assert not (outside / "new").exists()
    (out / "sub-03" / "figures").rename(out / "sub-03" / "old")
    (out / "sub-03" / "figures").symlink_to(outside)
    with pytest.raises(CannotWrite, match="link"):
        run_study(study, out)
    assert [p.name for p in outside.iterdir()] == ["page"]


def test_second_run_is_told_that_one_is_going_on(study, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with hold(out):
        done = nociscope("run", study, out, "--jobs", "1")
    assert done.returncode == 73
    assert "going on" in done.stderr
    assert run_study(study, out).exit_code == 0


def test_jobs_of_a_cluster_share_an_output_but_not_a_person(study, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with hold(out, ["sub-01"]):
        assert run_study(study, out, Options(level="participant", participants=("02",))).made == 1
        with pytest.raises(CannotWrite, match="going on"):
            run_study(study, out, Options(level="participant", participants=("01",)))
        with pytest.raises(CannotWrite, match="going on"):
            run_study(study, out, Options(level="group"))
    assert run_study(study, out).made == 2


def children_of(pid: int) -> set[int]:
    """Return the living descendants of a process (zombies are dead)."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found, new = set(), {pid}
    while new:
        new = {p for p, parent in parents.items() if parent in new} - found
        found |= new
    return found


def alive(pids: set[int]) -> set[int]:
    return {p for p in pids if Path(f"/proc/{p}/stat").exists() and ") Z" not in Path(f"/proc/{p}/stat").read_text()}


def wait_for(condition, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see orphans")
@pytest.mark.parametrize(
    ("number", "code", "jobs"),
    [
        (signal.SIGINT, 130, 1),
        (signal.SIGTERM, 143, 2),
        (signal.SIGINT, 130, 2),
        (signal.SIGKILL, -9, 2),
    ],
)
def test_interrupted_run_leaves_nothing_half_done_and_resumes(tmp_path, number, code, jobs):
    marker = tmp_path / "marker"
    rows = [SMALL[2], ("sub-03", "face", 1, f"sleep:{marker}"), ("sub-04", "face", 2)]
    study, out = write_study(tmp_path / "study", rows), tmp_path / "out"
    process = subprocess.Popen(
        command("run", study, out, "--jobs", jobs),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert wait_for(marker.exists)
    family = children_of(process.pid)
    process.send_signal(number)
    _stdout, stderr = process.communicate(timeout=15)
    assert process.returncode == code, stderr
    assert "Traceback" not in stderr
    assert wait_for(lambda: not alive(family), 10), "an orphan lives on"
    if number != signal.SIGKILL:
        assert not list(out.rglob("*.part"))
    (out / "sub-04").mkdir(exist_ok=True)
    (out / "sub-04" / ".nociscope-left.part").write_text("half")
    calm = [SMALL[2], ("sub-03", "face", 1), ("sub-04", "face", 2)]
    write_study(study, calm)
    assert run_study(study, out).exit_code == 0
    run_study(study, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")


def test_full_disk_ends_with_73_and_the_same_bytes_later(study, tmp_path, monkeypatch):
    import errno

    from nociscope import files

    out = tmp_path / "out"
    real, count = os.replace, iter(range(1000))

    def full(source, destination):
        if next(count) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, destination)

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(CannotWrite, match="No space"):
        run_study(study, out)
    monkeypatch.setattr(files.os, "replace", real)
    assert not list(out.rglob("*.part"))
    assert run_study(study, out).exit_code == 0
    run_study(study, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")
