"""The HTTP API: routes, bodies, error responses, and the service that answers the requests.

Predictions have signed ids, so that any worker can evaluate feedback and none stores predictions.
"""

from target_service.api.error_responses import add_error_handlers
from target_service.api.routes import UNMEASURED_PATHS, Api
from target_service.api.service import Service

__all__ = ["UNMEASURED_PATHS", "Api", "Service", "add_error_handlers"]
