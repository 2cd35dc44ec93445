"""The command under --stats as a shell, timeout(1) and a supervisor see it: job_control.py ENDORUN

This process is the shell: it leads a session with a terminal of its own, starts jobs in process groups of their own,
and looks at what becomes of the process that it started and of the program behind it.
"""
import fcntl
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import termios
import time

ENDORUN = os.path.realpath(sys.argv[1])
PYTHON = "/usr/bin/python3"
QUEUED = signal.SIGRTMIN + 1  # never merged: what is sent twice arrives twice
PATIENCE = 120.0  # seconds until a test gives up
SETTLED = 0.3  # seconds in which a signal too many would arrive

problems = 0


def expect(what, expected, actual):
    global problems
    if expected != actual:
        problems += 1
        print(f"FAILED: {what}: expected {expected!r}, got {actual!r}", file=sys.stderr)


def own_terminal():
    """Gives this session a controlling terminal; returns its master and its slave."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    return master, slave


# Says on descriptor 1 which signals it gets, in the order of their arrival, until USR2. It takes them by sigwaitinfo:
# Python's handlers merge those that come close together. It stops by the stop signals as everyone does. With "apart" it
# leaves the process group first.
LISTENER = """
import os, signal, sys
if "apart" in sys.argv:
    os.setpgid(0, 0)
heard = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCONT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
         signal.SIGRTMIN + 1, signal.SIGRTMIN + 2]
signal.pthread_sigmask(signal.SIG_BLOCK, heard)
os.write(1, b"%d\\n" % os.getpid())
while True:
    number = signal.sigwaitinfo(heard).si_signo
    if number == signal.SIGUSR2:
        os._exit(23)
    os.write(1, b"%d\\n" % number)
"""


class Job:
    """A process group with one command in it, which is `endorun --stats`."""

    def __init__(self, *program, foreground=True, setup=lambda: None, output=True):
        self.read_end, write_end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, 0)
            if foreground:
                os.tcsetpgrp(SLAVE, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            setup()
            os.dup2(SLAVE, 0)
            if output:
                os.dup2(write_end, 1)
            os.closerange(3, 64)
            os.execv(ENDORUN, ["endorun", "--stats=report", "--", *program])
        os.close(write_end)
        # As a shell does: both sides, because neither may be late.
        try:
            os.setpgid(self.pid, self.pid)
        except PermissionError:
            pass
        self.buffer = b""

    def line(self):
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.read_end], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.read_end, 65536) if ready else b""
            if not data:
                raise RuntimeError("the program said nothing")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return int(line)

    def heard(self, count=1):
        """The next lines, and whatever else arrives in the time after them."""
        lines = [self.line() for _ in range(count)]
        while select.select([self.read_end], [], [], SETTLED)[0]:
            data = os.read(self.read_end, 65536)
            if not data:
                break
            self.buffer += data
        lines += [int(line) for line in self.buffer.split()]
        self.buffer = b""
        return lines

    def wait(self, options=0):
        """The next change of the command, as (what, number)."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, options | os.WNOHANG)
            if pid != 0:
                if os.WIFSTOPPED(status):
                    return "stopped", os.WSTOPSIG(status)
                if os.WIFCONTINUED(status):
                    return "continued", 0
                if os.WIFSIGNALED(status):
                    return "killed", os.WTERMSIG(status)
                return "exited", os.WEXITSTATUS(status)
            time.sleep(0.01)
        return "nothing", 0

    def change(self):
        return self.wait(os.WUNTRACED | os.WCONTINUED)

    def settle(self, number):
        """Waits until the command is done with a signal to its group, and its witness too."""
        pids = [self.pid] + witnesses_of(self.pid)
        deadline = time.monotonic() + PATIENCE
        while any(is_pending(pid, number) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.001)
        # It may still ask its witness, and sleeps for the answer; behind that it sleeps until something comes.
        slept = int(status_field(self.pid, "voluntary_ctxt_switches"))
        while int(status_field(self.pid, "voluntary_ctxt_switches")) < slept + 3 and time.monotonic() < deadline:
            time.sleep(0.001)

    def finish(self, program):
        """Ends a listener, and takes the terminal back."""
        os.kill(program, signal.SIGUSR2)
        expect("the listener's status", ("exited", 23), self.wait())
        self.leave()

    def leave(self):
        os.close(self.read_end)
        os.tcsetpgrp(SLAVE, os.getpgrp())


def listener(*arguments, **options):
    job = Job(PYTHON, "-S", "-c", LISTENER, *arguments, **options)
    program = job.line()
    expect("the program is not the command's own process", True, program != job.pid)
    return job, program


def status_field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        [value] = [line.split()[1] for line in file if line.startswith(name + ":")]
    return value


def is_pending(pid, number):
    return any(int(status_field(pid, name), 16) >> (number - 1) & 1 for name in ("SigPnd", "ShdPnd"))


def witnesses_of(pid):
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and status_field(name, "Name") == "endorun-witness" and \
                    int(status_field(name, "PPid")) == pid:
                found.append(int(name))
        except OSError:
            pass
    return found


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def wait_for_state(pid, wanted):
    deadline = time.monotonic() + PATIENCE
    while state_of(pid) not in wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return state_of(pid)


def test_endings():
    for status in (0, 1, 125, 255):
        job = Job("/bin/sh", "-c", f"exit {status}")
        expect(f"exit {status}", ("exited", status), job.wait())
        job.leave()
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSYS, QUEUED):
        # Core dumps are allowed; the command itself leaves none.
        job = Job("/bin/sh", "-c", f"ulimit -c 0; kill -{int(number)} $$", setup=lambda: resource.setrlimit(
            resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2))
        expect(f"death by {number}", ("killed", number), job.wait())
        job.leave()
    expect("core files", [], [name for name in os.listdir(".") if name.startswith("core")])


def test_ending_with_children_ignored():
    job = Job("/bin/sh", "-c", "exit 9", setup=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    expect("status when the caller ignores SIGCHLD", ("exited", 9), job.wait())
    job.leave()


def test_alone():
    job, program = listener()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCONT, QUEUED):
        os.kill(job.pid, number)
        expect(f"signal {number} to the command alone", [number], job.heard())
    job.finish(program)


def test_group():
    job, program = listener()
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGCONT, QUEUED):
        os.killpg(job.pid, number)
        expect(f"signal {number} to the group", [number], job.heard())
        job.settle(number)
        os.kill(job.pid, number)
        expect(f"signal {number} to the command after one to the group", [number], job.heard())
    job.finish(program)


def test_many():
    """Close to one of the same number to the group, a signal sent alone cannot be told apart: hence two numbers."""
    job, program = listener()
    for i in range(300):
        if i % 3 != 0:
            os.killpg(job.pid, QUEUED)
        else:
            os.kill(job.pid, QUEUED + 1)
        time.sleep(0.001 * (i % 4))
    heard = job.heard(300)
    expect("signals to the group", 200, heard.count(QUEUED))
    expect("signals to the command alone", 100, heard.count(QUEUED + 1))
    job.finish(program)


def test_more_than_are_taken_at_once():
    """While the command alone stands still: what the witness has answers for all of them, not for the first 64."""
    job, program = listener()
    os.kill(job.pid, signal.SIGSTOP)
    expect("the command alone", ("stopped", signal.SIGSTOP), job.change())
    for _ in range(100):
        os.killpg(job.pid, QUEUED)
    expect("signals to the group", [QUEUED] * 100, job.heard(100))
    os.kill(job.pid, signal.SIGCONT)
    expect("the command goes on", ("continued", 0), job.change())
    expect("what it passes on", [signal.SIGCONT], job.heard())
    os.kill(job.pid, QUEUED)
    expect("a signal to the command afterwards", [QUEUED], job.heard())
    job.finish(program)


def test_apart():
    """A program that has left the group: natively a signal to the group does not reach it."""
    job, program = listener("apart")
    os.killpg(job.pid, QUEUED)
    expect("a signal to the group that the program has left", [], job.heard(0))
    job.settle(QUEUED)
    os.kill(job.pid, QUEUED)
    expect("a signal to the command alone", [QUEUED], job.heard())
    os.kill(program, signal.SIGSTOP)
    expect("the command follows from outside the group", ("stopped", signal.SIGSTOP), job.change())
    os.kill(job.pid, signal.SIGCONT)
    expect("the command goes on", ("continued", 0), job.change())
    expect("the program goes on", [signal.SIGCONT], job.heard())
    job.finish(program)


def test_terminal_interrupt():
    job, program = listener()
    for _ in range(3):
        os.write(MASTER, b"\x03")
        expect("Ctrl-C", [signal.SIGINT], job.heard())
    job.finish(program)


def test_terminal_stop():
    job, program = listener()
    for _ in range(3):
        os.write(MASTER, b"\x1a")
        expect("Ctrl-Z", ("stopped", signal.SIGTSTP), job.change())
        expect("the program after Ctrl-Z", "T", wait_for_state(program, "T"))
        os.killpg(job.pid, signal.SIGCONT)
        expect("fg", ("continued", 0), job.change())
        expect("the program after fg", [signal.SIGCONT], job.heard())
        job.settle(signal.SIGCONT)
        os.kill(job.pid, signal.SIGTSTP)
        expect("SIGTSTP to the command alone", ("stopped", signal.SIGTSTP), job.change())
        os.kill(job.pid, signal.SIGCONT)
        expect("SIGCONT to the command alone", ("continued", 0), job.change())
        expect("the program after that", [signal.SIGCONT], job.heard())
        os.killpg(job.pid, signal.SIGSTOP)
        expect("SIGSTOP to the group", ("stopped", signal.SIGSTOP), job.change())
        os.kill(job.pid, signal.SIGCONT)
        expect("SIGCONT to the command alone", ("continued", 0), job.change())
        expect("the program after SIGSTOP", [signal.SIGCONT], job.heard())
        os.kill(program, signal.SIGSTOP)
        expect("SIGSTOP to the program", ("stopped", signal.SIGSTOP), job.change())
        os.killpg(job.pid, signal.SIGCONT)
        expect("SIGCONT to the group", ("continued", 0), job.change())
        expect("the program after SIGSTOP of its own", [signal.SIGCONT], job.heard())
    job.finish(program)


def test_background():
    job = Job("/bin/sh", "-c", "read line; exit 5", foreground=False)
    expect("read in the background", ("stopped", signal.SIGTTIN), job.change())
    os.tcsetpgrp(SLAVE, job.pid)
    os.killpg(job.pid, signal.SIGCONT)
    expect("fg", ("continued", 0), job.change())
    os.write(MASTER, b"a line\n")
    expect("status after a line", ("exited", 5), job.wait())
    job.leave()


def test_stop_signals_ignored():
    """A caller without job control ignores them; SIGSTOP is still followed."""
    job, program = listener(setup=lambda: [signal.signal(number, signal.SIG_IGN) for number in
                                           (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)])
    os.write(MASTER, b"\x1a")
    expect("an ignored Ctrl-Z", [], job.heard(0))
    expect("the program after an ignored Ctrl-Z", True, state_of(program) in "SRD")
    os.kill(program, signal.SIGSTOP)
    expect("SIGSTOP to the program", ("stopped", signal.SIGSTOP), job.change())
    os.killpg(job.pid, signal.SIGCONT)
    expect("SIGCONT", ("continued", 0), job.change())
    job.heard()
    job.finish(program)


def test_reader_killed():
    job, program = listener()
    os.kill(job.pid, signal.SIGKILL)
    expect("the killed reader", ("killed", signal.SIGKILL), job.wait())
    job.leave()
    job = None
    time.sleep(0.2)
    expect("the program runs on", True, state_of(program) in "SRD")
    os.kill(program, signal.SIGKILL)


def test_reader_killed_while_records_flow():
    job = Job("/bin/sh", "-c", "echo 76; i=0; while [ $i -lt 300 ]; do i=$((i+1)); (:); done; echo 77; echo 78")
    expect("the program's start", 76, job.line())
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    expect("the program's work after the reader's death", 77, job.line())
    expect("the program's work after the reader's death", 78, job.line())
    job.leave()


def test_timers_and_masks():
    def alarm():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as it may come before anybody listens
        signal.setitimer(signal.ITIMER_REAL, 0.5)
    job, program = listener(setup=alarm)
    expect("a timer set before the start", signal.SIGALRM, job.line())
    job.finish(program)

    def pending():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        os.kill(os.getpid(), signal.SIGUSR1)
    job = Job(PYTHON, "-S", "-c", "import os, signal; os.write(1, b'%d\\n' % signal.sigwaitinfo([10]).si_signo);"
              "os.write(1, b'%d\\n' % (signal.SIGUSR1 in signal.pthread_sigmask(signal.SIG_BLOCK, [])))", setup=pending)
    expect("a signal that was pending before the start", signal.SIGUSR1, job.line())
    expect("the mask", 1, job.line())
    expect("status", ("exited", 0), job.wait())
    job.leave()


def test_queued_value():
    job = Job(PYTHON, "-S", "-c", "import os, signal; n = signal.SIGRTMIN + 1; signal.pthread_sigmask("
              "signal.SIG_BLOCK, [n]); os.write(1, b'1\\n'); i = signal.sigwaitinfo([n]);"
              "os.write(1, b'%d\\n' % i.si_code)")
    job.line()
    subprocess.run(["/bin/kill", "-q", "4711", "-s", str(int(QUEUED)), str(job.pid)], check=True)
    expect("si_code of a queued signal", -1, job.line())
    expect("status", ("exited", 0), job.wait())
    job.leave()


def test_timeout():
    start = time.monotonic()
    status = subprocess.run(["timeout", "0.5", ENDORUN, "--stats=report", "sleep", "1000"], check=False).returncode
    expect("timeout(1)", 124, status)
    expect("timeout(1) was in time", True, time.monotonic() - start < 500)


def test_descriptors():
    """The reader keeps no pipe of the program's open."""
    job = Job("/bin/sh", "-c", "exec 1>&-; exec sleep 1000")
    ready = select.select([job.read_end], [], [], PATIENCE)[0]
    expect("the end of the program's output", b"", os.read(job.read_end, 1) if ready else None)
    os.kill(job.pid, signal.SIGTERM)
    expect("status", ("killed", signal.SIGTERM), job.wait())
    job.leave()


def test_left_behind():
    """The command ends with the program, not with what the program leaves running."""
    job = Job("/bin/sh", "-c", "sleep 1000 & echo $!")
    sleeper = job.line()
    expect("status", ("exited", 0), job.wait())
    expect("what was left behind", True, state_of(sleeper) in "SRD")
    os.kill(sleeper, signal.SIGKILL)
    job.leave()


# Whoever called may lead a process group, and a leader cannot make a session.
runner = os.fork()
if runner != 0:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(runner, 0)[1]))
os.setsid()
signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # a shell may change the foreground from the background
signal.signal(signal.SIGINT, signal.SIG_DFL)
MASTER, SLAVE = own_terminal()
selected = sys.argv[2:] or [name for name in list(globals()) if name.startswith("test_")]
for name in selected:
    before = problems
    start = time.monotonic()
    try:
        globals()[name]()
    except (RuntimeError, OSError) as error:
        problems += 1
        print(f"FAILED: {name}: {error!r}", file=sys.stderr)
    print(f"{name}: {time.monotonic() - start:.1f} s")
    if problems != before:
        print(f"FAILED: {name}", file=sys.stderr)
sys.exit(problems != 0)
