"""Executes each file named in the arguments in a child: prints its name and the errno of execve(2), or how it ended."""
import errno
import os
import resource
import signal
import sys

PATIENCE = 120  # seconds until a program that hangs is killed by SIGALRM


def child(path, pipe):
    """In the child: the pipe ends with the exec, or tells its errno."""
    signal.alarm(PATIENCE)
    try:
        os.execv(path, [path])
    except OSError as error:
        os.write(pipe, errno.errorcode[error.errno].encode())
    os._exit(0)


def outcome(path):
    """What became of the exec."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(path, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        failure = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    if failure:
        return failure
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit {os.WEXITSTATUS(status)}"


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for argument in sys.argv[1:]:
    print(f"{argument}\t{outcome(argument)}", flush=True)
