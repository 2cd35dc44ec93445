"""threading: many threads that share, wait for and wake each other."""
import concurrent.futures
import os
import queue
import sys
import threading
import time

sys.setswitchinterval(1e-5)


def counter():
    lock = threading.Lock()
    total = 0

    def add():
        nonlocal total
        for _ in range(2000):
            with lock:
                total += 1

    threads = [threading.Thread(target=add) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(total)


def producers_and_consumers():
    jobs = queue.Queue(maxsize=5)
    done = queue.SimpleQueue()

    def produce(start):
        for n in range(start, start + 200):
            jobs.put(n)

    def consume():
        while (n := jobs.get()) is not None:
            done.put(n * n)

    producers = [threading.Thread(target=produce, args=(1000 * k,)) for k in range(4)]
    consumers = [threading.Thread(target=consume) for _ in range(4)]
    for thread in producers + consumers:
        thread.start()
    for thread in producers:
        thread.join()
    for _ in consumers:
        jobs.put(None)
    for thread in consumers:
        thread.join()
    print(sum(done.get() for _ in range(800)))


def ping_pong():
    condition = threading.Condition()
    turn = 0
    order = []

    def play(me):
        nonlocal turn
        for _ in range(300):
            with condition:
                condition.wait_for(lambda: turn == me)
                order.append(me)
                turn = 1 - me
                condition.notify_all()

    players = [threading.Thread(target=play, args=(me,)) for me in (0, 1)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    print(order == [0, 1] * 300)


def barriers_and_semaphores():
    barrier = threading.Barrier(8)
    semaphore = threading.BoundedSemaphore(3)
    inside = 0
    most = 0
    lock = threading.Lock()

    def meet():
        nonlocal inside, most
        for _ in range(20):
            barrier.wait()
            with semaphore:
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=meet) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(most <= 3, inside)


def waits_with_timeouts():
    event = threading.Event()
    print(event.wait(0.05))
    threading.Timer(0.05, event.set).start()
    print(event.wait(300))
    lock = threading.Lock()
    lock.acquire()
    print(lock.acquire(timeout=0.05))


def per_thread():
    local = threading.local()
    seen = []

    def remember(n):
        local.value = n
        time.sleep(0.01)
        seen.append(local.value == n and threading.get_native_id() != os.getpid())

    threads = [threading.Thread(target=remember, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(all(seen), threading.get_native_id() == os.getpid())


def pool():
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        print(sum(executor.map(lambda n: n * n, range(500))))
        future = executor.submit(lambda: 1 // 0)
        print(type(future.exception()).__name__)


def short_lived():
    ran = []
    for n in range(500):
        thread = threading.Thread(target=ran.append, args=(n,))
        thread.start()
        thread.join()
    print(ran == list(range(500)))


def fork_from_a_thread():
    statuses = []

    def fork(n):
        pid = os.fork()
        if pid == 0:
            os._exit(n if threading.active_count() == 1 else 99)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    for n in range(10):
        thread = threading.Thread(target=fork, args=(n,))
        thread.start()
        thread.join()
    print(statuses)


def stack_sizes():
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    threading.stack_size(1 << 26)
    sys.setrecursionlimit(50000)
    result = []
    thread = threading.Thread(target=lambda: result.append(depth(20000)))
    thread.start()
    thread.join()
    threading.stack_size(0)
    print(result)


for part in (counter, producers_and_consumers, ping_pong, barriers_and_semaphores, waits_with_timeouts,
             per_thread, pool, short_lived, fork_from_a_thread, stack_sizes):
    print("==", part.__name__, flush=True)
    part()
    sys.stdout.flush()
# A thread that still runs does not hold up the end of the process.
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
