"""The page of cfsd in headless Chromium, against a real daemon with real containers. `make test-dashboard` runs it.

Each test says what somebody at the page sees. They run in this order, in one browser, and leave the page at `#/containers`."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import traceback
import urllib.request

from browser import Browser, Picture, contrast, luminance, until

DAEMON = os.environ["CFSD_BINARY"]
# Another address to load the page from (with CFSD_PORT): a proxy that serves it from the disk, while it is worked on.
FRONT = os.environ.get("CFSD_FRONT")
HOSTILE = "<script>window.taken=1</script><img src=x onerror=window.taken=2>"
TICKING = 'i=0; while :; do i=$((i+1)); echo "tick $i"; j=0; while [ $j -lt $((i % 3 * 9000)) ]; do j=$((j+1)); done; sleep 0.3; done'
TESTS = []


def test(sentence):
    def keep(function):
        TESTS.append((sentence, function))
        return function
    return keep


class Daemon:
    """A cfsd with folders of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.port = os.environ.get("CFSD_PORT", "0")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [DAEMON, "--root", f"{self.folder}/root", "--run", f"{self.folder}/run", "--socket", f"{self.folder}/socket",
             "--listen", f"127.0.0.1:{self.port}"], stdout=subprocess.PIPE, text=True, start_new_session=True)
        for line in self.process.stdout:
            if "listening on 127.0.0.1:" in line:
                self.port = line.rsplit(":", 1)[1].strip()
                return
        raise SystemExit("cfsd does not start")

    def end(self, by=signal.SIGTERM):
        self.process.send_signal(by)
        self.process.wait()

    def ask(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode() if body else None, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def run(self, name, *command, **fields):
        return self.ask("POST", "/run", {"state": "run", "image": "BusyBox", "name": name, "command": list(command), **fields})["id"]


class World:
    def __init__(self, folder):
        self.pictures = pathlib.Path(os.environ.get("PICTURES", f"{folder}/pictures"))
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.daemon = Daemon(folder)
        self.ids = {
            "web": self.daemon.run("web", "sh", "-c", TICKING, label=["tier=front"]),
            "hostile": self.daemon.run("hostile", "sh", "-c", f"echo '{HOSTILE}'; printf '\\033[31mred\\033[0m\\n'; exec sleep 10000", label=[f"note={HOSTILE}"]),
            "victim": self.daemon.run("victim", "sleep", "10000", init=True),
        }
        self.daemon.ask("POST", "/run", {"state": "run", "image": "TinyCore", "name": "core", "command": "false", "wait": True})
        self.browser = Browser(1280, 820)
        self.browser.protocol("Page.addScriptToEvaluateOnNewDocument", source="""
            window.blocked = []; window.errors = [];
            addEventListener("securitypolicyviolation", (event) => blocked.push(event.violatedDirective + " " + event.blockedURI));
            addEventListener("error", (event) => errors.push(event.message));
            addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));""")
        self.colours("light")

    @property
    def address(self):
        return FRONT or f"http://127.0.0.1:{self.daemon.port}"

    def colours(self, scheme, motion="no-preference"):
        self.browser.protocol("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}])

    def open(self, name, tab="overview"):
        self.browser.js("location.hash = arguments[0]", f"#/containers/{self.ids[name]}/{tab}")
        self.browser.until(f"{name} is open", "return document.querySelector('#name')?.textContent === arguments[0] "
                           "&& document.querySelector(`#tab-${arguments[1]}`).getAttribute('aria-selected') === 'true'", name, tab)

    def keep(self, name, selector=None):
        data = self.browser.picture(selector)
        (self.pictures / f"{name}.png").write_bytes(data)
        return data

    def commands(self, name):
        return json.dumps(self.daemon.ask("GET", f"/containers/{self.ids[name]}/top"))

    def state(self, name):
        return self.daemon.ask("GET", f"/containers/{self.ids[name]}")["state"]

    def close(self):
        try:
            self.browser.close()
        finally:
            for one in self.daemon.ask("GET", "/containers?all=true"):
                self.daemon.ask("DELETE", f"/containers/{one}?force=true")
            cgroup = pathlib.Path(self.daemon.ask("GET", "/info")["Cgroup"]["Folder"])
            self.daemon.end()
            if cgroup.is_dir():
                cgroup.rmdir()


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


# The screen's text: every line of the terminal, without the blanks at its end.
SCREEN = "return [...document.querySelectorAll('.screen > .line')].map((line) => line.textContent.trimEnd())"


@test("the page loads and says that it is connected")
def loads(world):
    world.browser.go(world.address)
    world.browser.until("connected", "return document.querySelector('#link').textContent === 'connected'")
    assert not world.browser.js("return document.documentElement.outerHTML.includes('{' + '{')"), "a text was left to be put in"


@test("containers stand in the list with name and state, those that run first")
def listed(world):
    rows = world.browser.until("four rows", "const rows = [...document.querySelectorAll('#rows a')].map((row) => row.getAttribute('aria-label')); return rows.length === 4 && rows")
    equal(sorted(rows[:3]), ["hostile, Running, BusyBox", "victim, Running, BusyBox", "web, Running, BusyBox"])
    equal(rows[3], "core, Stopped: ERROR, TinyCore")
    equal(world.browser.text("#count-containers"), "3/4")


@test("the charts of CPU and memory draw values that change")
def charts(world):
    world.open("web")
    for kind in ("cpu", "memory"):
        curve = f".chart.{kind} .curve"
        first = world.browser.until(f"{kind} has a curve of three points",
                                    "const d = document.querySelector(arguments[0]).getAttribute('d') || ''; return d.split('L').length > 3 && d", curve)
        world.browser.until(f"{kind} goes on", "return document.querySelector(arguments[0]).getAttribute('d') !== arguments[1]", curve, first)
    # The heights of the curve differ: it is a measurement and no flat line.
    world.browser.until("a CPU that rises and falls", """
        const heights = document.querySelector('.chart.cpu .curve').getAttribute('d').split(/[ML]/).filter(Boolean).map((point) => point.split(' ')[1]);
        return new Set(heights).size > 3""")
    label = world.browser.js("return document.querySelector('.chart.memory').getAttribute('aria-label')")
    assert "now" in label and "KiB" in label or "MiB" in label, label


@test("the pointer over a chart shows the value of that moment, further left an earlier one, and takes it away with it")
def hover(world):
    world.open("web")
    world.browser.until("a curve", "return (document.querySelector('.chart.memory .curve').getAttribute('d') || '').split('L').length > 5")
    told = """
        const plot = document.querySelector('.chart.memory .plot'), at = plot.querySelector('.at'), hair = plot.querySelector('.hair');
        return [getComputedStyle(at).display, getComputedStyle(hair).display, at.textContent, hair.getBoundingClientRect().left - plot.getBoundingClientRect().left]"""
    width = world.browser.js("return document.querySelector('.chart.memory .plot').getBoundingClientRect().width")
    seen = []
    for x in (int(width / 2) - 2, 2 - int(width / 2)):
        world.browser.point(".chart.memory .plot", x)
        label, line, text, left = world.browser.js(told)
        equal((label, line), ("block", "block"))
        assert abs(left - (width / 2 + x)) <= 2, (left, width, x)
        amount, unit, _, clock = text.split()
        assert float(amount) > 0 and unit in ("B", "KiB", "MiB"), text
        seen.append(sum(int(part) * size for part, size in zip(clock.split(":"), (3600, 60, 1))))
    # Past midnight the earlier one has the larger number.
    assert 0 < (seen[0] - seen[1]) % 86400 <= 120, seen
    world.browser.point("#name")
    equal(world.browser.js(told)[:2], ["none", "none"])


@test("the start-up timing is a bar for each phase, as long as its share")
def timing(world):
    world.open("web")
    phases = world.daemon.ask("GET", f"/containers/{world.ids['web']}/timing")["phases"]
    bars = world.browser.until("bars", """
        const bars = [...document.querySelectorAll('.timing li')].map((row) => [row.querySelector('.phase').textContent, parseFloat(row.querySelector('.piece').style.width)]);
        return bars.length && bars""")
    equal([name for name, _ in bars], [phase["phase"] for phase in phases])
    total = sum(phase["nanoseconds"] for phase in phases)
    for (_, width), phase in zip(bars, phases):
        assert abs(width - phase["nanoseconds"] / total * 100) < 0.01, (width, phase)
    drawn = world.browser.js("return [...document.querySelectorAll('.timing .piece')].every((piece) => piece.getBoundingClientRect().width >= 2)")
    assert drawn, "a bar that cannot be seen"


@test("a line that the container writes shows up in its log, and the log follows")
def follows(world):
    world.open("web", "logs")
    seen = world.browser.until("a tick", "return [...document.querySelectorAll('.log .entry .text')].filter((one) => /^tick [0-9]+$/.test(one.textContent)).length")
    world.browser.until("more ticks", "return document.querySelectorAll('.log .entry').length > arguments[0] + 2", seen)
    lines = world.browser.js("return [...document.querySelectorAll('.log .entry .text')].map((one) => one.textContent)")
    equal(lines, [f"tick {number + 1}" for number in range(len(lines))])
    world.keep("light-logs")


@test("markup in a log, a label and a command stays text")
def escaped(world):
    world.open("hostile", "logs")
    world.browser.until("the hostile line", "return [...document.querySelectorAll('.log .entry .text')].some((one) => one.textContent === arguments[0])", HOSTILE)
    equal(world.browser.js("return [...document.querySelectorAll('.log .f1')].map((one) => one.textContent)"), ["red"])
    world.open("hostile")
    world.browser.until("the hostile label", "return document.querySelector('.facts').textContent.includes(arguments[0])", HOSTILE)
    assert HOSTILE in world.browser.text(".title .line"), "the command is not shown as it is"
    equal(world.browser.js("return document.querySelectorAll('main img, main script, main iframe').length"), 0)
    equal(world.browser.js("return window.taken ?? null"), None)


@test("the terminal runs commands, and shows what they write")
def terminal(world):
    world.open("web", "terminal")
    world.browser.until("a prompt", SCREEN + ".some((line) => /[#$]$/.test(line))")
    world.browser.until("the keyboard in the terminal", "return document.activeElement?.closest('.term') !== null")
    world.browser.type("echo $((6*7))", "Enter")
    world.browser.until("42", SCREEN + ".includes('42')")
    world.browser.type("printf '\\033[2J\\033[3;5Hhere\\033[32mgreen\\033[0m\\n'", "Enter")
    world.browser.until("text where the cursor was put", SCREEN + ".some((line) => line === '    heregreen')")
    equal(world.browser.js("return [...document.querySelectorAll('.screen .f2')].at(-1)?.textContent"), "green")
    world.browser.type(f"echo '{HOSTILE}'", "Enter")
    world.browser.until("markup as text", SCREEN + ".join('').includes(arguments[0])", HOSTILE)
    equal(world.browser.js("return document.querySelectorAll('main img, main script').length"), 0)


@test("a program of the whole screen has it, and gives it back")
def alternate(world):
    world.browser.type("clear; echo kept", "Enter")
    world.browser.until("kept", SCREEN + ".includes('kept')")
    world.browser.type("printf '\\033[?1049h\\033[Hover all'; read x; printf '\\033[?1049l'", "Enter")
    world.browser.until("the other screen", SCREEN + "[0] === 'over all'")
    assert "kept" not in world.browser.js(SCREEN), "the first screen shines through"
    world.browser.type("Enter")
    world.browser.until("the first screen", SCREEN + ".includes('kept')")
    world.browser.type("vi /tmp/note", "Enter")
    world.browser.until("vi", SCREEN + ".filter((line) => line === '~').length > 5")
    world.browser.type("iwritten in vi")
    world.browser.until("the text, and that vi inserts", SCREEN + ".includes('written in vi') && document.querySelector('.screen').lastChild.textContent.startsWith('I /tmp/note')")
    world.browser.type("Escape")
    # An escape with a key straight behind it is another key (Alt): vi has to have taken it.
    world.browser.until("the end of inserting", SCREEN + ".at(-1).startsWith('- /tmp/note')")
    world.browser.type(":wq", "Enter")
    world.browser.until("the first screen", SCREEN + ".includes('kept')")
    world.browser.type("clear; cat /tmp/note", "Enter")
    world.browser.until("the file", SCREEN + ".includes('written in vi')")


@test("the terminal has the size that it is shown in")
def resized(world):
    def size(mark):
        world.browser.type(f"clear; echo {mark} $(stty size)", "Enter")
        return world.browser.until("a size", SCREEN + ".map((line) => new RegExp(`^${arguments[0]} ([0-9]+) ([0-9]+)$`).exec(line)).find(Boolean)", mark)[1:]
    world.open("web", "terminal")
    world.browser.until("a prompt", SCREEN + ".some((line) => /[#$]$/.test(line))")
    before = list(map(int, size("before")))
    world.browser.do("POST", "/window/rect", {"width": 1000, "height": 640})
    world.browser.until("fewer rows", "return document.querySelectorAll('.screen > .line').length < arguments[0]", before[0])
    rows, columns = map(int, size("after"))
    assert rows < before[0] and columns < before[1], (before, rows, columns)
    room = world.browser.js("const box = document.querySelector('.screen'); return [box.clientHeight, box.clientWidth]")
    equal(rows, room[0] // 18)
    world.keep("light-terminal")
    world.browser.do("POST", "/window/rect", {"width": 1280, "height": 820})
    world.browser.type("F6")
    equal(world.browser.js("return document.activeElement.id"), "tab-terminal")


@test("the button Stop stops it, and the page says Stopped")
def stops(world):
    world.open("victim")
    equal(world.state("victim"), "Running")
    world.browser.click("[data-verb=stop]")
    world.browser.until("Stopped", "return document.querySelector('#state').textContent.startsWith('Stopped')")
    assert world.state("victim").startswith("Stopped")
    world.browser.until("a button to start it", "return document.querySelector('[data-verb=start]:not(:disabled)')")
    world.browser.click("[data-verb=start]")
    world.browser.until("Running", "return document.querySelector('#state').textContent === 'Running'")
    world.browser.until("a button to pause it", "return document.querySelector('[data-verb=pause]:not(:disabled)')")
    world.browser.click("[data-verb=pause]")
    world.browser.until("Paused", "return document.querySelector('#state').textContent === 'Paused'")
    world.browser.until("a button to resume it", "return document.querySelector('[data-verb=unpause]:not(:disabled)')")
    world.browser.click("[data-verb=unpause]")
    world.browser.until("Running", "return document.querySelector('#state').textContent === 'Running'")


@test("what happens elsewhere shows up by itself, as an event and in the list")
def live(world):
    world.browser.js("location.hash = '#/events'")
    world.browser.until("the events of before", "return [...document.querySelectorAll('#events .who')].some((who) => who.textContent === 'web')")
    world.ids["late"] = world.daemon.run("late", "sleep", "10000")
    world.browser.until("its start", """return [...document.querySelectorAll('#events li')].some((row) =>
        row.querySelector('.who').textContent === 'late' && row.querySelector('.action').textContent === 'start')""")
    world.keep("light-events")
    world.browser.js("location.hash = '#/containers'")
    world.browser.until("its row", "return [...document.querySelectorAll('#rows .name')].some((name) => name.textContent === 'late')")


@test("a layer that two images share is in the stack once, below both")
def stacks(world):
    world.browser.js("location.hash = '#/images'")
    world.browser.until("two images", "return document.querySelectorAll('#stacks .cap').length === 2")
    images = world.daemon.ask("GET", "/images")
    shared = [layer for layer in images[0]["layers"] if len(layer["images"]) == 2]
    assert shared, "the two share nothing: this test proves nothing"
    drawn = world.browser.js("return [...document.querySelectorAll('#stacks .slab')].map((slab) => slab.dataset.chain)")
    equal(sorted(drawn), sorted({layer["chainID"] for image in images for layer in image["layers"]}))
    box = "const box = document.querySelector(arguments[0]).getBoundingClientRect(); return [box.left, box.right, box.top, box.bottom]"
    below = world.browser.js(box, f"[data-chain='{shared[-1]['chainID']}']")
    for image in images:
        top = world.browser.js(box, f"[data-chain='{image['layers'][-1]['chainID']}']")
        assert below[0] <= top[0] + 1 and below[1] >= top[1] - 1 and top[3] <= below[2], (below, top)
    assert "shared by BusyBox, TinyCore" in world.browser.text(f"[data-chain='{shared[-1]['chainID']}']")
    world.keep("light-images")


@test("a container is run, watched and removed with the keyboard alone")
def keyboard(world):
    browser = world.browser
    browser.js("location.hash = '#/images'; document.activeElement.blur()")
    browser.type("1")
    browser.until("the containers", "return document.querySelector('#rows a')")
    browser.type("?")
    browser.until("the shortcuts", "return document.querySelector('dialog')?.open")
    browser.type("Escape")
    browser.until("no dialog", "return !document.querySelector('dialog')")
    browser.type("n")
    browser.until("the form", "return document.activeElement?.name === 'image'")
    browser.js("document.activeElement.select()")
    browser.type("BusyBox", "Tab", "by-keys", "Tab", "sleep 5000", "Enter")
    browser.until("the new container", "return document.querySelector('#name')?.textContent === 'by-keys' && !document.querySelector('dialog')")
    one = next(one for one in world.daemon.ask("GET", "/containers").values() if one["name"] == "by-keys")
    equal(one["arguments"], ["sleep", "5000"])
    browser.js("document.querySelector('#rows a[aria-current]').focus()")
    for _ in range(60):
        if browser.js("return document.activeElement.id") == "tab-overview":
            break
        browser.type("Tab")
        mark = browser.js("const style = getComputedStyle(document.activeElement); return [document.activeElement.tagName, style.outlineStyle, style.outlineWidth]")
        assert mark[0] == "BODY" or (mark[1] == "solid" and mark[2] == "2px"), f"a focus that cannot be seen: {mark}"
    equal(browser.js("return document.activeElement.id"), "tab-overview")
    browser.type("Right")
    browser.until("the logs", "return document.activeElement.id === 'tab-logs' && document.querySelector('.log')")
    browser.type("x")
    browser.until("a question", "return document.querySelector('dialog .foot .danger') === document.activeElement")
    browser.type("Enter")
    browser.until("its removal", "return ![...document.querySelectorAll('#rows .name')].some((name) => name.textContent === 'by-keys')")
    assert one["id"] not in world.daemon.ask("GET", "/containers?all=true")


# The links of the picture: from, to, way.
LINKS = "return [...document.querySelectorAll('#net .link')].map((link) => [link.dataset.from, link.dataset.to, link.dataset.way])"


@test("the picture of networks has a link for whom each reaches, and follows who joins and leaves")
def networks(world):
    # It has ended: nothing of its networks is in the kernel.
    core = world.daemon.ask("GET", "/containers/core")["id"]
    for fields in ({"name": "blue"}, {"name": "vault", "internal": True}):
        world.daemon.ask("POST", "/networks", fields)
    try:
        world.browser.js("location.hash = '#/networks'")
        world.browser.until("three networks", "return document.querySelectorAll('#net .box.network').length === 3")
        open_links = [["host", "network blue", "both"], ["world", "network blue", "back"], ["host", "network cfs0", "both"], ["world", "network cfs0", "back"]]
        # An internal network has no gateway unless it is given one: the host is not on it.
        equal(sorted(world.browser.js(LINKS)), sorted(open_links))
        for name in ("blue", "vault"):
            world.daemon.ask("POST", f"/networks/{name}/connect", {"container": "core"})
        world.browser.until("two links more", "return document.querySelectorAll('#net .link').length === 6")
        links = world.browser.js(LINKS)
        assert ["network blue", f"container {core}", "both"] in links and ["network vault", f"container {core}", "both"] in links, links
        equal(world.browser.js("return [...document.querySelectorAll('#net .box.container.ended')].length"), 1)
        # The same in words, for who does not see it.
        told = world.browser.js("return ['aria-labelledby', 'aria-describedby'].map((name) => document.getElementById(document.querySelector('#net').getAttribute(name)).textContent)")
        equal(told[0], "Networks and who reaches whom: 3 networks, 1 container")
        assert "vault reaches nobody else, and nobody reaches it; on it: core." in told[1], told
        rows = world.browser.js("return [...document.querySelectorAll('.net-table tbody tr')].map((row) => [row.querySelector('b').textContent, [...row.querySelectorAll('a')].map((link) => link.textContent)])")
        equal(rows, [["blue", ["core"]], ["cfs0", []], ["vault", ["core"]]])
        world.keep("light-networks")
        ink = Picture(world.browser.picture("#net")).sharpest()
        assert ink > 7, f"the picture's text has a contrast of {ink:.1f}"
        world.daemon.ask("POST", "/networks/vault/disconnect", {"container": "core"})
        world.browser.until("a link less", "return document.querySelectorAll('#net .link').length === 5")
        world.browser.click(".net-table tbody a")
        world.browser.until("core is open", "return document.querySelector('#name')?.textContent === 'core'")
    finally:
        world.daemon.ask("POST", "/networks/vault/disconnect", {"container": "core", "force": True})
        world.daemon.ask("POST", "/networks/blue/disconnect", {"container": "core", "force": True})
        for name in ("blue", "vault"):
            world.daemon.ask("DELETE", f"/networks/{name}")
        world.browser.js("location.hash = '#/containers'")


@test("published ports, devices of the host and closed networks are drawn, and a name is no markup")
def reaches(world):
    def network(name, **fields):
        return {"id": name, "name": name, "driver": "bridge", "internal": False, "device": "cfs-x", "subnets": [{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}], "containers": [], **fields}

    def member(name, status, *ports):
        return {"id": name, "name": name, "status": status, "addresses": ["10.1.0.2"], "ports": list(ports)}

    any_address = [{"hostAddress": address, "hostPort": 8080, "port": 80, "transport": "tcp"} for address in ("0.0.0.0", "::")]
    web = member("web", "running", *any_address, {"hostAddress": "127.0.0.1", "hostPort": 8443, "port": 443, "transport": "tcp"})
    told = [network("blue", containers=[web, member(HOSTILE, "exited")]), network("closed", internal=True, subnets=[{"subnet": "10.2.0.0/24"}]),
            network("lan", driver="macvlan", device="eth0", containers=[web])]
    world.browser.js("""
        window.usual = fetch;
        const told = arguments[0];
        window.fetch = (path, options) => path === '/networks' ? Promise.resolve(new Response(JSON.stringify(told))) : usual(path, options);
        location.hash = '#/networks'""", told)
    try:
        world.browser.until("three networks", "return document.querySelectorAll('#net .box.network').length === 3 && document.querySelectorAll('#net .box.device').length === 1")
        equal(sorted(world.browser.js(LINKS)), sorted([
            ["host", "network blue", "both"], ["world", "network blue", "back"], ["device eth0", "network lan", "both"],
            ["network blue", "container web", "both"], ["network lan", "container web", "both"], ["network blue", f"container {HOSTILE}", "both"],
            ["host", "container web", "there"], ["world", "container web", "there"]]))
        words = world.browser.text(".net-table")
        # Once for each of its two networks.
        equal(words.count(":8080 to 80/tcp"), 2)
        assert "*:8080 to 80/tcp" in words and "127.0.0.1:8443 to 443/tcp" in words and HOSTILE in words, words
        assert "reaches nobody else, and nobody reaches it" in words and "stands on eth0 beside the host" in words, words
        equal(world.browser.js("return [window.taken, document.querySelectorAll('main img, main script').length]"), [None, 0])
    finally:
        world.browser.js("window.fetch = usual; location.hash = '#/containers'")


@test("a failure is told with the daemon's message and hint")
def failures(world):
    browser = world.browser
    browser.js("document.activeElement.blur()")
    browser.type("n")
    browser.until("the form", "return document.activeElement?.name === 'image'")
    browser.js("document.activeElement.select()")
    browser.type("BusyBox", "Tab", "web", "Tab", "sleep 1", "Enter")
    words = browser.until("the message", "return document.querySelector('dialog .fault b')?.textContent")
    try:
        world.daemon.run("web", "sleep", "1")
        raise SystemExit("the name was free")
    except urllib.error.HTTPError as error:
        document = json.load(error)
    equal(words, document["message"])
    equal(browser.text("dialog .fault .hint"), document.get("hint", ""))
    browser.type("Escape")
    browser.until("no dialog", "return !document.querySelector('dialog')")


@test("buttons, fields and regions have names for those who do not see them")
def named(world):
    for place in ("#/containers/" + world.ids["web"], f"#/containers/{world.ids['web']}/logs", f"#/containers/{world.ids['web']}/terminal", "#/images", "#/events", "#/networks"):
        world.browser.js("location.hash = arguments[0]", place)
        world.browser.until("shown", "return document.querySelector('main *')")
        tree = world.browser.protocol("Accessibility.getFullAXTree")["nodes"]
        asked = {"button", "link", "textbox", "searchbox", "tab", "combobox", "checkbox", "tabpanel", "log"}
        found = [node for node in tree if not node.get("ignored") and node.get("role", {}).get("value") in asked]
        assert len(found) > 5, found
        nameless = [node for node in found if not node.get("name", {}).get("value", "").strip()]
        assert not nameless, (place, nameless)


@test("light is light, dark is dark, and both have readable text and ink in the charts")
def colours(world):
    backgrounds = {}
    for scheme in ("light", "dark"):
        world.colours(scheme)
        world.open("web")
        world.browser.until("a curve", "return (document.querySelector('.chart.cpu .curve').getAttribute('d') || '').split('L').length > 5")
        world.keep(f"{scheme}-overview")
        plot = Picture(world.keep(f"{scheme}-cpu", ".chart.cpu .plot"))
        backgrounds[scheme] = plot.common()
        ink = sum(count for colour, count in plot.colours().items() if contrast(colour, backgrounds[scheme]) > 3 and max(colour) - min(colour) > 50)
        assert ink > plot.width * 0.02, f"{scheme}: a chart with {ink} coloured pixels"
        best = Picture(world.browser.picture("#state")).sharpest()
        assert best > 7, f"{scheme}: the state has a contrast of {best:.1f}"
        best = Picture(world.browser.picture(".row .under")).sharpest()
        assert best > 4.5, f"{scheme}: soft text has a contrast of {best:.1f}"
    assert luminance(backgrounds["light"]) > 0.85 and luminance(backgrounds["dark"]) < 0.05, backgrounds
    world.browser.js("location.hash = '#/images'")
    world.browser.until("images", "return document.querySelector('#stacks .cap')")
    world.keep("dark-images")
    world.open("web", "terminal")
    world.browser.until("a terminal", SCREEN + ".length > 3")
    world.keep("dark-terminal")
    # The switch is stronger than the system, and is remembered.
    world.browser.js("location.hash = '#/containers'")
    world.browser.click("#theme")
    equal(world.browser.text("#theme"), "Light")
    world.browser.do("POST", "/refresh")
    world.browser.until("connected", "return document.querySelector('#link').textContent === 'connected'")
    assert luminance(Picture(world.keep("switched", "#theme")).common()) > 0.85
    world.browser.js("localStorage.clear()")
    world.colours("light")


@test("on a phone, 320 pixels wide, nothing goes beyond the edge")
def phone(world):
    world.browser.protocol("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=2, mobile=True)
    places = {"list": "#/containers", "overview": f"#/containers/{world.ids['hostile']}", "logs": f"#/containers/{world.ids['hostile']}/logs",
              "terminal": f"#/containers/{world.ids['web']}/terminal", "images": "#/images", "events": "#/events", "networks": "#/networks"}
    for name, place in places.items():
        world.browser.js("location.hash = arguments[0]", place)
        world.browser.until("shown", "return location.hash === arguments[0] && document.querySelector('main *')", place)
        world.browser.until("laid out", "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        wide = world.browser.js("""
            const width = document.documentElement.clientWidth;
            const inside = (node) => { for (let up = node.parentElement; up; up = up.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX) && up !== document.body && up.getBoundingClientRect().right <= width) return true; return false; };
            return [width, document.documentElement.scrollWidth, document.body.scrollWidth,
                [...document.querySelectorAll('body *')].filter((node) => node.getBoundingClientRect().right > width + 1 && !inside(node)).map((node) => node.tagName + '.' + node.className)]""")
        equal(wide, [320, 320, 320, []])
        sideways = world.browser.js("return [...document.querySelectorAll('.view, .panel.overview, .rows')].filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.className)")
        equal(sideways, [])
        world.keep(f"phone-{name}")
    world.browser.protocol("Emulation.clearDeviceMetricsOverride")


@test("where there are only fingers, the terminal has the keys that a phone lacks")
def fingers(world):
    world.open("web", "terminal")
    equal(world.browser.js("return getComputedStyle(document.querySelector('.keys')).display"), "none")
    world.browser.protocol("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    world.browser.protocol("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    world.browser.until("a prompt", SCREEN + ".some((line) => /[#$]$/.test(line))")
    world.browser.until("keys", "const keys = document.querySelector('.keys'); return keys && getComputedStyle(keys).display === 'flex'")

    def key(word):
        world.browser.js("""
            const key = [...document.querySelectorAll('.keys button')].find((key) => key.textContent === arguments[0]);
            document.querySelector('#pressed')?.removeAttribute('id'); key.id = 'pressed'; key.scrollIntoView({ inline: 'center' })""", word)
        world.browser.point("#pressed", touch=True)

    world.browser.point(".screen", touch=True)
    world.browser.until("the keyboard in the terminal", "return document.activeElement?.closest('.term') !== null")
    count = SCREEN + ".filter((line) => line === arguments[0]).length === arguments[1]"
    world.browser.type("clear; echo one$((1+1))", "Enter")
    world.browser.until("one2", count, "one2", 1)
    key("↑")
    world.browser.until("the line of before", SCREEN + ".some((line) => line.endsWith('clear; echo one$((1+1))'))")
    world.browser.type("Enter")
    # The screen was cleared before.
    world.browser.until("one2 again", count, "one2", 1)
    for press in (lambda: key("^C"), lambda: (key("Ctrl"), world.browser.type("c"))):
        world.browser.type("clear; sleep 10000; echo ended $((2+3))", "Enter")
        until("a sleep in the container", lambda: "sleep 10000" in world.commands("web"))
        press()
        world.browser.until("a prompt", SCREEN + ".some((line) => /[#$]$/.test(line))")
        until("no sleep any more", lambda: "sleep 10000" not in world.commands("web"))
    equal(world.browser.js("return document.querySelector('#pressed').getAttribute('aria-pressed')"), "false")
    world.browser.protocol("Emulation.setTouchEmulationEnabled", enabled=False)
    world.browser.protocol("Emulation.clearDeviceMetricsOverride")


@test("nothing moves for those who asked for that")
def motion(world):
    world.colours("light", "reduce")
    world.browser.js("location.hash = '#/events'")
    world.browser.until("events", "return document.querySelector('#events li')")
    moving = "const row = document.querySelector('#events li'); row.className = 'new'; return getComputedStyle(row).animationName"
    equal(world.browser.js(moving), "none")
    world.colours("light")
    equal(world.browser.js(moving), "arrive")


@test("a daemon that is killed and started again is found again, with a new token and the same containers")
def restarts(world):
    world.open("web", "logs")
    world.browser.until("a tick", "return document.querySelectorAll('.log .entry').length > 2")
    world.daemon.end(signal.SIGKILL)
    world.browser.until("that it is lost", "return document.querySelector('#link').textContent === 'reconnecting' && !document.querySelector('#lost').hidden")
    world.keep("light-lost")
    world.daemon.start()
    world.browser.until("connected", "return document.querySelector('#link').textContent === 'connected' && document.querySelector('#lost').hidden")
    count = world.browser.js("return document.querySelectorAll('.log .entry').length")
    world.browser.until("new lines", "return document.querySelectorAll('.log .entry').length > arguments[0] + 3", count)
    numbers = [int(line.split()[1]) for line in world.browser.js("return [...document.querySelectorAll('.log .entry .text')].map((one) => one.textContent)")]
    equal(numbers, list(range(1, len(numbers) + 1)))
    world.open("victim")
    world.browser.until("a button", "return document.querySelector('[data-verb=kill]:not(:disabled)')")
    world.browser.click("[data-verb=kill]")
    world.browser.until("a question", "return document.querySelector('dialog .foot .danger')")
    world.browser.click("dialog .foot .danger")
    world.browser.until("its end", "return document.querySelector('#state').textContent === 'Stopped: ERROR' || document.querySelector('#state').textContent === 'Stopped'")


@test("no request left the origin, nothing was blocked, and no script failed")
def origin(world):
    world.browser.gather()
    asked = [address for address in world.browser.requests if not address.startswith(("data:", "chrome://", "about:"))]
    own = (world.address + "/", world.address.replace("http:", "ws:") + "/")
    assert len(asked) > 20 and any(address.startswith("ws:") for address in asked), "the requests were not watched"
    equal([address for address in asked if not address.startswith(own)], [])
    equal(world.browser.js("return blocked"), [])
    equal(world.browser.js("return errors"), [])
    severe = [entry["message"] for entry in world.browser.messages if entry["level"] == "SEVERE"]
    unexpected = [text for text in severe if not any(word in text for word in ("ERR_CONNECTION", "ERR_INCOMPLETE", "WebSocket connection", "status of 409", "status of 403", "status of 404"))]
    equal(unexpected, [])


def main():
    failed = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="cfs-dashboard-") as folder:
        world = World(folder)
        try:
            chosen = [one for one in TESTS if not sys.argv[1:] or any(word in one[0] or word == one[1].__name__ for word in sys.argv[1:])]
            if loads not in [function for _, function in chosen]:
                loads(world)
            for sentence, function in chosen:
                try:
                    function(world)
                    print(f"ok      {sentence}", flush=True)
                except Exception as error:
                    failed += 1
                    print(f"FAILED  {sentence}\n        {error}", flush=True)
                    if not isinstance(error, AssertionError):
                        traceback.print_exc()
                    world.keep(f"failed-{function.__name__}")
        finally:
            world.close()
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
