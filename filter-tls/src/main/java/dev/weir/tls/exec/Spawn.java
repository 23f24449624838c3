package dev.weir.tls.exec;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.StringArray;
import com.sun.jna.ptr.IntByReference;
import java.io.File;
import java.io.IOException;
import java.util.List;

/**
 * Starts programs whose descriptors 0 and 1, and 2 where it is wanted, are one end of a pair of sockets, as stunnel does; {@link ProcessBuilder} knows files
 * and pipes, and no {@code argv[0]} other than the program. Blocks until the program runs: about a millisecond.
 */
final class Spawn {
    /** Of glibc and musl, with room to spare. */
    private static final int ACTIONS_BYTES = 256;

    private static final int ATTRIBUTES_BYTES = 1_024;
    private static final int SIGNALS_BYTES = 128;
    /** All that a program may have inherited as ignored, but for those that nobody can ignore. */
    private static final long SIGNALS = 0x7fff_ffffL & ~(1L << 8) & ~(1L << 18);

    private Spawn() {}

    /**
     * A program that runs, and Weir's end of its socket, not blocking.
     *
     * @param pid of a process group of its own; to be waited for
     * @param socket owned by whoever gets this
     */
    record Started(int pid, int socket) {}

    /** @throws IOException with what the system says; then nothing is left behind */
    static Started start(String program, List<String> arguments, List<String> environment, boolean standardError)
            throws IOException {
        LibC c = LibC.get();
        int[] pair = new int[2];
        check(c.socketpair(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
        try {
            int flags = c.fcntl(pair[0], LibC.F_GETFL, 0);
            check(flags >= 0 && c.fcntl(pair[0], LibC.F_SETFL, flags | LibC.O_NONBLOCK) == 0, "fcntl");
            return new Started(spawn(c, program, arguments, environment, pair[1], standardError ? 2 : 1), pair[0]);
        } catch (IOException | RuntimeException | Error e) {
            c.close(pair[0]);
            throw e;
        } finally {
            c.close(pair[1]);
        }
    }

    private static int spawn(
            LibC c, String program, List<String> arguments, List<String> environment, int socket, int last)
            throws IOException {
        try (Memory actions = new Memory(ACTIONS_BYTES);
                Memory attributes = new Memory(ATTRIBUTES_BYTES)) {
            actions.clear();
            attributes.clear();
            done(c.posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
            done(c.posix_spawnattr_init(attributes), "posix_spawnattr_init");
            IntByReference pid = new IntByReference();
            for (int standard = 0; standard <= last; standard++) {
                done(c.posix_spawn_file_actions_adddup2(actions, socket, standard), "dup2");
            }
            closeOthers(c, actions);
            signals(c, attributes);
            int error = c.posix_spawn(
                    pid,
                    program,
                    actions,
                    attributes,
                    new StringArray(arguments.toArray(new String[0]), "UTF-8"),
                    new StringArray(environment.toArray(new String[0]), "UTF-8"));
            c.posix_spawn_file_actions_destroy(actions);
            c.posix_spawnattr_destroy(attributes);
            done(error, program);
            return pid.getValue();
        }
    }

    /** A group of its own, and all signals as they are by default. */
    private static void signals(LibC c, Memory attributes) throws IOException {
        try (Memory none = new Memory(SIGNALS_BYTES);
                Memory all = new Memory(SIGNALS_BYTES)) {
            none.clear();
            all.clear();
            all.setLong(0, SIGNALS);
            done(c.posix_spawnattr_setsigmask(attributes, none), "posix_spawnattr_setsigmask");
            done(c.posix_spawnattr_setsigdefault(attributes, all), "posix_spawnattr_setsigdefault");
            done(c.posix_spawnattr_setpgroup(attributes, 0), "posix_spawnattr_setpgroup");
            int flags = LibC.POSIX_SPAWN_SETPGROUP | LibC.POSIX_SPAWN_SETSIGDEF | LibC.POSIX_SPAWN_SETSIGMASK;
            done(c.posix_spawnattr_setflags(attributes, (short) flags), "posix_spawnattr_setflags");
        }
    }

    /** A program must not have our listeners and everybody's connections. */
    private static void closeOthers(LibC c, Memory actions) throws IOException {
        try {
            done(c.posix_spawn_file_actions_addclosefrom_np(actions, 3), "closefrom");
        } catch (UnsatisfiedLinkError before234) {
            // An older glibc: those there are at this moment. Netty's are closed by exec anyhow.
            String[] open = new File("/proc/self/fd").list();
            for (String descriptor : open == null ? new String[0] : open) {
                int number = Integer.parseInt(descriptor);
                if (number > 2) {
                    done(c.posix_spawn_file_actions_addclose(actions, number), "close");
                }
            }
        }
    }

    private static void check(boolean good, String what) throws IOException {
        if (!good) {
            throw new IOException(what + ": " + LibC.get().strerror(Native.getLastError()));
        }
    }

    private static void done(int error, String what) throws IOException {
        if (error != 0) {
            throw new IOException(what + ": " + LibC.get().strerror(error));
        }
    }
}
