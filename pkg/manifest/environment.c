#include "manifest/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "manifest/expansion.h"
#include "manifest/pods.h"

struct reader {
    const struct manifest_set *set;
    const struct variable_uses *uses;
    const struct environment_cluster *cluster;
    const struct manifest_object *object; /* whose container is read */
    struct environment *out;
};

/* What an entry refers to: a ConfigMap or a Secret. */
struct holder {
    bool secret;
    const char *name;
    bool optional;
    const struct manifest_object *in_set; /* NULL: the set does not have it */
    const json_t *tree;                   /* NULL: it is nowhere, or nobody was asked */
    bool asked;
};

static const char *kind_of(const struct holder *h)
{
    return h->secret ? "Secret" : "ConfigMap";
}

/* ---------------------------------------------------------------- entries */

static struct environment_value *add(struct reader *r, const char *name)
{
    struct environment *e = r->out;
    e->items = xrealloc(e->items, e->count + 1, sizeof *e->items);
    e->items[e->count] = (struct environment_value){ .name = xstrdup(name) };
    return &e->items[e->count++];
}

/* What was given for the text that stands there, as words; NULL when it stays what the manifest says. */
static char *given_words(const struct reader *r, const struct manifest_object *o, const char *pointer)
{
    AUTO(strv) words = { 0 };
    for (size_t i = 0; i < r->uses->count; i++) {
        const struct variable_use *use = &r->uses->items[i];
        if (use->object != o || strcmp(use->pointer, pointer) != 0)
            continue;
        if (use->kind == USE_PLACEHOLDER)
            strv_addf(&words, "${%s} by %s", use->name, use->given ? use->origin : "its default");
        else if (use->given && !strv_has(&words, use->origin))
            strv_add(&words, use->origin);
    }
    return words.count ? strv_join(&words, ", ") : NULL;
}

/* ---------------------------------------------------------------- ConfigMaps and Secrets */

static void ask_cluster(const struct reader *r, struct holder *h)
{
    h->in_set = NULL;
    h->asked = r->cluster->find(r->cluster->ctx, kind_of(h), r->object->namespace, h->name, &h->tree);
}

static struct holder find_holder(const struct reader *r, bool secret, const json_t *selector)
{
    struct holder h = { .secret = secret,
                        .name = doc_text(selector, "/name"),
                        .optional = doc_bool(selector, "/optional", false),
                        .asked = true };
    h.name = h.name ? h.name : "";
    h.in_set = manifest_find(r->set, kind_of(&h), r->object->namespace, h.name);
    if (h.in_set)
        h.tree = h.in_set->tree;
    else
        ask_cluster(r, &h);
    return h;
}

static char *decoded(const char *text)
{
    AUTO(buf) plain = BUF_INIT(LIMIT_MANIFEST);
    return base64_decode(text, &plain) ? xstrdup(buf_text(&plain)) : NULL;
}

/* The value of a key, owned, and where in the holder it stands; NULL: it has no such key. A Secret's
 * stringData wins over its data. */
static char *value_of_key(const struct holder *h, const char *key, char **pointer)
{
    static const char *const parts[] = { "/stringData", "/data" };
    for (size_t i = h->secret ? 0 : 1; h->tree && i < COUNT_OF(parts); i++) {
        AUTO_STR at = doc_pointer_add(parts[i], key);
        const char *text = doc_text(h->tree, at);
        if (!text)
            continue;
        *pointer = STEAL(&at);
        return h->secret && i == 1 ? decoded(text) : xstrdup(text);
    }
    return NULL;
}

static void add_from_holder(struct reader *r, const struct holder *h, const char *name, const char *key,
                            const char *reference)
{
    AUTO_STR pointer = NULL;
    AUTO_STR value = value_of_key(h, key, &pointer);
    AUTO_STR given = h->in_set && pointer ? given_words(r, h->in_set, pointer) : NULL;
    struct environment_value *v = add(r, name);
    v->from = xasprintf("%s %s/%s key %s%s%s", kind_of(h), r->object->namespace, h->name, key, given ? ", by " : "",
                        given ? given : "");
    v->where = h->in_set && pointer ? manifest_where(h->in_set, pointer) : manifest_where(r->object, reference);
    v->secret = h->secret;
    v->state = value ? ENVIRONMENT_KNOWN : h->asked ? ENVIRONMENT_ABSENT : ENVIRONMENT_NOT_ASKED;
    v->value = STEAL(&value);
}

static void add_key_reference(struct reader *r, const char *name, bool secret, const char *reference)
{
    const json_t *selector = doc_get(r->object->tree, reference);
    struct holder h = find_holder(r, secret, selector);
    const char *key = doc_text(selector, "/key");
    AUTO_STR pointer = NULL;
    key = key ? key : "";
    AUTO_STR there = value_of_key(&h, key, &pointer);
    if (h.in_set && !there) /* other managers may own keys of the live object */
        ask_cluster(r, &h);
    AUTO_STR at = xasprintf("%s/key", reference);
    add_from_holder(r, &h, name, key, at);
}

/* All keys of a ConfigMap or Secret, each once. */
static void list_keys(const struct holder *h, struct strv *keys)
{
    static const char *const parts[] = { "/data", "/stringData" };
    for (size_t i = 0; i < (h->secret ? COUNT_OF(parts) : 1); i++) {
        const char *key;
        json_t *value;
        DOC_EACH_KEY (doc_get(h->tree, parts[i]), key, value)
            if (!strv_has(keys, key))
                strv_add(keys, key);
    }
}

static void add_all_keys(struct reader *r, bool secret, const char *prefix, const char *reference)
{
    struct holder h = find_holder(r, secret, doc_get(r->object->tree, reference));
    AUTO_STR at = xasprintf("%s/name", reference);
    AUTO(strv) keys = { 0 };
    list_keys(&h, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        AUTO_STR name = xasprintf("%s%s", prefix, keys.items[i]);
        add_from_holder(r, &h, name, keys.items[i], at);
    }
    if (h.tree)
        return;
    AUTO_STR name = xasprintf("%s*", prefix);
    struct environment_value *v = add(r, name);
    v->from = xasprintf("%s %s/%s%s", kind_of(&h), r->object->namespace, h.name, h.optional ? ", optional" : "");
    v->where = manifest_where(r->object, at);
    v->secret = secret;
    v->state = h.asked ? ENVIRONMENT_ABSENT : ENVIRONMENT_NOT_ASKED;
}

/* ---------------------------------------------------------------- env */

struct lookup {
    const struct environment *environment;
    enum environment_state state; /* other than known where a value that is put in is not known now */
    bool secret;                  /* a Secret's value was put in */
};

/* Of an envFrom that nobody could look into, "PREFIX*", any such name may be. */
static bool may_define(const struct environment_value *v, const char *name)
{
    size_t prefix = strcspn(v->name, "*");
    bool any = v->state == ENVIRONMENT_NOT_ASKED && v->name[prefix];
    return any ? strncmp(v->name, name, prefix) == 0 : strcmp(v->name, name) == 0;
}

static const char *defined_value(void *ctx, const char *name)
{
    struct lookup *l = ctx;
    const struct environment_value *found = NULL;
    for (size_t i = 0; i < l->environment->count; i++)
        if (l->environment->items[i].state != ENVIRONMENT_ABSENT && may_define(&l->environment->items[i], name))
            found = &l->environment->items[i];
    if (!found) /* the kubelet leaves the $(NAME) of what is nowhere */
        return NULL;
    l->secret = l->secret || found->secret;
    l->state = found->state != ENVIRONMENT_KNOWN ? found->state : l->state;
    return found->value;
}

static void add_literal(struct reader *r, const char *name, const char *text, const char *pointer)
{
    struct lookup lookup = { .environment = r->out, .state = ENVIRONMENT_KNOWN };
    AUTO_STR expanded = expansion_fill(text, defined_value, &lookup);
    AUTO_STR given = given_words(r, r->object, pointer);
    bool known = lookup.state == ENVIRONMENT_KNOWN;
    struct environment_value *v = add(r, name);
    v->from = given ? STEAL(&given) : xstrdup("literal");
    v->written = !known || strcmp(expanded, text) != 0 ? xstrdup(text) : NULL;
    v->where = manifest_where(r->object, pointer);
    v->secret = lookup.secret;
    v->state = lookup.state;
    v->value = known ? STEAL(&expanded) : NULL;
}

static void add_at_start(struct reader *r, const char *name, const char *what, const char *entry, const char *pointer)
{
    AUTO_STR at = xasprintf("%s%s", entry, pointer);
    struct environment_value *v = add(r, name);
    v->from = xasprintf("%s %s", what, doc_text(r->object->tree, at));
    v->where = manifest_where(r->object, at);
    v->state = ENVIRONMENT_AT_START;
}

static void add_entry(struct reader *r, const char *entry)
{
    static const char field[] = "/valueFrom/fieldRef/fieldPath", resource[] = "/valueFrom/resourceFieldRef/resource";
    const json_t *tree = doc_get(r->object->tree, entry);
    const char *name = doc_text(tree, "/name"), *text = doc_text(tree, "/value");
    AUTO_STR literal = xasprintf("%s/value", entry);
    AUTO_STR map = xasprintf("%s/valueFrom/configMapKeyRef", entry);
    AUTO_STR secret = xasprintf("%s/valueFrom/secretKeyRef", entry);
    if (!name)
        return;
    if (text && *text)
        add_literal(r, name, text, literal);
    else if (doc_text(tree, field))
        add_at_start(r, name, "field", entry, field);
    else if (doc_text(tree, resource))
        add_at_start(r, name, "resource", entry, resource);
    else if (doc_is_object(doc_get(r->object->tree, map)))
        add_key_reference(r, name, false, map);
    else if (doc_is_object(doc_get(r->object->tree, secret)))
        add_key_reference(r, name, true, secret);
    else
        add_literal(r, name, "", literal);
}

/* ---------------------------------------------------------------- containers */

static void read_env_from(struct reader *r, const char *entry)
{
    AUTO_STR map = xasprintf("%s/configMapRef", entry);
    AUTO_STR secret = xasprintf("%s/secretRef", entry);
    const char *prefix = doc_text(doc_get(r->object->tree, entry), "/prefix");
    prefix = prefix ? prefix : "";
    if (doc_is_object(doc_get(r->object->tree, map)))
        add_all_keys(r, false, prefix, map);
    else if (doc_is_object(doc_get(r->object->tree, secret)))
        add_all_keys(r, true, prefix, secret);
}

/* What is absent sets nothing, and so takes no other's place. */
static void choose_winners(struct environment *e)
{
    for (size_t i = 0; i < e->count; i++) {
        e->items[i].wins = e->items[i].state != ENVIRONMENT_ABSENT;
        for (size_t j = 0; e->items[i].wins && j < i; j++)
            if (strcmp(e->items[j].name, e->items[i].name) == 0)
                e->items[j].wins = false;
    }
}

static void read_container(struct reader *r, const char *container)
{
    const json_t *tree = doc_get(r->object->tree, container);
    const char *name = doc_text(tree, "/name");
    *r->out = (struct environment){ .object = r->object,
                                    .container = xstrdup(name ? name : ""),
                                    .is_init = strstr(container, "/initContainers/") != NULL };
    for (size_t i = 0; i < doc_count(doc_get(tree, "/envFrom")); i++) {
        AUTO_STR entry = xasprintf("%s/envFrom/%zu", container, i);
        read_env_from(r, entry);
    }
    for (size_t i = 0; i < doc_count(doc_get(tree, "/env")); i++) {
        AUTO_STR entry = xasprintf("%s/env/%zu", container, i);
        add_entry(r, entry);
    }
    choose_winners(r->out);
}

void environments_read(const struct manifest_set *set, const struct variable_uses *uses,
                       const struct environment_cluster *cluster, struct environments *out)
{
    struct reader r = { .set = set, .uses = uses, .cluster = cluster };
    for (size_t i = 0; i < set->count; i++) {
        AUTO(strv) containers = { 0 };
        r.object = &set->objects[i];
        pod_containers(r.object, &containers);
        for (size_t c = 0; c < containers.count; c++) {
            out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
            r.out = &out->items[out->count++];
            read_container(&r, containers.items[c]);
        }
    }
}

void environments_release(struct environments *e)
{
    for (size_t i = 0; i < e->count; i++) {
        for (size_t j = 0; j < e->items[i].count; j++) {
            free(e->items[i].items[j].name);
            free(e->items[i].items[j].value);
            free(e->items[i].items[j].written);
            free(e->items[i].items[j].from);
            free(e->items[i].items[j].where);
        }
        free(e->items[i].items);
        free(e->items[i].container);
    }
    free(e->items);
    *e = (struct environments){ 0 };
}
