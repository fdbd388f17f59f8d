"""Prometheus recording and alerting rules from a spec, and unit tests of them for ``promtool``."""
