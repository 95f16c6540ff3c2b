#include "release/removal.h"

#include "manifest/set.h"

const char *removal_option(const char *kind)
{
    static const struct {
        const char *kind, *option;
    } rows[] = {
        { "PersistentVolumeClaim", "--volumes" },
        { "Namespace", "--namespaces" },
        { "CustomResourceDefinition", "--definitions" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (str_eq(rows[i].kind, kind))
            return rows[i].option;
    return NULL;
}

static size_t rank_of(const json_t *object)
{
    const char *kind = doc_text(object, "/kind");
    return manifest_rank(kind ? kind : "");
}

static size_t highest_rank(const json_t *objects)
{
    size_t highest = 0, i;
    json_t *each;
    DOC_EACH_ITEM (objects, i, each)
        highest = rank_of(each) > highest ? rank_of(each) : highest;
    return highest;
}

json_t *removal_order(const json_t *objects)
{
    json_t *out = doc_array();
    for (size_t rank = highest_rank(objects) + 1; rank > 0; rank--) {
        size_t i;
        json_t *each;
        DOC_EACH_ITEM (objects, i, each)
            if (rank_of(each) == rank - 1)
                doc_append(out, doc_ref(each));
    }
    return out;
}
