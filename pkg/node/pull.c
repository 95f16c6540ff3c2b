#include "node/pull.h"

#include <stdlib.h>

static bool any_is_unable(const struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].pulls && r->parts[i].error)
            return true;
    return false;
}

static struct err *ask_unable(struct push_run *r)
{
    const struct node_push *push = r->push;
    for (size_t i = 0; i < r->count; i++) {
        struct part *p = &r->parts[i];
        if (!p->pulls || !p->error)
            continue;
        if (push->on_no_pull)
            push->on_no_pull(push->ctx, p->node, err_get_cause(p->error));
        run_ask_again(p);
    }
    return run_ask(r);
}

/* What travelled as changed files for this image before is not what is to run from now on. */
static void note_itself(struct push_run *r)
{
    const struct node_image *image = r->push->image;
    const struct shipment itself = { .built = (char *)(uintptr_t)image->config_digest,
                                     .engine_id = (char[]){ "" },
                                     .sent = (char *)(uintptr_t)image->config_digest };
    run_read_before(r);
    if (!shipment_other(&r->before, image->config_digest))
        return;
    shipment_list_add(&r->before, &itself);
    err_ignore(shipment_list_write(&r->before), "then a deploy alone names what came before: the same files");
}

static struct err *pull(struct push_run *r)
{
    AUTO_FD turn = -1;
    bool waited = false; /* a runtime that has it already pulls nothing */
    struct import im = { .push = r->push, .image = r->push->image, .pulls = true };
    TRY(run_take_turn(r, &turn, &waited));
    for (size_t i = 0; i < r->count; i++)
        r->parts[i].pulls = r->parts[i].travels;
    im.targets = run_targets(r, &im.count);
    import_start(&im);
    struct err *e = import_finish(&im);
    r->left_behind = import_abort(&im);
    run_settle(r, &im, !e);
    free(im.targets);
    return e;
}

struct err *pull_all(struct push_run *r)
{
    if (!r->push->is_in_registry)
        return NULL;
    note_itself(r);
    if (!run_any_travels(r))
        return NULL;
    TRY(pull(r));
    for (size_t i = 0; i < r->count; i++)
        r->parts[i].result->pulled = r->parts[i].pulls && !r->parts[i].error;
    return any_is_unable(r) ? ask_unable(r) : NULL;
}
