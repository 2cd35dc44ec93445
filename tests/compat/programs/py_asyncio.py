"""asyncio: one loop that waits for children, sockets, timers, signals and threads."""
import asyncio
import os
import signal
import sys
import time


async def children():
    async def run(n):
        child = await asyncio.create_subprocess_exec(
            "sh", "-c", f"read line; echo got $line; exit {n}",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate(f"input {n}\n".encode())
        return out.decode().strip(), child.returncode

    for answer in await asyncio.gather(*(run(n) for n in range(12))):
        print(answer)
    child = await asyncio.create_subprocess_shell("seq 3; exec sleep 30", stdout=asyncio.subprocess.PIPE)
    print([(await child.stdout.readline()).decode().strip() for _ in range(3)])
    child.kill()
    print(await child.wait())
    child = await asyncio.create_subprocess_exec("sleep", "30")
    try:
        await asyncio.wait_for(child.wait(), 0.1)
    except asyncio.TimeoutError:
        child.terminate()
        print("timed out", await child.wait())


async def streams():
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def client(n):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        total = 0
        for k in range(20):
            writer.write(f"client {n} line {k}\n".encode())
            total += len(await reader.readline())
        writer.close()
        await writer.wait_closed()
        return total

    print(sum(await asyncio.gather(*(client(n) for n in range(50)))))
    server.close()
    await server.wait_closed()


async def signals():
    loop = asyncio.get_running_loop()
    seen = asyncio.Queue()
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        loop.add_signal_handler(number, seen.put_nowait, number.name)
    os.kill(os.getpid(), signal.SIGUSR1)
    print(await seen.get())
    child = await asyncio.create_subprocess_exec("sh", "-c", "kill -USR2 $PPID")
    print(await seen.get(), await child.wait())
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        loop.remove_signal_handler(number)


async def timers_and_threads():
    order = []
    await asyncio.gather(*(asyncio.sleep(0.02 * n, order.append(n)) for n in range(10)))
    print(order)
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(None, time.sleep, 0.05) for _ in range(8)))
    print(await asyncio.to_thread(sum, range(1000)))
    try:
        async with asyncio.timeout(0.05):
            await asyncio.Event().wait()
    except TimeoutError:
        print("timeout")


for part in (children, streams, signals, timers_and_threads):
    print("==", part.__name__, flush=True)
    asyncio.run(part())
    sys.stdout.flush()
