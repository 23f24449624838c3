package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code weir demo} as a process. */
class DemoCommandTest {
    private static List<ProcessHandle> children(WeirProcess weir) {
        return ProcessHandle.of(weir.pid()).stream()
                .flatMap(ProcessHandle::children)
                .toList();
    }

    @Test
    void showsRealCommandsAndEndsWithASummary() throws Exception {
        try (WeirProcess weir = WeirProcess.start("demo", "--for", "4s", "--admin", "127.0.0.1:0")) {
            String page = weir.awaitOut("page").trim();
            Address admin = Address.parse(page.replaceAll(".*http://(.*)/", "$1"));
            AdminClient client = new AdminClient(admin);
            WeirProcess.await(() -> body(client, "/exchanges/top?by=user").contains("\"user\":\"web\""));
            assertThat(body(client, "/metrics")).contains("db_operation_name=\"HGETALL\"");
            assertThat(body(client, "/keys/hot")).contains("\"enabled\":true");
            assertThat(body(client, "/exchanges/errors")).contains("WRONGTYPE");
            List<ProcessHandle> redis = children(weir);

            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            String out = String.join("\n", weir.out());
            for (String command :
                    List.of("GET", "SET", "HGETALL", "ZADD", "XADD", "EXEC", "PUBLISH", "BLPOP", "EVAL", "KEYS")) {
                assertThat(out).containsPattern("(?m)^" + command + " +[\\d,]+ +");
            }
            assertThat(redis).isNotEmpty().noneMatch(ProcessHandle::isAlive);
        }
    }

    @Test
    void takesItsRedisAlongAtASignal() throws Exception {
        try (WeirProcess weir = WeirProcess.start("demo", "--admin", "off")) {
            weir.awaitOut("yourself");
            List<ProcessHandle> redis = children(weir);

            weir.signal("INT");

            assertThat(weir.exitCode()).isZero();
            assertThat(redis).isNotEmpty().noneMatch(ProcessHandle::isAlive);
            assertThat(Stream.concat(weir.err().stream(), weir.out().stream()))
                    .noneMatch(line -> line.contains("Exception") || line.contains("\tat "));
        }
    }

    private static String body(AdminClient client, String path) {
        try {
            return client.send("GET", path).body();
        } catch (java.io.IOException e) {
            return "";
        }
    }
}
