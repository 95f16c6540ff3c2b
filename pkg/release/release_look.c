#include <stdlib.h>
#include <string.h>

#include "kube/crew.h"
#include "release/release.h"

/* So many objects of one kind in one namespace are asked for by one list; for fewer the list, which has others'
 * objects, too, may cost more than they do. */
enum { LISTED_FROM = 12 };

/* One object that is looked at. */
struct look {
    struct looking *looking;
    struct release_object *object;
    json_t *live; /* owned; what a list had of it */
    bool is_known;
    bool is_done;
};

struct looking {
    struct release *release;
    struct err *(*look)(struct kube_client *kube, struct release *r, struct release_object *o, const json_t *live);
    struct look *looks; /* by kind, namespace and name */
    size_t count;
    size_t from, to; /* those of the list that is read */
    struct err *errors;
};

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_collections(struct kube_id a, struct kube_id b)
{
    int order = compare_texts(a.api_version, b.api_version);
    order = order ? order : compare_texts(a.kind, b.kind);
    return order ? order : compare_texts(a.namespace, b.namespace);
}

static int compare_looks(const void *a, const void *b)
{
    struct kube_id x = ((const struct look *)a)->object->id, y = ((const struct look *)b)->object->id;
    int order = compare_collections(x, y);
    return order ? order : compare_texts(x.name, y.name);
}

static size_t end_of_collection(const struct looking *l, size_t from)
{
    size_t to = from + 1;
    while (to < l->count && compare_collections(l->looks[to].object->id, l->looks[from].object->id) == 0)
        to++;
    return to;
}

/* For a crew. */
static struct err *look_at(struct kube_client *kube, void *item)
{
    struct look *k = *(struct look **)item;
    if (!k->is_known)
        TRY(kube_get(kube, k->object->id, &k->live));
    k->is_done = true;
    struct err *e = k->looking->look(kube, k->looking->release, k->object, k->live);
    doc_unrefp(&k->live);
    return e;
}

/* Those of a range that are not done yet; known_alone: of them those that a list had. */
static struct err *look_at_range(struct looking *l, size_t from, size_t to, bool known_alone)
{
    struct look **chosen = xcalloc(to - from + 1, sizeof(struct look *));
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        if (!l->looks[i].is_done && (l->looks[i].is_known || !known_alone))
            chosen[count++] = &l->looks[i];
    const struct kube_crew work = { .items = chosen, .count = count, .size = sizeof(struct look *), .run = look_at };
    struct err *e = kube_crew(l->release->kube, &work);
    free(chosen);
    return e;
}

static struct look *find(const struct looking *l, const char *name)
{
    struct release_object object = { .id = l->looks[l->from].object->id };
    object.id.name = name;
    const struct look wanted = { .object = &object };
    return bsearch(&wanted, l->looks + l->from, l->to - l->from, sizeof wanted, compare_looks);
}

/* One page of a list. Errors about single objects are kept, so that the others are looked at, too. */
static struct err *take_page(void *ctx, json_t *items)
{
    struct looking *l = ctx;
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (items, i, item) {
        const char *name = doc_text(item, "/metadata/name");
        struct look *k = name ? find(l, name) : NULL;
        if (!k || k->is_known)
            continue;
        k->live = doc_ref(item);
        k->is_known = true;
    }
    struct err *e = look_at_range(l, l->from, l->to, true);
    if (kube_meets_all(e))
        return e;
    l->errors = err_join(l->errors, e);
    return NULL;
}

static struct err *read_list(struct looking *l, size_t from, size_t to)
{
    struct kube_id collection = l->looks[from].object->id;
    bool whole;
    collection.name = NULL;
    l->from = from;
    l->to = to;
    struct err *e = kube_list_pages(l->release->kube, collection, take_page, l, &whole);
    if (e && err_get_code(e) == RW5104_CLUSTER_REFUSED) {
        err_ignore(e, "who may not list them may perhaps read each");
        return NULL;
    }
    TRY(e);
    for (size_t i = from; whole && i < to; i++)
        l->looks[i].is_known = true;
    return NULL;
}

static struct err *read_lists(struct looking *l)
{
    for (size_t from = 0, to; from < l->count; from = to) {
        to = end_of_collection(l, from);
        if (to - from >= LISTED_FROM)
            TRY(read_list(l, from, to));
    }
    return NULL;
}

struct err *release_look(struct release *r, struct err *(*look)(struct kube_client *kube, struct release *r,
                                                                struct release_object *o, const json_t *live))
{
    struct looking l = { .release = r, .look = look };
    l.looks = xcalloc(r->count + 1, sizeof *l.looks);
    for (size_t i = 0; i < r->count; i++)
        if (!r->objects[i].definition)
            l.looks[l.count++] = (struct look){ .looking = &l, .object = &r->objects[i] };
    qsort(l.looks, l.count, sizeof *l.looks, compare_looks);
    struct err *e = read_lists(&l);
    if (!e)
        e = look_at_range(&l, 0, l.count, false);
    for (size_t i = 0; i < l.count; i++)
        doc_unref(l.looks[i].live);
    free(l.looks);
    return err_join(l.errors, e);
}
