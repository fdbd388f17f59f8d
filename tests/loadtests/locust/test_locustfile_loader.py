"""A user's modules with the names of ours disturb nothing, and their locustfile finds them.

Each case runs in a process of its own: loading a locustfile patches it for gevent.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOCUSTFILE = """
from locust import User, task
{imports}

class Visitor(User):
    @task
    def visit(self):
        {lazy}
"""
PROBE = """
import json, sys
from pathlib import Path
from loadtests.locust.locustfile_loader import load_users_and_shapes
users, _ = load_users_and_shapes(Path(sys.argv[1]))
seen = users["Visitor"](type("E", (), {"request": None})()).visit() if "call" in sys.argv else None
__import__("encodings.idna", fromlist=["*"])  # by keyword, as the standard library does
import calendar, slo.model, loadtests.session  # imported late, as Proofload does
ours = [calendar.__file__, slo.model.__file__, loadtests.session.__file__]
print(json.dumps([seen, *ours, users["Visitor"].__module__]))
"""
COMMON = {"loadtests/__init__.py": "", "loadtests/common.py": "def login(): return 'their login'"}
CASES = {
    "a package of the user named loadtests": (
        COMMON,
        "from loadtests.common import login",
        "return login()",
        "their login",
    ),
    "the same, imported inside a task": (
        COMMON,
        "",
        "from loadtests.common import login; return login()",
        "their login",
    ),
    "a relative import inside the user's package": (
        {
            **COMMON,
            "loadtests/common.py": "from . import names\ndef login(): return names.NAME",
            "loadtests/names.py": "NAME = 'n'",
        },
        "from loadtests.common import login",
        "return login()",
        "n",
    ),
    "a module beside the locustfile": (
        {"helpers.py": "NAME = 'helper'"},
        "import helpers",
        "return helpers.NAME",
        "helper",
    ),
    "a module beside it, imported inside a task": (
        {"helpers.py": "NAME = 'h'"},
        "",
        "import helpers; return helpers.NAME",
        "h",
    ),
    "modules named slo, reports, monitoring": (
        {"slo.py": "NAME = 'slo'", "reports.py": "NAME = 'r'", "monitoring/__init__.py": "NAME = 'm'"},
        "import slo, reports, monitoring",
        "return slo.NAME + reports.NAME + monitoring.NAME",
        "slorm",
    ),
    "modules named as the standard library's and as packages": (
        {"json.py": "1 / 0", "requests.py": "1 / 0", "calendar.py": "1 / 0"},
        "import json, requests",
        "return json.dumps([1])",
        "[1]",
    ),
}


@pytest.mark.parametrize("beside", [True, False], ids=["beside the locustfile", "in the working directory"])
@pytest.mark.parametrize(("files", "imports", "lazy", "seen"), CASES.values(), ids=CASES)
def test_names_of_the_user_and_ours(
    files: dict[str, str], imports: str, lazy: str, seen: str, beside: bool, tmp_path: Path
) -> None:
    folder, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for place in (folder, elsewhere):
        place.mkdir()
    path = (folder if beside else elsewhere) / "locustfile.py"
    path.write_text(LOCUSTFILE.format(imports=imports, lazy=lazy))
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    command = [sys.executable, "-P", "-c", PROBE, str(path), "call"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    result, calendar, *ours, module = json.loads(done.stdout)
    assert result == seen
    assert not any(str(tmp_path) in file for file in (calendar, *ours))
    assert module == "locustfile"


def test_a_locustfile_named_as_one_of_our_packages(tmp_path: Path) -> None:
    path = tmp_path / "slo.py"
    path.write_text(LOCUSTFILE.format(imports="", lazy="return 1"))
    command = [sys.executable, "-P", "-c", PROBE, str(path), "call"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0] == 1
