"""Users of the reference service: nine predictions to one piece of feedback.

Also plainly with Locust: ``locust -f loadtests/locustfile.py --host http://127.0.0.1:8000``.
"""

from __future__ import annotations

import csv
import json
import random
from collections import deque
from pathlib import Path

from locust import FastHttpUser, constant_throughput, task

ROWS = Path(__file__).parent / "data" / "rows.csv"
REMEMBERED = 1_000
"""Predictions whose true class may still be told."""


def _load() -> list[tuple[str, str]]:
    """Read the rows: the body of a prediction's request, and the true class."""
    with ROWS.open(newline="", encoding="utf-8") as file:
        rows = [(list(map(float, row[:-1])), row[-1]) for row in list(csv.reader(file))[1:]]
    return [(json.dumps({"instances": [features]}), target) for features, target in rows]


BODIES = _load()
predicted: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
"""Prediction ids with the true class of their rows."""


class ClassifierUser(FastHttpUser):
    """Asks for predictions, and now and then tells the true class of one."""

    wait_time = constant_throughput(1)  # in the web UI: as many requests/s as users
    default_headers = {"Content-Type": "application/json"}  # noqa: RUF012 - Locust's way

    @task(9)
    def predict(self) -> None:
        """Ask for the prediction of one row."""
        body, true_class = random.choice(BODIES)
        with self.client.post("/predict", data=body, name="predict", catch_response=True) as answer:
            if answer.status_code == 200:  # noqa: PLR2004 - HTTP
                try:
                    predicted.append((answer.json()["predictions"][0]["prediction_id"], true_class))
                except (ValueError, LookupError, TypeError):
                    answer.failure("no prediction in the answer")

    @task(1)
    def feedback(self) -> None:
        """Tell the true class of a prediction; as long as there is none, ask for one."""
        if not predicted:
            self.predict()
            return
        prediction_id, true_class = predicted.popleft()
        body = json.dumps({"prediction_id": prediction_id, "true_class": true_class})
        self.client.post("/feedback", data=body, name="feedback")
