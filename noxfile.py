"""Sessions: load (the default), ui, tests, lint, types, bench.

``python3 noxfile.py -s load`` needs nothing but Python 3.11 and pip; ``nox -s load`` is the same.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
OLDEST_PYTHON = (3, 11)


def _bring_nox() -> None:
    """Install nox, pinned and checked, into a folder of this checkout.

    ``pip --target`` works where the system's Python refuses global installs (PEP 668), and without venv.
    """
    folder = ROOT / ".nox" / f"bootstrap-{sys.version_info[0]}.{sys.version_info[1]}"
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    if not (folder / "nox").is_dir():
        print("installing nox into .nox/", file=sys.stderr)  # noqa: T201
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        options = ["--target", str(folder), "--require-hashes", "-r", str(REQUIREMENTS / "nox.txt")]
        if subprocess.call([*pip, *options]):
            sys.exit("noxfile.py: pip could not install nox; is pip there? Try: python3 -m pip --version")


if __name__ == "__main__":
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"noxfile.py: Proofload needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    try:
        import nox
    except ImportError:
        _bring_nox()

import nox  # noqa: E402 - it may have been brought only now

nox.options.sessions = ["load"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True


@nox.session(venv_location=".nox/run")
def load(session: nox.Session) -> None:
    """Load the reference service and judge it; options after ``--`` go to ``proofload run``."""
    _install(session, "run")
    _proofload(session, "run")


@nox.session(venv_location=".nox/run")
def ui(session: nox.Session) -> None:
    """Bring the stack up with Locust's web UI, until interrupted."""
    _install(session, "run")
    _proofload(session, "ui")


@nox.session(venv_location=".nox/dev")
def tests(session: nox.Session) -> None:
    """Run the tests with branch coverage."""
    _install(session, "dev")
    session.run("pytest", "--cov", "--cov-report=term:skip-covered", *session.posargs)


@nox.session(venv_location=".nox/dev")
def lint(session: nox.Session) -> None:
    """Check style."""
    _install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(venv_location=".nox/dev")
def types(session: nox.Session) -> None:
    """Check types."""
    _install(session, "dev")
    session.run("mypy")


@nox.session(venv_location=".nox/run")
def bench(session: nox.Session) -> None:
    """Run the benchmarks; their names may follow ``--``."""
    _install(session, "run")
    session.run("python", "-m", "benchmarks", *session.posargs)


def _install(session: nox.Session, name: str) -> None:
    """Install pinned requirements and this project, unless that has been done for just these files."""
    requirements = REQUIREMENTS / f"{name}.txt"
    digest = hashlib.sha256(sys.version.encode())
    for path in (requirements, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    stamp = Path(session.virtualenv.location) / "installed.sha256"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    session.install("--require-hashes", "-r", str(requirements))
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    stamp.write_text(digest.hexdigest())


def _proofload(session: nox.Session, command: str) -> None:
    """Run ``proofload`` and end with its own exit code, which tells MISSED from UNDECIDED.

    Ctrl-C reaches it as well as us: it stops what it started, and we wait for that.
    """
    process = subprocess.Popen([Path(session.bin) / "proofload", command, *session.posargs])
    signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:
            continue
    if code:
        sys.exit(code)


if __name__ == "__main__":
    nox.main()
