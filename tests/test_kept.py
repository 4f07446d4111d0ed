"""Finished runs on disk: the oldest make room, what cannot be written says why, what is half written is none."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from tests.support.browser import ROOT
from tests.support.disks import small_disk_at
from tests.support.made_traces import made_trace
from visualizer.errors import TraceError
from visualizer.request import new_run_id
from visualizer.run import kept as kept_module
from visualizer.run.kept import KeptRuns, NotKeptError

TRACE = made_trace(["a", "b"], steps=2)


def keep(kept, folder, age):
    """The id of a run that was kept so many seconds ago."""
    run_id = new_run_id()
    kept.keep(run_id, TRACE)
    os.utime(folder / f"{run_id}.jsonl.gz", (10_000 - age, 10_000 - age))
    return run_id


def test_a_run_is_kept_found_and_removed(tmp_path):
    kept, run_id = KeptRuns(tmp_path / "runs"), new_run_id()
    assert run_id not in kept
    kept.keep(run_id, TRACE)
    assert run_id in kept
    assert kept.load(run_id).answer == TRACE.answer
    kept.remove(run_id)
    kept.remove(run_id)
    assert run_id not in kept
    with pytest.raises(TraceError, match="This run is not kept any more"):
        kept.load(run_id)


def test_the_oldest_runs_make_room_and_other_files_are_left_alone(tmp_path, monkeypatch):
    kept = KeptRuns(tmp_path)
    (tmp_path / "mine.jsonl.gz").write_bytes(bytes(100_000))
    ids = [keep(kept, tmp_path, age) for age in (1, 3, 2)]
    size = (tmp_path / f"{ids[0]}.jsonl.gz").stat().st_size
    monkeypatch.setattr(kept_module, "MAX_KEPT_BYTES", int(size * 2.5))
    last = new_run_id()
    kept.keep(last, TRACE)
    assert [run_id in kept for run_id in (*ids, last)] == [True, False, False, True]
    assert (tmp_path / "mine.jsonl.gz").exists()


def test_on_a_full_disk_the_oldest_make_room_and_where_there_are_none_it_is_said(tmp_path):
    with small_disk_at(tmp_path / "disk", 64) as disk:
        kept = KeptRuns(disk)
        old, newer = (keep(kept, disk, age) for age in (2, 1))
        (disk / "filler").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        fresh = new_run_id()
        kept.keep(fresh, TRACE)
        assert [run_id in kept for run_id in (old, newer, fresh)] == [False, True, True]
        for run_id in (newer, fresh):
            kept.remove(run_id)
        (disk / "more").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        with pytest.raises(NotKeptError, match=r"^the disk is full$"):
            kept.keep(fresh, TRACE)
        assert sorted(path.name for path in disk.iterdir()) == ["filler", "more"]


def test_a_disk_that_cannot_be_written_is_said(tmp_path):
    with small_disk_at(tmp_path / "disk", 64) as disk:
        run_id = keep(KeptRuns(disk), disk, 1)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for deed in (lambda: KeptRuns(disk).keep(new_run_id(), TRACE), lambda: KeptRuns(disk).remove(run_id)):
            with pytest.raises(NotKeptError, match=r"^the disk is read-only$"):
                deed()
        assert KeptRuns(disk).load(run_id).answer == TRACE.answer


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotKeptError, match=r"^its folder cannot be made$"):
        KeptRuns(tmp_path / "file" / "runs").keep(new_run_id(), TRACE)


WRITER = """
    import os, random, signal, sys, time
    from pathlib import Path
    from tests.support.made_traces import made_trace
    from visualizer.request import new_run_id
    from visualizer.run.kept import KeptRuns

    folder, luck = Path(sys.argv[1]), random.Random(5)
    kept, trace = KeptRuns(folder), made_trace(["word"] * 64, steps=20)
    kills = torn = 0
    while kills < 20 or not torn:
        whole = len(list(folder.glob("[!.]*")))
        child = os.fork()
        if child == 0:
            while True:
                kept.keep(new_run_id(), trace)
        while len(list(folder.glob("[!.]*"))) == whole:
            time.sleep(0.002)
        time.sleep(luck.uniform(0, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        torn += any(folder.glob(".*.part*"))
"""


def test_a_process_that_is_killed_while_it_writes_leaves_whole_runs_only(tmp_path):
    """Twenty times, at random moments, of which one at least was the middle of a file."""
    subprocess.run([sys.executable, "-c", textwrap.dedent(WRITER), tmp_path], cwd=ROOT, check=True)
    kept = KeptRuns(tmp_path)
    runs = [path.name.removesuffix(".jsonl.gz") for path in tmp_path.glob("[!.]*")]
    assert len(runs) >= 20
    for run_id in runs:
        assert kept.load(run_id).ended == "stop"
    kept.keep(new_run_id(), TRACE)
    assert not list(tmp_path.glob(".*"))
