package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.weir.core.testkit.InstalledTool;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The conformance suite for servers. */
class H2specIT {
    private static final int CASES = 145;

    @TempDir
    Path folder;

    @Test
    void passesAllCases() throws Exception {
        try (Http2Bed bed = new Http2Bed(Map.of())) {
            passes(bed.port());
        }
    }

    /** The whole terminal, before the JDK's server, which speaks HTTP/1.1. */
    @Test
    void passesAllCasesWithAnUpstream() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            byte[] body = "an answer of some bytes".getBytes(StandardCharsets.US_ASCII);
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(200, head ? -1 : body.length);
            if (!head) {
                exchange.getResponseBody().write(body);
            }
            exchange.close();
        });
        server.start();
        try (HttpBed bed = new HttpBed(
                Map.of("client_protocol", "http2"),
                "127.0.0.1:" + server.getAddress().getPort())) {
            passes(bed.port());
        } finally {
            server.stop(0);
        }
    }

    private void passes(int port) throws Exception {
        Path report = folder.resolve("report.xml");
        String output = Http2Bed.run(
                InstalledTool.require("h2spec").toString(),
                "-h",
                "127.0.0.1",
                "-p",
                "" + port,
                "-o",
                "4",
                "-j",
                report.toString());

        assertThat(Files.exists(report)).as(output).isTrue();
        List<String> failures = new ArrayList<>();
        int cases = read(report.toFile(), failures);
        assertThat(failures).isEmpty();
        assertThat(cases).isGreaterThanOrEqualTo(CASES);
    }

    /** Number of cases in a report of JUnit's form; those that failed are added to {@code failures}. */
    private static int read(File report, List<String> failures) throws Exception {
        NodeList cases = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(report)
                .getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            Element one = (Element) cases.item(i);
            boolean bad = one.getElementsByTagName("failure").getLength() > 0
                    || one.getElementsByTagName("error").getLength() > 0
                    || one.getElementsByTagName("skipped").getLength() > 0;
            if (bad) {
                failures.add(one.getAttribute("package") + " " + one.getAttribute("classname") + ": "
                        + one.getTextContent().strip());
            }
        }
        return cases.getLength();
    }
}
