package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The conformance suite for servers. */
class H2specIT {
    private static final int CASES = 146;

    @TempDir
    Path folder;

    @Test
    void passesAllCases() throws Exception {
        String h2spec = Http2Bed.program(
                System.getProperty("user.home") + "/.cache/weir-tools/h2spec/h2spec",
                System.getProperty("user.home") + "/go/bin/h2spec",
                "/usr/local/bin/h2spec");
        Path report = folder.resolve("report.xml");
        try (Http2Bed bed = new Http2Bed(Map.of())) {
            String output = Http2Bed.run(
                    h2spec, "-S", "-h", "127.0.0.1", "-p", "" + bed.port(), "-o", "4", "-j", report.toString());

            assertThat(Files.exists(report)).as(output).isTrue();
            List<String> failures = new ArrayList<>();
            int cases = read(report.toFile(), failures);
            assertThat(failures).isEmpty();
            assertThat(cases).isGreaterThanOrEqualTo(CASES);
        }
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
