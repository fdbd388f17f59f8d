"""Runs the benchmarks: ``python -m benchmarks [NAME …]``, all of them by default."""

from __future__ import annotations

import argparse

from benchmarks import monitoring_cost

BENCHMARKS = {"monitoring_cost": monitoring_cost.main}


def main() -> None:
    """Run the benchmarks named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME", help=", ".join(BENCHMARKS))
    for name in parser.parse_args().names or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
