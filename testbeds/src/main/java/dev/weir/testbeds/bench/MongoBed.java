package dev.weir.testbeds.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ExecutionException;

/**
 * Server and load of {@code testbeds/bench mongo-sniff}, in one process that stays warm. Prints {@code listening PORT}, then
 * a line of JSON for each line it reads: {@code raw|driver PORT WORK CONNECTIONS SECONDS}. Ends with its input.
 */
public final class MongoBed {
    private MongoBed() {}

    /** Runs until the end of the standard input. */
    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        try (MongoUpstream upstream = MongoUpstream.start();
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println("listening " + upstream.port());
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                System.out.println(run(line.split(" ")).json());
            }
        }
    }

    private static MongoLoad.Result run(String[] words) throws IOException, InterruptedException, ExecutionException {
        if (words.length != 5) {
            throw new IllegalArgumentException(
                    String.join(" ", words) + " (expected: raw|driver PORT WORK CONNECTIONS SECONDS)");
        }
        int port = Integer.parseInt(words[1]);
        MongoWork work = MongoWork.valueOf(words[2].toUpperCase(Locale.ROOT));
        int connections = Integer.parseInt(words[3]);
        double seconds = Double.parseDouble(words[4]);
        return switch (words[0]) {
            case "raw" -> MongoLoad.run(port, work, connections, seconds);
            case "driver" -> MongoDriverLoad.run(port, work, connections, seconds);
            default -> throw new IllegalArgumentException(words[0] + " (expected: raw or driver)");
        };
    }
}
