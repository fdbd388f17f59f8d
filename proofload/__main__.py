"""``python -m proofload`` is ``proofload``."""

from proofload.cli import main

main()
