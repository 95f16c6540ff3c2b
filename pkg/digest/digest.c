#include "digest/digest.h"

#include <openssl/evp.h>
#include <string.h>

static const char prefix[] = "sha256:";
enum { PREFIX_LEN = sizeof prefix - 1, SHA256_BYTES = 32 };

struct err *digest_sha256_init(struct digest_sha256 *d)
{
    digest_sha256_release(d);
    EVP_MD_CTX *evp = EVP_MD_CTX_new();
    if (!evp || EVP_DigestInit_ex(evp, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(evp);
        return err_cause(err_new(RW9005_RESOURCES, "OpenSSL gives no SHA-256"),
                         "is its configuration (OPENSSL_CONF) intact?");
    }
    d->evp = evp;
    return NULL;
}

void digest_sha256_update(struct digest_sha256 *d, const void *bytes, size_t len)
{
    if (!d->evp || EVP_DigestUpdate(d->evp, bytes, len) != 1)
        BUG("a digest is updated that was not started");
}

void digest_sha256_final(struct digest_sha256 *d, char out[DIGEST_ROOM])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[SHA256_BYTES];
    if (!d->evp || EVP_DigestFinal_ex(d->evp, raw, NULL) != 1)
        BUG("a digest is read that was not started");
    memcpy(out, prefix, PREFIX_LEN);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        out[PREFIX_LEN + 2 * i] = hex[raw[i] >> 4];
        out[PREFIX_LEN + 2 * i + 1] = hex[raw[i] & 15];
    }
    out[DIGEST_ROOM - 1] = '\0';
    digest_sha256_release(d);
}

void digest_sha256_release(struct digest_sha256 *d)
{
    EVP_MD_CTX_free(d->evp);
    d->evp = NULL;
}

struct err *digest_of(const void *bytes, size_t len, char out[DIGEST_ROOM])
{
    AUTO(digest_sha256) d = { 0 };
    TRY(digest_sha256_init(&d));
    digest_sha256_update(&d, bytes, len);
    digest_sha256_final(&d, out);
    return NULL;
}
