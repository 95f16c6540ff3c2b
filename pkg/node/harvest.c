#include "node/harvest.h"

#include "engine/push.h"
#include "node/leftover.h"

/* What the engine's push is watched for. */
struct watched {
    struct oci_endpoint *endpoint;
    const struct harvest *harvest;
};

static struct err *first_error(void *ctx)
{
    const struct watched *w = ctx;
    return oci_endpoint_error(w->endpoint);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    const struct watched *w = ctx;
    if (w->harvest->on_progress)
        w->harvest->on_progress(w->harvest->ctx, done, total);
}

struct err *harvest(struct engine *e, const struct harvest *h, bool *met)
{
    AUTO_PTR(oci_endpoint) endpoint = NULL;
    AUTO(leftover) leftover = { 0 };
    bool name_stays = false;
    TRY(leftover_clear(e, h->state_dir, h->wait));
    TRY(oci_endpoint_open(h->host, &endpoint));
    AUTO_STR name = xasprintf("%s:%s", oci_endpoint_repository(endpoint), ENGINE_PUSH_TAG);
    TRY(leftover_note(h->state_dir, name, &leftover));
    const struct engine_registry to = { oci_endpoint_repository(endpoint), oci_endpoint_user(endpoint),
                                        oci_endpoint_password(endpoint) };
    struct watched watched = { endpoint, h };
    const struct engine_push_watch watch = { first_error, on_progress, &watched };
    struct err *pushed = engine_image_push(e, h->image_id, &to, h->wait, &watch, &name_stays);
    oci_endpoint_close(endpoint);
    *met = oci_endpoint_was_met(endpoint);
    struct err *own = oci_endpoint_error(endpoint);
    if (own)
        err_ignore(pushed, "what the engine says of it is less than what the endpoint knows");
    struct err *noted = name_stays ? NULL : leftover_forget(&leftover); /* else the next push tries it */
    if (!own && !pushed)
        return noted;
    err_ignore(noted, "the push's own error tells more");
    return own ? own : pushed;
}
