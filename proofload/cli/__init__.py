"""The command line: one file a command; the entry point is :mod:`proofload.cli.main`.

It exports nothing: commands are imported when they are called.
"""
