package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a request's head tells: trace, user, program. */
class RequestFactsTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

    private final Texts texts = new Texts();
    private final BasicUser users = new BasicUser();
    private final Agents agents = new Agents();

    private static String trace(String name, String value) {
        return TraceIds.of(new DefaultHttpHeaders().add(name, value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-brings"
            })
    void traceOfW3c(String header) {
        assertThat(trace("traceparent", header)).isEqualTo(TRACE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0z",
                "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
                "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what"
            })
    void whatIsNoTraceOfW3c(String header) {
        assertThat(trace("traceparent", header)).isNull();
    }

    @Test
    void traceOfB3() {
        assertThat(trace("b3", TRACE + "-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90")).isEqualTo(TRACE);
        assertThat(trace("b3", "a3ce929d0e0e4736-00f067aa0ba902b7")).isEqualTo("0000000000000000a3ce929d0e0e4736");
        assertThat(trace("X-B3-TraceId", TRACE)).isEqualTo(TRACE);
        assertThat(trace("X-B3-TraceId", "a3ce929d0e0e4736")).isEqualTo("0000000000000000a3ce929d0e0e4736");
        assertThat(trace("b3", "0")).isNull();
        assertThat(trace("b3", "-")).isNull();
        assertThat(trace("X-B3-TraceId", "a3ce")).isNull();
        assertThat(trace("X-B3-TraceId", "0000000000000000")).isNull();
        assertThat(trace("other", TRACE)).isNull();
    }

    @Test
    void theStandardGoesBeforeTheOlderOne() {
        DefaultHttpHeaders both = new DefaultHttpHeaders();
        both.add("b3", "a3ce929d0e0e4736-00f067aa0ba902b7").add("traceparent", "00-" + TRACE + "-b7ad6b7169203331-00");

        assertThat(TraceIds.of(both)).isEqualTo(TRACE);
        both.set("traceparent", "broken");
        assertThat(TraceIds.of(both)).isEqualTo("0000000000000000a3ce929d0e0e4736");
    }

    private String user(String plain) {
        byte[] bytes = plain.getBytes(StandardCharsets.UTF_8);
        return users.of("Basic " + Base64.getEncoder().encodeToString(bytes), texts);
    }

    @Test
    void userOfBasic() {
        assertThat(user("Aladdin:open sesame")).isEqualTo("Aladdin").isSameAs(user("Aladdin:other"));
        assertThat(user("jörg:x")).isEqualTo("jörg");
        assertThat(users.of("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", texts)).isEqualTo("Aladdin");
        for (int n = 1; n <= 128; n++) {
            assertThat(user("u".repeat(n) + ":p")).hasSize(n);
            // Where there is no password, the name is one.
            assertThat(user("u".repeat(n) + ":")).isNull();
        }
    }

    @Test
    void noUser() {
        assertThat(user(":secret")).isNull();
        assertThat(user("no colon")).isNull();
        assertThat(user("u".repeat(129) + ":x")).isNull();
        assertThat(user("a\nb:x")).isNull();
        assertThat(users.of("Basic !!!!", texts)).isNull();
        assertThat(users.of("Basic", texts)).isNull();
        assertThat(users.of("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", texts)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "curl/8.5.0, curl",
        "Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1, Boto3",
        "Mozilla/5.0 (X11; Linux x86_64), Mozilla",
        "aws-sdk-java, aws-sdk-java",
        "(nothing), ",
        "'', "
    })
    void programIsTheFirstProduct(String header, String name) {
        assertThat(agents.name(header)).isEqualTo(name);
    }

    @Test
    void programsAreTheSameInstanceAndBounded() {
        String header = "curl/8.5.0";
        assertThat(agents.name(header)).isSameAs(agents.name(new String(header)));
        assertThat(agents.name("x".repeat(5_000))).hasSize(64);
        for (int i = 0; i < 10_000; i++) {
            assertThat(agents.name("client" + i + "/1")).isEqualTo("client" + i);
        }
    }

    @Test
    void textsAreTheSameInstance() {
        byte[] bytes = "orders".getBytes(StandardCharsets.UTF_8);
        byte[] other = "ördérs".getBytes(StandardCharsets.UTF_8);

        assertThat(texts.of(bytes, 0, 6)).isEqualTo("orders").isSameAs(texts.of("my orders", 3, 9));
        assertThat(texts.of("orders".toCharArray(), 0, 6)).isSameAs(texts.of(bytes, 0, 6));
        assertThat(texts.of(other, 0, other.length)).isEqualTo("ördérs").isSameAs(texts.of(other, 0, other.length));
        assertThat(texts.of("x".repeat(1_000), 0, 1_000)).hasSize(Texts.LONGEST);
    }

    @ParameterizedTest
    @CsvSource({
        "/?query=SELECT+1, SELECT 1",
        "/?a=b&query=SELECT%201, SELECT 1",
        "/?query=%zz%4, %zz%4",
        "/?query=x%41, xA",
        "/?xquery=1&query=2, 2",
        "/?query=ü, ?",
        "/?quer%79=1, 1",
        "/?%71%75%65%72%79=1, 1",
        "/?a%26query=2&query=3, 3",
    })
    void readsParameters(String uri, String value) {
        QueryParameter parameter = new QueryParameter();

        assertThat(parameter.text(uri, "query", texts)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/query=1",
                "/?query",
                "/?queryx=1",
                "/?q=query=1",
                "/?",
                "/?quer%7=1",
                "/?query%3D1",
                "/?%00query=1",
                "/?&&&"
            })
    void parametersThatAreNotThere(String uri) {
        assertThat(new QueryParameter().find(uri, "query")).isFalse();
    }
}
