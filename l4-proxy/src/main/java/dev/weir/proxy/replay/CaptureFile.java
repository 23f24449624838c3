package dev.weir.proxy.replay;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** An open capture file and the packet it stands at. */
final class CaptureFile implements AutoCloseable {
    private static final String STDIN = "-";
    private static final String EXPECTED = " (expected: a capture in the format pcap or pcapng)";
    private static final int GZIP = 0x1f8b;

    final CapturedPacket packet = new CapturedPacket();
    private final CaptureInput in;
    private final CaptureReader reader;
    private final long size;

    private CaptureFile(CaptureInput in, CaptureReader reader, long size) {
        this.in = in;
        this.reader = reader;
        this.size = size;
    }

    /**
     * Opens a file, {@code -} for standard input, without reading a packet.
     *
     * @throws CaptureException if it cannot be read, or is not a capture
     */
    static CaptureFile open(String file, CaptureSet.Pause pause) throws IOException {
        boolean stdin = file.equals(STDIN);
        // A channel, since a read of one can be interrupted.
        InputStream source =
                stdin ? Channels.newInputStream(new FileInputStream(FileDescriptor.in).getChannel()) : stream(file);
        CaptureInput in = new CaptureInput(stdin ? "standard input" : file, source, pause);
        boolean done = false;
        try {
            long size = stdin || !Files.isRegularFile(Path.of(file)) ? 0 : Files.size(Path.of(file));
            CaptureFile opened = new CaptureFile(in, reader(in), size);
            done = true;
            return opened;
        } finally {
            if (!done) {
                in.close();
            }
        }
    }

    private static InputStream stream(String file) throws CaptureException {
        try {
            Path path = Path.of(file);
            if (Files.isDirectory(path)) {
                throw new CaptureException(file + ": a folder" + EXPECTED, false);
            }
            return Files.newInputStream(path);
        } catch (NoSuchFileException | InvalidPathException e) {
            throw new CaptureException(file + ": no such file" + EXPECTED, false);
        } catch (AccessDeniedException e) {
            throw new CaptureException(file + ": may not be read (expected: permission to read it)", false);
        } catch (CaptureException e) {
            throw e;
        } catch (IOException e) {
            throw new CaptureException(file + ": cannot be read: " + e.getMessage(), false);
        }
    }

    private static CaptureReader reader(CaptureInput in) throws IOException {
        byte[] magic = new byte[4];
        try {
            if (!in.readOrEnd(magic, magic.length)) {
                throw new CaptureException(in.name() + ": empty" + EXPECTED, false);
            }
        } catch (CaptureException e) {
            throw e.cut() ? new CaptureException(in.name() + ": too short" + EXPECTED, false) : e;
        }
        int number = (int) in.u32(magic, 0);
        switch (number) {
            case PcapngReader.SECTION:
                return new PcapngReader(in);
            case PcapReader.MICROS:
                return new PcapReader(in, true, 1_000);
            case PcapReader.NANOS:
                return new PcapReader(in, true, 1);
            default:
                break;
        }
        int swapped = Integer.reverseBytes(number);
        if (swapped == PcapReader.MICROS || swapped == PcapReader.NANOS) {
            return new PcapReader(in, false, swapped == PcapReader.NANOS ? 1 : 1_000);
        }
        boolean gzip = number >>> 16 == GZIP;
        String what = gzip ? "compressed with gzip" : String.format(Locale.ROOT, "begins with the bytes %08x", number);
        throw new CaptureException(in.name() + ": " + what + EXPECTED, false);
    }

    /** Goes on to the next packet; false at the end. */
    boolean next() throws IOException {
        return reader.next(packet);
    }

    /** Bytes that were read. */
    long position() {
        return in.position();
    }

    /** Bytes of the file; 0 if it has no end yet. */
    long size() {
        return size;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
