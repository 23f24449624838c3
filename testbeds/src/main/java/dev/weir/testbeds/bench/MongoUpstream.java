package dev.weir.testbeds.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A server that knows no data: each command has an answer that was made beforehand, sent with the id of the request. One
 * thread, so that it costs the benchmark's core little.
 */
final class MongoUpstream implements Closeable {
    private final Selector selector = Selector.open();
    private final ServerSocketChannel server = ServerSocketChannel.open();
    private final ByteBuffer in = ByteBuffer.allocateDirect(256 << 10).order(ByteOrder.LITTLE_ENDIAN);
    private final Map<String, ByteBuffer> answers = new HashMap<>();
    private final ByteBuffer legacyHello;
    private final ByteBuffer unknown;
    private final int port;
    private int nextId = 1;

    private MongoUpstream() throws IOException {
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        server.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
        port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        String hello = MongoWork.helloAnswer("127.0.0.1:" + port);
        legacyHello = direct(MongoMessages.reply(hello));
        unknown = direct(MongoMessages.message(
                "{ok: 0.0, errmsg: \"no such command\", code: 59, codeName: \"CommandNotFound\"}"));
        for (String name : new String[] {"hello", "isMaster", "ismaster"}) {
            answers.put(name, direct(MongoMessages.message(hello)));
        }
        for (String name : new String[] {"ping", "endSessions", "killCursors"}) {
            answers.put(name, direct(MongoMessages.message(MongoWork.okAnswer())));
        }
        for (MongoWork work : MongoWork.values()) {
            MongoInbox request = new MongoInbox();
            request.take(ByteBuffer.wrap(work.request()));
            answers.put(request.command(), direct(work.answer()));
        }
    }

    /** Starts it on a free port and a thread of its own, a daemon. */
    static MongoUpstream start() throws IOException {
        MongoUpstream upstream = new MongoUpstream();
        Thread thread = new Thread(upstream::serve, "mongo-upstream");
        thread.setDaemon(true);
        thread.start();
        return upstream;
    }

    int port() {
        return port;
    }

    static ByteBuffer direct(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        return buffer.put(bytes).flip();
    }

    private void serve() {
        try {
            while (selector.isOpen()) {
                selector.select(this::ready);
            }
        } catch (ClosedSelectorException end) {
            // As asked for by close().
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void ready(SelectionKey key) {
        if (!(key.attachment() instanceof Client client)) {
            accept();
            return;
        }
        try {
            if (key.isWritable() && client.flushed()) {
                key.interestOps(SelectionKey.OP_READ);
            }
            if (key.isReadable()) {
                client.read(key);
            }
        } catch (IOException gone) {
            client.close(key);
        }
    }

    private void accept() {
        try {
            SocketChannel channel = server.accept();
            if (channel != null) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(false).register(selector, SelectionKey.OP_READ, new Client(channel));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        selector.close();
        server.close();
    }

    /** A connection. */
    private final class Client {
        private final SocketChannel channel;
        private final MongoInbox inbox = new MongoInbox();
        private @Nullable ByteBuffer rest;

        Client(SocketChannel channel) {
            this.channel = channel;
        }

        void read(SelectionKey key) throws IOException {
            in.clear();
            if (channel.read(in) < 0) {
                close(key);
                return;
            }
            in.flip();
            while (in.hasRemaining()) {
                if (inbox.take(in)) {
                    answer(key);
                }
            }
        }

        private void answer(SelectionKey key) throws IOException {
            ByteBuffer answer = inbox.opcode() == MongoMessages.OP_QUERY
                    ? legacyHello
                    : answers.getOrDefault(inbox.command(), unknown);
            answer.clear();
            answer.putInt(4, nextId++).putInt(8, inbox.requestId());
            if (rest == null) {
                channel.write(answer);
            }
            if (answer.hasRemaining()) {
                // The prepared one is for the next request of anybody.
                ByteBuffer waiting = rest;
                int before = waiting == null ? 0 : waiting.remaining();
                ByteBuffer more = ByteBuffer.allocate(before + answer.remaining());
                if (waiting != null) {
                    more.put(waiting);
                }
                rest = more.put(answer).flip();
                key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            }
        }

        boolean flushed() throws IOException {
            ByteBuffer waiting = rest;
            if (waiting != null) {
                channel.write(waiting);
                if (waiting.hasRemaining()) {
                    return false;
                }
                rest = null;
            }
            return true;
        }

        void close(SelectionKey key) {
            key.cancel();
            try {
                channel.close();
            } catch (IOException gone) {
                // It is closed all the same.
            }
        }
    }
}
