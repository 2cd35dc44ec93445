"""--live on terminals that are read late, or not at all: terminal.py ENDORUN"""
import os
import pty
import select
import sys
import time

ENDORUN = os.path.realpath(sys.argv[1])
PATIENCE = 60.0  # seconds until a test gives up
KEPT = 64 << 20

problems = 0


def expect(what, condition):
    global problems
    if not condition:
        problems += 1
        print(f"FAILED: {what}", file=sys.stderr)


def start(code):
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(ENDORUN, ["endorun", "--live", "/usr/bin/python3", "-S", "-c", code])
    return pid, master


def read_to_end(master):
    taken = []
    while select.select([master], [], [], PATIENCE)[0]:
        try:
            taken.append(os.read(master, 1 << 16))
        except OSError:  # the other side is closed
            break
    return b"".join(taken)


def status_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_nobody_reads():
    """The terminal is full after the first screens; the program goes on, with more calls than the channel has room for."""
    pid, master = start("import os, time\n"
                        "end = time.monotonic() + 6\n"
                        "while time.monotonic() < end:\n"
                        "    for i in range(1000): os.getppid()\n"
                        "    time.sleep(0.01)\n"
                        "open('finished', 'w').close()\n")
    deadline = time.monotonic() + PATIENCE
    while not os.path.exists("finished") and time.monotonic() < deadline:
        time.sleep(0.05)
    expect("the program comes to its end while nobody reads", os.path.exists("finished"))
    text = read_to_end(master)
    expect("the terminal is given back", text.endswith(b"\x1b[?1049l"))
    expect("the program's status", status_of(pid) == 0)


def test_nobody_is_there():
    pid, master = start("import os, signal, time\n"
                        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
                        "open('started', 'w').close()\n"
                        "while not os.path.exists('gone'): time.sleep(0.01)\n"
                        "end = time.monotonic() + 1\n"
                        "while time.monotonic() < end: os.getppid()\n"
                        "os._exit(5)\n")
    while not os.path.exists("started"):
        os.read(master, 1 << 16)
    os.close(master)
    open("gone", "w", encoding="ascii").close()
    expect("the status of a program whose terminal has gone", status_of(pid) == 5)


def test_much_output():
    pid, master = start("import os\n"
                        "for i in range(70 << 4): os.write(1, b'x' * 65535 + b'\\n')\n"
                        "os.write(1, b'the end\\n')\n")
    text = read_to_end(master).rpartition(b"\x1b[?1049l")[2].replace(b"\r\n", b"\n")
    message, _, rest = text.partition(b"\n")
    expect(f"what is said of the output: {message[:200]}", message.startswith(b"endorun: --live: the first ") and
           message.endswith(b"bytes of the output are lost: no more than 67108864 are held back"))
    expect(f"what is kept: {len(rest)} bytes", len(rest) == KEPT)
    expect("the end of the output", rest.endswith(b"x\nthe end\n"))
    expect("the program's status", status_of(pid) == 0)


for name in [name for name in list(globals()) if name.startswith("test_")]:
    globals()[name]()
sys.exit(problems != 0)
