package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class InfoTextTest {
    @Test
    void theDocumentationNamesWhatIsAddedUp() throws Exception {
        String page = Files.readString(Path.of("..", "docs", "filters", "redis-proxy.md"));
        String list = page.substring(page.indexOf("* **Added up:**"), page.indexOf("* **By name:**"));

        assertThat(Pattern.compile("`([a-z][a-z_]+)`").matcher(list).results().map(name -> name.group(1)))
                .containsExactlyInAnyOrderElementsOf(InfoText.SUMMED);
    }

    private static String lines(String... lines) {
        return String.join("\r\n", lines) + "\r\n";
    }

    private static String together(String... shards) {
        InfoText info = new InfoText();
        for (String shard : shards) {
            info.add(shard);
        }
        return info.text();
    }

    @Test
    void addsUpWhatCountsAndLeavesTheRestToTheFirst() {
        String one =
                lines("# Server", "redis_version:7.0", "uptime_in_seconds:7", "", "# Clients", "connected_clients:3");
        String two = lines("# Server", "redis_version:6.2", "new_field:1", "", "# Clients", "connected_clients:4");

        assertThat(together(one, two))
                .isEqualTo(lines(
                        "# Server",
                        "redis_version:7.0",
                        "uptime_in_seconds:7",
                        "",
                        "# Clients",
                        "connected_clients:7"));
    }

    @Test
    void sumsKeepTheirDecimalsAndTheirFormForPeople() {
        String one = lines(
                "used_cpu_sys:0.900001",
                "used_memory:916400",
                "used_memory_human:894.92K",
                "mem_fragmentation_bytes:-7");
        String two = lines(
                "used_cpu_sys:0.200002",
                "used_memory:916400",
                "used_memory_human:894.92K",
                "mem_fragmentation_bytes:10");

        // 1832800 bytes are 1.7478… MiB
        assertThat(together(one, two))
                .isEqualTo(lines(
                        "used_cpu_sys:1.100003",
                        "used_memory:1832800",
                        "used_memory_human:1.75M",
                        "mem_fragmentation_bytes:3"));
    }

    @Test
    void databasesArePutTogetherAlsoThoseTheFirstDoesNotHave() {
        String one = lines("# Keyspace", "db0:keys=5,expires=1,avg_ttl=1000", "db10:keys=1,expires=0,avg_ttl=0");
        String two = lines("# Keyspace");
        String three =
                lines("# Keyspace", "db0:keys=7,expires=3,avg_ttl=5000", "db2:keys=1,expires=0,avg_ttl=0,subexpiry=0");

        assertThat(together(one, two, three))
                .isEqualTo(lines(
                        "# Keyspace",
                        "db0:keys=12,expires=4,avg_ttl=4000",
                        "db2:keys=1,expires=0,avg_ttl=0,subexpiry=0",
                        "db10:keys=1,expires=0,avg_ttl=0"));
    }

    @Test
    void callsOfCommandsAreAddedUpAndTheirAverageIsMadeAnew() {
        String one = lines(
                "# Modules",
                "module:name=a,ver=1",
                "module:name=b,ver=2",
                "",
                "# Commandstats",
                "cmdstat_get:calls=1,usec=10,usec_per_call=10.00,rejected_calls=0,failed_calls=1",
                "",
                "# Errorstats",
                "errorstat_ERR:count=2");
        String two = lines(
                "# Modules",
                "",
                "# Commandstats",
                "cmdstat_get:calls=2,usec=15,usec_per_call=7.50,rejected_calls=0,failed_calls=0",
                "cmdstat_config|get:calls=1,usec=5,usec_per_call=5.00,rejected_calls=0,failed_calls=0",
                "",
                "# Errorstats",
                "errorstat_ERR:count=1");

        assertThat(together(one, two))
                .isEqualTo(lines(
                        "# Modules",
                        "module:name=a,ver=1",
                        "module:name=b,ver=2",
                        "",
                        "# Commandstats",
                        "cmdstat_config|get:calls=1,usec=5,usec_per_call=5.00,rejected_calls=0,failed_calls=0",
                        "cmdstat_get:calls=3,usec=25,usec_per_call=8.33,rejected_calls=0,failed_calls=1",
                        "",
                        "# Errorstats",
                        "errorstat_ERR:count=3"));
    }

    @Test
    void whatIsNoInfoStaysAsItIs() {
        assertThat(together("", lines("# Keyspace", "db0:keys=x"))).isEmpty();
        assertThat(together(lines("# Keyspace", "db0:keys=x"))).isEqualTo(lines("# Keyspace", "db0:keys=x"));
        assertThat(InfoText.human(0)).isEqualTo("0B");
        assertThat(InfoText.human(1023)).isEqualTo("1023B");
        assertThat(InfoText.human(24_110L << 20)).isEqualTo("23.54G");
    }
}
