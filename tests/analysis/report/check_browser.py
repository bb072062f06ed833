"""Opens the page of `picky-analyse report` in headless Chromium at the width of a desktop and of a phone, and prints it.

Nothing is fetched, nothing is said on the console, the page does not scroll sideways, no table is cut off in a window of
1,280 pixels or on paper (upright and across), folded or not, no texts overlap or leave their figures, text stands out from
its ground, and the print has all sections, no heading alone at the end of a page. With --keep FOLDER the screenshots and
the print stay there, to be looked at.

With --axe FILE that copy of axe-core (axe.min.js) finds nothing either: tests/long/web_page.sh.

check_browser.py PICKY_ANALYSE PICKY SOURCE_FOLDER [--keep FOLDER] [--axe FILE]
Needs Chromium (Debian: chromium), h5py, NumPy and pdftotext.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

try:
    import h5py
    import numpy  # noqa: F401 (make_file's)
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
for found, name, package in ((CHROMIUM, "Chromium", "chromium"),
                             (shutil.which("pdftotext"), "pdftotext", "poppler-utils")):
    if not found:
        print(f"skipped: {name} is missing (Debian: {package})")
        sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../file"))
import make_file

PROGRAM, PICKY, SOURCE = map(os.path.abspath, sys.argv[1:4])
OPTIONS = dict(zip(sys.argv[4::2], map(os.path.abspath, sys.argv[5::2])))
KEEP, AXE = OPTIONS.get("--keep"), OPTIONS.get("--axe")
PATIENCE_S = 400

# Opens what is folded.
OPEN = "document.querySelectorAll('details').forEach(e => e.open = true)"

# The tables that are wider than there is room: [what, ...].
CUT = """(() => {
  const cut = [], right = document.body.getBoundingClientRect().right;
  for (const box of document.querySelectorAll('.scroll')) {
    const table = box.querySelector('table').getBoundingClientRect();
    if (table.width > 0 && (table.right > right + 1 || box.scrollWidth > box.clientWidth + 1))
      cut.push('cut off: ' + box.getAttribute('aria-label') + ' ' + table.right + ' of ' + right);
  }
  return cut;
})()"""

# Everything is looked at where it is drawn: [what is wrong, ...].
LOOK = """(() => {
  const wrong = [], seen = new Map();
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    let widest = null;
    for (const e of document.querySelectorAll('body *')) {
      const right = e.getBoundingClientRect().right;
      if (!widest || right > widest[0]) widest = [right, e.outerHTML.slice(0, 80)];
    }
    wrong.push('the page is ' + root.scrollWidth + ' wide, the window ' + root.clientWidth + ': ' + widest);
  }
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect(), boxes = [];
    if (frame.width < 20 || frame.height < 8) wrong.push('a figure of no size: ' + svg.outerHTML.slice(0, 80));
    for (const text of svg.querySelectorAll('text')) {
      const b = text.getBoundingClientRect();
      if (b.left < frame.left - 1 || b.right > frame.right + 1 || b.top < frame.top - 1 || b.bottom > frame.bottom + 2)
        wrong.push('text leaves its figure: ' + text.textContent);
      if (b.height < 8) wrong.push('text too small: ' + text.textContent + ' ' + b.height);
      for (const [other, c] of boxes)
        if (b.left < c.right - 1 && c.left < b.right - 1 && b.top < c.bottom - 3 && c.top < b.bottom - 3)
          wrong.push('texts overlap: ' + text.textContent + ' / ' + other);
      boxes.push([text.textContent, b]);
    }
  }
  const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const parse = s => (s.match(/[\\d.]+/g) || []).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || e.closest('title, desc, .key')) continue;
    texts++;
    const style = getComputedStyle(e), front = parse(e.closest('svg') ? style.fill : style.color), back = ground(e);
    const a = light(front), b = light(back), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const kind = front + ' on ' + back;
    if (ratio < 4.5 && !seen.has(kind)) {
      seen.set(kind, true);
      wrong.push('contrast ' + ratio.toFixed(2) + ': ' + kind + ': ' + walk.currentNode.data.trim().slice(0, 40));
    }
  }
  if (texts < 50) wrong.push('only ' + texts + ' texts');
  return wrong;
})()"""


class Browser:
    """One Chromium, driven over its DevTools pipe: file descriptors 3 (to it) and 4 (from it), messages end with NUL."""

    def __init__(self, folder):
        (to_read, self.to_write), (self.from_read, from_write) = os.pipe(), os.pipe()
        self.log = open(os.path.join(folder, "chromium.log"), "w+")
        arguments = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-dev-shm-usage", f"--user-data-dir={folder}/profile", "--remote-debugging-pipe",
                     "about:blank"]
        # The shell puts the pipes where Chromium looks for them, whatever their numbers are here.
        self.process = subprocess.Popen(["sh", "-c", f"exec 3<&{to_read} 4>&{from_write}; exec \"$@\"", "sh", *arguments],
                                        pass_fds=(to_read, from_write), stdout=self.log, stderr=self.log,
                                        env={**os.environ, "HOME": folder})
        os.close(to_read)
        os.close(from_write)
        self.buffer, self.events, self.number, self.session = b"", [], 0, None

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            if not select.select([self.from_read], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            data = os.read(self.from_read, 1 << 20)
            if not data:
                self.log.seek(0)
                raise EOFError("Chromium ended: " + self.log.read()[-2000:])
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to_write, data):]
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def open(self, url, width, height, is_phone):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)
        self.events.clear()
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + PATIENCE_S
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive(deadline))

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            return [str(answer["exceptionDetails"])]
        return answer["result"].get("value")

    def axe(self):
        """What axe-core finds: [rule: element, ...]."""
        if not AXE:
            return []
        with open(AXE, encoding="utf-8") as f:
            self.evaluate(f.read() + "; 0")
        return self.evaluate("axe.run().then(r => r.violations.flatMap(v => v.nodes.map(n => "
                             "'axe: ' + v.id + ': ' + n.html.slice(0, 120))))")

    def size(self):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return size["width"], size["height"]

    def screenshot(self, path):
        width, height = self.size()
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": width, "height": min(height, 12000), "scale": 1})
        with open(path, "wb") as f:
            f.write(base64.b64decode(data["data"]))

    def print(self, path, landscape=False):
        data = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True, paperWidth=8.27,
                         paperHeight=11.69, landscape=landscape)
        with open(path, "wb") as f:
            f.write(base64.b64decode(data["data"]))

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(timeout=30)
        except (OSError, EOFError, RuntimeError, TimeoutError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()


EIGHT_TASKS = """replicates = 6; grid = { context_location = ["start", "end"]; };
model = { tasks = "x0 + x1; x0 * x1; x0; x1; a_name_as_long_as_it_may_be_one: x0 + 2 * x1; x0 - x1; x0^2*x1^2*sin(x0)*sin(x1); 1";
          hidden_layers = 13; hidden_size = 5; epochs = 1; error_threshold = 100.0; output_activation = "linear"; };"""
NOTHING_ACCEPTED = "replicates = 2; model = { hidden_size = 5; epochs = 1; error_threshold = 0.0001; max_attempts = 1; };"


def make_pages(folder):
    """{name: words that its print must have}"""
    with open(f"{SOURCE}/sweeps/seed.cfg") as f:
        seed = f.read().replace("hidden_size = 50;", "hidden_size = 30;")
    for name, text in (("seed", seed), ("eight", EIGHT_TASKS), ("nothing", NOTHING_ACCEPTED)):
        with open(f"{name}.cfg", "w") as f:
            f.write(text)
        subprocess.run([PICKY, "run", f"{name}.cfg", "-o", f"{name}.h5"], check=True, stderr=subprocess.DEVNULL)
    make_file.make("grid.h5", [dict(context_location=str(layer), fraction=round(0.05 * f, 2), second_task=task, hidden_size=10)
                               for task in ("prod", "add1.5") for layer in (1, 4) for f in range(1, 20)], 2)
    make_file.make("sizes.h5", make_file.KINDS["sizes"], 10, 0.5, name="<b>a name & \u03b1 very" + " long" * 40 + "</b>")
    with h5py.File("seed.h5") as f:
        hosts = f["provenance"].attrs["hosts"]
    pages = {"seed": ["four conditions of the 2020 draft", "context_location = end", hosts, "picky run sweep.cfg",
                      "The numbers of the histograms", "-1.0 to", "The numbers of the curves"],
             "grid": ["76", "24 of 76 configurations", "Layer 4: selective", "not printed"],
             "eight": ["Sharing", "Layer 13: Jaccard", "N_eff", "8: 1", "Overlap of each pair"],
             "nothing": ["No accepted model", "rejected: 2"],
             "sizes": ["Unfinished", "<b>a name & \u03b1 very"]}
    for name in pages:
        subprocess.run([PROGRAM, "report", f"{name}.h5", "-o", f"{name}.html"], check=True, stderr=subprocess.DEVNULL)
    return pages


def check_print(browser, folder, name, words):
    """A4, upright and across: all sections and words; no heading is the last line of a page; no table is cut off."""
    headings = browser.evaluate("[...document.querySelectorAll('h2, h3, caption')].map(e => e.textContent)")
    headings = {" ".join(text.split()) for text in headings}
    sections = browser.evaluate("[...document.querySelectorAll('h1, h2')].map(e => e.textContent)")
    wrong = []
    for kind, width in (("upright", 703), ("across", 1031)):  # pixels between the margins
        path = os.path.join(folder, f"{name}-{kind}.pdf")
        browser.print(path, kind == "across")
        text = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True).stdout.decode()
        flat = " ".join(text.split())
        for word in [*words, *(" ".join(section.split()) for section in sections)]:
            if word not in flat:
                wrong.append(f"{name}, {kind}: the print lacks {word!r}")
        for page in text.split("\f"):
            lines = [" ".join(line.split()) for line in page.splitlines() if line.strip()]
            if lines and lines[-1] in headings:
                wrong.append(f"{name}, {kind}: alone at the end of a page: {lines[-1]}")
        browser.call("Emulation.setEmulatedMedia", media="print")
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        wrong += [f"{name}, on paper, {kind}: {what}" for what in browser.evaluate(CUT)]
        browser.call("Emulation.setEmulatedMedia", media="")
    return wrong


def check_page(browser, folder, name, words):
    wrong = []
    url = f"file://{folder}/{name}.html"
    for kind, width, height, is_phone in (("phone", 390, 844, True), ("desktop", 1280, 900, False)):
        browser.open(url, width, height, is_phone)
        wrong += [f"{name}, {kind}: {what}" for what in browser.evaluate(LOOK)]
        if browser.size()[0] != width or browser.size()[1] < height:
            wrong.append(f"{name}, {kind}: laid out in {browser.size()}")
        if KEEP:
            browser.screenshot(os.path.join(folder, f"{name}-{kind}.png"))
        if kind == "desktop":
            wrong += check_print(browser, folder, name, words)
            browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        wrong += [f"{name}, {kind}: {what}" for what in browser.axe()]
        browser.evaluate(OPEN)
        wrong += [f"{name}, {kind}, unfolded: {what}" for what in [*browser.evaluate(LOOK), *browser.axe()]]
        if kind == "desktop":
            wrong += [f"{name}: {what}" for what in browser.evaluate(CUT)]
        for event in browser.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Network.requestWillBeSent" and parameters["request"]["url"] != url:
                wrong.append(f"{name}: fetches {parameters['request']['url']}")
            if method in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                wrong.append(f"{name}: on the console: {parameters}")
    return wrong


def main():
    folder = tempfile.mkdtemp(prefix="picky-browser-")
    os.chdir(folder)
    browser = None
    try:
        pages = make_pages(folder)
        browser = Browser(folder)
        browser.attach()
        wrong = [what for name, words in pages.items() for what in check_page(browser, folder, name, words)]
        browser.evaluate("document.querySelector('main').append(document.createElement('img'))")
        if AXE and not any("image-alt" in what for what in browser.axe()):
            wrong.append("axe-core does not find a fault that is there")
    finally:
        if browser:
            browser.close()
        if KEEP:
            os.makedirs(KEEP, exist_ok=True)
            for name in os.listdir(folder):
                if name.endswith((".png", ".pdf", ".html")):
                    shutil.copy(name, KEEP)
        os.chdir("/")
        shutil.rmtree(folder, ignore_errors=True)
    for what in wrong[:40]:
        print(what)
    print(f"{len(pages)} pages, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
