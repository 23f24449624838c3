/** Real servers and faulty peers for tests, load and benchmarks for measurements. */
@NullMarked
package dev.weir.testbeds;

import org.jspecify.annotations.NullMarked;
