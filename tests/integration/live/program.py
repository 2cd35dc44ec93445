"""Makes calls until the file `stop` is there. With `heed` it says that it was interrupted, with `ignore` not even that."""
import os
import signal
import sys
import time

if "heed" in sys.argv:
    signal.signal(signal.SIGINT, lambda *_: (print("interrupted", flush=True), os._exit(7)))
if "ignore" in sys.argv:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
print("output: terminal" if os.isatty(1) else "output: none", flush=True)
os.write(2, b"error: terminal\n" if os.isatty(2) else b"error: none\n")
print(f"input: {os.read(0, 1)}", flush=True)
with open("pids.new", "w", encoding="ascii") as file:
    print(os.getpid(), os.getppid(), file=file)
os.rename("pids.new", "pids")
while not os.path.exists("stop"):
    for _ in range(50):
        os.getppid()
    try:
        os.stat(b"/no\33[2Jwhere\xff")
    except FileNotFoundError:
        pass
    time.sleep(0.01)
