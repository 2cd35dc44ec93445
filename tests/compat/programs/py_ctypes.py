"""ctypes: C code called with other people's pointers, callbacks, and code written at run time."""
import ctypes
import ctypes.util
import mmap
import os
import sys
import threading

libc = ctypes.CDLL(None, use_errno=True)


def strings_and_numbers():
    print(libc.strlen(b"seven.."), libc.abs(-5), libc.toupper(ord("a")))
    libc.strtod.restype = ctypes.c_double
    print(libc.strtod(b"2.5e3", None))
    buffer = ctypes.create_string_buffer(40)
    libc.snprintf(buffer, 40, b"%d-%s-%.3f", 42, b"text", ctypes.c_double(1.5))
    print(buffer.value)
    print(ctypes.CDLL("libm.so.6").abs(-3), ctypes.util.find_library("c"))


def callbacks():
    compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    calls = 0

    def compare(a, b):
        nonlocal calls
        calls += 1
        return a[0] - b[0]

    numbers = (ctypes.c_int * 500)(*[(n * 7919) % 1009 for n in range(500)])
    libc.qsort(numbers, len(numbers), ctypes.sizeof(ctypes.c_int), compare_type(compare))
    print(list(numbers) == sorted(numbers), calls > 500)


class Timespec(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]


class Utsname(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char * 65) for name in ("system", "node", "release", "version", "machine", "domain")]


def structures():
    name = Utsname()
    print(libc.uname(ctypes.byref(name)), name.system, name.machine)
    now = Timespec()
    print(libc.clock_gettime(1, ctypes.byref(now)), now.sec > 0)
    print(libc.nanosleep(ctypes.byref(Timespec(0, 1000)), None))


def system_calls():
    syscall = libc.syscall
    syscall.restype = ctypes.c_long
    print(syscall(39) == os.getpid())
    for number in (500, 9999, -1):
        ctypes.set_errno(0)
        print(number, syscall(number), ctypes.get_errno())
    text = b"by raw write\n"
    sys.stdout.flush()
    print(syscall(1, 1, text, len(text)))
    # Pointers that lead nowhere are refused by the kernel, not fatal.
    for pointer in (1, 0x7FFF_FFFF_F000, 0xFFFF_8000_0000_0000):
        ctypes.set_errno(0)
        print(syscall(0, 0, ctypes.c_void_p(pointer), ctypes.c_size_t(1)) in (-1, 0),
              syscall(79, ctypes.c_void_p(pointer), ctypes.c_size_t(100)), ctypes.get_errno())


# mov eax, 39; syscall; ret
GETPID = bytes.fromhex("b8 27 00 00 00 0f 05 c3")
# lea eax, [rdi + rsi]; ret
ADD = bytes.fromhex("8d 04 37 c3")


def generated_code():
    # Writable first, executable afterwards.
    area = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    area[:len(ADD)] = ADD
    area[64:64 + len(GETPID)] = GETPID
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    print(libc.mprotect(address, mmap.PAGESIZE, 5))
    add = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(address)
    getpid = ctypes.CFUNCTYPE(ctypes.c_int)(address + 64)
    print(add(40, 2), getpid() == os.getpid(), sum(getpid() for _ in range(1000)) == 1000 * os.getpid())
    # Writable again, other code, executable again.
    print(libc.mprotect(address, mmap.PAGESIZE, 3))
    area[:5] = bytes.fromhex("8d 44 37 01 c3")
    print(libc.mprotect(address, mmap.PAGESIZE, 5), add(40, 2))
    # Writable and executable at once, as some JIT compilers ask for.
    both = mmap.mmap(-1, mmap.PAGESIZE, prot=7)
    both[:len(GETPID)] = GETPID
    address = ctypes.addressof(ctypes.c_char.from_buffer(both))
    getpid = ctypes.CFUNCTYPE(ctypes.c_int)(address)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(getpid())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(set(answers) == {os.getpid()})
    pid = os.fork()
    if pid == 0:
        os._exit(0 if getpid() == os.getpid() else 1)
    print("in a child:", os.waitpid(pid, 0)[1])


def c_signal_handler():
    handled = []
    handler_type = ctypes.CFUNCTYPE(None, ctypes.c_int)
    handler = handler_type(handled.append)
    libc.signal.argtypes = [ctypes.c_int, handler_type]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(10, handler)
    for _ in range(20):
        os.kill(os.getpid(), 10)
    print(len(handled))


for part in (strings_and_numbers, callbacks, structures, system_calls, generated_code, c_signal_handler):
    print("==", part.__name__, flush=True)
    part()
    sys.stdout.flush()
