"""A browser by the WebDriver protocol (W3C), and pictures (PNG) as numbers, with nothing beyond Python's own library."""

import base64
import collections
import json
import struct
import subprocess
import time
import urllib.error
import urllib.request
import zlib

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Up": "\ue013", "Down": "\ue015", "Right": "\ue014", "F6": "\ue036",
        "Shift": "\ue008"}


class Refused(Exception):
    """What the driver answered instead of a value."""


def until(what, condition, seconds=60, told=lambda: ""):
    """The first true value of a condition that tells of no change by itself."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}{told()}")
        time.sleep(0.05)
    return value


class Browser:
    """One headless Chromium, from `Browser(...)` to `close()`."""

    def __init__(self, width, height):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.base = "http://127.0.0.1:" + line.rsplit("port", 1)[1].strip(" .\n")
                break
        else:
            raise SystemExit("chromedriver does not start")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-background-networking",
                     "--no-first-run", "--disable-component-update", "--disable-default-apps", "--disable-sync",
                     f"--window-size={width},{height}"]
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]
        self.requests = []
        self.messages = []

    def call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise Refused(f"{value['error']}: {value['message']}") from None

    def do(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def close(self):
        try:
            self.do("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def go(self, address):
        self.do("POST", "/url", {"url": address})

    def js(self, script, *arguments):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def protocol(self, command, **parameters):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def find(self, selector):
        return self.do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.do("POST", f"/element/{self.find(selector)}/click")

    def type(self, *keys):
        """Presses keys, one after the other, wherever the focus is: names of KEYS, or the characters of a text."""
        actions = []
        for key in keys:
            for value in [KEYS[key]] if key in KEYS else list(key):
                actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def point(self, selector, x=0, y=0, touch=False):
        """Moves the mouse to a place, in pixels from the middle of an element; with `touch`, a finger taps there."""
        move = {"type": "pointerMove", "origin": {ELEMENT: self.find(selector)}, "x": x, "y": y}
        tap = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}] if touch else []
        kind = "touch" if touch else "mouse"
        self.do("POST", "/actions", {"actions": [
            {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": [move] + tap}]})

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def until(self, what, script, *arguments, seconds=60):
        """The first true value of a script; the limit is for a page that hangs, and no claim about its speed."""
        return until(what, lambda: self.js(script, *arguments), seconds,
                     lambda: f"; the page says: {self.js('return document.body.innerText')[:900]}")

    def picture(self, selector=None):
        path = f"/element/{self.find(selector)}/screenshot" if selector else "/screenshot"
        return base64.b64decode(self.do("GET", path))

    def gather(self):
        """Takes in what the browser noted since the last time: requests, and messages of its console."""
        for entry in self.do("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.requests.append(message["params"]["url"])
        self.messages += self.do("POST", "/se/log", {"type": "browser"})


class Picture:
    """The pixels of a PNG with 8 bits for each of red, green, blue (and alpha), as Chromium writes them."""

    def __init__(self, data):
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        position, packed = 8, b""
        while position < len(data):
            length, kind = struct.unpack(">I4s", data[position : position + 8])
            body = data[position + 8 : position + 8 + length]
            if kind == b"IHDR":
                self.width, self.height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
                assert depth == 8 and colour in (2, 6) and not interlaced
                self.step = 3 if colour == 2 else 4
            elif kind == b"IDAT":
                packed += body
            position += 12 + length
        raw, stride, step = zlib.decompress(packed), self.width * self.step, self.step
        before, self.rows = bytearray(stride), []
        for start in range(0, len(raw), stride + 1):
            kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
            for i in range(stride if kind else 0):
                left = row[i - step] if i >= step else 0
                up = before[i]
                corner = before[i - step] if i >= step else 0
                if kind == 1:
                    add = left
                elif kind == 2:
                    add = up
                elif kind == 3:
                    add = (left + up) >> 1
                else:
                    guess = left + up - corner
                    a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
                    add = left if a <= b and a <= c else up if b <= c else corner
                row[i] = (row[i] + add) & 255
            self.rows.append(row)
            before = row

    def colours(self):
        """How many pixels have each colour."""
        step = self.step
        return collections.Counter(tuple(row[i : i + 3]) for row in self.rows for i in range(0, len(row), step))

    def common(self):
        """The colour that most of it has: its background."""
        return self.colours().most_common(1)[0][0]

    def sharpest(self):
        """The highest contrast that any of its pixels has with its background."""
        background = self.common()
        return max(contrast(colour, background) for colour in self.colours())


def luminance(colour):
    """The relative luminance of WCAG 2.2, from 0 (black) to 1 (white)."""
    parts = [value / 255 for value in colour]
    red, green, blue = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
