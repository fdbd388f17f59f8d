"""A replay notices every edit of the inputs of a verdict; ``--trust-evidence`` replays them anyway."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from proofload.artifacts import (
    Integrity,
    read_run_artifacts,
    write_evidence,
    write_policy,
    write_run,
)
from proofload.cli import main
from slo.documents import ProblemsError
from slo.model import Policy
from slo.prometheus import encode_evidence
from tests.support.observed_run import evidence, run
from tests.support.specs import EVENTS_SPEC

SCHEMA = Path(__file__).resolve().parents[3] / "slo" / "prometheus" / "evidence.schema.json"


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    """Return the directory of a run."""
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "spec.yaml").write_text(EVENTS_SPEC)
    write_run(run(), folder)
    write_policy(Policy(), folder)
    write_evidence(evidence(), folder, Integrity.VERIFIED)
    return folder


def replay(folder: Path, *options: str) -> Result:
    arguments = ["check", "--spec", str(folder.parent / "spec.yaml"), "--replay", str(folder), *options]
    return CliRunner().invoke(main.cli, arguments)


def edit_json(name: str, change: Callable[[Any], object]) -> Callable[[Path], None]:
    """Return a function that changes a JSON file and writes it anew, as an editor or script would."""

    def edit(folder: Path) -> None:
        data = json.loads((folder / name).read_text())
        change(data)
        (folder / name).write_text(json.dumps(data))

    return edit


def edit_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a function that replaces a text in a file and keeps everything else byte for byte."""

    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return edit


def first_series(data: Any) -> Any:
    return next(result["series"][0] for result in data["results"].values() if result["series"])


EDITS: dict[str, Callable[[Path], None]] = {
    "a value": edit_json("evidence.json", lambda data: first_series(data)["samples"][-1].__setitem__(1, 1)),
    "a time": edit_json("evidence.json", lambda data: first_series(data)["samples"][0].__setitem__(0, 1)),
    "a sample that is left out": edit_json("evidence.json", lambda data: first_series(data)["samples"].pop()),
    "a label": edit_json("evidence.json", lambda data: first_series(data)["labels"].update(code="200")),
    "a label, byte by byte": edit_text("evidence.json", '"job":"target"', '"job":"tarGet"'),
    "a series that is left out": edit_json(
        "evidence.json", lambda data: next(iter(data["results"].values())).update(series=[])
    ),
    "a query that is left out": edit_json("evidence.json", lambda data: data["results"].popitem()),
    "a warning": edit_json(
        "evidence.json", lambda data: next(iter(data["results"].values())).update(warnings=["x"])
    ),
    "the server": edit_json("evidence.json", lambda data: data["server"].update(url="http://other")),
    "the window": edit_json("evidence.json", lambda data: data["window"].update(end=1e9 * 2)),
    "the time of the queries": edit_json("evidence.json", lambda data: data.update(fetched_at=1e9)),
    "the scrape interval": edit_json("evidence.json", lambda data: data.update(scrape_interval_seconds=60.0)),
    "an error that is removed or set": edit_json("evidence.json", lambda data: data.update(error="x")),
    "only the layout": edit_json("evidence.json", lambda _: None),
    "the digest": edit_json("evidence.json", lambda data: data["digests"].update({"evidence.json": "0"})),
    "a digest that is left out": edit_json("evidence.json", lambda data: data["digests"].pop("run.json")),
    "digests of another kind": edit_json("evidence.json", lambda data: data.update(digests=[])),
    "the run record": edit_json("run.json", lambda data: data["total"].update(sent=1, offered=1)),
    "the run record that is deleted": lambda folder: (folder / "run.json").unlink(),
    "the policy": edit_json("policy.json", lambda data: data.update(confidence=0.5)),
    "the policy that is deleted": lambda folder: (folder / "policy.json").unlink(),
}  # fmt: skip


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_is_noticed_and_replayed_only_on_demand(case: str, run_directory: Path) -> None:
    assert replay(run_directory).exit_code in {0, 1, 3}
    EDITS[case](run_directory)
    refused = replay(run_directory)
    assert refused.exit_code == 2, refused.output
    assert "after the run: its digest does not match; --trust-evidence replays it anyway" in refused.output
    assert "Traceback" not in refused.output
    trusted = replay(run_directory, "--trust-evidence")
    assert trusted.exit_code in {0, 1, 3}, trusted.output
    assert "is not verified: edited after the run" in " ".join(trusted.output.split())


def test_all_edited_files_are_listed_at_once(run_directory: Path) -> None:
    for case in ("a label", "the run record", "the policy that is deleted"):
        EDITS[case](run_directory)
    with pytest.raises(ProblemsError) as error:
        read_run_artifacts(run_directory)
    assert [Path(problem.file).name for problem in error.value.problems] == [
        "evidence.json",
        "run.json",
        "policy.json",
    ]
    assert "was edited" in str(error.value)
    assert "is missing" in str(error.value)


def test_a_run_record_that_was_added_is_noticed(run_directory: Path) -> None:
    (run_directory / "run.json").unlink()
    write_evidence(evidence(), run_directory, Integrity.VERIFIED)
    assert replay(run_directory).exit_code in {0, 1, 3}
    write_run(run(), run_directory)
    refused = replay(run_directory)
    assert (refused.exit_code, "run.json: was added after the run" in refused.output) == (2, True)


def test_evidence_without_digests_is_replayed_with_a_note(run_directory: Path) -> None:
    write_evidence(evidence(), run_directory)
    assert (run_directory / "evidence.json").read_bytes() == encode_evidence(evidence()) + b"\n"
    done = replay(run_directory)
    assert done.exit_code in {0, 1, 3}
    assert "is not verified: no digests" in " ".join(done.output.split())


def test_compressed_evidence_can_be_unpacked(run_directory: Path) -> None:
    plain = run_directory / "evidence.json"
    (run_directory / "evidence.json.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert read_run_artifacts(run_directory).integrity is Integrity.VERIFIED


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(lambda _: None, Integrity.VERIFIED, id="verified evidence"),
        pytest.param(EDITS["a label"], Integrity.EDITED, id="edited evidence"),
        pytest.param(
            lambda folder: write_evidence(evidence(), folder), Integrity.UNVERIFIED, id="without digests"
        ),
    ],
)  # fmt: skip
def test_a_replay_of_a_replay_knows_what_is_verified(
    edit: Callable[[Path], None], expected: Integrity, run_directory: Path
) -> None:
    edit(run_directory)
    for number in range(2):
        out = run_directory.parent / str(number)
        assert replay(run_directory, "--trust-evidence", "--out", str(out)).exit_code in {0, 1, 3}
        artifacts = read_run_artifacts(out, trust_evidence=True)
        assert artifacts.integrity is expected
        assert artifacts.run == run()
        run_directory = out
    if expected is Integrity.EDITED:
        assert replay(run_directory).exit_code == 2


def test_the_digests_are_in_the_schema(run_directory: Path) -> None:
    jsonschema.validate(
        json.loads((run_directory / "evidence.json").read_text()), json.loads(SCHEMA.read_text())
    )


def test_the_option_needs_a_replay() -> None:
    done = CliRunner().invoke(main.cli, ["check", "--start", "-10m", "--trust-evidence"])
    assert (done.exit_code, "--trust-evidence needs --replay" in done.output) == (2, True)
