#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/task.h"
#include "node/session.h"
#include "node/shipment.h"
#include "oci/reference.h"

enum { SIDE_BY_SIDE = 8 };

void node_delivered_release(struct node_delivered *d)
{
    free(d->config_digest);
    free(d->content_name);
    *d = (struct node_delivered){ 0 };
}

struct err *node_delivered(const struct node_list *nodes, const char *state_dir, const struct node_image *image,
                           bool *found, struct node_delivered *out)
{
    AUTO(shipment_list) list = { 0 };
    shipment_list_read(state_dir, nodes->cluster, image->ref, &list);
    const struct shipment *s = shipment_other(&list, image->config_digest);
    *found = s;
    if (!s)
        return NULL;
    TRY(oci_content_name(image->ref, s->sent, &out->content_name));
    out->config_digest = xstrdup(s->sent);
    return NULL;
}

struct err *node_has_image(struct engine *e, const struct node *node, const char *image_name, const char *config_digest,
                           struct net_wait wait, bool *has)
{
    struct node_image image = { .ref = image_name, .config_digest = config_digest, .content_name = image_name };
    AUTO(session) s = { 0 };
    TRY(session_open(&s, e, node, &image, true, wait));
    *has = s.has_content;
    return NULL;
}

struct question {
    struct engine *engine;
    const struct node *node;
    const char *name;
    const char *config_digest;
    struct net_wait wait;
    bool has;
};

static struct err *ask_one(void *item)
{
    struct question *q = item;
    return node_has_image(q->engine, q->node, q->name, q->config_digest, q->wait, &q->has);
}

struct err *node_lacking_image(struct engine *e, const struct node_list *nodes, const char *image_name,
                               const char *config_digest, struct net_wait wait, struct strv *lacking)
{
    struct question *questions = xcalloc(nodes->count + 1, sizeof *questions);
    for (size_t i = 0; i < nodes->count; i++)
        questions[i] = (struct question){ e, &nodes->items[i], image_name, config_digest, wait, false };
    struct err *failed = task_all(questions, nodes->count, sizeof *questions, SIDE_BY_SIDE, ask_one);
    for (size_t i = 0; !failed && i < nodes->count; i++)
        if (!questions[i].has)
            strv_add(lacking, nodes->items[i].name);
    free(questions);
    return err_state(failed, "nothing was changed");
}
