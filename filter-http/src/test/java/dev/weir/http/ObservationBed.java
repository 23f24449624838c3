package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.RecordingExchanges;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A terminal's part that tells of exchanges, and conversations played to it. */
final class ObservationBed {
    static final Operation ROUTE = new Operation("POST /", 1, false);
    private static final long START = 1_000_000;

    final FakeEnvironment environment = new FakeEnvironment();
    final RecordingExchanges exchanges = new RecordingExchanges();
    final FakeConnection connection = new FakeConnection();
    final ObservationSettings settings;
    final Observation observation;

    ObservationBed(Map<String, ?> terminal) {
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(terminal, errors);
        settings = ObservationSettings.read(node, environment);
        node.rejectUnknown();
        errors.throwIfAny("test");
        observation = new Observation(settings, exchanges, exchanges.digests(), connection);
    }

    ObservationLoop loop() {
        return settings.loop(exchanges, exchanges.digests());
    }

    /** Plays it in pieces of so many bytes; answers what was told. */
    Exchange play(Conversation talk, int piece) {
        exchanges.clear();
        observation.begin(talk.request(), ROUTE, talk.request().uri(), "db.example", START);
        pieces(talk.requestBody(), piece, true);
        observation.requestEnd(START + 10_000);
        observation.sent(START + 20_000);
        observation.upstream("10.0.0.1:8000", "db", "1.1");
        observation.responseHead(talk.response(), START + 110_000);
        pieces(talk.responseBody(), piece, false);
        observation.responseEnd(null, START + 210_000);
        return emitted();
    }

    Exchange emitted() {
        observation.emit(START + 220_000);
        assertThat(exchanges.taken()).isZero();
        List<Exchange> all = exchanges.all();
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    private void pieces(byte[] body, int piece, boolean request) {
        for (int at = 0; at < body.length; at += piece) {
            ByteBuf lent = Unpooled.wrappedBuffer(body, at, Math.min(piece, body.length - at));
            int before = lent.readableBytes();
            if (request) {
                observation.requestData(lent);
            } else {
                observation.responseData(lent);
            }
            assertThat(lent.readableBytes()).isEqualTo(before);
            assertThat(lent.refCnt()).isOne();
            lent.release();
        }
    }

    /** All counters of a name, by their labels. */
    Map<String, Double> counts(String name) {
        Map<String, Double> counts = new TreeMap<>();
        environment.meters().find(name).counters().forEach(counter -> {
            StringBuilder labels = new StringBuilder();
            counter.getId().getTags().forEach(tag -> {
                if (!tag.getKey().equals("listener")) {
                    labels.append(labels.length() == 0 ? "" : " ")
                            .append(tag.getKey())
                            .append('=')
                            .append(tag.getValue());
                }
            });
            counts.put(labels.toString(), counter.count());
        });
        return counts;
    }

    /** The fields of an exchange that are not the same in all of these tests, in one line. */
    static String line(Exchange e) {
        Map<String, String> fields = RecordingExchanges.fields(e);
        for (String same : List.of(
                "request_bytes",
                "response_bytes",
                "first_byte_us",
                "duration_us",
                "queue_us",
                "upstream_us",
                "host",
                "http_version",
                "upstream_http_version",
                "app")) {
            fields.remove(same);
        }
        StringBuilder line = new StringBuilder(e.protocol)
                .append(' ')
                .append(e.operation().name())
                .append(" |");
        fields.forEach(
                (name, value) -> line.append(' ').append(name).append('=').append(value));
        if (e.collection != null) {
            line.append(" collection=").append(e.collection);
        }
        return line.toString();
    }
}
