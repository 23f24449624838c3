package dev.weir.proxy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a running process can be asked for its sockets: {@code takeover.socket}, or a place that follows from the name of the
 * configuration file, in a folder that only this user can enter.
 */
final class TakeoverPath {
    private static final int HASH_BYTES = 8;
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    private TakeoverPath() {}

    /**
     * The path.
     *
     * @param configured what the configuration says, empty for the default
     * @param file the configuration file
     * @return null if there is to be none
     * @throws IOException if the folder of the default cannot be had, or is not safe
     */
    static @Nullable Path of(String configured, String file, Map<String, String> environment) throws IOException {
        if (configured.equals("off")) {
            return null;
        }
        if (!configured.isEmpty()) {
            return Path.of(configured);
        }
        Path folder = folder(environment);
        requirePrivate(folder);
        return folder.resolve(hash(Path.of(file).toAbsolutePath().normalize().toString()) + ".sock");
    }

    private static Path folder(Map<String, String> environment) throws IOException {
        String service = environment.getOrDefault("RUNTIME_DIRECTORY", ""); // systemd's, made for this service
        if (!service.isEmpty()) {
            return Path.of(service.split(":", -1)[0], "takeover");
        }
        String user = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        return user.isEmpty()
                ? Path.of(System.getProperty("java.io.tmpdir"), "weir-" + userId())
                : Path.of(user, "weir");
    }

    private static void requirePrivate(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
        }
        boolean ours = Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                && Integer.valueOf(userId()).equals(Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS))
                && PRIVATE.containsAll(Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS));
        if (!ours) {
            throw new IOException(folder + " is not a folder that only this user can enter");
        }
    }

    /** The number of the user that this process runs as. */
    static int userId() throws IOException {
        return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
