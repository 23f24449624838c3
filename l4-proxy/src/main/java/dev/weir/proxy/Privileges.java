package dev.weir.proxy;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

        /** Gives a file to somebody; -1 for as it is. */
        int lchown(String path, int user, int group);

        /** Sets the main group. */
        int setgid(int group);

        /** Sets the user. */
        int setuid(int user);
    }

    /**
     * What is to be become, found out while all is still allowed.
     *
     * @param user its number, or -1 to stay
     * @param group its number, or -1 to stay
     * @param libc null where nothing changes
     */
    record Wanted(int user, int group, @Nullable LibC libc) {
        /**
         * Becomes it, for good.
         *
         * @throws IOException if that may not be, or only in part: then the process must end
         */
        void take() throws IOException {
            if (libc == null) {
                return;
            }
            if (group >= 0) {
                check("setgid", group, libc.setgid(group));
                check("setgroups", group, libc.setgroups(1, new int[] {group}));
            } else {
                check("setgroups", user, libc.setgroups(0, new int[1]));
            }
            if (user >= 0) {
                check("setuid", user, libc.setuid(user));
            }
        }

        /** Gives it a folder, with what is in it. */
        void own(Path folder) throws IOException {
            if (libc == null) {
                return;
            }
            List<Path> all = new ArrayList<>(List.of(folder));
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                files.forEach(all::add);
            }
            for (Path one : all) {
                check("lchown", user, libc.lchown(one.toString(), user, group));
            }
        }
    }

    /**
     * Finds them; a null stays as it is.
     *
     * @throws IOException if there are none of these names
     */
    static Wanted find(@Nullable String user, @Nullable String group) throws IOException, InterruptedException {
        if (user == null && group == null) {
            return new Wanted(-1, -1, null);
        }
        int uid = user == null ? -1 : id(user, "-u");
        int gid = group == null ? -1 : group.matches("[0-9]+") ? Integer.parseInt(group) : group(group);
        try {
            return new Wanted(uid, gid, Native.load("c", LibC.class));
        } catch (UnsatisfiedLinkError e) {
            throw new IOException("setuid and setgid are not to be had: " + e.getMessage(), e);
        }
    }

    private static void check(String call, int number, int result) throws IOException {
        if (result != 0) {
            throw new IOException(
                    call + ": " + number + ": error " + Native.getLastError() + " (expected: to be started by root)");
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
