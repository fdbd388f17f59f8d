"""The report in headless Chromium: on a desktop and a phone, light and dark, offline."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from reports.writers.write import write_reports
from slo.model import Proof
from tests.support.proofs import hostile, many, met, missed, nothing, undecided

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PROOFS: dict[str, Callable[[], Proof]] = {
    "met": met,
    "missed": missed,
    "undecided": undecided,
    "without evidence": nothing,
    "with long names": lambda: many(40),
    "with hostile names": lambda: hostile("<script>document.title='x'</script>" + "w" * 200),
}
MIN_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, level AA."""
CONTRAST = """
elements => elements.map(element => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element, ground = [];
  while (behind && (ground.length === 0 || ground[3] === 0)) {
    ground = parse(getComputedStyle(behind).backgroundColor);
    behind = behind.parentElement;
  }
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=[(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")], ids=str)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("proof", PROOFS)
def test_the_report_opens_offline_and_fits_the_viewport(proof: str, page: Page, tmp_path: Path) -> None:
    [path] = write_reports(PROOFS[proof](), tmp_path, ["html"])
    messages: list[str] = []
    urls: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))
    page.goto(path.as_uri())
    assert page.title().startswith(("MET", "MISSED", "UNDECIDED"))
    assert not messages
    assert urls == [path.as_uri()]
    content_width, viewport_width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert content_width <= viewport_width, "the page scrolls sideways"
    contrasts = page.locator("h1, .badge, .slo, .name, small, dt, dd, figcaption").evaluate_all(CONTRAST)
    assert min(contrasts) >= MIN_CONTRAST
