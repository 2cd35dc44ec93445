#!/usr/bin/python3
"""check_page.py TRACE PAGE: the page has the numbers of the trace, which are counted here from its lines alone."""
import collections
import json
import math
import sys

from page import Page

SHOWN = 500
LONGEST = 50
READS = {"read", "pread64", "readv", "recvfrom", "recvmsg"}
WRITES = {"write", "pwrite64", "writev", "sendto", "sendmsg"}
FROM_FIRST = {"copy_file_range"}
FROM_SECOND = {"sendfile"}


def nanoseconds(seconds):
    return math.floor(seconds * 1e9 + 0.5)


def shown(name):
    """As the page has it, as far as the names of the tests go."""
    return "".join(f"\\x{ord(character):02x}" if character < " " else character for character in name)


class Trace:
    def __init__(self, path):
        self.calls = collections.defaultdict(lambda: [0, 0, 0, 0])  # count, errors, time, longest
        self.objects = collections.defaultdict(lambda: [0, 0, 0, 0])  # calls, errors, read, written
        self.failures = collections.Counter()
        self.threads = collections.defaultdict(lambda: [0, 0, 0])  # calls, errors, time
        self.durations, self.signals, self.processes, self.end = [], 0, set(), 0
        self.denied = self.injected = self.unreturned = 0
        with open(path, encoding="utf-8") as file:
            for line in file:
                self.add(json.loads(line))

    def add(self, line):
        if line["type"] not in ("call", "signal", "exit"):
            return
        time, duration = nanoseconds(line["time"]), nanoseconds(line.get("duration", 0))
        self.end = max(self.end, time + duration)
        self.processes.add(line["pid"])
        thread = self.threads[line["tid"]]
        self.signals += line["type"] == "signal"
        if line["type"] != "call":
            return
        failed = "error" in line
        thread[0] += 1
        thread[1] += failed
        thread[2] += duration
        call = self.calls[line["call"]]
        call[0] += 1
        call[1] += failed
        call[2] += duration
        call[3] = max(call[3], duration)
        self.denied += line.get("denied", False)
        self.injected += line.get("injected", False)
        self.unreturned += "result" not in line
        if "result" in line:
            self.durations.append(duration)
        if failed:
            cause = "policy" if line.get("denied") else "injection" if line.get("injected") else "kernel"
            self.failures[line["call"], line["error"], cause] += 1
        self.add_objects(line, failed)

    def add_objects(self, line, failed):
        bytes_moved = max(line.get("result", 0), 0)
        for index, name in enumerate(line.get("objects", [])):
            item = self.objects[shown(name)]
            item[0] += 1
            item[1] += failed
            call = line["call"]
            if call in READS or (call in FROM_FIRST and index == 0) or (call in FROM_SECOND and index == 1):
                item[2] += bytes_moved
            elif call in WRITES | FROM_FIRST | FROM_SECOND:
                item[3] += bytes_moved


problems = 0


def expect(what, expected, found):
    global problems
    if expected != found:
        print(f"{what}: expected {str(expected):.300}, found {str(found):.300}", file=sys.stderr)
        problems += 1


def count(number):
    return f"{number:,}"


def values(row):
    return [value for _, value in row]


def check_facts(trace, page):
    calls = sum(call[0] for call in trace.calls.values())
    errors = sum(call[1] for call in trace.calls.values())
    expect("calls", count(calls), page.facts["System calls"])
    expect("failed", count(errors), page.facts["Failed"].split(" ")[0])
    expect("processes", count(len(trace.processes)), page.facts["Processes"])
    expect("threads", count(len(trace.threads)), page.facts["Threads"])
    expect("signals", count(trace.signals), page.facts["Signals"])
    for name, number in ("Denied", trace.denied), ("Injected", trace.injected), ("Did not return", trace.unreturned):
        expect(name, count(number) if number else None, page.facts.get(name))


def check_calls(trace, page):
    rows = page.rows("calls")
    expect("names of calls", set(trace.calls), {row[0][0] for row in rows})
    for row in rows:
        total, errors, time, longest = trace.calls[row[0][0]]
        expect(row[0][0], [total, errors, time], values(row)[2:5])
        expect(f"longest {row[0][0]}", longest, row[7][1])
    expect("the order of calls", sorted((row[4][1] for row in rows), reverse=True), [row[4][1] for row in rows])


def check_objects(trace, page):
    rows = page.rows("objects")
    expect("objects shown", min(SHOWN, len(trace.objects)), len(rows))
    for row in rows:
        expect(row[0][0], trace.objects[row[0][0]], values(row)[1:5])
    most = sorted((item[0] for item in trace.objects.values()), reverse=True)[:SHOWN]
    expect("the objects with the most calls", most, [row[1][1] for row in rows])
    if len(trace.objects) > SHOWN:
        expect("what is said of those left out", True,
               f"The {SHOWN} files and peers with the most calls, of {count(len(trace.objects))}." in page.text)


def check_failures(trace, page):
    found = {(row[0][0], row[1][0], row[2][0]): row[3][1] for row in page.rows("failures")}
    expect("failures", dict(trace.failures), found)


def check_longest(trace, page):
    expect("the longest calls", sorted(trace.durations, reverse=True)[:LONGEST], [row[0][1] for row in page.rows("longest")])


def check_threads(trace, page):
    found = {row[0][1]: [row[6][1], row[7][1], row[8][1]] for row in page.rows("threads")}
    expect("threads", dict(trace.threads), found)


def check_charts(trace, page):
    """Where all threads are in the timeline, its cells have all calls, and all of the time."""
    calls = sum(call[0] for call in trace.calls.values())
    bins = [title.split("\n")[0].split(": ")[1].split(" ")[0] for title in page.titles.get("rate", [])]
    expect("calls in the histogram", calls, sum(int(number.replace(",", "")) for number in bins))
    cells = [group.split(",") for row in page.cells for bin in row.split(";") for group in bin.split(" ")[1:]]
    expect("calls in the timeline", calls, sum(int(cell[1]) for cell in cells))
    expect("time in the timeline", sum(call[2] for call in trace.calls.values()), sum(int(cell[2]) for cell in cells))


def main():
    trace, page = Trace(sys.argv[1]), Page(sys.argv[2])
    if len(trace.threads) > 100:
        sys.exit("more threads than the timeline has rows: its sums cannot be compared")
    for check in check_facts, check_calls, check_objects, check_failures, check_longest, check_threads, check_charts:
        check(trace, page)
    sys.exit(problems > 0)


main()
