package dev.weir.proxy.replay;

import java.io.IOException;

/** Reads the packets of one capture file, one after the other. */
interface CaptureReader {
    /**
     * Reads the next packet into {@code packet}; false at the end of the file.
     *
     * @throws CaptureException where the file is broken; there is nothing more to be read then
     */
    boolean next(CapturedPacket packet) throws IOException;
}
