/* digest: SHA-256 as images and caches write it: "sha256:" and 64 lower-case hex digits.
 *
 *     AUTO(digest_sha256) d = {0};
 *     TRY(digest_sha256_init(&d));
 *     digest_sha256_update(&d, bytes, len);
 *     char text[DIGEST_ROOM];
 *     digest_sha256_final(&d, text);
 */
#ifndef DIGEST_DIGEST_H
#define DIGEST_DIGEST_H

#include "base/err.h"

#define DIGEST_ROOM (7 + 64 + 1) /* "sha256:", the digits, NUL */

struct evp_md_ctx_st; /* OpenSSL's EVP_MD_CTX */

struct digest_sha256 {
    struct evp_md_ctx_st *evp; /* NULL before init and after final */
};

/* digest_sha256_init: starts anew; may be called again after final. RW9005_RESOURCES when OpenSSL
 * has no SHA-256, which a broken OPENSSL_CONF can bring about. Nothing after it can fail. */
struct err *digest_sha256_init(struct digest_sha256 *d) MUST_USE;
void digest_sha256_update(struct digest_sha256 *d, const void *bytes, size_t len);
void digest_sha256_final(struct digest_sha256 *d, char out[DIGEST_ROOM]);
void digest_sha256_release(struct digest_sha256 *d);

/* digest_of: the digest of bytes that are all here. */
struct err *digest_of(const void *bytes, size_t len, char out[DIGEST_ROOM]) MUST_USE;

#endif
