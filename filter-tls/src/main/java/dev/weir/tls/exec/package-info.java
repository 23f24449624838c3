/** The terminal {@code exec}: a program for each connection, with a socket of its own in the place of a server. */
@NullMarked
package dev.weir.tls.exec;

import org.jspecify.annotations.NullMarked;
