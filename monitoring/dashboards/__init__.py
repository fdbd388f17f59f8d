"""The dashboards, as code: what each holds, and how Grafana's SDK is told."""
