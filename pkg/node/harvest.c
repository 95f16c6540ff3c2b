#include "node/harvest.h"

#include "engine/push.h"
#include "node/leftover.h"

static struct err *first_error(void *ctx)
{
    return oci_endpoint_error(ctx);
}

struct err *harvest(struct engine *e, const char *image_id, const struct oci_host *host, const char *state_dir,
                    struct net_wait wait, bool *met)
{
    AUTO_PTR(oci_endpoint) endpoint = NULL;
    AUTO(leftover) leftover = { 0 };
    TRY(leftover_clear(e, state_dir, wait));
    TRY(oci_endpoint_open(host, &endpoint));
    TRY(leftover_note(state_dir, oci_endpoint_repository(endpoint), &leftover));
    const struct engine_registry to = { oci_endpoint_repository(endpoint), oci_endpoint_user(endpoint),
                                        oci_endpoint_password(endpoint) };
    struct err *pushed = engine_image_push(e, image_id, &to, wait, first_error, endpoint);
    oci_endpoint_close(endpoint);
    *met = oci_endpoint_was_met(endpoint);
    struct err *own = oci_endpoint_error(endpoint);
    if (own)
        err_ignore(pushed, "what the engine says of it is less than what the endpoint knows");
    if (own || pushed)
        return own ? own : pushed;
    return leftover_forget(&leftover);
}
