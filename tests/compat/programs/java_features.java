/* Threads whose code is compiled while others run it, collections of garbage, exceptions by faults, a process. */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class JavaFeatures {
    interface Shape {
        long area(int size);
    }

    static long work(int seed, List<Shape> shapes) {
        long sum = seed;
        List<int[]> kept = new ArrayList<>();
        for (int i = 0; i < 100000; i++) {
            sum = sum * 31 + shapes.get(i % shapes.size()).area(i ^ seed);
            if (i % 1000 == 0) {
                kept.add(new int[2000]);
            }
        }
        return sum + kept.size();
    }

    static int lengthOf(String text) {
        try {
            return text.length(); /* without a test once it is compiled: a fault */
        } catch (NullPointerException e) {
            return -1;
        }
    }

    public static void main(String[] arguments) throws Exception {
        List<Shape> shapes = new ArrayList<>();
        shapes.add(size -> (long) size * size);
        ExecutorService threads = Executors.newFixedThreadPool(3);
        for (int round = 0; round < 4; round++) {
            List<Future<Long>> results = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                final int seed = i + round;
                results.add(threads.submit(() -> work(seed, shapes)));
            }
            for (Future<Long> result : results) {
                System.out.println(result.get());
            }
            final int more = round; /* a new class: what was compiled for the old ones is thrown away */
            shapes.add(round % 2 == 0 ? size -> size + more : new Shape() {
                public long area(int size) {
                    return size % (more + 2);
                }
            });
            System.gc();
        }
        threads.shutdown();
        int faults = 0;
        for (int i = 0; i < 50000; i++) {
            faults += lengthOf(i % 1000 == 999 ? null : "text") < 0 ? 1 : 0;
        }
        System.out.println("faults: " + faults);
        Process process = new ProcessBuilder("/bin/echo", "from a process").start();
        System.out.println(new BufferedReader(new InputStreamReader(process.getInputStream())).readLine());
        System.exit(process.waitFor() + 6);
    }
}
