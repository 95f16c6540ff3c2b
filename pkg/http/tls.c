#include "http/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { CERTIFICATES_AT_MOST = 1000 }; /* a system's whole trust store holds about 150 */

struct http_tls {
    X509_STORE *trusted; /* NULL: nothing is verified */
    STACK_OF(X509) * chain;
    X509 *certificate;
    EVP_PKEY *key;
    struct http_tls *older; /* NULL: none */
};

/* Keys with a passphrase are refused: without this OpenSSL asks for it on the terminal. */
static int no_passphrase(char *to, int room, int writing, void *ctx)
{
    (void)to, (void)room, (void)writing, (void)ctx;
    return -1;
}

static BIO *reader(const char *pem)
{
    size_t len = strlen(pem);
    return len > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
}

static struct err *unreadable(const char *what)
{
    return err_new(RW9003_SOCKET, "cannot read the %s: it is not a PEM text that OpenSSL takes", what);
}

/* The first certificate and those behind it, in order. */
static struct err *read_certificates(const char *pem, const char *what, STACK_OF(X509) * into)
{
    BIO *bio = reader(pem);
    X509 *each = NULL;
    while (bio && sk_X509_num(into) < CERTIFICATES_AT_MOST &&
           (each = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        if (sk_X509_push(into, each) <= 0)
            X509_free(each);
    }
    BIO_free(bio);
    return sk_X509_num(into) > 0 ? NULL : unreadable(what);
}

static struct err *read_trusted(struct http_tls *t, const char *ca_pem)
{
    t->trusted = X509_STORE_new();
    if (!t->trusted)
        return err_new(RW9005_RESOURCES, "OpenSSL has no memory for a trust store");
    if (!ca_pem)
        return X509_STORE_set_default_paths(t->trusted) == 1 ? NULL : unreadable("system's certificate authorities");
    STACK_OF(X509) *authorities = sk_X509_new_null();
    struct err *e = read_certificates(ca_pem, "certificate authority", authorities);
    for (int i = 0; !e && i < sk_X509_num(authorities); i++)
        if (X509_STORE_add_cert(t->trusted, sk_X509_value(authorities, i)) != 1)
            e = unreadable("certificate authority");
    sk_X509_pop_free(authorities, X509_free);
    return e;
}

static struct err *read_identity(struct http_tls *t, const char *certificate_pem, const char *key_pem)
{
    t->chain = sk_X509_new_null();
    TRY(read_certificates(certificate_pem, "client certificate", t->chain));
    t->certificate = sk_X509_shift(t->chain);
    BIO *bio = reader(key_pem);
    t->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    if (!t->key)
        return unreadable("client key");
    if (X509_check_private_key(t->certificate, t->key) != 1)
        return err_new(RW9003_SOCKET, "the client key does not belong to the client certificate");
    return NULL;
}

struct err *http_tls_new(const struct http_endpoint *endpoint, struct http_tls **out)
{
    AUTO_PTR(http_tls) t = xcalloc(1, sizeof *t);
    if (!endpoint->insecure)
        TRY(read_trusted(t, endpoint->ca_pem));
    if (!endpoint->client_cert_pem != !endpoint->client_key_pem)
        return err_new(RW9003_SOCKET, "a client certificate and its key are needed together");
    if (endpoint->client_cert_pem)
        TRY(read_identity(t, endpoint->client_cert_pem, endpoint->client_key_pem));
    *out = STEAL(&t);
    return NULL;
}

void http_tls_keep(struct http_tls *newer, struct http_tls *older)
{
    newer->older = older;
}

static void free_one(struct http_tls *t)
{
    X509_STORE_free(t->trusted);
    sk_X509_pop_free(t->chain, X509_free);
    X509_free(t->certificate);
    EVP_PKEY_free(t->key);
    free(t);
}

void http_tls_free(struct http_tls *t)
{
    while (t) {
        struct http_tls *older = t->older;
        free_one(t);
        t = older;
    }
}

CURLcode http_tls_install(CURL *easy, void *ssl_ctx, void *ctx)
{
    (void)easy;
    const struct http_tls *t = ctx;
    /* For line.h: bytes that could not be written are offered again from wherever they lie by then. */
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (t->trusted)
        SSL_CTX_set1_cert_store(ssl_ctx, t->trusted);
    if (!t->key)
        return CURLE_OK;
    bool ok = SSL_CTX_use_certificate(ssl_ctx, t->certificate) == 1 && SSL_CTX_set1_chain(ssl_ctx, t->chain) == 1 &&
              SSL_CTX_use_PrivateKey(ssl_ctx, t->key) == 1;
    return ok ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}
