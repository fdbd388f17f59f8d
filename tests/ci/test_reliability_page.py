"""The page of faults is what the tables of the tests say."""

from __future__ import annotations

from ci.reliability_page import PAGE, format_page, list_faults, list_inputs


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == format_page(), "run python -m ci.reliability_page"


def test_there_are_enough_faults_and_bad_inputs() -> None:
    assert len(set(list_faults())) >= 60
    assert sum(number for _, number, _ in list_inputs()) >= 300
