#include "node/publish.h"

#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"
#include "engine/push.h"
#include "http/client.h"
#include "node/identity.h"
#include "oci/reference.h"

enum { MANIFEST_BYTES = 4 * 1024 * 1024, UNNAME_MS = 10000 };

static const struct http_header accept_manifests = {
    "Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
              "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
};

/* Asking. */

static struct err *ask_manifest(struct http_client *registry, const struct oci_ref *name, struct net_wait wait,
                                struct http_response *out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/v2");
    http_path_segments(&path, name->path);
    http_path_fixed(&path, "/manifests");
    http_path_segment(&path, name->tag ? name->tag : "latest");
    const struct http_request request = { .method = "GET",
                                          .path = &path,
                                          .headers = &accept_manifests,
                                          .header_count = 1,
                                          .wait = wait,
                                          .answer_max = MANIFEST_BYTES };
    return http_do(registry, &request, out);
}

/* An index, of a store that keeps one, does not tell the configuration; then the content name has to do. */
static bool is_manifest_of(const struct buf *body, const char *config_digest)
{
    json_t *parsed = NULL;
    err_ignore(doc_parse_json(buf_text(body), body->len, "manifest", &parsed), "what is no manifest is another one");
    DOC_AUTO tree = parsed;
    const char *config = doc_text(tree, "/config/digest");
    return doc_is_object(tree) && (!config || strcmp(config, config_digest) == 0);
}

static bool is_same(const struct http_response *a, const struct http_response *b)
{
    return http_response_ok(a) && http_response_ok(b) && a->body.len == b->body.len &&
           strcmp(buf_text(&a->body), buf_text(&b->body)) == 0;
}

static struct err *ask_both(const char *host, const struct node_image *image, struct net_wait wait, bool *has)
{
    AUTO_PTR(http_client) registry = NULL;
    AUTO(oci_ref) ref = { 0 };
    AUTO(oci_ref) content = { 0 };
    AUTO(http_response) by_ref = { 0 };
    AUTO(http_response) by_content = { 0 };
    AUTO_STR url = xasprintf("http://%s", host);
    const struct http_endpoint endpoint = { .base_url = url };
    TRY(oci_ref_parse(image->ref, &ref));
    TRY(oci_ref_parse(image->content_name, &content));
    TRY(http_client_new(&endpoint, &registry));
    TRY(ask_manifest(registry, &content, wait, &by_content));
    if (!http_response_ok(&by_content) || !is_manifest_of(&by_content.body, image->config_digest))
        return NULL;
    TRY(ask_manifest(registry, &ref, wait, &by_ref));
    *has = is_same(&by_ref, &by_content);
    return NULL;
}

/* What the registry answers is a hint only: where it is none, the engine finds out. But the engine waits for a
 * registry that stays silent, several times over. */
static struct err *ask(const struct publish *p, bool *has)
{
    AUTO_STR host = oci_registry(p->image->ref);
    struct net_wait wait = { clock_earlier(p->wait.deadline_ms, clock_after(PUBLISH_SILENCE_MS)), p->wait.cancel };
    *has = false;
    if (!host || !oci_registry_is_loopback(host))
        return NULL;
    struct err *e = ask_both(host, p->image, wait, has);
    if (!e || err_get_code(e) == RW9009_INTERRUPTED)
        return e;
    if (err_get_code(e) == RW9007_DEADLINE) {
        err_ignore(e, "what is told is which deadline that was");
        e = err_new(RW4203_PUSH_FAILED, "registry %s does not answer", host);
        return err_cause(e, "it took a connection and said nothing for %d s", PUBLISH_SILENCE_MS / 1000);
    }
    err_ignore(e, "the engine finds out, and tells");
    return NULL;
}

/* Pushing. */

static struct err *go_on(void *ctx)
{
    (void)ctx;
    return NULL;
}

static struct err *push_name(struct engine *e, const struct publish *p, const char *name, size_t *layers)
{
    const struct engine_push_watch watch = { go_on, p->on_progress, p->ctx };
    size_t pushed = 0;
    TRY(engine_image_publish(e, name, p->wait, &watch, &pushed));
    *layers += pushed;
    return NULL;
}

/* A name that was there is somebody's. */
static struct err *push_content_name(struct engine *e, const struct publish *p, const struct engine_image *image,
                                     size_t *layers)
{
    const char *name = p->image->content_name;
    if (strv_has(&image->tags, name))
        return push_name(e, p, name, layers);
    TRY(engine_image_name(e, image->id, name, p->wait));
    struct err *pushed = push_name(e, p, name, layers);
    struct net_wait surely = { .deadline_ms = clock_after(UNNAME_MS) }; /* also after an interruption */
    err_ignore(engine_image_unname(e, name, surely), "a name too many harms nobody");
    return pushed;
}

struct err *publish_image(struct engine *e, const struct publish *p, enum publish_outcome *out, size_t *layers)
{
    AUTO(engine_image) image = { 0 };
    bool has = false, containerd_store = false;
    *layers = 0;
    *out = PUBLISH_HAD_IT;
    TRY(ask(p, &has));
    if (has)
        return NULL;
    *out = PUBLISH_GOT_IT;
    TRY(node_image_look(e, p->image, p->wait, &image, &containerd_store));
    TRY(push_content_name(e, p, &image, layers));
    return push_name(e, p, p->image->ref, layers);
}
