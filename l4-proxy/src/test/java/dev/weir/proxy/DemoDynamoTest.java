package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the demo has DynamoDB Local from. */
class DemoDynamoTest {
    @TempDir
    private Path temp;

    /** The file that Maven makes before the tests, or what the environment names where they run without Maven. */
    static String place() {
        Path made = Path.of("target", "dynamodb-local.classpath");
        return Files.exists(made)
                ? made.toAbsolutePath().toString()
                : Objects.requireNonNull(System.getenv(DemoDynamo.PLACE), DemoDynamo.PLACE);
    }

    @Test
    void runsFromAClassPathAndEndsWithTheDemo() throws Exception {
        runsFrom(place());
    }

    @Test
    void runsFromAFolderAndEndsWithTheDemo() throws Exception {
        // As the vendor unpacks it: a jar that can be run and names its libraries.
        String classPath = Files.readString(Path.of(place())).strip();
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes()
                .put(Attributes.Name.MAIN_CLASS, "com.amazonaws.services.dynamodbv2.local.main.ServerRunner");
        manifest.getMainAttributes()
                .put(
                        Attributes.Name.CLASS_PATH,
                        Stream.of(classPath.split(File.pathSeparator, -1))
                                .map(entry -> Path.of(entry).toUri().toString())
                                .collect(Collectors.joining(" ")));
        try (OutputStream file = Files.newOutputStream(temp.resolve("DynamoDBLocal.jar"))) {
            new JarOutputStream(file, manifest).close();
        }

        runsFrom(temp.toString());
    }

    private static void runsFrom(String place) throws Exception {
        DemoDynamoClient client;
        try (DemoHome home = DemoHome.create()) {
            client = new DemoDynamoClient(DemoDynamo.start(home, place).address(), "test");
            assertThat(client.call("ListTables", "{}").body()).contains("\"TableNames\":[]");
        }

        assertThatIOException()
                .isThrownBy(() -> client.call("ListTables", "{}"))
                .isInstanceOf(ConnectException.class);
    }

    @Test
    void saysWhatIsMissing() throws Exception {
        Path file =
                Files.writeString(temp.resolve("class.path"), place() + File.pathSeparator + temp.resolve("gone.jar"));

        assertThat(refusal(null)).startsWith("Weir may not bring Amazon's DynamoDB Local along; get it from https://");
        assertThat(refusal(" ")).isEqualTo(refusal(null)).doesNotContain("\n");
        assertThat(refusal(temp.toString()))
                .isEqualTo("there is no DynamoDBLocal.jar in " + temp + ", which WEIR_DYNAMODB_LOCAL names");
        assertThat(refusal(temp.resolve("none").toString()))
                .isEqualTo("there is no " + temp.resolve("none") + ", which WEIR_DYNAMODB_LOCAL names");
        assertThat(refusal(file.toString()))
                .isEqualTo("there is no " + temp.resolve("gone.jar") + ", which " + file + " names");
    }

    @Test
    void saysWhatTheServerSaidLast() throws Exception {
        Path file = Files.writeString(temp.resolve("class.path"), temp.toString());

        assertThat(refusal(file.toString()))
                .startsWith("DynamoDB Local ended with 1: ")
                .contains("com.amazonaws.services.dynamodbv2.local.main.ServerRunner");
    }

    private static String refusal(@Nullable String place) throws InterruptedException {
        try (DemoHome home = DemoHome.create()) {
            DemoDynamo.start(home, place);
            return "it runs";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
