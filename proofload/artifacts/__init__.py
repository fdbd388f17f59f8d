"""The run directory, its files, and the configuration file ``proofload.yaml``.

Files are written completely or not at all.
"""

from proofload.artifacts.evidence_digests import Integrity
from proofload.artifacts.policy_file import PolicyConfiguration, read_configuration
from proofload.artifacts.run_artifacts import (
    RunArtifacts,
    read_run_artifacts,
    write_evidence,
    write_policy,
    write_run,
)
from proofload.artifacts.run_directory import (
    create_run_directory,
    create_run_id,
    find_output_problems,
    update_latest_link,
    write_text,
)

__all__ = [
    "Integrity",
    "PolicyConfiguration",
    "RunArtifacts",
    "create_run_directory",
    "create_run_id",
    "find_output_problems",
    "read_configuration",
    "read_run_artifacts",
    "update_latest_link",
    "write_evidence",
    "write_policy",
    "write_run",
    "write_text",
]
