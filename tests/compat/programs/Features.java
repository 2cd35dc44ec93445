import java.io.*;
import java.net.*;
import java.nio.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;

/* What a virtual machine asks of a kernel: code made and thrown away, faults that mean something, many threads. */
public class Features {
    interface Shape { long area(long n); }

    static class Square implements Shape {
        public long area(long n) { return n * n; }
    }

    static class Ring implements Shape {
        public long area(long n) { return 3 * n + 1; }
    }

    static class Field { int value; Field next; }

    static void say(String what, Object result) { System.out.println(what + ": " + result); }

    static long sum(Shape shape, int rounds) {
        long total = 0;
        for (int i = 0; i < rounds; i++) {
            total += shape.area(i % 1000);
        }
        return total;
    }

    /* Compiled for one class, thrown away at the second, compiled again. */
    static void deoptimise() {
        long first = 0, second = 0;
        for (int i = 0; i < 200; i++) {
            first += sum(new Square(), 10_000);
        }
        for (int i = 0; i < 200; i++) {
            second += sum(i % 2 == 0 ? new Ring() : new Square(), 10_000);
        }
        say("shapes", first + " " + second);
    }

    /* Compiled code finds null by the fault. */
    static void nullsAndOverflow() {
        int caught = 0;
        Field[] fields = new Field[1000];
        for (int i = 0; i < fields.length; i += 2) {
            fields[i] = new Field();
        }
        for (int round = 0; round < 200; round++) {
            for (Field field : fields) {
                try {
                    field.value++;
                } catch (NullPointerException e) {
                    caught++;
                }
            }
        }
        say("nulls", caught);
        int overflows = 0;
        for (int i = 0; i < 5; i++) {
            try {
                deeper(0);
            } catch (StackOverflowError e) {
                overflows++;
            }
        }
        say("overflows", overflows);
        try {
            say("never", 1 / (fields.length - 1000));
        } catch (ArithmeticException e) {
            say("division", e.getMessage());
        }
    }

    static int deeper(int depth) { return deeper(depth + 1) + 1; }

    static void collect() throws Exception {
        AtomicLong made = new AtomicLong();
        Thread[] threads = new Thread[8];
        for (int t = 0; t < threads.length; t++) {
            threads[t] = new Thread(() -> {
                Field chain = null;
                for (int i = 0; i < 300_000; i++) {
                    Field field = new Field();
                    field.next = i % 1000 == 0 ? null : chain;
                    chain = field;
                    made.incrementAndGet();
                }
            });
            threads[t].start();
        }
        for (int i = 0; i < 5; i++) {
            System.gc();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        say("objects", made.get());
    }

    static void threads() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(20);
        List<Future<Long>> results = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            final int n = i;
            results.add(pool.submit(() -> LongStream.range(0, 1000).map(x -> x * n).sum()));
        }
        long total = 0;
        for (Future<Long> result : results) {
            total += result.get();
        }
        pool.shutdown();
        say("pool", total + " " + pool.awaitTermination(60, TimeUnit.SECONDS));
        say("parallel", IntStream.range(0, 1_000_000).parallel().filter(x -> x % 7 == 3).count());
        Thread sleeper = new Thread(() -> {
            try {
                Thread.sleep(600_000);
            } catch (InterruptedException e) {
                say("sleeper", "interrupted");
            }
        });
        sleeper.start();
        sleeper.interrupt();
        sleeper.join();
    }

    static void filesAndSockets() throws Exception {
        Path path = Path.of("mapped");
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ,
                                                 StandardOpenOption.WRITE)) {
            MappedByteBuffer map = file.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 20);
            for (int i = 0; i < 1 << 20; i += 4096) {
                map.putInt(i, i);
            }
            map.force();
        }
        say("mapped", Arrays.hashCode(Files.readAllBytes(path)));
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread client = new Thread(() -> {
                try (Socket socket = new Socket(server.getInetAddress(), server.getLocalPort())) {
                    socket.getOutputStream().write("over the wire\n".getBytes());
                } catch (IOException e) {
                    say("client", e);
                }
            });
            client.start();
            try (Socket peer = server.accept()) {
                say("socket", new BufferedReader(new InputStreamReader(peer.getInputStream())).readLine());
            }
            client.join();
        }
        Pipe pipe = Pipe.open();
        Selector selector = Selector.open();
        pipe.source().configureBlocking(false);
        pipe.source().register(selector, SelectionKey.OP_READ);
        pipe.sink().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        say("selected", selector.select(60_000));
    }

    static void children() throws Exception {
        for (int i = 0; i < 3; i++) {
            Process child = new ProcessBuilder("sh", "-c", "read line; echo child $line; exit 4").start();
            try (Writer to = new OutputStreamWriter(child.getOutputStream())) {
                to.write("number " + i + "\n");
            }
            String line = new BufferedReader(new InputStreamReader(child.getInputStream())).readLine();
            say(line, child.waitFor());
        }
        Process killed = new ProcessBuilder("sleep", "600").start();
        killed.destroy();
        say("killed", killed.waitFor());
    }

    public static void main(String[] arguments) throws Exception {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> say("hook", "ran")));
        deoptimise();
        nullsAndOverflow();
        collect();
        threads();
        filesAndSockets();
        children();
        if (arguments.length > 0) {
            new ProcessBuilder("kill", "-TERM", Long.toString(ProcessHandle.current().pid())).start();
            Thread.sleep(600_000);
        }
        System.exit(3);
    }
}
