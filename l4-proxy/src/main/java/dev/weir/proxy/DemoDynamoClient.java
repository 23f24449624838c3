package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/**
 * A client of DynamoDB without an SDK, as the JSON form of its API is plain: an operation is a header, what it is asked
 * and answers a JSON object. DynamoDB Local wants requests to look signed, and does not verify it. For any thread.
 */
final class DemoDynamoClient {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();
    private final URI endpoint;
    private final String app;

    /**
     * Of the server, or of it through Weir.
     *
     * @param app name that the client gives itself
     */
    DemoDynamoClient(Address to, String app) {
        this.endpoint = URI.create("http://" + to);
        this.app = app;
    }

    /**
     * What there is to an answer.
     *
     * @param status 200 if all is well
     * @param body a JSON object, also that of an error
     */
    record Answer(int status, String body) {
        boolean isWell() {
            return status == 200;
        }
    }

    /**
     * Asks for one operation.
     *
     * @throws IOException if nothing is answered
     */
    Answer call(String operation, String body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(endpoint)
                .timeout(PATIENCE)
                .header("Content-Type", "application/x-amz-json-1.0")
                .header("X-Amz-Target", "DynamoDB_20120810." + operation)
                .header("X-Amz-Date", "20260101T000000Z")
                .header(
                        "Authorization",
                        "AWS4-HMAC-SHA256 Credential=demo/20260101/local/dynamodb/aws4_request, "
                                + "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0".repeat(64))
                .header("User-Agent", app + "/1.0")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body());
    }
}
