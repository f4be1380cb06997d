"""The report in a browser: pages open from disk, and fit a telephone as well as a desk."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chromium import Browser
from tests.support.dirty_report import PEOPLE, DirtyReport

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
]
TELEPHONE, DESK = 390, 1280
KINDS = {
    "overview": "index.html",
    "dictionary": "dictionary.html",
    "sources": "sources/*.html",
    "agency": "agencies/*.html",
    "data docs": "data_docs/index.html",
    "batch": f"data_docs/{PEOPLE}/*.html",
}
# Of what is wider than the window: only what stands in a box that scrolls by itself may be.
OUTSIDE = """[...document.body.querySelectorAll('*')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.right > innerWidth + 1 && !one.closest('.scroll, .skip, .quiet');
}).map(one => one.tagName + '.' + one.className + ' ' + one.textContent.slice(0, 40))"""
REACHED = """[...document.querySelectorAll('header a, .crumbs a, .way a, .siblings a')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width < 20 || box.height < 20 || box.left < 0;
}).map(one => one.textContent)"""
SMALL = """[...document.body.querySelectorAll('*')].filter(one => [...one.childNodes].some(
  child => child.nodeType == 3 && child.textContent.trim()) && parseFloat(getComputedStyle(one).fontSize) < 12
).map(one => one.tagName + ' ' + one.textContent.slice(0, 40))"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser") / "profile")
    opened.ask("Page.enable")
    yield opened
    opened.close()


def open_page(browser: Browser, path: Path, width: int) -> None:
    narrow = width < 720
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=narrow)
    browser.ask("Page.navigate", url=path.as_uri())
    browser.wait("Page.loadEventFired")


def found(browser: Browser, expression: str) -> object:
    return browser.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]


def keep_picture(browser: Browser, name: str) -> None:
    """Kept where HUILIU_SCREENSHOTS says, for people to look at."""
    if folder := os.environ.get("HUILIU_SCREENSHOTS"):
        picture = browser.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        Path(folder, f"{name}.png").write_bytes(base64.b64decode(picture))


@pytest.mark.parametrize("width", [TELEPHONE, DESK])
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_scrolls_in_no_direction_but_down(
    dirty_report: DirtyReport, browser: Browser, kind: str, width: int
) -> None:
    paths = sorted(dirty_report.site.glob(KINDS[kind]))
    assert paths
    for path in paths:
        open_page(browser, path, width)
        keep_picture(browser, f"{kind.replace(' ', '_')}_{path.stem}_{width}")
        assert found(browser, "document.documentElement.scrollWidth <= innerWidth"), path.name
        assert found(browser, "innerWidth") == width, path.name
        assert found(browser, OUTSIDE) == [], path.name
        assert found(browser, REACHED) == [], path.name
        assert found(browser, SMALL) == [], path.name
