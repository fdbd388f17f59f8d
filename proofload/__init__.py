"""Loads a service and proves, from its own Prometheus metrics, whether it meets its SLOs.

``pipeline.py`` lists the stages of a run; ``cli`` has a file for each command.
"""
