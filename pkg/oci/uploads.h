/* uploads: blobs on their way to the endpoint, over one request or several. Used within oci only. */
#ifndef OCI_UPLOADS_H
#define OCI_UPLOADS_H

#include "digest/digest.h"
#include "oci/endpoint.h"

/* One blob: POST makes it, PATCH and PUT bring its bytes, PUT ends it. */
struct upload {
    char id[ENTROPY_HEX_ROOM];
    struct spool *spool;
    struct digest_sha256 digest;
    uint64_t size;
    bool streams; /* its bytes go to the host as they come */
    bool is_busy; /* a request works on it */
    struct upload *next;
};

struct err *upload_new(const struct oci_host *host, struct upload **out) MUST_USE;
void upload_free(struct upload *u);

/* upload_begin: what is told of the blob when a PUT with a body begins: a large one may stream. */
struct err *upload_begin(struct upload *u, const struct oci_host *host, const char *digest, uint64_t size) MUST_USE;
struct err *upload_take(struct upload *u, const struct oci_host *host, const void *bytes, size_t len) MUST_USE;

/* upload_end: the blob is whole; RW4201_IMAGE_STREAM when its digest is not the one told. */
struct err *upload_end(struct upload *u, const struct oci_host *host, const char *digest) MUST_USE;

/* upload_cut: no more of it comes. An error only of one that streams: part of it is gone already. */
struct err *upload_cut(struct upload *u, const struct oci_host *host) MUST_USE;

#endif
