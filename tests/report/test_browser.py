"""The page in a browser without a window: sorting and searching by its own buttons, no error, no network."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.report.pages import write_page
from tests.report.test_html import Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next(filter(None, map(shutil.which, _NAMES)), None)
SIZES = (10, 121, 1000, 3000)
# Runs before and after the page's own program; what it finds becomes the text of an element.
BEFORE = """<script>
var faults = [];
window.addEventListener("error", function (event) { faults.push(String(event.message || event.target.src)); }, true);
window.addEventListener("securitypolicyviolation", function (event) { faults.push(event.blockedURI); });
</script>"""
AFTER = """<script>
(function () {
  var table = document.getElementById("class-table"), rows = table.tBodies[0].rows, seen = {};
  var buttons = table.querySelectorAll("thead button"), heads = table.tHead.rows[0].cells;
  function column(number) {
    return Array.prototype.filter.call(rows, function (row) { return !row.hidden; })
      .map(function (row) { return row.cells[number].textContent.trim(); });
  }
  function type(text) {
    var field = document.getElementById("class-search");
    field.value = text;
    field.dispatchEvent(new Event("input"));
  }
  seen.visible = !document.getElementById("class-tools").hidden;
  seen.columns = buttons.length;
  buttons[4].focus();
  seen.focus = document.activeElement === buttons[4];
  buttons[4].click();
  seen.rising = column(4); seen.risingState = heads[4].getAttribute("aria-sort");
  buttons[4].click();
  seen.falling = column(4); seen.fallingState = heads[4].getAttribute("aria-sort");
  seen.otherState = heads[1].getAttribute("aria-sort");
  buttons[0].click();
  seen.names = column(0);
  type("SALMO 5"); seen.found = column(0); seen.status = document.getElementById("class-status").textContent;
  type("no such class"); seen.none = column(0).length;
  type("");
  var group = document.getElementById("class-group");
  group.value = "few"; group.dispatchEvent(new Event("change")); seen.groups = column(2);
  group.value = ""; group.dispatchEvent(new Event("change")); seen.all = column(0).length;
  var strip = document.querySelector(".strip"), box = strip && strip.getBoundingClientRect();
  seen.strip = box ? [box.width, box.height, getComputedStyle(strip).backgroundImage.slice(0, 27)] : null;
  seen.broken = Array.prototype.filter.call(document.images, function (image) { return !image.naturalWidth; }).length;
  seen.wide = document.documentElement.scrollWidth - window.innerWidth;
  seen.faults = faults;
  var shown = document.createElement("pre");
  shown.id = "seen"; shown.textContent = JSON.stringify(seen);
  document.body.appendChild(shown);
})();
</script>"""


@pytest.fixture(scope="module", params=SIZES)
def page(request, tmp_path_factory):
    """Path of a report, its number of classes and the result behind it."""
    path, result = write_page(tmp_path_factory.mktemp(f"report{request.param}"), request.param)
    return path, request.param, result


def browse(path, width=1200):
    """Open a copy of the page, use its table, and return what was seen and what the console said."""
    text = path.read_text(encoding="utf-8")
    assert text.count("</body>") == 1 and text.count("<head>") == 1
    copy = path.with_name("used.html")
    # After `load`, as pictures are decoded then.
    after = AFTER.replace("(function () {", 'window.addEventListener("load", function () {', 1)
    after = after.replace("})();\n</script>", "});\n</script>")
    copy.write_text(
        text.replace("<head>", "<head>" + BEFORE).replace("</body>", after + "</body>"), encoding="utf-8"
    )
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
        f"--user-data-dir={path.parent / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--window-size={width},900", "--virtual-time-budget=20000", "--dump-dom", copy.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    seen = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert seen, done.stderr[-2000:]
    plain = seen[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(plain), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def numbers(texts):
    return [float(text.split()[0]) for text in texts if not text.startswith("–")]


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
def test_the_table_sorts_and_searches_in_a_browser(page):
    path, classes, result = page
    seen, console = browse(path)
    assert seen["faults"] == [] and console == []
    assert seen["visible"] and seen["columns"] == 9 and seen["focus"]
    assert seen["risingState"] == "ascending" and seen["fallingState"] == "descending"
    assert seen["otherState"] == "none"
    expected = np.round(np.sort(100 * result.per_class), 1)
    np.testing.assert_allclose(numbers(seen["rising"]), expected, atol=0.051)
    np.testing.assert_allclose(numbers(seen["falling"]), expected[::-1], atol=0.051)
    assert len(seen["names"]) == classes == seen["all"]
    # Numbers in names count as numbers.
    salmo = [int(name.split()[-1]) for name in seen["names"] if name.startswith("Salmo")]
    assert salmo == sorted(salmo) and len(salmo) == classes // 5 + (classes % 5 > 0)
    assert seen["found"] == [name for name in seen["names"] if name.startswith("Salmo") and "5" in name]
    assert seen["status"] == f"{len(seen['found'])} of {classes} classes" and seen["found"]
    assert seen["none"] == 0
    few = sum(count < 20 for count in result.class_counts)
    assert set(seen["groups"]) == {"few"} and len(seen["groups"]) == few
    assert seen["broken"] == 0 and seen["strip"][2].startswith('url("data:image/jpeg;base64')
    assert seen["strip"][0] >= 32 and seen["strip"][1] >= 32


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
def test_a_narrow_screen_scrolls_in_the_table_only(tmp_path):
    path, _ = write_page(tmp_path, 12)
    seen, console = browse(path, width=500)
    assert seen["wide"] <= 0 and seen["faults"] == [] and console == []


def test_the_page_stays_small_and_loads_nothing(page):
    path, classes, _ = page
    assert path.stat().st_size < 10_000_000
    text = path.read_text(encoding="utf-8")
    found = Page(text)
    assert len(found.all("script")) == 1 and not found.all("link") and not found.all("iframe")
    assert all(picture["src"].startswith("data:image/") and picture["alt"] for picture in found.all("img"))
    style = text[text.index("<style>") : text.index("</style>")]
    assert set(re.findall(r'url\("(.{11})', style)) == {"data:image/"} and "@import" not in style
    assert not re.search(r"<[^>]+\b(?:src|href|action)=[\"']?(?:https?:)?//", text)


def test_the_table_can_be_used_without_seeing_it(page):
    path, classes, _ = page
    found = Page(path.read_text(encoding="utf-8"))
    heads = [tag for tag in found.all("th") if "data-kind" in tag]
    assert len(heads) == 9 and all(tag["scope"] == "col" for tag in heads)
    assert sum(tag.get("scope") == "row" for tag in found.all("th")) == classes + 1
    assert sum(tag.get("role") == "status" for tag in found.all("span")) == 1
    assert len(found.all("label")) == 2 and len(found.all("input")) == len(found.all("select")) == 1
    pictures = [tag for tag in found.all("span") if tag.get("role") == "img"]
    assert len(pictures) == classes and all("training image" in tag["aria-label"] for tag in pictures)
    for section in found.all("section"):
        assert any(heading.get("id") == section["aria-labelledby"] for heading in found.all("h2"))
    # Names are text, not tags.
    assert (
        not found.all("b")
        and "<b>trutta 0" in found.text
        and "</script><script>throw 1</script>" in found.text
    )
