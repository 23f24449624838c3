package dev.weir.mysql;

import org.jspecify.annotations.Nullable;

/** Who keeps the commands that are being answered: told of what the server sends, in order. */
interface AnswerOwner {
    /** Time of the running call, in nanoseconds. */
    long now();

    /** Rows are to come, or none any more: they may be shown in runs. */
    void rows(boolean on);

    /** Bytes on the wire of a payload of {@code length} bytes that ended. */
    long chargeAnswer(long length);

    /** The same for {@code bytes} of whole packets. */
    long chargeRows(int bytes);

    /** The server sends something though nothing was asked: an error it may, before it closes. */
    void answeredEarly(boolean error);

    /** From here on there are no packets; unwinds the running call. */
    void opaque(String reason);

    /** The server has greeted: from now on its first answer is due. */
    void greeted(long size);

    /** The command that a server's error is the answer to, where it sends it instead of a greeting. */
    @Nullable
    Command refused();

    /** The server has refused the connection instead of greeting. */
    void refusedAtOnce(long size);

    /** In a login the server waits for the client's next packet. */
    default void authenticationAsked() {}

    /** The server knows what {@code command} prepares as {@code id} now. */
    void prepared(Command command, int id, int parameters);

    /** The server asks the client for a file. */
    void fileAsked();

    /** The answer is a stream without end; unwinds the running call. */
    void streams();

    /** The answer is complete; the next one, if any, is to be {@linkplain Answers#answer set}. */
    void answered(Command command);
}
