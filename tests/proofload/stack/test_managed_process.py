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
from proofload.stack.managed_process import ManagedProcess, ManagedProcessError
from tests.support.http_faults import Responder, find_refused_url, never_respond, respond_text, run_server

START = "import os, signal, subprocess, sys, time\n"
READY = "print('ready', flush=True)\n"
FOR_EVER = "signal.pause()\n"
CHILD = (
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\nprint(child.pid)\n"
)

Start = Callable[..., ManagedProcess]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start Python code as a managed process; its log is ``log`` in the test's directory."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running: list[ManagedProcess] = []

    def run(code: str, environment: dict[str, str] | None = None) -> ManagedProcess:
        command = [sys.executable, "-u", "-c", START + code]
        running.append(ManagedProcess("the shop", command, tmp_path / "log", environment))
        return running[-1]

    yield run
    for process in running:
        process.stop()


def await_log(process: ManagedProcess, word: str) -> list[str]:
    """Wait until a process wrote a word to its log; return the words of the log."""
    while word not in (words := process._log.read_text().split()):
        assert process._process.poll() in {None, 0}, words
        time.sleep(0.01)
    return words


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# --- Ready --------------------------------------------------------------------------------------

READY_AFTER: dict[str, tuple[Responder, ...]] = {
    "immediately": (respond_text("ok"),),
    "after two responses that it is not ready": (
        respond_text("", 503),
        respond_text("", 503),
        respond_text("ok"),
    ),
}


@pytest.mark.parametrize("responders", READY_AFTER.values(), ids=READY_AFTER.keys())
def test_a_process_is_ready_when_it_responds_with_status_200(
    responders: tuple[Responder, ...], start: Start
) -> None:
    with run_server(*responders) as server:
        start(FOR_EVER).await_ready(f"{server.url}/ready", 30)
        assert [request.path for request in server.requests] == ["/ready"] * len(responders)


def test_the_error_of_a_process_that_ends_contains_the_end_of_its_log(start: Start, tmp_path: Path) -> None:
    process = start("print(*range(9), sep='\\n'); sys.exit('no port')")
    with pytest.raises(ManagedProcessError) as caught:
        process.await_ready(find_refused_url(), 30)
    lines = ["4", "5", "6", "7", "8", "no port"][-5:]
    expected = [f"the shop ended with code 1; its log ({tmp_path / 'log'}) ends:", *lines]
    assert str(caught.value) == "\n  ".join(expected)


NOT_READY: dict[str, tuple[Responder, ...]] = {
    "it is never ready": (respond_text("", 503),),
    "it has no such path": (respond_text("", 404),),
    "it never responds": (never_respond,),
}


@pytest.mark.parametrize("responders", NOT_READY.values(), ids=NOT_READY.keys())
def test_waiting_for_a_process_times_out(responders: tuple[Responder, ...], start: Start) -> None:
    process = start(FOR_EVER)
    with (
        run_server(*responders) as server,
        pytest.raises(ManagedProcessError, match="the shop was not ready after 0 s"),
    ):
        process.await_ready(server.url, 0.3)
    assert process._process.poll() is None


def test_a_second_attempt_appends_to_the_log(start: Start) -> None:
    await_log(start("print('first')\n" + READY + FOR_EVER), "ready")
    assert await_log(start("print('second')\n" + FOR_EVER), "second") == ["first", "ready", "second"]


def test_the_environment_is_passed_to_the_process(start: Start) -> None:
    process = start("print(os.environ['SHOP'], 'HOME' in os.environ)\n" + FOR_EVER, {"SHOP": "open"})
    assert await_log(process, "False") == ["open", "False"]


def test_a_missing_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ManagedProcess("the shop", ["nowhere/shop"], tmp_path / "log")


# --- Stop ---------------------------------------------------------------------------------------


def test_stop_sends_sigterm_first(start: Start) -> None:
    handler = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye')))\n"
    process = start(handler + READY + FOR_EVER)
    await_log(process, "ready")
    process.stop()
    assert process._log.read_text().split() == ["ready", "bye"]
    assert process._process.returncode == 0


def test_stop_kills_a_process_that_ignores_sigterm(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_process, "STOP_TIMEOUT_SECONDS", 0.1)
    process = start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + "while True: signal.pause()\n"
    )
    await_log(process, "ready")
    process.stop()
    assert process._process.returncode == -signal.SIGKILL


FAMILIES = {
    "while the parent runs": CHILD + READY + FOR_EVER,
    "after the parent has ended": CHILD + READY,
    "when the parent ends without it": (
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n" + CHILD + READY + FOR_EVER
    ),
}


@pytest.mark.parametrize("code", FAMILIES.values(), ids=FAMILIES.keys())
def test_stop_ends_child_processes(code: str, start: Start) -> None:
    process = start(code)
    await_log(process, "ready")
    if code.endswith(READY):
        process._process.wait()
    child = int(process._log.read_text().split()[0])
    child_process = psutil.Process(child)
    process.stop()
    psutil.wait_procs([child_process], timeout=20)
    assert not is_running(child)
    assert not is_running(process._process.pid)


def test_a_second_stop_has_no_effect(start: Start) -> None:
    process = start(FOR_EVER)
    process.stop()
    code = process._process.returncode
    process.stop()
    assert process._process.returncode == code == -signal.SIGTERM


def test_a_process_runs_in_its_own_session(start: Start) -> None:
    process = start(READY + FOR_EVER)
    await_log(process, "ready")
    assert os.getsid(process._process.pid) == process._process.pid != os.getsid(0)


PARENT = """\
import os, sys
from pathlib import Path
from proofload.stack import ManagedProcess
managed = ManagedProcess("x", [sys.executable, "-c", "import signal; signal.pause()"], Path(sys.argv[1]))
print(managed._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of the parent process")
def test_a_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")],
        cwd=Path(__file__).resolve().parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([child], timeout=20)
    assert not is_running(child.pid)
