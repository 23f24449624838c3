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

    @Test
    void addsUpWhatCountsAndLeavesTheRestToTheFirst() {
        InfoText info = new InfoText();
        info.add("# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:7\r\n\r\n# Clients\r\nconnected_clients:3\r\nmaxclients:10\r\n");
        info.add("# Server\r\nredis_version:6.2.0\r\nnew_field:1\r\n\r\n# Clients\r\nconnected_clients:4\r\nmaxclients:10\r\n");

        assertThat(info.text())
                .isEqualTo("# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:7\r\n\r\n"
                        + "# Clients\r\nconnected_clients:7\r\nmaxclients:10\r\n");
    }

    @Test
    void sumsKeepTheirDecimalsAndTheirFormForPeople() {
        InfoText info = new InfoText();
        info.add("# CPU\r\nused_cpu_sys:0.900001\r\nused_memory:916400\r\nused_memory_human:894.92K\r\nmem_fragmentation_bytes:-7\r\n");
        info.add("# CPU\r\nused_cpu_sys:0.200002\r\nused_memory:916400\r\nused_memory_human:894.92K\r\nmem_fragmentation_bytes:10\r\n");

        // 1832800 bytes are 1.7478… MiB
        assertThat(info.text())
                .isEqualTo("# CPU\r\nused_cpu_sys:1.100003\r\nused_memory:1832800\r\nused_memory_human:1.75M\r\n"
                        + "mem_fragmentation_bytes:3\r\n");
    }

    @Test
    void databasesArePutTogetherAlsoThoseTheFirstDoesNotHave() {
        InfoText info = new InfoText();
        info.add("# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=1000\r\ndb10:keys=1,expires=0,avg_ttl=0\r\n");
        info.add("# Keyspace\r\n");
        info.add("# Keyspace\r\ndb0:keys=7,expires=3,avg_ttl=5000\r\ndb2:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n");

        assertThat(info.text())
                .isEqualTo("# Keyspace\r\ndb0:keys=12,expires=4,avg_ttl=4000\r\n"
                        + "db2:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\ndb10:keys=1,expires=0,avg_ttl=0\r\n");
    }

    @Test
    void callsOfCommandsAreAddedUpAndTheirAverageIsMadeAnew() {
        InfoText info = new InfoText();
        info.add("# Modules\r\nmodule:name=a,ver=1\r\nmodule:name=b,ver=2\r\n\r\n# Commandstats\r\n"
                + "cmdstat_get:calls=1,usec=10,usec_per_call=10.00,rejected_calls=0,failed_calls=1\r\n\r\n"
                + "# Errorstats\r\nerrorstat_ERR:count=2\r\n");
        info.add("# Modules\r\nmodule:name=a,ver=1\r\nmodule:name=b,ver=2\r\n\r\n# Commandstats\r\n"
                + "cmdstat_get:calls=2,usec=15,usec_per_call=7.50,rejected_calls=0,failed_calls=0\r\n"
                + "cmdstat_config|get:calls=1,usec=5,usec_per_call=5.00,rejected_calls=0,failed_calls=0\r\n\r\n"
                + "# Errorstats\r\nerrorstat_ERR:count=1\r\n");

        assertThat(info.text())
                .isEqualTo("# Modules\r\nmodule:name=a,ver=1\r\nmodule:name=b,ver=2\r\n\r\n# Commandstats\r\n"
                        + "cmdstat_config|get:calls=1,usec=5,usec_per_call=5.00,rejected_calls=0,failed_calls=0\r\n"
                        + "cmdstat_get:calls=3,usec=25,usec_per_call=8.33,rejected_calls=0,failed_calls=1\r\n\r\n"
                        + "# Errorstats\r\nerrorstat_ERR:count=3\r\n");
    }

    @Test
    void whatIsNoInfoStaysAsItIs() {
        InfoText info = new InfoText();
        info.add("");
        info.add("# Keyspace\r\ndb0:keys=x\r\n");

        assertThat(info.text()).isEmpty();
        assertThat(InfoText.human(0) + InfoText.human(1023) + InfoText.human(24110L << 20)).isEqualTo("0B1023B23.54G");
    }
}
