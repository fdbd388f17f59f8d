"""The reference service under test: a monitored FastAPI machine-learning API."""
