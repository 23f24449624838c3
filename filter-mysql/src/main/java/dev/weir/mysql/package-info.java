/** MySQL and MariaDB: the sniffer. */
@NullMarked
package dev.weir.mysql;

import org.jspecify.annotations.NullMarked;
