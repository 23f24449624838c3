package dev.weir.tls.exec;

import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import com.sun.jna.ptr.IntByReference;
import java.util.Map;

/** The functions of the system's C library that Java has no word for; names and meanings are those of POSIX. Linux alone. */
interface LibC extends Library {
    int AF_UNIX = 1;
    int SOCK_STREAM = 1;
    int SOCK_CLOEXEC = 02000000;
    int F_GETFL = 3;
    int F_SETFL = 4;
    int O_NONBLOCK = 04000;
    int WNOHANG = 1;
    int SIGKILL = 9;
    int SIGTERM = 15;
    short POSIX_SPAWN_SETPGROUP = 0x02;
    short POSIX_SPAWN_SETSIGDEF = 0x04;
    short POSIX_SPAWN_SETSIGMASK = 0x08;

    /** Loaded at first use. */
    static LibC get() {
        return Holder.INSTANCE;
    }

    int socketpair(int domain, int type, int protocol, int[] pair);

    int fcntl(int descriptor, int command, int argument);

    int close(int descriptor);

    int posix_spawn(
            IntByReference pid,
            String path,
            Pointer actions,
            Pointer attributes,
            StringArray argv,
            StringArray environment);

    int posix_spawn_file_actions_init(Pointer actions);

    int posix_spawn_file_actions_adddup2(Pointer actions, int from, int to);

    int posix_spawn_file_actions_addclose(Pointer actions, int descriptor);

    int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int first);

    int posix_spawn_file_actions_destroy(Pointer actions);

    int posix_spawnattr_init(Pointer attributes);

    int posix_spawnattr_setflags(Pointer attributes, short flags);

    int posix_spawnattr_setsigdefault(Pointer attributes, Memory signals);

    int posix_spawnattr_setsigmask(Pointer attributes, Memory signals);

    int posix_spawnattr_setpgroup(Pointer attributes, int group);

    int posix_spawnattr_destroy(Pointer attributes);

    int waitpid(int pid, IntByReference status, int options);

    int kill(int pid, int signal);

    String strerror(int error);

    /** Holds the library apart from its constants. */
    final class Holder {
        static final LibC INSTANCE = Native.load("c", LibC.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));

        private Holder() {}
    }
}
