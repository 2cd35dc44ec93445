"""signal: handlers, masks, timers, and a real SIGSEGV reported by faulthandler."""
import faulthandler
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def handlers():
    seen = []
    signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    for _ in range(50):
        os.kill(os.getpid(), signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    print(len(seen), set(seen) == {signal.SIGUSR1})
    signal.signal(signal.SIGUSR2, lambda number, frame: os.kill(os.getpid(), signal.SIGUSR1))
    os.kill(os.getpid(), signal.SIGUSR2)
    print("one handler raising the other:", len(seen))


def masks():
    seen = []
    signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    signal.signal(signal.SIGUSR2, lambda number, frame: seen.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})
    os.kill(os.getpid(), signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR2)
    print(sorted(int(s) for s in signal.sigpending()), seen)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    print([int(s) for s in seen])
    print(signal.sigwait({signal.SIGUSR1}) == signal.SIGUSR1, len(seen))
    print(signal.sigtimedwait({signal.SIGUSR1}, 0.05))
    os.kill(os.getpid(), signal.SIGUSR1)
    info = signal.sigwaitinfo({signal.SIGUSR1})
    print(info.si_pid == os.getpid(), info.si_uid == os.getuid(), info.si_code)
    print(sorted(int(s) for s in signal.pthread_sigmask(signal.SIG_SETMASK, set())))


def timers():
    for which, number in ((signal.ITIMER_REAL, signal.SIGALRM), (signal.ITIMER_VIRTUAL, signal.SIGVTALRM),
                          (signal.ITIMER_PROF, signal.SIGPROF)):
        ticks = []
        signal.signal(number, lambda n, frame: ticks.append(n))
        signal.setitimer(which, 0.005, 0.005)
        while len(ticks) < 10:
            pass
        signal.setitimer(which, 0)
        print(number.name, len(ticks) >= 10)
    # A computation is not disturbed by a storm of ticks.
    ticks = []
    signal.signal(signal.SIGALRM, lambda n, frame: ticks.append(n))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    total = 0.0
    for n in range(1, 1_000_000):
        total += 1.0 / (n * n)
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(f"{total:.15f}", len(ticks) > 5)


class Interrupted(Exception):
    pass


def interrupted_calls():
    # The timer goes on until a handler stops it: the first tick may come just before the call.
    def stop_timer():
        signal.setitimer(signal.ITIMER_REAL, 0)

    def interrupt(number, frame):
        stop_timer()
        raise Interrupted

    def write_answer(number, frame):
        stop_timer()
        os.write(write, b"from the handler")

    signal.signal(signal.SIGALRM, interrupt)
    read, write = os.pipe()
    left, right = socket.socketpair()
    child = subprocess.Popen(["sleep", "300"])
    for name, call in (("read", lambda: os.read(read, 1)), ("recv", lambda: left.recv(1)),
                       ("sleep", lambda: time.sleep(300)), ("pause", signal.pause),
                       ("lock", threading.Semaphore(0).acquire),
                       ("wait", child.wait)):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
            call()
            print(name, "returned")
        except Interrupted:
            print(name, "interrupted")
    signal.signal(signal.SIGALRM, write_answer)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    print("restarted read:", os.read(read, 100))
    child.kill()
    print("child:", child.wait())


def between_threads():
    got = []
    ready = threading.Event()

    def wait_for_signal():
        ready.set()
        got.append(signal.sigwait({signal.SIGUSR1}))

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    thread = threading.Thread(target=wait_for_signal)
    thread.start()
    ready.wait()
    signal.pthread_kill(thread.ident, signal.SIGUSR1)
    thread.join()
    print(got == [signal.SIGUSR1])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    # A handler runs in the main thread even when another thread takes the signal.
    where = []
    signal.signal(signal.SIGUSR2, lambda number, frame: where.append(threading.current_thread()))
    thread = threading.Thread(target=lambda: [signal.raise_signal(signal.SIGUSR2) for _ in range(3)])
    thread.start()
    thread.join()
    print(set(where) == {threading.main_thread()})


def wakeup_descriptor():
    left, right = socket.socketpair()
    left.setblocking(False)
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    signal.set_wakeup_fd(left.fileno())
    os.kill(os.getpid(), signal.SIGUSR1)
    print(right.recv(10) == bytes([signal.SIGUSR1]))
    signal.set_wakeup_fd(-1)


def child_status(code, **options):
    child = subprocess.run([sys.executable, "-X", "faulthandler", "-c", code], capture_output=True, text=True, **options)
    return child.returncode, child.stderr


def real_faults():
    status, report = child_status("import ctypes\ndef touch():\n    ctypes.string_at(0)\ntouch()")
    print(status, report.splitlines()[0], "in touch" in report)
    status, report = child_status("import os; os.abort()")
    print(status, report.splitlines()[0])
    status, report = child_status(
        "import ctypes, threading\n"
        "thread = threading.Thread(target=ctypes.string_at, args=(8,))\n"
        "thread.start(); thread.join()")
    print("in a thread:", status, report.splitlines()[0])
    status, report = child_status("import faulthandler; faulthandler._stack_overflow()")
    print("stack overflow:", status, report.splitlines()[0])
    status, report = child_status("import faulthandler; faulthandler._sigfpe()")
    print(status, report.splitlines()[0])
    status, report = child_status(
        "import faulthandler, os, signal\n"
        "faulthandler.register(signal.SIGUSR1)\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
        "raise SystemExit(5)")
    print(status, "most recent call first" in report)
    status, report = child_status(
        "import faulthandler, time\nfaulthandler.dump_traceback_later(0.1, exit=True)\ntime.sleep(300)")
    print(status, report.splitlines()[0].split("(")[0])


def inherited():
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    code = "import signal; print(signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN, signal.pthread_sigmask(0, []) == {12})"
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR2})
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip())
    # A signal that is pending at exec is pending in the new program.
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGUSR2)
        os.execv(sys.executable, [sys.executable, "-c",
                                  "import signal; raise SystemExit(signal.sigwait({12}))"])
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


assert faulthandler.is_enabled() is False
for part in (handlers, masks, timers, interrupted_calls, between_threads, wakeup_descriptor, real_faults, inherited):
    print("==", part.__name__, flush=True)
    part()
    sys.stdout.flush()
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGINT)
