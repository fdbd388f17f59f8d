#!/usr/bin/env bash
# Pins the requirement files from pyproject.toml, with hashes and without index addresses. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."

pin() { # pin FILE ARGUMENTS...
  local file=$1
  shift
  UV_CUSTOM_COMPILE_COMMAND="requirements/compile.sh" uv pip compile --quiet --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --output-file "requirements/$file" "$@"
}

# The reference service alone, without Proofload: the requirements of its image.
reference=$(mktemp)
trap 'rm -f "$reference"' EXIT
python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["reference"], sep="\n")' >"$reference"

pin proofload.txt pyproject.toml --group build
pin run.txt pyproject.toml --extra reference --group build
pin target.txt - <"$reference"
pin dev.txt pyproject.toml --extra reference --group train --group monitoring --group build --group test --group lint --group types
pin docs.txt pyproject.toml --extra reference --group monitoring --group build --group docs
pin release.txt --group release
pin security.txt --group security
pin mutation.txt pyproject.toml --extra reference --group build --group test --group mutation
pin nox.txt --group nox
