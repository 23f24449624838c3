package dev.weir.testbeds;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;

/** Answers every question for A records with the same addresses (RFC 1035), and all others with none. UDP only. */
final class NameServer implements AutoCloseable {
    private static final int HEADER = 12;

    private final DatagramSocket socket;
    private volatile List<InetAddress> addresses = List.of();

    NameServer() throws IOException {
        socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(this::serve, "names");
        thread.setDaemon(true);
        thread.start();
    }

    String address() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    void set(List<InetAddress> all) {
        addresses = List.copyOf(all);
    }

    private void serve() {
        byte[] bytes = new byte[512];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
                socket.receive(packet);
                byte[] answer = answer(bytes);
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private byte[] answer(byte[] bytes) {
        ByteBuffer query = ByteBuffer.wrap(bytes);
        int end = HEADER;
        while (query.get(end) != 0) {
            end += 1 + query.get(end);
        }
        end++;
        boolean ipv4 = query.getShort(end) == 1;
        List<InetAddress> all = ipv4 ? addresses : List.of();
        ByteBuffer out = ByteBuffer.allocate(512);
        out.putShort(query.getShort(0));
        out.putShort((short) 0x8400); // an authoritative answer
        out.putShort((short) 1).putShort((short) all.size()).putInt(0);
        out.put(bytes, HEADER, end + 4 - HEADER);
        for (InetAddress one : all) {
            out.putShort((short) 0xc00c).putShort((short) 1).putShort((short) 1).putInt(0);
            out.putShort((short) 4).put(one.getAddress());
        }
        return java.util.Arrays.copyOf(out.array(), out.position());
    }

    @Override
    public void close() {
        socket.close();
    }
}
