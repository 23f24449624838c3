package dev.weir.proxy;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Gives up the rights of root for good: another user and group. By the C library, whose calls take effect on all threads. */
final class Privileges {
    private static final int WAIT_SECONDS = 10;

    private Privileges() {}

    /** What is called of the C library, with its names. */
    interface LibC extends Library {
        /** Sets the groups beside the main one. */
        int setgroups(long size, int[] groups);

        /** Sets the main group. */
        int setgid(int group);

        /** Sets the user. */
        int setuid(int user);
    }

    /**
     * Becomes them; a null stays as it is.
     *
     * @throws IOException if that may not be, or only in part: then the process must end
     */
    static void drop(@Nullable String user, @Nullable String group) throws IOException, InterruptedException {
        if (user == null && group == null) {
            return;
        }
        int uid = user == null ? -1 : id(user, "-u");
        int gid = group == null ? -1 : group.matches("[0-9]+") ? Integer.parseInt(group) : group(group);
        LibC libc;
        try {
            libc = Native.load("c", LibC.class);
        } catch (UnsatisfiedLinkError e) {
            throw new IOException("setuid and setgid are not to be had: " + e.getMessage(), e);
        }
        if (gid >= 0) {
            check("setgid", group, libc.setgid(gid));
            check("setgroups", group, libc.setgroups(1, new int[] {gid}));
        }
        if (uid >= 0) {
            check("setuid", user, libc.setuid(uid));
        }
    }

    private static void check(String call, @Nullable String name, int result) throws IOException {
        if (result != 0) {
            throw new IOException(
                    call + ": \"" + name + "\": error " + Native.getLastError() + " (expected: to be started by root)");
        }
    }

    private static int group(String name) throws IOException, InterruptedException {
        // id knows users only; the same sources are asked.
        return number(name, "getent", "group", name);
    }

    private static int id(String name, String what) throws IOException, InterruptedException {
        return name.matches("[0-9]+") ? Integer.parseInt(name) : number(name, "id", what, name);
    }

    private static int number(String name, String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String said = new String(process.getInputStream().readNBytes(1 << 16), StandardCharsets.UTF_8).trim();
        if (!process.waitFor(WAIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException("nobody is called \"" + name + "\"");
        }
        String[] fields = said.split(":", -1);
        String digits = fields.length > 2 ? fields[2] : fields[0];
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new IOException("\"" + name + "\": " + said, e);
        }
    }
}
