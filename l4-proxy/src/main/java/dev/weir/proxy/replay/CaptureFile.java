package dev.weir.proxy.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** An open capture file and the packet it stands at. */
final class CaptureFile implements AutoCloseable {
    private static final String EXPECTED = " (expected: a capture in the format pcap or pcapng)";
    private static final int GZIP = 0x1f8b;

    final CapturedPacket packet = new CapturedPacket();
    private final CaptureInput in;
    private final CaptureReader reader;

    private CaptureFile(CaptureInput in, CaptureReader reader) {
        this.in = in;
        this.reader = reader;
    }

    /**
     * Opens a file, without reading a packet.
     *
     * @throws CaptureException if it is not to be read, or not a capture
     */
    static CaptureFile open(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new CaptureException(file + ": a folder" + EXPECTED);
        }
        CaptureInput in;
        try {
            in = new CaptureInput(file.toString(), Files.newInputStream(file));
        } catch (NoSuchFileException e) {
            throw new CaptureException(file + ": no such file" + EXPECTED);
        } catch (IOException e) {
            throw new CaptureException(file + ": cannot be read: " + e.getMessage());
        }
        boolean done = false;
        try {
            CaptureFile opened = new CaptureFile(in, reader(file, in));
            done = true;
            return opened;
        } finally {
            if (!done) {
                in.close();
            }
        }
    }

    private static CaptureReader reader(Path file, CaptureInput in) throws IOException {
        byte[] magic = new byte[4];
        if (!in.readOrEnd(magic, 4)) {
            throw new CaptureException(file + ": empty" + EXPECTED);
        }
        in.bigEndian(true);
        int number = (int) in.u32(magic, 0);
        switch (number) {
            case PcapngReader.SECTION:
                return new PcapngReader(in);
            case 0xa1b2c3d4:
                return new PcapReader(in, 1_000);
            case 0xa1b23c4d:
                return new PcapReader(in, 1);
            case 0xd4c3b2a1:
                in.bigEndian(false);
                return new PcapReader(in, 1_000);
            case 0x4d3cb2a1:
                in.bigEndian(false);
                return new PcapReader(in, 1);
            default:
                String what = number >>> 16 == GZIP ? "compressed" : String.format("begins with %08x", number);
                throw new CaptureException(file + ": " + what + EXPECTED);
        }
    }

    /** Goes on to the next packet; false at the end. */
    boolean next() throws IOException {
        return reader.next(packet);
    }

    long position() {
        return in.position();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
