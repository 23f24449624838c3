package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Sockets that systemd has opened for this process: {@code LISTEN_FDS} descriptors from 3 on, with {@code LISTEN_FDNAMES}, if
 * {@code LISTEN_PID} is this process ({@code sd_listen_fds(3)}). A name says whose socket it is: a listener's, or {@code admin};
 * otherwise its address does.
 */
final class SystemdSockets {
    private static final int FIRST = 3;
    private static final int MOST = 4_096;
    private static final String ADMIN = "admin";

    private SystemdSockets() {}

    /** What {@code environment} promises to the process {@code pid}. */
    static Inherited of(Map<String, String> environment, long pid) {
        if (!Long.toString(pid).equals(environment.get("LISTEN_PID"))) {
            return Inherited.NOTHING;
        }
        if (!Epoll.isAvailable()) {
            throw new IllegalStateException("LISTEN_FDS: sockets of systemd need epoll, which is not available here");
        }
        int count = count(environment.getOrDefault("LISTEN_FDS", ""));
        String[] names = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
        List<ListenSocket> listeners = new ArrayList<>();
        ListenSocket admin = null;
        for (int i = 0; i < count; i++) {
            String name = i < names.length ? names[i] : "";
            ListenSocket socket = new ListenSocket(name, null, address(FIRST + i), FIRST + i);
            if (name.equals(ADMIN)) {
                admin = socket;
            } else {
                listeners.add(socket);
            }
        }
        return new Inherited(listeners, admin);
    }

    private static int count(String text) {
        int count = text.matches("\\d{1,6}") ? Integer.parseInt(text) : -1;
        if (count < 0 || count > MOST) {
            throw new IllegalStateException("LISTEN_FDS: \"" + text + "\" (expected: a whole number, 0.." + MOST + ")");
        }
        return count;
    }

    private static Address address(int descriptor) {
        Socket socket = new Socket(descriptor);
        InetSocketAddress inet = socket.localAddress();
        return inet != null
                ? Address.parse(Address.format(inet))
                : Address.parse(Address.format(socket.localDomainSocketAddress()));
    }
}
