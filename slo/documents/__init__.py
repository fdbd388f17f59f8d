"""YAML files as plain data with line numbers, their problems, writing of files, and safety of foreign texts.

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
from slo.documents.safe_text import (
    break_workflow_commands,
    escape_csv_text,
    flatten_text,
    make_terminal_safe,
    replace_control_characters,
)
from slo.documents.secret_masking import (
    MASK,
    is_secret_name,
    mask_body,
    mask_parameters,
    mask_text,
    mask_values,
    remove_user_info,
)
from slo.documents.strict_model import StrictModel, format_error_detail, list_validation_problems
from slo.documents.text_source import (
    decode_bounded_text,
    parse_json,
    parse_json_or_yaml,
    read_bounded_text,
)
from slo.documents.yaml_source import Document, load_documents
from slo.documents.yaml_writer import format_yaml

__all__ = [
    "MASK",
    "Document",
    "DocumentError",
    "Location",
    "Problem",
    "ProblemsError",
    "StrictModel",
    "break_workflow_commands",
    "decode_bounded_text",
    "escape_csv_text",
    "flatten_text",
    "format_error_detail",
    "format_field_path",
    "format_value",
    "format_yaml",
    "is_secret_name",
    "list_validation_problems",
    "load_documents",
    "make_terminal_safe",
    "mask_body",
    "mask_parameters",
    "mask_text",
    "mask_values",
    "parse_json",
    "parse_json_or_yaml",
    "read_bounded_text",
    "remove_user_info",
    "replace_control_characters",
    "write_atomically",
]
