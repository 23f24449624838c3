package dev.weir.tls.stunnel;

import dev.weir.core.ConfigTranslator;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The configuration files of the tests, and a folder with what they name. */
final class ConfFiles {
    private static final String EXPECT = "# expect: ";

    private final Path folder;

    /**
     * One of them.
     *
     * @param name without its end
     * @param expected {@code ok}, {@code error TEXT} or {@code weir TEXT}, where stunnel accepts what Weir refuses
     * @param text what it says
     */
    record Conf(String name, String expected, String text) {
        boolean good() {
            return expected.equals("ok");
        }

        /** What must be said of it. */
        String problem() {
            return expected.substring(expected.indexOf(' ') + 1);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Without certificates, for those who only read. */
    ConfFiles(Path folder) {
        this.folder = folder;
        try {
            Files.writeString(
                    folder.resolve("psk.txt"),
                    "test1:oaP4EishaeSaishei6rio6xeeph3az\ntest2:yah5uS4aijooxilier8iaphuwah1Lo\n");
            Files.setPosixFilePermissions(folder.resolve("psk.txt"), PosixFilePermissions.fromString("rw-------"));
            Path parts = Files.createDirectories(folder.resolve("conf.d"));
            Files.writeString(parts.resolve("00-global.conf"), "TIMEOUTidle = 77\n");
            Files.writeString(
                    parts.resolve("01-service.conf"),
                    "[included]\nclient = yes\naccept = 127.0.0.1:0\nconnect = 127.0.0.1:1\n");
            Path versions = Files.createDirectories(folder.resolve("versions.d"));
            Files.writeString(versions.resolve("a.conf"), "; later in its file\n\n\n\nsslVersionMax = TLSv1.2\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** With certificates, by the command openssl. */
    ConfFiles withCertificates() {
        run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
                "-days",
                "30",
                "-subj",
                "/CN=Test CA");
        run(
                "openssl",
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "server.key",
                "-out",
                "server.csr",
                "-subj",
                "/CN=localhost");
        write("ext.txt", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
        run(
                "openssl",
                "x509",
                "-req",
                "-in",
                "server.csr",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "30",
                "-out",
                "server.pem",
                "-extfile",
                "ext.txt");
        run(
                "sh",
                "-c",
                "cat server.pem server.key > both.pem; chmod 600 *.key both.pem; : > index.txt; echo 01 > crlnumber");
        write(
                "ca.cnf",
                "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n");
        run(
                "openssl",
                "ca",
                "-config",
                "ca.cnf",
                "-gencrl",
                "-keyfile",
                "ca.key",
                "-cert",
                "ca.pem",
                "-out",
                "crl.pem");
        return this;
    }

    private void write(String name, String text) {
        try {
            Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void run(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("openssl.log").toFile())
                    .start();
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(
                        List.of(command) + ": " + Files.readString(folder.resolve("openssl.log")));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All of them, with the folder in its place. */
    List<Conf> all() {
        try (Stream<Path> files = Files.list(Path.of(Objects.requireNonNull(ConfFiles.class.getResource("bom.conf"))
                        .toURI())
                .resolveSibling(""))) {
            return files.filter(file -> file.toString().endsWith(".conf"))
                    .sorted()
                    .map(this::read)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Conf read(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8).replace("@dir@", folder.toString());
            String first = text.lines().findFirst().orElseThrow().replace("\uFEFF", "");
            String name = String.valueOf(file.getFileName()).replace(".conf", "");
            return new Conf(name, first.substring(EXPECT.length()), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One by its name. */
    Conf named(String name) {
        return all().stream()
                .filter(conf -> conf.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** What comes of a text. */
    static Read read(String text) {
        ConfigErrors errors = new ConfigErrors();
        ConfigTranslator.Translation made =
                new StunnelTranslator().translate(new Given("/etc/stunnel/test.conf", text, errors));
        return new Read(
                made,
                errors.problems().stream().map(ConfigErrors.Problem::problem).toList());
    }

    /**
     * A file that was read.
     *
     * @param made what came of it
     * @param problems what is wrong
     */
    record Read(ConfigTranslator.Translation made, List<String> problems) {
        ConfigNode root() {
            return ConfigNode.of(made.configuration(), new ConfigErrors());
        }

        /** A listener as plain values. */
        Map<?, ?> listener(int index) {
            return plain("listeners", index);
        }

        Map<?, ?> cluster(int index) {
            return plain("clusters", index);
        }

        private Map<?, ?> plain(String list, int index) {
            return (Map<?, ?>)
                    Objects.requireNonNull(root().list(list).get(index).plain());
        }
    }

    private record Given(String name, String text, ConfigErrors errors) implements ConfigTranslator.ForeignFile {
        @Override
        public ConfigNode yaml(String root) {
            throw new UnsupportedOperationException("it is no YAML");
        }
    }

    /** A name that no other run has. */
    static String unique() {
        return new BigInteger(60, java.util.concurrent.ThreadLocalRandom.current()).toString(36);
    }
}
