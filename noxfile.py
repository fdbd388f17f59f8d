"""Sessions: load (the default), ui, compose, tests, containers, lint, types, docs, security, bench, mutation.

``python3 noxfile.py -s load`` needs nothing but Python 3.11 and pip; ``nox -s load`` is the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
OLDEST_PYTHON = (3, 11)
PUBLIC_DIGESTS = r'"(model_sha256|(linux|darwin)-(amd64|arm64))": "[0-9a-f]{64}"'
"""Lines that look like secrets: digests of the model and of Prometheus's releases."""


def _bring_nox() -> None:
    """Install nox, pinned and checked, into a folder of this checkout.

    ``pip --target`` works where the system's Python refuses global installs (PEP 668), and without venv.
    """
    folder = ROOT / ".nox" / f"bootstrap-{sys.version_info[0]}.{sys.version_info[1]}"
    sys.path.insert(0, str(folder))
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
# Sessions share two environments, which nox can't do by itself: see _environment.
nox.options.default_venv_backend = "none"


@nox.session
def load(session: nox.Session) -> None:
    """Load the reference service and judge it; options after ``--`` go to ``proofload run``."""
    _proofload(session, "run")


@nox.session
def compose(session: nox.Session) -> None:
    """Do the same with the containers of docker-compose.yml."""
    _proofload(session, "run", "--stack=compose")


@nox.session
def ui(session: nox.Session) -> None:
    """Start the stack with Locust's web UI and wait until interrupted."""
    _proofload(session, "ui")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with branch coverage, in one process more than there are cores: many wait for servers."""
    programs = _environment(session, "dev")
    spread = [f"--numprocesses={(os.cpu_count() or 1) + 1}", "--dist=worksteal"]
    pytest = [programs / "python", "-m", "pytest", *spread, "--cov", "--cov-report=term:skip-covered"]
    session.run(*pytest, *session.posargs)


@nox.session
def containers(session: nox.Session) -> None:
    """Run the tests that need a container engine, one after another, and list the slowest."""
    python = _environment(session, "dev") / "python"
    session.run(python, "-m", "pytest", "-m", "containers", "--durations=5", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style."""
    programs = _environment(session, "dev")
    session.run(programs / "ruff", "check", ".")
    session.run(programs / "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.run(_environment(session, "dev") / "mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the manual as a site in ``docs/_build/``; a dead link or a name that is not documented fails."""
    python = _environment(session, "docs") / "python"
    # Locust comes first: it patches the standard library for gevent.
    sphinx = "import sys, locust; from sphinx.cmd.build import main; sys.exit(main(sys.argv[1:]))"
    options = ["--fresh-env", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    session.run(python, "-c", sphinx, *options, "-b", "html", "docs", "docs/_build", *session.posargs)
    session.log("docs/_build/index.html")


@nox.session
def security(session: nox.Session) -> None:
    """Check files for secrets, images and workflows for weaknesses, requirements for vulnerabilities."""
    programs = _environment(session, "security")
    secrets = [programs / "detect-secrets-hook", "--exclude-lines", PUBLIC_DIGESTS]
    session.run(*secrets, *_committed(":!requirements/*.txt"), log=False)
    if sys.platform != "win32":  # for which nobody builds a wheel
        session.run(programs / "hadolint", *_committed("*Dockerfile*"))
    if composed := _committed("docker-compose*.yml"):
        session.run(programs / "compose-lint", "check", "--quiet", "--no-env", *composed)
    session.run(
        programs / "zizmor",
        "--offline",
        "--no-progress",
        "--min-severity=medium",
        ".github",
        "action.yml",
        "examples/ci",
    )
    session.run(programs / "python", REQUIREMENTS / "audit.py", "run.txt", "dev.txt")


def _committed(*patterns: str) -> list[str]:
    """List the committed files that match patterns of git."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], check=True, capture_output=True)
    return [name for name in os.fsdecode(listed.stdout).split("\0") if name and Path(name).is_file()]


@nox.session
def mutation(session: nox.Session) -> None:
    """Mutate the checker in thousands of ways and list the mutants that survive its tests; names may follow.

    ``-- 'slo.model.budget*'`` mutates one file; all of them take most of an hour.
    """
    mutmut = _environment(session, "mutation") / "mutmut"
    session.run(mutmut, "run", *session.posargs)
    output = session.run(mutmut, "results", silent=True)
    session.log(
        "\n".join(line.strip() for line in str(output).splitlines() if "survived" in line) or "none survived"
    )


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks; their names may follow ``--``."""
    session.run(_environment(session, "run") / "python", "-m", "benchmarks", *session.posargs)


def _environment(session: nox.Session, name: str) -> Path:
    """Bring the environment ``.nox/NAME`` up to its pinned requirements; return the folder of its programs.

    A stamp records for which files it was installed; without the right stamp it is created anew.
    """
    requirements, folder = REQUIREMENTS / f"{name}.txt", ROOT / ".nox" / name
    digest = hashlib.sha256(sys.version.encode())
    for path in (requirements, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    programs, stamp = folder / ("Scripts" if os.name == "nt" else "bin"), folder / "installed.sha256"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return programs
    uv = shutil.which("uv")
    session.log(f"installing {requirements.name} into .nox/{name} with {'uv' if uv else 'pip'}")
    shutil.rmtree(folder, ignore_errors=True)
    if uv:
        session.run(uv, "venv", "--quiet", "--python", sys.executable, folder)
        install = [uv, "pip", "install", "--quiet", "--python", programs / "python"]
    else:
        path = os.pathsep.join(sys.path)  # where nox was brought, virtualenv was too
        session.run(sys.executable, "-m", "virtualenv", "--quiet", folder, env={"PYTHONPATH": path})
        install = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    session.run(*install, "--require-hashes", "-r", requirements)
    if name != "security":  # its tools read files, and import nothing of ours
        session.run(*install, "--no-deps", "--no-build-isolation", "-e", ROOT)
    stamp.write_text(digest.hexdigest())
    return programs


def _proofload(session: nox.Session, *command: str) -> None:
    """Run ``proofload`` and exit with its exit code, which distinguishes MISSED from UNDECIDED.

    Ctrl-C reaches it as well as us: it stops what it started, and we wait for that.
    """
    process = subprocess.Popen([_environment(session, "run") / "proofload", *command, *session.posargs])
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
