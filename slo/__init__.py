"""The checker: OpenSLO spec and Prometheus evidence in, verdict out.

Sub-packages by layer: ``model`` and ``documents``; ``promql``; ``prometheus``; ``openslo``; ``counting``;
``evaluation``; ``comparison``; and on top ``rules``, ``importers``, ``lint``.
"""
