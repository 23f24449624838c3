/**
 * SQL as text: what a statement is, apart from its values. {@link dev.weir.core.sql.SqlNormalizer} makes the digest of
 * one statement in one pass, {@link dev.weir.core.sql.DigestTable} counts digests in bounded memory. No grammar: a
 * lexer and a few rules on tokens, which take any bytes.
 */
@NullMarked
package dev.weir.core.sql;

import org.jspecify.annotations.NullMarked;
