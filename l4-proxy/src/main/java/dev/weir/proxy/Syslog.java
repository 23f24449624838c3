package dev.weir.proxy;

import io.netty.channel.ChannelException;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Lines to the system's log: a datagram each to {@code /dev/log}. One that cannot be sent is lost. Not thread-safe. */
final class Syslog {
    private static final Path PLACE = Path.of("/dev/log");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("MMM ppd HH:mm:ss", Locale.ROOT);
    private static final List<String> FACILITIES = List.of(
            "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp");
    private static final String LOCAL = "local";
    private static final int FIRST_LOCAL = 16;
    private static final int DAEMON = 3;
    private static final int LONGEST = 8 << 10;
    private static final byte[] PATH = PLACE.toString().getBytes(StandardCharsets.UTF_8);

    private final String name;
    private final int facility;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(LONGEST);
    private @Nullable Socket socket;

    Syslog(String name, String facility) {
        this.name = name;
        this.facility = number(facility.toLowerCase(Locale.ROOT));
    }

    private static int number(String facility) {
        if (facility.matches(LOCAL + "[0-7]")) {
            return FIRST_LOCAL + facility.charAt(LOCAL.length()) - '0';
        }
        int known = FACILITIES.indexOf(facility);
        return known < 0 ? DAEMON : known;
    }

    /** Whether there is somebody to hear it. */
    static boolean isThere() {
        return Files.exists(PLACE) && Epoll.isAvailable();
    }

    void send(int level, String text) {
        String line = "<" + (facility * 8 + level) + ">" + TIME.format(LocalDateTime.now(ZoneId.systemDefault())) + " "
                + name + "[" + ProcessHandle.current().pid() + "]: " + text;
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, LONGEST);
        buffer.clear();
        buffer.put(bytes, 0, length);
        try {
            if (socket == null) {
                socket = Socket.newSocketDomainDgram();
            }
            socket.sendToDomainSocket(buffer, 0, length, PATH);
        } catch (IOException | ChannelException e) {
            // Nobody listens any more, or there are too many open files.
        }
    }
}
