"""The reference service under test: a machine-learning API built with FastAPI.

It exposes Prometheus metrics of its requests and of its model, and can inject faults.
"""
