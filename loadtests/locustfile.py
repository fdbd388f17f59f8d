"""Users of the reference service: nine predictions for each feedback.

The file also runs under Locust alone: ``locust -f loadtests/locustfile.py --host http://127.0.0.1:8000``.
"""

from __future__ import annotations

import csv
import json
import random
from collections import deque
from pathlib import Path

from locust import FastHttpUser, constant_throughput, task

ROWS = Path(__file__).parent / "data" / "rows.csv"
MAX_PREDICTIONS = 1_000
"""The most recent predictions that feedback can refer to."""


def read_rows() -> list[tuple[str, str]]:
    """Return the request body of a prediction, and the true class, of each row."""
    with ROWS.open(newline="", encoding="utf-8") as file:
        rows = [(list(map(float, row[:-1])), row[-1]) for row in list(csv.reader(file))[1:]]
    return [(json.dumps({"instances": [features]}), true_class) for features, true_class in rows]


BODIES = read_rows()
predictions: deque[tuple[str, str]] = deque(maxlen=MAX_PREDICTIONS)
"""The id of each prediction, with the true class of its row."""


class ClassifierUser(FastHttpUser):
    """Asks for predictions, and sometimes sends the true class of one as feedback."""

    wait_time = constant_throughput(1)  # in the web UI: each user sends one request/s
    default_headers = {"Content-Type": "application/json"}  # noqa: RUF012 - a class attribute in Locust's API

    @task(9)
    def predict(self) -> None:
        """Ask for the prediction of one row."""
        body, true_class = random.choice(BODIES)
        with self.client.post("/predict", data=body, name="predict", catch_response=True) as response:
            if response.status_code == 200:  # noqa: PLR2004 - HTTP
                try:
                    predictions.append((response.json()["predictions"][0]["prediction_id"], true_class))
                except (ValueError, LookupError, TypeError):
                    response.failure("no prediction in the response")

    @task(1)
    def feedback(self) -> None:
        """Send the true class of a prediction; without a prediction, ask for one."""
        if not predictions:
            self.predict()
            return
        prediction_id, true_class = predictions.popleft()
        body = json.dumps({"prediction_id": prediction_id, "true_class": true_class})
        self.client.post("/feedback", data=body, name="feedback")
