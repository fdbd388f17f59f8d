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

pin run.txt pyproject.toml --group target --group build
pin target.txt --group target
pin dev.txt pyproject.toml --group target --group train --group monitoring --group build --group test --group lint --group types
pin security.txt --group security
pin mutation.txt pyproject.toml --group target --group build --group test --group mutation
pin nox.txt --group nox
