"""subprocess: every way of starting a child, and every way in which one ends."""
import os
import signal
import subprocess
import sys
import threading

PYTHON = sys.executable


def statuses():
    for command in (["true"], ["false"], ["sh", "-c", "exit 42"], ["sh", "-c", "kill -TERM $$"]):
        print(command[-1], subprocess.run(command).returncode)
    for missing in (["no-such-program-here"], ["/"], [__file__]):
        try:
            subprocess.run(missing)
        except OSError as error:
            print("start failed:", type(error).__name__, error.errno)


def pipes():
    result = subprocess.run(["tr", "a-z", "A-Z"], input="through a pipe", text=True, capture_output=True)
    print(result.stdout)
    big = os.urandom(1 << 20)
    assert subprocess.run(["cat"], input=big, stdout=subprocess.PIPE).stdout == big
    first = subprocess.Popen(["seq", "1000"], stdout=subprocess.PIPE)
    second = subprocess.Popen(["tail", "-n1"], stdin=first.stdout, stdout=subprocess.PIPE)
    first.stdout.close()
    print("pipeline:", second.communicate()[0], first.wait())
    both = subprocess.run(["sh", "-c", "echo out; echo err >&2"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    print(both.stdout.split())
    for line in subprocess.Popen(["seq", "3"], stdout=subprocess.PIPE, text=True, bufsize=1).stdout:
        print("line", line.strip())


def timeouts():
    try:
        subprocess.run(["sleep", "300"], timeout=0.2)
    except subprocess.TimeoutExpired :
        print("timed out")
    child = subprocess.Popen(["sleep", "300"])
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    print("interrupted:", child.wait())
    child = subprocess.Popen(["sleep", "300"])
    child.kill()
    print("killed:", child.wait())


def what_the_child_inherits():
    read, write = os.pipe()
    os.set_inheritable(write, True)
    code = f"import os; os.write({write}, b'kept')"
    subprocess.run([PYTHON, "-c", code], pass_fds=[write])
    print("pass_fds:", os.read(read, 10))
    closed = subprocess.run([PYTHON, "-c", code], stderr=subprocess.PIPE).returncode
    print("close_fds:", closed)
    os.close(read)
    os.close(write)
    listing = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print("descriptors:", listing.stdout.split())
    print(subprocess.run(["pwd"], cwd="/", capture_output=True, text=True).stdout.strip())
    print(subprocess.run(["env"], env={"ONLY": "this", "EMPTY": ""}, capture_output=True, text=True).stdout.split())
    awkward = ["", " ", "a b", "*", "\\", "\n", "é", "-", "--", "=", "$HOME"]
    echoed = subprocess.run([PYTHON, "-c", "import sys; print(sys.argv[1:])", *awkward], capture_output=True, text=True)
    assert echoed.stdout.strip() == str(awkward), echoed.stdout
    session = subprocess.run([PYTHON, "-c", "import os; print(os.getsid(0) == os.getpid())"],
                             start_new_session=True, capture_output=True, text=True)
    print("own session:", session.stdout.strip())
    masked = subprocess.run(["sh", "-c", "umask"], umask=0o077, capture_output=True, text=True)
    print("umask:", masked.stdout.strip())
    ready = subprocess.run([PYTHON, "-c", "import signal; print(signal.getsignal(signal.SIGPIPE))"],
                           capture_output=True, text=True)
    print("SIGPIPE restored:", ready.stdout.strip())


def ran_in_child(path):
    with open(path, "w") as file:
        file.write("preexec ran")


def preexec():
    subprocess.run(["true"], preexec_fn=lambda: ran_in_child("preexec.txt"))
    print(open("preexec.txt").read())
    try:
        subprocess.run(["true"], preexec_fn=lambda: 1 // 0)
    except subprocess.SubprocessError as error:
        print("preexec failed:", error)


def other_ways():
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 5"], os.environ,
                         setsigmask=[signal.SIGUSR1], setsigdef=[signal.SIGPIPE])
    print("posix_spawn:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    try:
        os.posix_spawn("/no/such/file", ["x"], os.environ)
    except FileNotFoundError as error:
        print("posix_spawn failed:", error.errno)
    print("popen:", os.popen("echo popen").read().strip())
    print("system:", os.waitstatus_to_exitcode(os.system("exit 6")))
    pid = os.fork()
    if pid == 0:
        os.execvp("sh", ["sh", "-c", "exit 8"])
    print("fork and exec:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "exit 9"))
    # exec from a file descriptor
    pid = os.fork()
    if pid == 0:
        os.execve(os.open("/bin/echo", os.O_RDONLY), ["echo", "by descriptor"], {})
    os.waitpid(pid, 0)


def many():
    children = [subprocess.Popen(["sh", "-c", f"exit {n}"]) for n in range(100)]
    print("hundred:", [child.wait() for child in children] == list(range(100)))
    results = []

    def run(n):
        results.append(int(subprocess.check_output(["echo", str(n)])))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("from threads:", sorted(results) == list(range(40)))


def waiting():
    # It ends when it is told to: who asks too late whether it goes on hears that it has ended.
    child = subprocess.Popen(["sh", "-c", "kill -STOP $$; read -r _; exit 3"], stdin=subprocess.PIPE)
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    print("stopped:", os.WIFSTOPPED(status), os.WSTOPSIG(status) == signal.SIGSTOP)
    os.kill(child.pid, signal.SIGCONT)
    _, status = os.waitpid(child.pid, os.WCONTINUED)
    print("continued:", os.WIFCONTINUED(status))
    child.stdin.close()
    print("ended:", child.wait())
    child = subprocess.Popen(["sh", "-c", "exit 11"])
    info = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    print("waitid:", info.si_status, info.si_code == os.CLD_EXITED, info.si_pid == child.pid)
    child.wait()
    child = subprocess.Popen(["sleep", "300"])
    fd = os.pidfd_open(child.pid)
    signal.pidfd_send_signal(fd, signal.SIGTERM)
    print("pidfd:", os.waitid(os.P_PIDFD, fd, os.WEXITED).si_status)
    child.returncode = -15
    os.close(fd)


for part in (statuses, pipes, timeouts, what_the_child_inherits, preexec, other_ways, many, waiting):
    print("==", part.__name__, flush=True)
    part()
    sys.stdout.flush()
