package dev.weir.core.testkit;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Fails the test run when a test leaked a buffer, also when all tests passed, and also when the leak shows only after
 * the last test.
 *
 * <p>JUnit finds this class through {@code META-INF/services} in the testkit and calls it on the thread that runs the
 * tests. Before the first test it puts itself behind Netty's leak detectors, at level {@code paranoid}. After the last
 * one it makes the garbage collector run, asks every detector once more, and prints each leak as a line that starts
 * with {@code LEAK:}. The build fails by the same text in the file that the system property {@code weir.leakFile}
 * names; without that property the JVM stops with {@link #EXIT_CODE}.
 */
public final class LeakGate implements LauncherSessionListener {
    /** What the test JVM exits with after a leak that no file was named for. */
    public static final int EXIT_CODE = 97;

    /** The first one of this JVM: Netty keeps the detectors that it was given then, also in later sessions. */
    private static @Nullable LeakGate installed;

    private final List<LeakDetector<?>> detectors = new CopyOnWriteArrayList<>();
    private final ConcurrentLinkedQueue<String> leaks = new ConcurrentLinkedQueue<>();

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        if (installed != null) {
            return;
        }
        installed = this;
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new ResourceLeakDetectorFactory() {
            @Override
            @SuppressWarnings("deprecation") // The one method that must be overridden.
            public <T> ResourceLeakDetector<T> newResourceLeakDetector(
                    Class<T> resource, int samplingInterval, long maxActive) {
                return detector(resource, samplingInterval);
            }
        });
    }

    @Override
    public void launcherSessionClosed(LauncherSession session) {
        List<String> found = installed == null ? collect() : installed.collect();
        if (found.isEmpty()) {
            return;
        }
        String report = "LEAK: " + String.join("\nLEAK: ", found) + "\n";
        System.err.print(report);
        System.err.flush();
        if (!written(report)) {
            // An exception from a listener would only be logged, and the runner has its results by now.
            Runtime.getRuntime().halt(EXIT_CODE);
        }
    }

    /** A detector whose findings {@link #collect()} returns. */
    <T> LeakDetector<T> detector(Class<?> resource, int samplingInterval) {
        LeakDetector<T> detector = new LeakDetector<>(resource, samplingInterval, leaks::add);
        detectors.add(detector);
        return detector;
    }

    /** Runs the garbage collector and returns every leak found since the last call. */
    List<String> collect() {
        for (int round = 0; round < 2; round++) {
            collectGarbage();
            detectors.forEach(LeakDetector::poll);
        }
        List<String> found = List.copyOf(leaks);
        leaks.clear();
        return found;
    }

    /** Returns once an object that became unreachable before the call has certainly been collected. */
    private static void collectGarbage() {
        WeakReference<Object> canary = new WeakReference<>(new Object());
        for (int i = 0; i < 100 && canary.get() != null; i++) {
            System.gc();
        }
        System.gc();
        try {
            // References are enqueued by a thread of their own, after the collection.
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean written(String report) {
        String file = System.getProperty("weir.leakFile");
        if (file == null) {
            return false;
        }
        try {
            Files.writeString(Path.of(file), report, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            return true;
        } catch (IOException e) {
            e.printStackTrace();
            return false;
        }
    }
}
