/**
 * What a wire protocol tells the core: how to sniff it, how to recognise it, how to cut it into single
 * commands. The core itself knows no protocol.
 */
@NullMarked
package dev.weir.core.protocol;

import org.jspecify.annotations.NullMarked;
