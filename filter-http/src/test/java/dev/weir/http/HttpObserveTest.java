package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code observe: true}: what is signed stays as it was signed, to the byte. */
class HttpObserveTest {
    private static final String HEAD = """
            POST //a/../b%2fc/./%7Ed?X=1&x=%20+y HTTP/1.1\r
            hOST: dynamodb.eu-west-1.amazonaws.com:8000\r
            X-Amz-Target:DynamoDB_20120810.GetItem\r
            x-amz-target-two:   spaced  inside\t\r
            Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=00\r
            Accept-Encoding: identity\r
            X-Forwarded-For: 10.0.0.1\r
            Content-Length: 2\r
            \r
            """;

    @Test
    void requestsAndAnswersPassAsTheyCame() throws IOException {
        List<String> heads = new CopyOnWriteArrayList<>();
        String answer = """
                HTTP/1.1 200 OK\r
                x-Amzn-RequestId: ABC\r
                Server:Server\r
                content-TYPE: application/x-amz-json-1.0\r
                Date: Tue, 01 Dec 2026 00:00:00 GMT\r
                Content-Length: 2\r
                \r
                {}""";
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    heads.add(peer.head());
                    peer.bytes(2);
                    peer.say(answer);
                });
                HttpBed bed = new HttpBed(Map.of("observe", true, "dynamodb", true), server.address())) {
            String got = bed.raw(HEAD + "{}");

            // Blanks around values are no part of them (RFC 9112, 5.1), and no signature has them.
            assertThat(heads).containsExactly(normal(HEAD));
            assertThat(got).isEqualTo(normal(answer));
        }
    }

    /** HTTP/1.1 has no trailers behind a body whose length was told before: the header says nothing then. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLengthStaysBesideTrailer(boolean observe) throws IOException {
        List<String> heads = new CopyOnWriteArrayList<>();
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    heads.add(peer.head());
                    heads.add(peer.bytes(5));
                    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                });
                HttpBed bed = new HttpBed(Map.of("observe", observe), server.address())) {
            bed.raw("POST / HTTP/1.1\r\nHost: a\r\nTrailer: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");

            assertThat(heads.get(0)).contains("Trailer: x", "Content-Length: 5").doesNotContain("Transfer-Encoding");
            assertThat(heads.get(1)).isEqualTo("hello");
        }
    }

    private static String normal(String head) {
        return head.replaceAll("(?md)^([^ :\\r\\n]+):[ \\t]*([^\\r\\n]*?)[ \\t]*\\r$", "$1: $2\r");
    }
}
