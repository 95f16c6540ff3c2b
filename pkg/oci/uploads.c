#include "oci/uploads.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_BYTES = 256 * 1024 }; /* below it to hold a blob costs less than to keep the others waiting */

struct err *upload_new(const struct oci_host *host, struct upload **out)
{
    struct upload *u = xcalloc(1, sizeof *u);
    struct err *e = entropy_hex(u->id);
    if (!e)
        e = digest_sha256_init(&u->digest);
    if (e) {
        upload_free(u);
        return e;
    }
    u->spool = spool_new(host->spool_dir, host->budget);
    *out = u;
    return NULL;
}

void upload_free(struct upload *u)
{
    if (!u)
        return;
    spool_free(u->spool);
    digest_sha256_release(&u->digest);
    free(u);
}

struct err *upload_begin(struct upload *u, const struct oci_host *host, const char *digest, uint64_t size)
{
    return u->size == 0 && size > STREAM_BYTES ? host->stream(host->ctx, digest, size, &u->streams) : NULL;
}

struct err *upload_take(struct upload *u, const struct oci_host *host, const void *bytes, size_t len)
{
    digest_sha256_update(&u->digest, bytes, len);
    u->size += len;
    return u->streams ? host->write(host->ctx, bytes, len) : spool_add(u->spool, bytes, len);
}

static struct err *check_digest(struct upload *u, const char *told)
{
    char is[DIGEST_ROOM];
    digest_sha256_final(&u->digest, is);
    if (strcmp(is, told) == 0)
        return NULL;
    struct err *e = err_new(RW4201_IMAGE_STREAM, "the engine pushed a layer that is not what it says it is");
    return err_cause(e, "it says %s, and its %" PRIu64 " bytes are %s", told, u->size, is);
}

struct err *upload_end(struct upload *u, const struct oci_host *host, const char *digest)
{
    struct err *lies = check_digest(u, digest);
    if (u->streams) {
        u->streams = false;
        return err_join(lies, host->end(host->ctx, !lies));
    }
    return lies ? lies : host->keep(host->ctx, digest, STEAL(&u->spool));
}

struct err *upload_cut(struct upload *u, const struct oci_host *host)
{
    if (!u->streams)
        return NULL;
    u->streams = false;
    err_ignore(host->end(host->ctx, false), "the cut is what is told");
    struct err *e = err_new(RW4201_IMAGE_STREAM, "the engine stopped in the middle of a layer");
    return err_cause(e, "%" PRIu64 " bytes of it had come", u->size);
}
