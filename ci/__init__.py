"""Programs that CI runs: notes of a release, and the page of faults."""
