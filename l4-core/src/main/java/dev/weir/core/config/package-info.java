/** The configuration model, independent of any file format. Reading reports all problems at once. */
@NullMarked
package dev.weir.core.config;

import org.jspecify.annotations.NullMarked;
