"""Loads a service and proves, from its own Prometheus metrics, whether it meets its SLOs."""
