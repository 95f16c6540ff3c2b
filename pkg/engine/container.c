#include "engine/container.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/call.h"

static void container_release(struct engine_container *c)
{
    free(c->id);
    free(c->name);
    free(c->state);
    strv_release(&c->labels);
}

void engine_container_list_release(struct engine_container_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        container_release(&l->items[i]);
    free(l->items);
    *l = (struct engine_container_list){ 0 };
}

static void read_container(const json_t *tree, struct engine_container *out)
{
    const char *name = doc_text(tree, "/Names/0");
    out->id = xstrdup(doc_text(tree, "/Id"));
    out->name = name ? xstrdup(name[0] == '/' ? name + 1 : name) : NULL;
    out->state = xstrdup(doc_text(tree, "/State"));
    const json_t *labels = doc_get(tree, "/Labels");
    const char *key;
    json_t *value;
    DOC_EACH_KEY (labels, key, value)
        strv_addf(&out->labels, "%s=%s", key, doc_text(value, "") ? doc_text(value, "") : "");
}

static int by_name(const void *a, const void *b)
{
    const struct engine_container *left = a;
    const struct engine_container *right = b;
    return strcmp(left->name, right->name);
}

static struct err *read_list(const json_t *tree, struct engine_container_list *out)
{
    AUTO(engine_container_list) list = { .items = xcalloc(doc_count(tree) + 1, sizeof *list.items) };
    size_t i;
    json_t *item;
    if (!doc_is_array(tree))
        return err_new(RW3106_ENGINE_PROTOCOL, "the engine's answer is not a list of containers");
    DOC_EACH_ITEM (tree, i, item) {
        struct engine_container *c = &list.items[list.count++];
        read_container(item, c);
        if (!c->id || !c->name || !c->state)
            return err_new(RW3106_ENGINE_PROTOCOL, "the engine lists a container without id, name or state");
    }
    qsort(list.items, list.count, sizeof *list.items, by_name);
    *out = list;
    list = (struct engine_container_list){ 0 };
    return NULL;
}

struct err *engine_container_list(struct engine *e, const char *label, struct net_wait wait,
                                  struct engine_container_list *out)
{
    DOC_AUTO filter = doc_object();
    json_t *labels = doc_array();
    doc_append(labels, doc_string(label));
    doc_set_key(filter, "label", labels);
    AUTO_STR text = doc_dump(filter);
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/containers/json");
    http_path_query(&path, "all", "1");
    http_path_query(&path, "filters", text);
    TRY(engine_ask(e, "GET", &path, NULL, wait, &answer));
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "list containers");
    DOC_AUTO tree = NULL;
    TRY(engine_tree(&answer, &tree));
    return read_list(tree, out);
}

const char *engine_container_label(const struct engine_container *c, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < c->labels.count; i++)
        if (strncmp(c->labels.items[i], key, len) == 0 && c->labels.items[i][len] == '=')
            return c->labels.items[i] + len + 1;
    return NULL;
}

/* *out stays NULL where there is no such container (any more). */
static struct err *describe(struct engine *e, const char *container, struct net_wait wait, json_t **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/containers");
    http_path_segment(&path, container);
    http_path_fixed(&path, "/json");
    TRY(engine_ask(e, "GET", &path, NULL, wait, &answer));
    if (answer.status == 404)
        return NULL;
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "describe container %s", container);
    return engine_tree(&answer, out);
}

struct err *engine_container_state(struct engine *e, const char *container, struct net_wait wait, char **state)
{
    DOC_AUTO tree = NULL;
    TRY(describe(e, container, wait, &tree));
    if (!tree)
        return NULL;
    const char *word = doc_text(tree, "/State/Status");
    if (!word)
        return err_new(RW3106_ENGINE_PROTOCOL, "the engine describes container %s without its state", container);
    *state = xstrdup(word);
    return NULL;
}

static const char *reachable(const char *address)
{
    if (str_eq(address, "0.0.0.0"))
        return "127.0.0.1";
    bool is_any = !address || !*address || strcmp(address, "::") == 0;
    return is_any ? "localhost" : address;
}

struct err *engine_container_port(struct engine *e, const char *container, const char *container_port,
                                  struct net_wait wait, char **host, int *port)
{
    DOC_AUTO tree = NULL;
    *host = NULL;
    *port = 0;
    TRY(describe(e, container, wait, &tree));
    if (!tree)
        return NULL;
    /* A stopped container publishes nothing, but its configuration tells what it will publish. */
    const json_t *published = doc_key(doc_get(tree, "/NetworkSettings/Ports"), container_port);
    if (doc_count(published) == 0)
        published = doc_key(doc_get(tree, "/HostConfig/PortBindings"), container_port);
    const char *number = doc_text(published, "/0/HostPort");
    int64_t value = 0;
    if (number && !num_i64(number, 0, 65535, &value))
        return err_new(RW3106_ENGINE_PROTOCOL, "the engine names a port that is no number");
    *host = xstrdup(reachable(doc_text(published, "/0/HostIp")));
    *port = (int)value;
    return NULL;
}
