"""YAML files as plain data with line numbers, the problems found in them, and writing of YAML and files.

Specs, imported files of other tools, load profiles and ``proofload.yaml`` are read with it.
"""

from slo.documents.atomic_write import write_atomically
from slo.documents.problems import (
    DocumentError,
    Location,
    Problem,
    ProblemsError,
    format_field_path,
    format_value,
)
from slo.documents.strict_model import StrictModel, format_error_detail, list_validation_problems
from slo.documents.yaml_source import Document, load_documents
from slo.documents.yaml_writer import format_yaml

__all__ = [
    "Document",
    "DocumentError",
    "Location",
    "Problem",
    "ProblemsError",
    "StrictModel",
    "format_error_detail",
    "format_field_path",
    "format_value",
    "format_yaml",
    "list_validation_problems",
    "load_documents",
    "write_atomically",
]
