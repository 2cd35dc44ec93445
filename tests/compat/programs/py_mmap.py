"""mmap: every kind of mapping that a program makes, moves, shares and loses."""
import hashlib
import mmap
import os
import random
import sys
import threading

PAGE = mmap.PAGESIZE


def anonymous():
    with mmap.mmap(-1, 64 * PAGE) as area:
        area[:5] = b"hello"
        area[-5:] = b"world"
        print(area[:5], area[-5:], area.find(b"world") == 64 * PAGE - 5)
        area.move(10, 0, 5)
        print(area[10:15])
        for _ in range(5):
            area.resize(len(area) * 2 if len(area) < 1 << 22 else PAGE)
        print(len(area), area[:5])
        area.madvise(mmap.MADV_DONTNEED)
        print(area[:5] == bytes(5))


def file_backed():
    with open("data", "wb+") as file:
        file.truncate(10 * PAGE)
        with mmap.mmap(file.fileno(), 0) as shared:
            for page in range(10):
                shared[page * PAGE:page * PAGE + 4] = b"pg%02d" % page
            shared.flush()
            shared.resize(20 * PAGE)
            shared[19 * PAGE:19 * PAGE + 4] = b"last"
        print(os.path.getsize("data") // PAGE)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as private:
            private[:4] = b"mine"
            file.seek(0)
            print(private[:4], file.read(4))
        with mmap.mmap(file.fileno(), 2 * PAGE, offset=3 * PAGE, access=mmap.ACCESS_READ) as part:
            print(part[:4], part[PAGE:PAGE + 4])
            try:
                part[0] = 1
            except TypeError as error:
                print("read only:", error)
    with open("data", "rb") as file:
        print(hashlib.sha256(file.read()).hexdigest())


def across_fork():
    shared = mmap.mmap(-1, PAGE)
    private = mmap.mmap(-1, PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    pid = os.fork()
    if pid == 0:
        shared[:5] = b"child"
        private[:5] = b"child"
        os._exit(0)
    os.waitpid(pid, 0)
    print(shared[:5], private[:5] == bytes(5))


def lost_pages():
    pid = os.fork()
    if pid == 0:
        with open("short", "wb+") as file:
            file.truncate(2 * PAGE)
            area = mmap.mmap(file.fileno(), 2 * PAGE)
            file.truncate(PAGE)
            os._exit(area[PAGE] + 1)
    print("behind the end of the file:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def many():
    areas = [mmap.mmap(-1, PAGE * (1 + n % 5)) for n in range(2000)]
    for n, area in enumerate(areas):
        area[:4] = n.to_bytes(4, "little")
    chooser = random.Random(1)
    for n in chooser.sample(range(2000), 1000):
        areas[n].close()
        areas[n] = None
    print(sum(int.from_bytes(area[:4], "little") for area in areas if area) > 0,
          all(int.from_bytes(area[:4], "little") == n for n, area in enumerate(areas) if area))


def from_threads():
    right = []

    def churn(seed):
        chooser = random.Random(seed)
        fine = True
        for _ in range(300):
            with mmap.mmap(-1, PAGE * chooser.randint(1, 64)) as area:
                area[-1] = seed
                area.resize(PAGE * chooser.randint(64, 128))
                fine = fine and area[0] in (0, seed)
        right.append(fine)

    threads = [threading.Thread(target=churn, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(right)


def errors():
    for length, offset in ((1 << 60, 0), (PAGE, 17)):
        try:
            mmap.mmap(-1, length, offset=offset)
        except (OSError, ValueError, OverflowError) as error:
            print(type(error).__name__, getattr(error, "errno", None))
    with open("/dev/null") as file:
        try:
            mmap.mmap(file.fileno(), PAGE)
        except OSError as error:
            print("not mappable:", error.errno)


for part in (anonymous, file_backed, across_fork, lost_pages, many, from_threads, errors):
    print("==", part.__name__, flush=True)
    part()
    sys.stdout.flush()
