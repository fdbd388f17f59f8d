"""Configuration of Prometheus, Alertmanager and Grafana, and the generator of the dashboards.

``python -m monitoring.build`` writes the dashboards.
"""
