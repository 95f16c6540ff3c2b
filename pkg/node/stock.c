#include "node/stock.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "doc/doc.h"

static const char ARRIVED[] = "arrived ";

static void image_release(struct stock_image *image)
{
    free(image->digest);
    strv_release(&image->names);
}

void stock_release(struct stock *s)
{
    for (size_t i = 0; i < s->count; i++)
        image_release(&s->items[i]);
    free(s->items);
    *s = (struct stock){ 0 };
}

static void add_names(const json_t *list, struct strv *names)
{
    size_t i;
    const json_t *each;
    DOC_EACH_ITEM (list, i, each)
        if (doc_text(each, ""))
            strv_add(names, doc_text(each, ""));
}

/* CRI is protobuf in JSON: a size of 64 bits is a text. */
static uint64_t size_of(const json_t *tree)
{
    int64_t size = doc_i64(tree, "/size", 0);
    const char *text = doc_text(tree, "/size");
    return (text && !num_i64(text, 0, INT64_MAX, &size)) || size < 0 ? 0 : (uint64_t)size;
}

static void read_image(const json_t *tree, struct stock_image *out)
{
    out->digest = xstrdup(doc_text(tree, "/id"));
    out->size = size_of(tree);
    out->is_pinned = doc_bool(tree, "/pinned", false);
    add_names(doc_get(tree, "/repoTags"), &out->names);
    add_names(doc_get(tree, "/repoDigests"), &out->names);
}

/* "<seconds>.<3 digits> <digest>". */
static void read_arrival(char *line, struct stock *stock)
{
    char *blank = strchr(line, ' '), *dot = strchr(line, '.');
    int64_t seconds, rest;
    if (!blank || !dot || dot > blank)
        return;
    *blank = *dot = '\0';
    if (!num_i64(line, 0, INT64_MAX / 1000 - 1, &seconds) || !num_i64(dot + 1, 0, 999, &rest))
        return;
    for (size_t i = 0; i < stock->count; i++)
        if (str_eq(stock->items[i].digest, blank + 1))
            stock->items[i].arrived_ms = seconds * 1000 + rest;
}

static void read_arrivals(const char *text, const char *end, struct stock *stock)
{
    while (text < end) {
        size_t len = strcspn(text, "\n");
        AUTO_STR line = xstrndup(text + strlen(ARRIVED), len - strlen(ARRIVED));
        read_arrival(line, stock);
        text += len + 1;
    }
}

static struct err *read_images(const json_t *tree, struct stock *stock)
{
    const json_t *list = doc_get(tree, "/images"), *each;
    size_t i;
    if (!doc_is_array(list) && !doc_is_null(list))
        return err_new(RW4003_NODE_FAILED, "no list of images");
    stock->items = xcalloc(doc_count(list) + 1, sizeof *stock->items);
    DOC_EACH_ITEM (list, i, each) {
        read_image(each, &stock->items[stock->count++]);
        if (!stock->items[stock->count - 1].digest)
            return err_new(RW4003_NODE_FAILED, "an image without an id");
    }
    return NULL;
}

static struct err *parse(const char *text, size_t len, const char *node, struct stock *out)
{
    DOC_AUTO tree = NULL;
    const char *json = text;
    while (str_starts(json, ARRIVED) && strchr(json, '\n'))
        json = strchr(json, '\n') + 1;
    TRY(doc_parse_json(json, len - (size_t)(json - text), node, &tree));
    TRY(read_images(tree, out));
    read_arrivals(text, json, out);
    return NULL;
}

struct err *stock_parse(const char *text, size_t len, const char *node, struct stock *out)
{
    AUTO(stock) stock = { 0 };
    struct err *e = parse(text, len, node, &stock);
    if (e)
        return err_because(RW4003_NODE_FAILED, e, "node %s does not tell which images it has", node);
    *out = stock;
    stock = (struct stock){ 0 };
    return NULL;
}
