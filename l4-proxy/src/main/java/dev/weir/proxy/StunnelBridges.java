package dev.weir.proxy;

import dev.weir.core.config.ListenerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What of a file has no clients: standard input and output, and programs that talk to an upstream. Each has a listener on a socket in a folder that only this
 * user can enter. A reload may come while the first ones are started.
 */
final class StunnelBridges {
    private final StunnelLog log;
    private final Terminal terminal;
    private final Runnable end;
    private final Map<String, Started> started = new HashMap<>();
    private @Nullable Path folder;

    private record Started(Map<String, String> job, StunnelBridge bridge) {}

    /** {@code end} is run when standard input and output have ended. */
    StunnelBridges(StunnelLog log, Terminal terminal, Runnable end) {
        this.log = log;
        this.terminal = terminal;
        this.end = end;
    }

    /** Makes the folder when a file first needs it. Before its listeners are bound. */
    synchronized void prepare(StunnelConf conf) throws IOException {
        String name = conf.process().get("bridges");
        if (name != null && folder == null) {
            folder = Files.createDirectory(
                    Path.of(name), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    /** Null as long as nothing needs it. */
    synchronized @Nullable Path folder() {
        return folder;
    }

    /** Starts what runs not yet, and lets what the file has no more end without another start. */
    synchronized void run(StunnelConf conf) {
        Map<String, String> kinds = conf.of("bridge");
        started.entrySet().removeIf(one -> {
            boolean over = !one.getValue().job.equals(job(conf, one.getKey()));
            if (over) {
                one.getValue().bridge.stop();
            }
            return over;
        });
        kinds.forEach((name, kind) -> {
            if (!started.containsKey(name)) {
                start(conf, name, kind);
            }
        });
    }

    private static Map<String, String> job(StunnelConf conf, String name) {
        Map<String, String> job = new HashMap<>();
        for (String key : List.of("bridge", "program", "arguments", "retry")) {
            String value = conf.process().get(key + ":" + name);
            if (value != null) {
                job.put(key, value);
            }
        }
        return job;
    }

    private void start(StunnelConf conf, String name, String kind) {
        ListenerConfig listener = conf.config().listeners().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        StunnelBridge bridge = new StunnelBridge(Path.of(listener.address().host()), log);
        Map<String, String> job = job(conf, name);
        started.put(name, new Started(job, bridge));
        if (kind.equals("inetd")) {
            bridge.standard(System.in, terminal.out()).thenRun(end);
            return;
        }
        log.log(
                StunnelLog.INFO,
                "Starting exec+connect service [" + conf.process().get("service:" + name) + "]");
        String retry = job.getOrDefault("retry", "");
        bridge.program(
                job.getOrDefault("program", ""),
                List.of(job.getOrDefault("arguments", "").split("\n", -1)),
                retry.isEmpty() ? null : Long.valueOf(retry));
    }
}
