"""Files appear whole or not at all: full disks, cancels, killed processes, targets that cannot be written."""

import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.support.browser import ROOT
from tests.support.disks import small_disk_at
from visualizer.errors import ExportError
from visualizer.whole_file import check_writable, whole_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_was_written_takes_the_targets_place(tmp_path):
    target = tmp_path / "run.gif"
    target.write_bytes(b"old")
    with whole_file(target) as part:
        part.write_bytes(b"new")
        assert target.read_bytes() == b"old"
        assert part.parent == tmp_path
        assert part.suffix == ".gif"
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["run.gif"]


@pytest.mark.parametrize("leave", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_block_that_is_left_early_changes_nothing(tmp_path, leave):
    target = tmp_path / "run.gif"
    target.write_bytes(b"old")
    with pytest.raises(leave), whole_file(target) as part:
        part.write_bytes(b"half")
        raise leave
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["run.gif"]


def test_a_new_file_has_the_usual_permissions(tmp_path):
    with whole_file(tmp_path / "new") as part:
        part.write_bytes(b"x")
    (tmp_path / "usual").write_bytes(b"x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    (tmp_path / "private").write_bytes(b"old")
    (tmp_path / "private").chmod(0o600)
    with whole_file(tmp_path / "private") as part:
        part.write_bytes(b"new")
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with whole_file(tmp_path / "link") as part:
        part.write_bytes(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("name", [".", "pipe"], ids=["folder", "pipe"])
def test_what_is_no_file_is_not_replaced(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExportError, match="is not a file"), whole_file(tmp_path / name):
        pytest.fail("no part should be handed out")
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["nowhere/run.gif", "file/run.gif", "x" * 300 + ".gif"])
def test_a_target_that_cannot_be_written_is_one_sentence(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ExportError) as refused:
        check_writable(tmp_path / name)
        with whole_file(tmp_path / name) as part:
            part.write_bytes(b"x")
    assert "cannot be written" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert names(tmp_path) == ["file"]


def test_checking_a_target_leaves_it_alone(tmp_path):
    (tmp_path / "run.gif").write_bytes(b"old")
    check_writable(tmp_path / "run.gif")
    check_writable(tmp_path / "new.gif")
    assert names(tmp_path) == ["run.gif"]
    assert (tmp_path / "run.gif").read_bytes() == b"old"


def limited(code, tmp_path, size=100_000):
    """Run code in a process whose files end at so many bytes, as on a full disk."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], cwd=ROOT, preexec_fn=limit,
                          capture_output=True, text=True, check=False)  # fmt: skip


def test_no_room_for_the_file_is_one_sentence_and_leaves_the_old_one(tmp_path):
    (tmp_path / "run.gif").write_bytes(b"old")
    done = limited(
        """
        import sys
        from pathlib import Path
        from visualizer.errors import ExportError
        from visualizer.whole_file import whole_file
        try:
            with whole_file(Path(sys.argv[1]) / "run.gif") as part:
                part.write_bytes(bytes(300_000))
        except ExportError as exc:
            print(exc)
        """,
        tmp_path,
    )
    assert done.stdout.endswith("cannot be written: file too large.\n"), done.stderr
    assert names(tmp_path) == ["run.gif"]
    assert (tmp_path / "run.gif").read_bytes() == b"old"


@pytest.fixture
def full_disk(tmp_path):
    with small_disk_at(tmp_path / "disk", 256) as folder:
        yield folder


def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(full_disk):
    (full_disk / "run.gif").write_bytes(bytes(100_000))
    sentence = r"run\.gif cannot be written: no space left on device\.$"
    with pytest.raises(ExportError, match=sentence), whole_file(full_disk / "run.gif") as part:
        part.write_bytes(bytes(300_000))
    assert names(full_disk) == ["run.gif"]
    assert (full_disk / "run.gif").stat().st_size == 100_000


def test_what_a_killed_process_left_is_removed_by_the_next_export_of_that_name(tmp_path):
    code = """
        import os, signal, sys
        from pathlib import Path
        from visualizer.whole_file import whole_file
        with whole_file(Path(sys.argv[1]) / "run[1].gif") as part, whole_file(part) as draft:
            draft.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    limited(code, tmp_path)
    assert len(names(tmp_path)) == 2
    with whole_file(tmp_path / "other.gif"):
        assert len(names(tmp_path)) == 3
    with whole_file(tmp_path / "run[1].gif"), whole_file(tmp_path / "run[1].gif"):
        assert len(names(tmp_path)) == 3  # two parts of a living process, and the other file
    assert names(tmp_path) == ["other.gif", "run[1].gif"]


def test_errors_of_the_video_library_are_errors_of_writing():
    import av

    assert issubclass(av.error.OSError, OSError)
    assert av.error.OSError(errno.ENOSPC, "No space left on device").strerror
