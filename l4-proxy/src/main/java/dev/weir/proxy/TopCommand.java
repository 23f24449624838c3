package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** {@code weir top}: the usage table of a running proxy. */
final class TopCommand implements Subcommand {
    private static final int ROWS = 1_000;

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        String by = options.oneOf("--by", UsageTable.DIMENSIONS);
        String sort = options.oneOf("--sort", UsageRow.SORTS);
        Address address = options.admin();
        AdminClient client = new AdminClient(address);
        String path = "/exchanges/top?limit=" + ROWS + "&by=" + by + "&sort=" + sort;
        boolean once = options.flag("--once");
        CompletableFuture<Void> end = new CompletableFuture<>();
        Signals.on("INT", () -> end.complete(null));
        Signals.on("TERM", () -> end.complete(null));
        if (options.flag("--json")) {
            do {
                terminal.out().println(ask(client, path).strip());
                terminal.out().flush();
            } while (!once && !terminal.out().checkError() && !ended(end));
            return 0;
        }
        LiveView.Frames frames = () -> frame(client, path, by, address);
        if (once) {
            LiveView.summary(terminal, frames.next(), ROWS);
        } else {
            new LiveView(terminal, frames, Terminal.interactive()).run(end, Duration.ZERO);
        }
        return 0;
    }

    private static boolean ended(CompletableFuture<Void> end) throws Exception {
        try {
            end.get(1, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    private static String ask(AdminClient client, String path) throws IOException {
        AdminClient.Answer answer = client.send("GET", path);
        if (answer.status() != 200) {
            throw new IOException("the admin server answered " + answer.status() + ": "
                    + answer.body().strip());
        }
        return answer.body();
    }

    private static LiveView.Frame frame(AdminClient client, String path, String by, Address address)
            throws IOException {
        List<UsageRow> rows = new ArrayList<>();
        for (Map<?, ?> row : objects(ask(client, path), "exchanges")) {
            rows.add(UsageRow.read(row, by));
        }
        long connections = 0;
        for (Map<?, ?> listener : objects(ask(client, "/listeners"), "listeners")) {
            connections += listener.get("connections_active") instanceof Number n ? n.longValue() : 0;
        }
        return new LiveView.Frame(List.of("weir   " + address), connections, new UsageTable(by, rows));
    }

    private static List<Map<?, ?>> objects(String text, String name) throws IOException {
        List<Map<?, ?>> objects = new ArrayList<>();
        if (Json.read(text) instanceof Map<?, ?> answer && answer.get(name) instanceof List<?> list) {
            for (Object element : list) {
                if (element instanceof Map<?, ?> object) {
                    objects.add(object);
                }
            }
            return objects;
        }
        throw new IOException("the admin server answered without " + name);
    }
}
