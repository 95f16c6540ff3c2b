#include "oci/registry.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "oci/reference.h"

enum { MANIFEST_BYTES = 4 * 1024 * 1024, UPLOADS_AT_ONCE = 256 };

/* One request, from its head to its answer. */
struct request {
    enum { ANSWER_ONLY, TO_UPLOAD, TO_MANIFEST } kind;
    struct upload *upload; /* TO_UPLOAD: busy with this request */
    struct buf body;       /* TO_MANIFEST */
};

void registry_fail(struct registry *r, struct err *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&r->lock);
    if (r->has_failed)
        err_ignore(e, "the first error tells why the others came");
    else
        r->error = e;
    r->has_failed = true;
    pthread_mutex_unlock(&r->lock);
}

static bool has_failed(struct registry *r)
{
    pthread_mutex_lock(&r->lock);
    bool failed = r->has_failed;
    pthread_mutex_unlock(&r->lock);
    return failed;
}

/* Answers. */

static int reply(struct MHD_Connection *c, unsigned status, const char *const *headers, const char *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    bool done = MHD_add_response_header(response, "Docker-Distribution-Api-Version", "registry/2.0") == MHD_YES;
    for (; done && headers && *headers; headers += 2)
        done = MHD_add_response_header(response, headers[0], headers[1]) == MHD_YES;
    done = done && MHD_queue_response(c, status, response) == MHD_YES;
    MHD_destroy_response(response);
    return done ? MHD_YES : MHD_NO;
}

/* DENIED is what the classic store does not try again (moby distribution/errors.go retryOnError). */
static int refuse(struct MHD_Connection *c, unsigned status, const char *code)
{
    AUTO_STR body = xasprintf("{\"errors\":[{\"code\":\"%s\",\"message\":\"see rwml's own message\"}]}", code);
    const char *const headers[] = { "Content-Type", "application/json", NULL };
    return reply(c, status, headers, body);
}

static int challenge(struct MHD_Connection *c)
{
    const char *const headers[] = { "WWW-Authenticate", "Basic realm=\"rwml\"", "Content-Type", "application/json",
                                    NULL };
    return reply(c, MHD_HTTP_UNAUTHORIZED, headers, "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}");
}

/* MHD asks for a body that a HEAD's answer only announces; it never calls this. */
static ssize_t no_body(void *ctx, uint64_t at, char *to, size_t room)
{
    (void)ctx, (void)at, (void)to, (void)room;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static int announce(struct MHD_Connection *c, const char *digest, uint64_t size)
{
    enum { BLOCK = 4096 };
    struct MHD_Response *response = MHD_create_response_from_callback(size, BLOCK, no_body, NULL, NULL);
    if (!response)
        return MHD_NO;
    bool done = MHD_add_response_header(response, "Docker-Content-Digest", digest) == MHD_YES &&
                MHD_queue_response(c, MHD_HTTP_OK, response) == MHD_YES;
    MHD_destroy_response(response);
    return done ? MHD_YES : MHD_NO;
}

/* Uploads. */

static int start_upload(struct registry *r, struct MHD_Connection *c)
{
    struct upload *made = NULL;
    size_t count = 0;
    struct err *e = upload_new(r->host, &made);
    if (e) {
        registry_fail(r, e);
        return refuse(c, MHD_HTTP_FORBIDDEN, "DENIED");
    }
    pthread_mutex_lock(&r->lock);
    for (const struct upload *u = r->uploads; u; u = u->next)
        count++;
    if (count < UPLOADS_AT_ONCE) {
        made->next = r->uploads;
        r->uploads = made;
    }
    pthread_mutex_unlock(&r->lock);
    if (count >= UPLOADS_AT_ONCE) {
        upload_free(made);
        return refuse(c, MHD_HTTP_FORBIDDEN, "DENIED");
    }
    AUTO_STR location = xasprintf("%sblobs/uploads/%s", r->prefix, made->id);
    const char *const headers[] = { "Location", location, "Docker-Upload-UUID", made->id, "Range", "0-0", NULL };
    return reply(c, MHD_HTTP_ACCEPTED, headers, "");
}

static struct upload *claim_upload(struct registry *r, const char *id)
{
    pthread_mutex_lock(&r->lock);
    struct upload *u = r->uploads;
    while (u && (u->is_busy || strcmp(u->id, id) != 0))
        u = u->next;
    if (u)
        u->is_busy = true;
    pthread_mutex_unlock(&r->lock);
    return u;
}

static void drop_upload(struct registry *r, struct upload *gone)
{
    pthread_mutex_lock(&r->lock);
    for (struct upload **at = &r->uploads; *at; at = &(*at)->next)
        if (*at == gone) {
            *at = gone->next;
            break;
        }
    pthread_mutex_unlock(&r->lock);
    upload_free(gone);
}

static uint64_t announced_size(struct MHD_Connection *c)
{
    const char *text = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
    int64_t size = 0;
    return text && num_i64(text, 0, INT64_MAX, &size) ? (uint64_t)size : 0;
}

static const char *digest_asked(struct MHD_Connection *c)
{
    const char *digest = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "digest");
    return digest && oci_is_digest(digest) ? digest : NULL;
}

static int begin_upload_request(struct registry *r, struct MHD_Connection *c, struct request *q, const char *id,
                                const char *method)
{
    bool ends = strcmp(method, "PUT") == 0;
    if (ends && !digest_asked(c))
        return refuse(c, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID");
    q->upload = claim_upload(r, id);
    if (!q->upload)
        return refuse(c, MHD_HTTP_NOT_FOUND, "BLOB_UPLOAD_UNKNOWN");
    q->kind = TO_UPLOAD;
    struct err *e = ends ? upload_begin(q->upload, r->host, digest_asked(c), announced_size(c)) : NULL;
    registry_fail(r, e);
    return e ? MHD_NO : MHD_YES;
}

static int finish_patch(struct registry *r, struct MHD_Connection *c, struct upload *u)
{
    AUTO_STR location = xasprintf("%sblobs/uploads/%s", r->prefix, u->id);
    AUTO_STR range = xasprintf("0-%" PRIu64, u->size > 0 ? u->size - 1 : 0);
    const char *const headers[] = { "Location", location, "Docker-Upload-UUID", u->id, "Range", range, NULL };
    int done = reply(c, MHD_HTTP_ACCEPTED, headers, "");
    pthread_mutex_lock(&r->lock);
    u->is_busy = false; /* from here on another request may end it */
    pthread_mutex_unlock(&r->lock);
    return done;
}

static int finish_upload_request(struct registry *r, struct MHD_Connection *c, struct request *q, const char *method)
{
    struct upload *u = STEAL(&q->upload);
    if (strcmp(method, "PATCH") == 0)
        return finish_patch(r, c, u);
    const char *digest = digest_asked(c);
    struct err *e = strcmp(method, "PUT") == 0 ? upload_end(u, r->host, digest) : NULL;
    drop_upload(r, u);
    if (e) {
        registry_fail(r, e);
        return refuse(c, MHD_HTTP_FORBIDDEN, "DENIED");
    }
    AUTO_STR location = xasprintf("%sblobs/%s", r->prefix, digest ? digest : "");
    const char *const headers[] = { "Location", location, "Docker-Content-Digest", digest, NULL };
    return digest ? reply(c, MHD_HTTP_CREATED, headers, "") : reply(c, MHD_HTTP_NO_CONTENT, NULL, "");
}

/* Blobs and manifests. */

static int ask_blob(struct registry *r, struct MHD_Connection *c, const char *digest)
{
    uint64_t size = 0;
    const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept");
    if (!oci_is_digest(digest) || !r->host->has(r->host->ctx, digest, accept, &size))
        return refuse(c, MHD_HTTP_NOT_FOUND, "BLOB_UNKNOWN");
    return announce(c, digest, size);
}

static int finish_manifest(struct registry *r, struct MHD_Connection *c, const struct request *q)
{
    const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
    char digest[DIGEST_ROOM];
    struct err *e = digest_of(q->body.bytes, q->body.len, digest);
    if (!e)
        e = r->host->manifest(r->host->ctx, type ? type : "", digest, buf_text(&q->body), q->body.len);
    if (e) {
        registry_fail(r, e);
        return refuse(c, MHD_HTTP_FORBIDDEN, "DENIED");
    }
    AUTO_STR location = xasprintf("%smanifests/%s", r->prefix, digest);
    const char *const headers[] = { "Location", location, "Docker-Content-Digest", digest, NULL };
    return reply(c, MHD_HTTP_CREATED, headers, "");
}

/* A request's head. */

static bool is_for_us(struct registry *r, struct MHD_Connection *c)
{
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
    return host && strcmp(host, r->authority) == 0 && !MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Origin");
}

static bool is_authorized(struct registry *r, struct MHD_Connection *c)
{
    char *password = NULL;
    char *user = MHD_basic_auth_get_username_password(c, &password);
    bool known = str_eq(user, r->user) && str_eq(password, r->password);
    MHD_free(user);
    MHD_free(password);
    if (known) {
        pthread_mutex_lock(&r->lock);
        r->is_met = true;
        pthread_mutex_unlock(&r->lock);
    }
    return known;
}

static int begin(struct registry *r, struct MHD_Connection *c, struct request *q, const char *url, const char *method)
{
    static const char uploads[] = "blobs/uploads/", blobs[] = "blobs/", manifests[] = "manifests/";
    bool is_head = strcmp(method, "HEAD") == 0, is_put = strcmp(method, "PUT") == 0;
    if (!is_for_us(r, c))
        return refuse(c, MHD_HTTP_FORBIDDEN, "DENIED");
    if (!is_authorized(r, c))
        return challenge(c);
    if (has_failed(r))
        return refuse(c, MHD_HTTP_FORBIDDEN, "DENIED");
    if (strcmp(url, "/v2/") == 0)
        return reply(c, MHD_HTTP_OK, NULL, "{}");
    if (!str_starts(url, r->prefix))
        return refuse(c, MHD_HTTP_NOT_FOUND, "NAME_UNKNOWN");
    url += strlen(r->prefix);
    if (str_starts(url, uploads) && (is_put || strcmp(method, "PATCH") == 0 || strcmp(method, "DELETE") == 0))
        return begin_upload_request(r, c, q, url + strlen(uploads), method);
    if (strcmp(url, uploads) == 0 && strcmp(method, "POST") == 0)
        return start_upload(r, c);
    if (str_starts(url, blobs) && is_head)
        return ask_blob(r, c, url + strlen(blobs));
    if (str_starts(url, manifests) && is_put) {
        q->kind = TO_MANIFEST;
        q->body = BUF_INIT(MANIFEST_BYTES);
        return MHD_YES;
    }
    if (str_starts(url, manifests)) /* so that the engine sends it, whatever it pushed before */
        return refuse(c, MHD_HTTP_NOT_FOUND, "MANIFEST_UNKNOWN");
    return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "UNSUPPORTED");
}

static struct err *take(struct registry *r, struct request *q, const char *bytes, size_t len)
{
    if (q->kind == TO_UPLOAD)
        return upload_take(q->upload, r->host, bytes, len);
    if (q->kind == TO_MANIFEST && !buf_append(&q->body, bytes, len))
        return err_new(RW4201_IMAGE_STREAM, "the engine pushed a manifest of more than %d bytes", MANIFEST_BYTES);
    return NULL;
}

int registry_handle(struct registry *r, struct MHD_Connection *c, const char *url, const char *method,
                    const char *upload_data, size_t *upload_data_size, void **request)
{
    struct request *q = *request;
    if (!q) {
        *request = q = xcalloc(1, sizeof *q);
        return begin(r, c, q, url, method);
    }
    if (*upload_data_size > 0) {
        struct err *e = take(r, q, upload_data, *upload_data_size);
        *upload_data_size = 0;
        registry_fail(r, e);
        return e ? MHD_NO : MHD_YES; /* an answer in the middle of a body is not MHD's to give */
    }
    if (q->kind == TO_UPLOAD)
        return finish_upload_request(r, c, q, method);
    if (q->kind == TO_MANIFEST)
        return finish_manifest(r, c, q);
    return MHD_YES;
}

void registry_done(struct registry *r, void **request)
{
    struct request *q = *request;
    if (!q)
        return;
    if (q->upload) {
        registry_fail(r, upload_cut(q->upload, r->host));
        drop_upload(r, q->upload);
    }
    buf_release(&q->body);
    free(q);
    *request = NULL;
}
