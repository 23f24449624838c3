/** What tests of filters and protocols are written with, published as the test-jar of this module. */
@NullMarked
package dev.weir.core.testkit;

import org.jspecify.annotations.NullMarked;
