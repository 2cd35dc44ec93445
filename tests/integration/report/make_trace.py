#!/usr/bin/python3
"""make_trace.py CALLS: a recorded trace of about so many calls, the same each time: a shell that starts programs one after
the other, each with two threads. Lines are not strictly in order."""
import json
import random
import sys

CALLS = [  # name, share, mean duration in seconds, errors, objects, highest result
    ("read", 30, 5e-6, ["EAGAIN"], "file", 65536),
    ("write", 20, 5e-6, ["EPIPE"], "file", 65536),
    ("openat", 15, 8e-6, ["ENOENT", "EACCES"], "file", 9),
    ("close", 15, 1e-6, ["EBADF"], "file", 0),
    ("mmap", 8, 3e-6, ["ENOMEM"], None, 1 << 46),
    ("futex", 8, 2e-3, ["EAGAIN"], None, 1),
    ("recvfrom", 5, 1e-3, ["ECONNRESET"], "peer", 1500),
    ("sendmsg", 4, 2e-5, ["EPIPE"], "peer", 1500),
    ("sendfile", 2, 2e-4, ["EAGAIN"], "pair", 4096),
    ("copy_file_range", 1, 2e-4, ["EXDEV"], "pair", 4096),
    ("fgetxattr", 1, 1e-6, ["ENODATA"], "file", 40),
    ("epoll_wait", 4, 5e-3, ["EINTR"], None, 8),
    ("a_call_to_come", 1, 1e-6, [], None, 0),
]
NUMBERS = {"EAGAIN": 11, "EPIPE": 32, "ENOENT": 2, "EACCES": 13, "EBADF": 9, "ENOMEM": 12, "ECONNRESET": 104, "EXDEV": 18,
           "ENODATA": 61, "EINTR": 4}
SHELL = 4000
CALLS_OF_A_PROGRAM = 25000
HELD_BACK = 8  # lines among which the order is lost

random = random.Random(1)
waiting = []


def write(line):
    print(json.dumps(line, separators=(",", ":")))


def tell(kind, time, pid, tid, **more):
    """Lines come out in an order of their own."""
    waiting.append({"type": kind, "time": round(time, 9), "pid": pid, "tid": tid, **more})
    if len(waiting) > HELD_BACK:
        write(waiting.pop(random.randrange(2)))


def objects_of(kind):
    path = f"/usr/share/file {random.randrange(1500)}"
    if kind == "file":
        return [path]
    if kind == "peer":
        return [f"TCP 127.0.0.1:{random.randrange(8000, 8010)}"]
    return [path, "pipe:[77]"]


def make_call(time, pid, tid):
    name, _, mean, errors, objects, highest = random.choices(CALLS, [call[1] for call in CALLS])[0]
    duration = round(random.expovariate(1 / mean), 9)
    more = {"duration": duration, "call": name, "result": random.randint(0, highest)}
    if errors and random.random() < 0.03:
        more["error"] = random.choice(errors)
        more["result"] = -NUMBERS[more["error"]]
        cause = random.randrange(4)
        if cause == 0:
            more["denied"] = True
        elif cause == 1:
            more["injected"] = True
    if objects is not None:
        more["objects"] = objects_of(objects)
    more["text"] = f"{name}(3) = {more['result']}"
    tell("call", time, pid, tid, **more)
    return time + duration + random.expovariate(1 / 2e-5)


def run_program(start, pid, calls):
    """Gives back when it has ended."""
    tell("call", start, SHELL, SHELL, call="vfork", text=f"vfork() = {pid}", result=pid, duration=1e-4)
    program = f"/usr/bin/program-{pid % 7}"
    times = {pid: start + 2e-5, pid + 1: start + 5e-4}
    tell("call", times[pid], pid, pid, call="execve", text=f'execve("{program}", ...) = 0', result=0, duration=5e-5,
         objects=[program])
    tell("call", times[pid] + 1e-4, pid, pid, call="clone3", text=f"clone3(...) = {pid + 1}", result=pid + 1, duration=2e-5)
    times[pid] += 2e-4
    for _ in range(calls):
        tid = min(times, key=times.get)
        times[tid] = make_call(times[tid], pid, tid)
        if random.random() < 0.002:
            tell("signal", times[tid], pid, tid, signal="SIGALRM", text="SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL}")
    tell("exit", times[pid + 1], pid, pid + 1)
    end = max(times.values())
    tell("call", end, pid, pid, call="exit_group", text="exit_group(3) = ?")
    tell("exit", end, pid, pid, status=3)
    return end


def main():
    left = int(sys.argv[1])
    time, pid = 0.0, SHELL + 1
    write({"type": "trace", "version": 1, "start": 1763843000.123456, "command": ["/bin/sh", "-c", "run 'all' of it"]})
    while left > 0:
        time = run_program(time, pid, min(left, CALLS_OF_A_PROGRAM)) + 1e-3
        left -= CALLS_OF_A_PROGRAM
        pid += 2
    for line in waiting:
        write(line)


main()
