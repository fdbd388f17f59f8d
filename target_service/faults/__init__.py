"""Faults that the service injects on request: latency, errors, stalls, drift and crashes.

The settings disable them by default; metrics and log treat an injected fault like a real one.
"""

from target_service.faults.fault_injection import FAULTS_PATH, FaultInjector, FaultMiddleware, Faults

__all__ = ["FAULTS_PATH", "FaultInjector", "FaultMiddleware", "Faults"]
