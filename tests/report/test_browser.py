"""Pages in a real browser: no message, no request, no sideways scroll, accessible by WCAG 2.2 A and AA, printable."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nociscope.report.index import index_entry, index_page
from nociscope.report.participant import participant_page
from tests.report.example import DECLARATIONS, visit
from tests.report.test_group import page_of, study

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytestmark = pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")),
    reason="chromium and chromedriver are not installed",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    result = visit()
    entry = index_entry(result)
    entries = [replace(entry, participant_id=f"sub-{i:02d}", group="FM" if i % 3 else "control") for i in range(20)]
    contents = {
        "participant": participant_page(result, DECLARATIONS),
        "index": index_page("Small fibres in fibromyalgia", entries, group_page="group/report.html"),
        "group": page_of(*study()),
    }
    for name, html in contents.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: Path(folder, f"{name}.html").as_uri() for name in contents}


PAGES = ("participant", "index", "group")


def opened(browser: Any, address: str, width: int) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(address)


@pytest.mark.parametrize("name", PAGES)
def test_no_message_and_no_request(browser: Any, pages: dict[str, str], name: str) -> None:
    opened(browser, pages[name], 1280)
    assert browser.get_log("browser") == []
    asked = [e["message"] for e in browser.get_log("performance") if "Network.requestWillBeSent" in e["message"]]
    assert all(pages[name] in message or "data:" in message for message in asked)


@pytest.mark.parametrize("width", [1280, 800, 420, 320])
@pytest.mark.parametrize("name", PAGES)
def test_no_sideways_scroll(browser: Any, pages: dict[str, str], name: str, width: int) -> None:
    opened(browser, pages[name], width)
    wide, seen = browser.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= seen


@pytest.mark.parametrize("name", ["participant", "group"])
def test_no_table_is_cut_on_a_laptop(browser: Any, pages: dict[str, str], name: str) -> None:
    opened(browser, pages[name], 1280)
    cut = browser.execute_script(
        "return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).map(e => "
        "e.getAttribute('aria-label') + e.scrollWidth)"
    )
    assert cut == []


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("name", PAGES)
def test_accessible(browser: Any, pages: dict[str, str], name: str, width: int) -> None:
    axe = pytest.importorskip("axe_core_python.selenium", reason="axe-core-python is not installed")
    opened(browser, pages[name], width)
    browser.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = axe.Axe().run(
        browser, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert found["passes"]
    said = [(v["id"], v["impact"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found["violations"]]
    assert said == []


def printed_text(browser: Any, address: str, folder: Path) -> str:
    """Return the text of a page on paper, sheets parted by form feeds."""
    import subprocess

    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    opened(browser, address, 1280)
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert pdf.startswith(b"%PDF")
    (folder / "page.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-layout", str(folder / "page.pdf"), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_participant_prints_compactly(browser: Any, pages: dict[str, str], tmp_path: Path) -> None:
    text = printed_text(browser, pages["participant"], tmp_path)
    sheets = text.split("\f")[:-1]
    assert all("Research use only" in sheet for sheet in sheets)
    assert len(sheets) <= 6
    assert "further reading" in text
    assert "doi:10.1371/journal.pone.0191614" in text
    assert "baseline_c = 32.0" not in text  # settings stay on the screen


def test_the_groups_print_with_figures_and_without_folded_tables(
    browser: Any, pages: dict[str, str], tmp_path: Path
) -> None:
    text = printed_text(browser, pages["group"], tmp_path)
    assert "Oaklander 2013" in text
    assert "Research use only" in text
