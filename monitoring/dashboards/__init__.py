"""The Grafana dashboards as code: service, model, SLOs, load.

Dashboards and panels are plain data, rendered to Grafana's JSON with its Foundation SDK.
"""

from monitoring.dashboards.definition import DASHBOARD_TAG, DashboardDefinition, render_dashboard
from monitoring.dashboards.load import define_load_dashboard
from monitoring.dashboards.model import define_model_dashboard
from monitoring.dashboards.service import define_service_dashboard
from monitoring.dashboards.slos import define_slo_dashboard

__all__ = [
    "DASHBOARD_TAG",
    "DashboardDefinition",
    "define_load_dashboard",
    "define_model_dashboard",
    "define_service_dashboard",
    "define_slo_dashboard",
    "render_dashboard",
]
