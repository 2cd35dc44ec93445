// Everything that unwinds a stack, also out of places where a system call was the last thing done.
#include <atomic>
#include <cassert>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <execinfo.h>
#include <future>
#include <numeric>
#include <pthread.h>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

void call_back(void (*function)(int), int depth);
void throw_from_library(int value);

static std::atomic<int> destroyed;

struct Guard {
    ~Guard()
    {
        destroyed++;
    }
};

static void throw_deep(int depth)
{
    Guard guard;
    if (depth == 0) {
        [[maybe_unused]] ssize_t written = write(-1, "", 0);
        throw std::out_of_range("deep");
    }
    throw_deep(depth - 1);
}

static void exceptions()
{
    int caught = 0;
    for (int n = 0; n < 1000; n++) {
        try {
            throw_deep(n % 50);
        } catch (const std::logic_error &error) {
            caught += strcmp(error.what(), "deep") == 0;
        }
    }
    printf("caught %d, destroyed %d\n", caught, destroyed.load());
    for (int depth : {0, 10, 100}) {
        try {
            call_back([](int size) { throw_from_library(size); }, depth);
        } catch (const std::exception &error) {
            printf("%s\n", error.what());
        }
    }
    try {
        try {
            throw 1;
        } catch (int) {
            throw;
        }
    } catch (int value) {
        printf("thrown again %d\n", value);
    }
    try {
        std::vector<int>().at(5);
    } catch (const std::out_of_range &) {
        printf("out of range\n");
    }
    try {
        [[maybe_unused]] volatile char *huge = new char[1ul << 62];
    } catch (const std::bad_alloc &) {
        printf("bad alloc\n");
    }
}

// The frames of interest are the ones down to main; how many the C library puts around them
// differs.
__attribute__((noinline)) static int trace(int depth)
{
    void *frames[200];
    if (depth > 0) {
        int count = trace(depth - 1);
        asm volatile("" : "+r"(count));
        return count;
    }
    return backtrace(frames, 200);
}

static volatile int in_handler;
static volatile sig_atomic_t handled;

static void handler(int)
{
    void *frames[200];
    in_handler = backtrace(frames, 200);
    handled = 1;
}

__attribute__((noinline)) static void interrupted(int depth)
{
    if (depth > 0) {
        interrupted(depth - 1);
        asm volatile("");
        return;
    }
    raise(SIGUSR1);
}

static void backtraces()
{
    trace(0);
    printf("ten frames more: %d\n", trace(20) - trace(10));
    signal(SIGUSR1, handler);
    interrupted(0);
    int shallow = in_handler;
    interrupted(15);
    printf("through a signal frame: %d\n", in_handler - shallow);
    // A signal that takes a thread out of a blocking system call: the call's frame is in the
    // middle.
    handled = 0;
    std::atomic<bool> out{false}; // the first signal may come before the call
    std::thread sender([&out, main = pthread_self()] {
        while (!out) {
            usleep(10000);
            pthread_kill(main, SIGUSR1);
        }
    });
    while (!handled)
        pause();
    out = true;
    sender.join();
    printf("out of pause(): %d\n", in_handler > 3);
}

static void thrown_in_handler()
{
    struct sigaction action = {};
    action.sa_handler = [](int) { throw std::runtime_error("out of a handler"); };
    action.sa_flags = SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    int caught = 0;
    for (int n = 0; n < 10; n++) {
        try {
            *reinterpret_cast<volatile int *>(8) = 1;
        } catch (const std::runtime_error &) {
            caught++;
        }
    }
    signal(SIGSEGV, SIG_DFL);
    printf("faults turned into exceptions: %d\n", caught);
}

static void threads()
{
    std::vector<std::future<long>> results;
    for (long n = 0; n < 30; n++)
        results.push_back(std::async(std::launch::async, [n] {
            if (n % 10 == 9)
                throw std::runtime_error("in a thread");
            std::vector<long> numbers(10000);
            std::iota(numbers.begin(), numbers.end(), n);
            return std::accumulate(numbers.begin(), numbers.end(), 0L);
        }));
    long sum = 0;
    int failed = 0;
    for (auto &result : results) {
        try {
            sum += result.get();
        } catch (const std::runtime_error &) {
            failed++;
        }
    }
    printf("sum %ld, failed %d\n", sum, failed);

    std::shared_mutex mutex;
    long shared = 0;
    std::atomic<long> reads{0};
    std::vector<std::thread> workers;
    for (int n = 0; n < 8; n++)
        workers.emplace_back([&, n] {
            for (int k = 0; k < 2000; k++) {
                if (n % 4 == 0) {
                    std::unique_lock lock(mutex);
                    shared++;
                } else {
                    std::shared_lock lock(mutex);
                    reads += shared >= 0;
                }
            }
        });
    for (auto &worker : workers)
        worker.join();
    printf("shared %ld, reads %ld\n", shared, reads.load());
}

// pthread_cancel unwinds the C++ stack with a forced exception.
static void forced_unwinding()
{
    destroyed = 0;
    for (int n = 0; n < 20; n++) {
        std::atomic<bool> running{false};
        std::thread thread([&running] {
            Guard outer;
            try {
                Guard inner;
                running = true;
                pause();
            } catch (...) {
                destroyed++;
                throw; // required: a cancellation cannot be caught for good
            }
        });
        while (!running)
            std::this_thread::yield();
        pthread_cancel(thread.native_handle());
        thread.join();
    }
    printf("unwound by cancellation: %d\n", destroyed.load());
}

int main(int argc, char **)
{
    setvbuf(stdout, nullptr, _IOLBF, 0);
    if (argc > 1)
        throw_from_library(argc);
    exceptions();
    backtraces();
    thrown_in_handler();
    threads();
    forced_unwinding();
    return 3;
}
