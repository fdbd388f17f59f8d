from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from proofload.stack import managed_process
from proofload.stack.managed_process import Supervised, SupervisedError
from tests.support.http_faults import Answer, refused_url, serving, silence, text

START = "import os, signal, subprocess, sys, time\n"
READY = "print('ready', flush=True)\n"
FOR_EVER = "signal.pause()\n"
CHILD = (
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\nprint(child.pid)\n"
)

Start = Callable[..., Supervised]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start Python code under supervision; its log is ``log`` in the test's folder."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running: list[Supervised] = []

    def run(code: str, environment: dict[str, str] | None = None) -> Supervised:
        command = [sys.executable, "-u", "-c", START + code]
        running.append(Supervised("the shop", command, tmp_path / "log", environment))
        return running[-1]

    yield run
    for process in running:
        process.stop()


def until_said(process: Supervised, word: str) -> list[str]:
    """Wait until a process wrote a word to its log; give the log's words."""
    while word not in (said := process._log.read_text().split()):
        assert process._process.poll() in {None, 0}, said
        time.sleep(0.01)
    return said


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# --- Ready --------------------------------------------------------------------------------------

READY_AFTER: dict[str, tuple[Answer, ...]] = {
    "at once": (text("ok"),),
    "after it said twice that it is not": (text("", 503), text("", 503), text("ok")),
}


@pytest.mark.parametrize("answers", READY_AFTER.values(), ids=READY_AFTER.keys())
def test_a_process_is_ready_when_it_answers_200(answers: tuple[Answer, ...], start: Start) -> None:
    with serving(*answers) as server:
        start(FOR_EVER).await_ready(f"{server.url}/ready", 30)
        assert [asked.path for asked in server.asked] == ["/ready"] * len(answers)


def test_a_process_that_ends_is_told_with_the_end_of_its_log(start: Start, tmp_path: Path) -> None:
    process = start("print(*range(9), sep='\\n'); sys.exit('no port')")
    with pytest.raises(SupervisedError) as caught:
        process.await_ready(refused_url(), 30)
    said = ["4", "5", "6", "7", "8", "no port"][-5:]
    expected = [f"the shop ended with code 1; its log ({tmp_path / 'log'}) ends:", *said]
    assert str(caught.value) == "\n  ".join(expected)


NOT_READY: dict[str, tuple[Answer, ...]] = {
    "it is never ready": (text("", 503),),
    "it has no such page": (text("", 404),),
    "it never answers": (silence,),
}


@pytest.mark.parametrize("answers", NOT_READY.values(), ids=NOT_READY.keys())
def test_patience_with_a_process_ends(answers: tuple[Answer, ...], start: Start) -> None:
    process = start(FOR_EVER)
    with (
        serving(*answers) as server,
        pytest.raises(SupervisedError, match="the shop was not ready after 0 s"),
    ):
        process.await_ready(server.url, 0.3)
    assert process._process.poll() is None


def test_a_log_is_kept_from_one_attempt_to_the_next(start: Start) -> None:
    until_said(start("print('first')\n" + READY + FOR_EVER), "ready")
    assert until_said(start("print('second')\n" + FOR_EVER), "second") == ["first", "ready", "second"]


def test_the_environment_is_the_one_given(start: Start) -> None:
    process = start("print(os.environ['SHOP'], 'HOME' in os.environ)\n" + FOR_EVER, {"SHOP": "open"})
    assert until_said(process, "False") == ["open", "False"]


def test_a_program_that_is_missing_is_no_process(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Supervised("the shop", ["nowhere/shop"], tmp_path / "log")


# --- Stop ---------------------------------------------------------------------------------------


def test_stop_is_polite(start: Start) -> None:
    goodbye = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye')))\n"
    process = start(goodbye + READY + FOR_EVER)
    until_said(process, "ready")
    process.stop()
    assert process._log.read_text().split() == ["ready", "bye"]
    assert process._process.returncode == 0


def test_stop_is_firm(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_process, "STOP_SECONDS", 0.1)
    process = start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + "while True: signal.pause()\n"
    )
    until_said(process, "ready")
    process.stop()
    assert process._process.returncode == -signal.SIGKILL


FAMILIES = {
    "while the parent lives": CHILD + READY + FOR_EVER,
    "after the parent has ended": CHILD + READY,
    "when the parent ends without it": (
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n" + CHILD + READY + FOR_EVER
    ),
}


@pytest.mark.parametrize("code", FAMILIES.values(), ids=FAMILIES.keys())
def test_stop_ends_the_children_too(code: str, start: Start) -> None:
    process = start(code)
    until_said(process, "ready")
    if code.endswith(READY):
        process._process.wait()
    child = int(process._log.read_text().split()[0])
    gone = psutil.Process(child)
    process.stop()
    psutil.wait_procs([gone], timeout=20)
    assert not alive(child)
    assert not alive(process._process.pid)


def test_stop_twice_is_stop_once(start: Start) -> None:
    process = start(FOR_EVER)
    process.stop()
    code = process._process.returncode
    process.stop()
    assert process._process.returncode == code == -signal.SIGTERM


def test_ctrl_c_reaches_a_process_only_through_us(start: Start) -> None:
    process = start(READY + FOR_EVER)
    until_said(process, "ready")
    assert os.getsid(process._process.pid) == process._process.pid != os.getsid(0)


OWNER = """\
import os, sys
from pathlib import Path
from proofload.supervised import Supervised
one = Supervised("x", [sys.executable, "-c", "import signal; signal.pause()"], Path(sys.argv[1]))
print(one._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_process_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "log")],
        cwd=Path(__file__).resolve().parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        ward = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    psutil.wait_procs([ward], timeout=20)
    assert not alive(ward.pid)
