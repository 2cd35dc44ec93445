"""multiprocessing with each start method, as one program that also is the children's program."""
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing import shared_memory


def square(n):
    return n * n


def fail(n):
    raise ValueError(f"on purpose {n}")


def relay(inbox, outbox):
    for item in iter(inbox.get, None):
        outbox.put(item * 2)


def answer(connection):
    while (request := connection.recv()) != "stop":
        connection.send(len(request))
    connection.close()


def count(value, lock, times):
    for _ in range(times):
        with lock:
            value.value += 1


def fill(name, start):
    block = shared_memory.SharedMemory(name=name)
    for n in range(100):
        block.buf[start + n] = (start + n) % 256
    block.close()


def leave(status):
    sys.exit(status)


def die(number):
    os.kill(os.getpid(), number)


def sleep_long(ready):
    ready.set()
    time.sleep(60)


def exercise(context):
    with context.Pool(3) as pool:
        print(sum(pool.map(square, range(200))), pool.apply(square, (12,)))
        print(sorted(pool.imap_unordered(square, range(5))))
        try:
            pool.apply(fail, (7,))
        except ValueError as error:
            print("raised:", error)

    inbox, outbox = context.Queue(), context.Queue()
    workers = [context.Process(target=relay, args=(inbox, outbox)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for n in range(100):
        inbox.put(n)
    print(sum(outbox.get() for _ in range(100)))
    for _ in workers:
        inbox.put(None)
    for worker in workers:
        worker.join()
    print([worker.exitcode for worker in workers])

    ours, theirs = context.Pipe()
    process = context.Process(target=answer, args=(theirs,))
    process.start()
    theirs.close()
    for size in (0, 10, 1 << 20):
        ours.send("x" * size)
        print(ours.recv(), end=" ")
    ours.send("stop")
    process.join()
    print(process.exitcode)

    value, lock = context.Value(ctypes.c_int, 0), context.Lock()
    processes = [context.Process(target=count, args=(value, lock, 300)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("counted:", value.value)

    block = shared_memory.SharedMemory(create=True, size=300)
    processes = [context.Process(target=fill, args=(block.name, 100 * n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("filled:", bytes(block.buf[:300]) == bytes(n % 256 for n in range(300)))
    block.close()
    block.unlink()

    codes = []
    for target, argument in ((leave, 3), (die, signal.SIGKILL), (die, signal.SIGTERM)):
        process = context.Process(target=target, args=(argument,))
        process.start()
        process.join()
        codes.append(process.exitcode)
    ready = context.Event()
    process = context.Process(target=sleep_long, args=(ready,))
    process.start()
    ready.wait()
    process.terminate()
    process.join()
    print("exit codes:", codes, process.exitcode)

    with context.Manager() as manager:
        shared = manager.dict()
        process = context.Process(target=shared.update, args=({"key": [1, 2]},))
        process.start()
        process.join()
        print("managed:", dict(shared))


if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        print("==", method, flush=True)
        exercise(multiprocessing.get_context(method))
        sys.stdout.flush()
