package dev.weir.tls.stunnel;

import dev.weir.core.ConfigTranslator;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/** Reads {@code stunnel.conf}. Each service becomes a listener with TLS and a cluster, both with its name. See {@code docs/stunnel.md}. */
public final class StunnelTranslator implements ConfigTranslator {
    /** For the service loader. */
    public StunnelTranslator() {}

    @Override
    public String name() {
        return "stunnel";
    }

    @Override
    public Translation translate(ForeignFile file) {
        Findings findings = new Findings();
        StunnelParser parser = new StunnelParser(findings);
        parser.read(absolute(file.name()), file.text());
        Map<String, Object> configuration = Map.of();
        Map<String, String> process = Map.of();
        if (!findings.failed()) {
            Assembly made = new Assembly(parser.globals(), findings);
            configuration = made.configuration(parser.services());
            process = made.forProcess();
            for (int i = 1; i < parser.names().size(); i++) {
                process.put("file:" + i, parser.names().get(i));
            }
        }
        findings.report(file.errors());
        return new Translation(configuration, findings.warnings(), running -> "", process);
    }

    private static String absolute(String name) {
        try {
            return Path.of(name).toAbsolutePath().toString();
        } catch (InvalidPathException e) {
            return name;
        }
    }
}
