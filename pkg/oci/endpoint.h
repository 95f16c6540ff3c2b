/* endpoint: a registry of our own that the engine pushes one image to, so that the engine tells
 * which layers the image has and sends the ones that we say we lack.
 *
 * It implements what Docker 20.10 to 29 use of the OCI distribution specification to push: end-1
 * (ping), 2 (HEAD of blobs and manifests), 4a, 5, 6 and 7a (uploads and manifests), and DELETE of
 * an upload. It listens at 127.0.0.1 while a push runs, below an unguessable path, with credentials
 * of its own; a Host other than its own is refused, and so is any Origin (a browser that was led
 * here). The containerd image store of an engine speaks TLS first and falls back only when the
 * answer begins with "HTTP/" (containerd core/remotes/docker/resolver.go, isTLSError), so a
 * ClientHello gets a plain 400.
 *
 * The host decides what is there. Its functions are called by threads of the endpoint, several at
 * once. An error of any of them is kept (the first of them), the engine is told DENIED, which it
 * does not try again, and the rest of the push is refused.
 */
#ifndef OCI_ENDPOINT_H
#define OCI_ENDPOINT_H

#include <stdint.h>

#include "base/entropy.h"
#include "base/net.h"
#include "base/spool.h"

struct oci_host {
    void *ctx;
    const char *spool_dir;       /* where blobs lie, without a name, that are too large to be held */
    struct spool_budget *budget; /* outlives what was kept */

    /* has: whether the engine shall believe that this blob is there. accept is the request's Accept
     * header, in which the containerd store names the media type (NULL: none). *size is what the
     * engine will write into the manifest. */
    bool (*has)(void *ctx, const char *digest, const char *accept, uint64_t *size);

    /* stream: a blob whose digest and size are known begins. *streams true: its bytes go to write as
     * they come, and end says whether all of them came and have that digest; no other blob streams
     * meanwhile. False: it is kept like the others. */
    struct err *(*stream)(void *ctx, const char *digest, uint64_t size, bool *streams);
    struct err *(*write)(void *ctx, const void *bytes, size_t len);
    struct err *(*end)(void *ctx, bool whole);

    /* keep: a whole blob, its digest proved. */
    struct err *(*keep)(void *ctx, const char *digest, struct spool *blob_steal);

    /* manifest: of an image or an index, its digest proved; the bytes are borrowed. */
    struct err *(*manifest)(void *ctx, const char *media_type, const char *digest, const char *bytes, size_t len);
};

struct oci_endpoint;

/* oci_endpoint_open: listens. RW9003_SOCKET, RW9005_RESOURCES. host is borrowed. */
struct err *oci_endpoint_open(const struct oci_host *host, struct oci_endpoint **out) MUST_USE;

/* oci_endpoint_close: nobody is let in any more; returns when no function of the host runs any more.
 * What is asked of the endpoint afterwards is final. oci_endpoint_free closes it, too. */
void oci_endpoint_close(struct oci_endpoint *p);
void oci_endpoint_free(struct oci_endpoint *p);
DEFINE_FREEP(oci_endpoint)

const char *oci_endpoint_repository(const struct oci_endpoint *p); /* "127.0.0.1:41234/rwml-push/<token>" */
const char *oci_endpoint_user(const struct oci_endpoint *p);
const char *oci_endpoint_password(const struct oci_endpoint *p);

/* oci_endpoint_was_met: whether somebody came who knew the credentials: the engine shares our loopback. */
bool oci_endpoint_was_met(struct oci_endpoint *p);

/* oci_endpoint_error: the first error of the host, or NULL; owned by the caller. */
struct err *oci_endpoint_error(struct oci_endpoint *p) MUST_USE;

#endif
