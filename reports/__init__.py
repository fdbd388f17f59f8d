"""Reports of a run: one verdict in, one file out for each writer.

Sub-packages: ``text`` (numbers and verdicts as text), ``charts``, ``writers``.
"""
