/**
 * TLS that begins in the middle of another protocol: each of them has its own way to ask for it. One {@link dev.weir.tls.starttls.Talk} per
 * protocol and side knows the words; the filter around it holds everything else back, and puts TLS in at exactly the byte behind the last word.
 */
@NullMarked
package dev.weir.tls.starttls;

import org.jspecify.annotations.NullMarked;
