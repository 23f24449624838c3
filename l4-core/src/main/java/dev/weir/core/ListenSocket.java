package dev.weir.core;

import dev.weir.core.config.Address;
import org.jspecify.annotations.Nullable;

/**
 * A socket that listens, on its way from one process to another. Who has it owns its descriptor.
 *
 * @param name of its listener, or what the giver calls it
 * @param configured the address in the giver's configuration, maybe with port 0; null if the giver goes on to own the
 *     socket, as systemd does: then the name alone says whose it is, and the path of a Unix socket is never removed
 * @param bound where it listens
 * @param descriptor number of its file descriptor in this process
 */
public record ListenSocket(String name, @Nullable Address configured, Address bound, int descriptor) {}
