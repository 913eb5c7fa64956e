"""The page at /ui, in a headless Chromium: what somebody sees who opens it, types, and holds a phone."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

DIMENSION = 8
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
PATIENCE = 30


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chrome]:
    """Return a browser for all tests of this page; skipped where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("chromium: it and chromedriver are not both installed")
    from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415 - not needed where there is no browser
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = ChromeOptions()
    options.binary_location = browser
    # Containers run tests as root and have a small /dev/shm: without these Chromium does not start there.
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(flag)
    # And it asks nobody but the service.
    for flag in ("background-networking", "component-update", "sync", "quic"):
        options.add_argument(f"--disable-{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options, Service(driver))
    yield chrome
    chrome.quit()


class Page:
    """The page as somebody uses it."""

    def __init__(self, chrome: Chrome, url: str) -> None:
        """Hold the browser and the address of the service."""
        self.chrome = chrome
        self.url = url

    def open(self, index: str | None = None, width: int = 1200, height: int = 900) -> Page:
        """Open the page, or one index of it, in a window of this size, and wait until it has asked."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.chrome.get(self.url + ("/ui" if index is None else f"/ui/?index={index}"))
        return self

    def find(self, selector: str) -> WebElement:
        """Return the first element."""
        return self.chrome.find_element("css selector", selector)

    def all(self, selector: str) -> list[WebElement]:
        """Return every element."""
        return self.chrome.find_elements("css selector", selector)

    def text(self, selector: str) -> str:
        """Return the text that is shown in the first element."""
        return self.find(selector).text

    def script(self, text: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """Run a script in the page."""
        return self.chrome.execute_script(text)

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        from selenium.common.exceptions import StaleElementReferenceException  # noqa: PLC0415
        from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415

        wait = WebDriverWait(self.chrome, PATIENCE, 0.02, [StaleElementReferenceException])
        told = [element.text for element in self.all(".fault")]
        wait.until(lambda _: holds(), f"the page told {told}")

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        self.chrome.switch_to.active_element.send_keys(*keys)

    def searched(self) -> list[str]:
        """Wait for the answer to a search, and return the ids found."""
        self.until(lambda: " there and back" in self.text("#said"))
        return [element.text for element in self.all("#found .id")]

    def errors(self) -> list[str]:
        """Return what the console complained about since the last call."""
        logged: list[dict[str, Any]] = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in logged if entry["level"] in {"SEVERE", "WARNING"}]


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Return the address of a service with three indexes: of some size, hostile, and empty."""
    registry = vectord.open("memory:")
    docs = registry.create("docs", DIMENSION)
    vectors = np.random.default_rng(0).standard_normal((300, DIMENSION))
    metadata = [{"year": 1900 + i, "number": 12345678901234567890, "text": "long " * 99} for i in range(300)]
    docs.add([f"doc-{i:03}" for i in range(300)], vectors, metadata)
    strange = registry.create("strange", 2, distance="euclidean")
    strange.add(
        [HOSTILE, "../..", "a/b?c#d"], [[1, 2], [1, 3], [2, 2]], [{HOSTILE: HOSTILE}, [HOSTILE], None]
    )
    registry.create("none", 3)
    with vectord.Server(registry) as server:
        assert server.url is not None
        yield server.url


@pytest.fixture
def page(chrome: Chrome, service: str) -> Iterator[Page]:
    """Return the page of the service; afterwards the console must have no complaints."""
    page = Page(chrome, service)
    page.errors()
    yield page
    assert page.errors() == []


def test_the_page_shows_each_index_and_its_figures(page: Page) -> None:
    page.open()
    page.until(lambda: page.text("#health") == "ready" and page.text("#figures"))
    assert page.text("#indexes ul").split("\n") == ["docs", "300", "none", "0", "strange", "3"]
    assert page.text("#name") == "docs"
    figures = page.text("#figures").split("\n")
    for name, value in (("Rows", "300"), ("Seq", "2"), ("Lag", "0"), ("Recall", "\N{EN DASH}")):
        assert figures[figures.index(name) + 1] == value
    assert "Search time" in figures or "Degree" in figures
    # A page of rows to begin with, and the next.
    assert [element.text for element in page.all("#found .id")] == [f"doc-{i:03}" for i in range(10)]
    page.find("#pages button").click()
    page.until(lambda: page.text("#found .id") == "doc-010")


def test_recall_is_measured_on_request(page: Page) -> None:
    page.open("docs")
    page.until(lambda: page.find("#measure").is_displayed())
    page.find("#measure").click()
    page.until(lambda: "Recall@10" in page.text("#figures"))
    assert "200 rows asked at seq 2" in page.text("#figures")


def test_a_search_by_id_shows_rows_and_draws_their_distances(page: Page, service: str) -> None:
    page.open("docs")
    page.until(lambda: page.all("#found .id"))
    page.find("#id").send_keys("doc-007")
    page.find("#filter").send_keys('{"year": {"$gte": 1905}}')
    page.find("#ask button").click()
    ids = page.searched()
    assert len(ids) == 10
    assert ids[0] == "doc-007"
    shown = [float(element.text) for element in page.all("#found .distance")]
    assert shown[0] == 0
    assert shown == sorted(shown)
    # The picture says in words what it shows; the table holds the same numbers.
    assert len(page.all("#picture circle")) == 10
    assert (page.find("#picture svg").get_attribute("aria-label") or "").startswith(
        "Distances of 10 rows, from 0.0000"
    )
    assert "12345678901234567890" in page.text("#found tbody tr"), "digits of a whole number are lost"
    page.find("#found details summary").click()
    assert ("long " * 99).strip() in page.text("#found details pre")
    assert service in page.chrome.current_url


def test_a_vector_can_be_pasted_as_numpy_prints_it(page: Page) -> None:
    page.open("docs")
    page.until(lambda: page.all("#found .id"))
    page.find("[name=by][value=vector]").click()
    page.find("#vector").send_keys(repr(np.arange(DIMENSION, dtype=np.float32) / 7))
    assert page.text("#counted").startswith("8 of 8 numbers")
    page.find("[name=exact]").click()
    page.find("#ask button").click()
    page.searched()
    assert "exact: compared one by one" in page.text("#said")


def test_mistakes_are_told_at_their_field(page: Page) -> None:
    page.open("docs")
    page.until(lambda: page.all("#found .id"))
    for field, typed, told in (
        ("id", "", "Give the id of a row"),
        ("filter", "{year: 3}", "The filter is not JSON"),
        ("vector", "[1, 2, 3]", "This index takes 8 numbers, and here are 3."),
        ("vector", "[1, two]", "“two” is not a number"),
    ):
        by = "vector" if field == "vector" else "id"
        page.find(f"[name=by][value={by}]").click()
        for name in {by, field, "filter"}:
            page.find(f"#{name}").clear()
        if field == "filter":
            page.find("#id").send_keys("doc-001")
        page.find(f"#{field}").send_keys(typed)
        page.find("#ask button").click()
        page.until(functools.partial(lambda told: told in page.text("#fault"), told))
        assert page.find(f"#{field}").get_attribute("aria-invalid") == "true"
        assert page.chrome.switch_to.active_element.get_attribute("id") == field


def test_the_keyboard_is_enough(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page.open("docs")
    page.until(lambda: page.all("#found .id"))

    def tab_to(holds: Callable[[WebElement], bool]) -> WebElement:
        for _ in range(60):
            page.press(Keys.TAB)
            focused = page.chrome.switch_to.active_element
            if holds(focused):
                outline = focused.value_of_css_property("outline-style")
                assert outline == "solid", "who cannot see the focus is lost"
                return focused
        return pytest.fail("Tab does not get there")

    tab_to(lambda element: element.text.startswith("strange"))
    page.press(Keys.ENTER)
    page.until(lambda: page.text("#name") == "strange")
    page.until(lambda: page.chrome.switch_to.active_element.get_attribute("id") == "name")
    tab_to(lambda element: element.get_attribute("id") == "id")
    page.press("../..", Keys.ENTER)
    assert page.searched()[0] == "../.."
    tab_to(lambda element: element.accessible_name == "Find rows similar to a/b?c#d")
    page.press(Keys.ENTER)
    page.until(lambda: page.text("#found .id") == "a/b?c#d")
    page.chrome.back()
    page.until(lambda: page.text("#name") == "docs")


def test_what_strangers_stored_stays_text(page: Page) -> None:
    page.open("strange")
    page.until(lambda: page.all("#found .id"))
    page.find("#id").send_keys(HOSTILE)
    page.find("#ask button").click()
    assert page.searched()[0] == HOSTILE
    assert page.text("#found tbody tr .pairs") == f"{HOSTILE} {HOSTILE}"
    assert page.all("#found img, #found script") == []
    assert page.chrome.title == "strange · vectord"
    page.find("#id").clear()
    page.find("#id").send_keys(f"no {HOSTILE}")
    page.find("#ask button").click()
    page.until(lambda: "<img src=x" in page.text("#fault"))
    assert page.all("#fault img") == []
    assert any("404" in error for error in page.errors()), (
        "the console names the refused search, and nothing else"
    )


@pytest.mark.parametrize("width", [320, 390, 900])
def test_nothing_scrolls_sideways(page: Page, width: int) -> None:
    for index in ("docs", "strange"):
        page.open(index, width=width)
        page.until(lambda: page.all("#found .id"))
        row = page.text("#found .id")
        page.find("#id").send_keys(row)
        page.find("#ask button").click()
        page.searched()
        wide = page.script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide == 0
        drawn = page.script(
            "return document.querySelector('#picture svg').getBoundingClientRect().right - innerWidth"
        )
        assert drawn <= 0


def test_every_control_has_a_name(page: Page) -> None:
    """As a screen reader is told it."""
    page.open("docs")
    page.until(lambda: page.all("#found .id"))
    controls = page.all("button, input, textarea, a, nav, section, dialog")
    nameless = [
        element.get_attribute("outerHTML")
        for element in controls
        if element.is_displayed() and not element.accessible_name
    ]
    assert nameless == []


def test_an_empty_service_says_what_to_do_and_it_works(chrome: Chrome) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl: not installed")
    with vectord.Server(vectord.open("memory:")) as server:
        assert server.url is not None
        page = Page(chrome, server.url).open()
        page.until(lambda: page.text("#empty code"))
        assert not page.find("#about").is_displayed()
        commands = page.text("#empty code").replace("curl ", "curl --fail-with-body -sS ")
        shell = shutil.which("sh") or "sh"
        run = subprocess.run([shell, "-euc", commands], check=False, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
        page.until(lambda: page.text("#indexes ul") == "places\n2")
        page.until(lambda: "oslo" in page.text("#found"))
        assert page.errors() == []


def test_a_key_is_asked_for_and_kept_in_this_tab_alone(
    chrome: Chrome, store: str, guarded: Callable[[str], tuple[str, str]]
) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    with vectord.open(store) as registry:
        registry.create("secret", 2).add(["a"], [[1, 2]])
    url, key = guarded("read")
    page = Page(chrome, url).open()
    page.until(lambda: page.find("#key").is_displayed())
    assert page.text("#indexes ul") == page.text("#about") == ""
    page.press("wrong", Keys.ENTER)
    page.until(lambda: "does not know the key" in page.text("#key"))
    page.press(key, Keys.ENTER)
    page.until(lambda: page.text("#name") == "secret")
    page.until(lambda: page.text("#found .id") == "a")
    assert not page.find("#key").is_displayed()
    assert page.script("return [localStorage.length, document.cookie]") == [0, ""]
    page.open()
    page.until(lambda: page.text("#name") == "secret")
    page.find("#change-key").click()
    page.press(Keys.ENTER)
    page.until(lambda: page.find("#key").is_displayed() and "one for you" in page.text("#key"))
    page.script("sessionStorage.clear()")
    refused = [error for error in page.errors() if "401" not in error]
    assert refused == []


def test_the_routes_are_told_at_docs(page: Page) -> None:
    with urllib.request.urlopen(f"{page.url}/openapi.json", timeout=30) as answer:  # noqa: S310
        document = json.load(answer)
    for width in (1200, 320):
        page.open(width=width)
        page.chrome.get(f"{page.url}/docs")
        page.until(lambda: page.text("#version") == document["info"]["version"])
        assert page.chrome.current_url == f"{page.url}/ui/docs"
        told = {element.text for element in page.all("#operations h2 code")}
        assert told == set(document["paths"])
        wide = page.script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide == 0
