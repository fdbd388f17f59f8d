"""The checker: OpenSLO spec, Prometheus evidence, error budgets and the verdict."""
