"""Chromium without a screen, driven through its debugging pipe. It waits for what it is told, never for a time."""
import fcntl
import json
import os
import subprocess

OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-breakpad",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
           "--disable-extensions", "--window-size=1280,900", "--remote-debugging-pipe"]
COMMANDS_FD, ANSWERS_FD = 3, 4  # where it has the pipe's ends


class Chromium:
    """messages: what the console, the log and exceptions said; requests: the URLs that were asked for. Both of the page that
    was opened last."""

    def __init__(self, folder):
        self.messages, self.requests, self.answers, self.loaded = [], [], {}, 0
        self.number, self.session = 0, None
        commands, self.commands = os.pipe()
        self.replies, replies = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (commands, replies)]

        def put_ends():
            os.dup2(ends[0], COMMANDS_FD)
            os.dup2(ends[1], ANSWERS_FD)

        with open(f"{folder}/chromium.log", "wb") as log:
            self.process = subprocess.Popen(["chromium", *OPTIONS, f"--user-data-dir={folder}/profile", "about:blank"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=put_ends,
                                            pass_fds=(COMMANDS_FD, ANSWERS_FD))
        for end in commands, replies, *ends:
            os.close(end)
        self.pending = b""

    def __enter__(self):
        [target] = [target for target in self.command("Target.getTargets")["targetInfos"] if target["type"] == "page"]
        self.session = self.command("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.command(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def receive(self):
        while b"\0" not in self.pending:
            read = os.read(self.replies, 1 << 20)
            if not read:
                raise EOFError("chromium has ended; chromium.log says why")
            self.pending += read
        message, self.pending = self.pending.split(b"\0", 1)
        message = json.loads(message)
        if "id" in message:
            self.answers[message["id"]] = message
        else:
            self.take_event(message["method"], message.get("params", {}))

    def take_event(self, method, event):
        if method == "Page.loadEventFired":
            self.loaded += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.messages.append(event)

    def command(self, method, **parameters):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while number not in self.answers:
            self.receive()
        answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url):
        loaded = self.loaded
        self.messages, self.requests = [], []
        self.command("Page.navigate", url=url)
        while self.loaded == loaded:
            self.receive()

    def evaluate(self, expression):
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_until(self, condition):
        while not self.evaluate(f"new Promise((resolve) => requestAnimationFrame(() => resolve({condition})))"):
            pass

    def point_at(self, element):
        """In its middle, as far as it is in sight."""
        self.evaluate(f"{element}.scrollIntoView({{block: 'center'}})")
        place = self.evaluate(f"(() => {{ const box = {element}.getBoundingClientRect();"
                              "return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()")
        self.command("Input.dispatchMouseEvent", type="mouseMoved", **place)
        return place

    def click(self, element):
        place = self.point_at(element)
        for kind in "mousePressed", "mouseReleased":
            self.command("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)
