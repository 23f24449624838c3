package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A section for upstreams.
 *
 * @param certificate where its own certificate comes from, or null
 * @param name what is asked for and verified in the place of the endpoint's host, or null
 * @param sni what is asked for in the place of that; empty for nothing
 * @param resumes whether sessions are resumed
 * @param insecure whether nobody verifies
 */
record ClientSettings(
        ProtocolSettings protocol,
        TrustSettings trust,
        Credential.@Nullable Source certificate,
        @Nullable String name,
        @Nullable String sni,
        boolean resumes,
        boolean insecure) {

    static ClientSettings from(ConfigNode node) {
        ProtocolSettings protocol = ProtocolSettings.from(node);
        TrustSettings trust = TrustSettings.from(node, false);
        boolean insecure = node.bool("insecure", false);
        return new ClientSettings(
                protocol,
                trust,
                Credential.Source.from(node, false),
                node.string("server_name", null),
                node.string("sni", null),
                node.bool("session_resumption", true) && trust.ocsp() == null,
                insecure);
    }

    List<Path> files() {
        List<Path> files = new ArrayList<>(trust.files());
        if (certificate != null) {
            files.addAll(certificate.files());
        }
        return files;
    }

    /** In a word for operators. */
    String verification() {
        if (insecure || !trust.demands()) {
            return "insecure";
        }
        return trust.verifyName()
                        || !trust.rules().isEmpty()
                        || trust.peer()
                        || !trust.pins().isEmpty()
                ? "verified"
                : "any_name";
    }
}
