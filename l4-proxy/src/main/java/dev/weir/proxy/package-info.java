/** The runnable program: command line, configuration files, admin server, demo. */
@NullMarked
package dev.weir.proxy;

import org.jspecify.annotations.NullMarked;
