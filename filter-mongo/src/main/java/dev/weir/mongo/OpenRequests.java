package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import java.util.Arrays;

/**
 * The requests of a connection that wait for their answer, oldest first, and the streams of answers that are open: the
 * first answer ends the wait of its request, what follows it names the answer before it (or, from some servers, the request).
 */
final class OpenRequests {
    /** Most requests that may wait, and most streams that may be open. */
    static final int MOST = 4_096;

    static final int MOST_STREAMS = 64;

    /** The answer may be a stream. */
    static final int EXHAUST = 1;
    /** It is a hello. */
    static final int HELLO = 2;
    /** From here on bits of a user's own, up to 64. */
    static final int OWN = 4;

    private int[] ids = new int[4];
    private byte[] flags = new byte[4];
    private int size;
    /** Requests whose answer may be a stream. */
    private int exhaust;

    private int[] requests = new int[1];
    private int[] lastAnswers = new int[1];
    private byte[] streamFlags = new byte[1];
    private int streams;

    boolean isEmpty() {
        return size == 0;
    }

    /** Whether a stream of answers is open, or may begin with the next answer. */
    boolean streams() {
        return streams > 0 || exhaust > 0;
    }

    /** Whether a stream is open that is not one of hellos, in which nothing is lost when it ends. */
    boolean streamsData() {
        for (int i = 0; i < streams; i++) {
            if ((streamFlags[i] & HELLO) == 0) {
                return true;
            }
        }
        return false;
    }

    void add(int id, int how) {
        if (size == MOST) {
            throw new SniffException("pending");
        }
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
            flags = Arrays.copyOf(flags, 2 * size);
        }
        ids[size] = id;
        flags[size++] = (byte) how;
        exhaust += how & EXHAUST;
    }

    /** The oldest request that has {@code id}, or -1. */
    int find(int id) {
        for (int i = 0; i < size; i++) {
            if (ids[i] == id) {
                return i;
            }
        }
        return -1;
    }

    int flags(int request) {
        return flags[request];
    }

    /** The answer {@code answer} to a request is complete; {@code goesOn} if it begins a stream. */
    void answered(int request, int answer, boolean goesOn) {
        if (goesOn) {
            open(ids[request], answer, flags[request]);
        }
        exhaust -= flags[request] & EXHAUST;
        size--;
        System.arraycopy(ids, request + 1, ids, request, size - request);
        System.arraycopy(flags, request + 1, flags, request, size - request);
    }

    private void open(int request, int answer, byte how) {
        if (streams == MOST_STREAMS) {
            throw new SniffException("pending");
        }
        if (streams == requests.length) {
            requests = Arrays.copyOf(requests, 2 * streams);
            lastAnswers = Arrays.copyOf(lastAnswers, 2 * streams);
            streamFlags = Arrays.copyOf(streamFlags, 2 * streams);
        }
        requests[streams] = request;
        lastAnswers[streams] = answer;
        streamFlags[streams++] = how;
    }

    /** The stream that goes on with an answer to {@code id}, or -1. */
    int findStream(int id) {
        for (int i = 0; i < streams; i++) {
            if (lastAnswers[i] == id || requests[i] == id) {
                return i;
            }
        }
        return -1;
    }

    int streamFlags(int stream) {
        return streamFlags[stream];
    }

    /** A further answer of a stream is complete; {@code goesOn} if it is not the last one. */
    void streamed(int stream, int answer, boolean goesOn) {
        if (goesOn) {
            lastAnswers[stream] = answer;
            return;
        }
        streams--;
        requests[stream] = requests[streams];
        lastAnswers[stream] = lastAnswers[streams];
        streamFlags[stream] = streamFlags[streams];
    }
}
