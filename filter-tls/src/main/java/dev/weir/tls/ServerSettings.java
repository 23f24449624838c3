package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import io.netty.handler.ssl.ClientAuth;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A section for clients.
 *
 * @param certificates where certificates come from; at least one
 * @param refusesUnknownNames whether a client that asks for another name is refused
 * @param clientAuth whether a client must show a certificate
 * @param deferred whether clients that are not trusted go on, marked so
 * @param unauthorizedCluster where these go, or null for where all go
 * @param tickets whether sessions may be resumed by tickets
 * @param ticketKeys where the secrets of these come from; empty for the process's own
 * @param maxHandshakes handshakes at a time, per loop
 */
record ServerSettings(
        ProtocolSettings protocol,
        TrustSettings trust,
        List<Credential.Source> certificates,
        boolean refusesUnknownNames,
        ClientAuth clientAuth,
        boolean deferred,
        @Nullable String unauthorizedCluster,
        boolean tickets,
        List<TicketSecrets.Source> ticketKeys,
        int maxHandshakes) {

    static ServerSettings from(ConfigNode node) {
        ProtocolSettings protocol = ProtocolSettings.from(node);
        TrustSettings trust = TrustSettings.from(node, true);
        List<Credential.Source> certificates = new ArrayList<>();
        ConfigNode list = node.required("certificates");
        for (ConfigNode one : list.isMap() ? List.<ConfigNode>of() : list.elements()) {
            Credential.Source source = Credential.Source.from(one, true);
            if (source == null) {
                one.error("without certificate and pkcs12 (expected: one of the two)");
            } else {
                certificates.add(source);
            }
            one.rejectUnknown();
        }
        if (certificates.isEmpty()) {
            list.error("empty (expected: a list of certificates, each with certificate and private_key, or pkcs12)");
        }
        ConfigNode unauthorized = node.child("on_unauthorized");
        String cluster = null;
        boolean deferred = false;
        if (unauthorized != null && unauthorized.isMap()) {
            cluster = unauthorized.string("cluster");
            unauthorized.rejectUnknown();
            deferred = true;
        } else if (unauthorized != null) {
            deferred = node.oneOf("on_unauthorized", "close", List.of("close", "pass"))
                    .equals("pass");
        }
        ClientAuth auth = auth(node, trust);
        if (deferred && !trust.demands()) {
            node.error(
                    "on_unauthorized",
                    "without client_ca or client_pins (expected: one of them, or nobody is trusted)");
        }
        if (deferred && trust.ocsp() != null) {
            node.error("on_unauthorized", "beside client_ocsp (expected: one of the two)");
        }
        return new ServerSettings(
                protocol,
                trust,
                List.copyOf(certificates),
                node.oneOf("unknown_server_name", "default", List.of("default", "refuse"))
                        .equals("refuse"),
                deferred && auth == ClientAuth.REQUIRE ? ClientAuth.OPTIONAL : auth,
                deferred,
                cluster,
                node.bool("session_tickets", true) && trust.ocsp() == null,
                TicketSecrets.Source.list(node, "ticket_keys"),
                (int) node.integer("max_handshakes", 1024, 1, 1_000_000));
    }

    private static ClientAuth auth(ConfigNode node, TrustSettings trust) {
        boolean demands = trust.demands();
        String word = node.oneOf(
                "client_certificate",
                demands ? "required" : "none",
                List.of("none", "request", "optional", "required"));
        if (demands && (word.equals("none") || word.equals("request"))) {
            node.error(
                    "client_certificate",
                    "\"" + word + "\" beside client_ca, client_pins or authorize (expected: optional or required)");
        }
        return switch (word) {
            case "required" -> ClientAuth.REQUIRE;
            case "none" -> ClientAuth.NONE;
            default -> ClientAuth.OPTIONAL;
        };
    }

    List<Path> files() {
        List<Path> files = new ArrayList<>(trust.files());
        certificates.forEach(one -> files.addAll(one.files()));
        ticketKeys.forEach(one -> {
            if (one.file() != null) {
                files.add(one.file());
            }
        });
        return files;
    }
}
