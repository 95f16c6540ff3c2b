#include "flow/brought.h"

#include <stdlib.h>
#include <string.h>

#include "oci/reference.h"

static void image_release(struct brought_image *image)
{
    free(image->reference);
    free(image->name);
    free(image->full_name);
    free(image->digest);
    free(image->other_name);
    strv_release(&image->nodes);
    strv_release(&image->reasons);
}

void brought_release(struct brought *b)
{
    for (size_t i = 0; i < b->count; i++)
        image_release(&b->items[i]);
    free(b->items);
    *b = (struct brought){ 0 };
}

/* Owned; NULL for what is no image's name. */
static char *full_form(const char *name)
{
    char *full = NULL;
    err_ignore(oci_full_name(name, &full), "what is no name is the name of nothing");
    return full;
}

static char *content_form(const char *reference, const char *digest)
{
    char *content = NULL;
    err_ignore(oci_content_name(reference, digest, &content), "what has no content name was not brought");
    return content;
}

/* The name (in full form) is the reference itself, or its content name for that digest. */
static bool is_name_of(const char *name, const char *reference, const char *digest)
{
    AUTO_STR full = full_form(reference);
    AUTO_STR content = content_form(reference, digest);
    AUTO_STR full_content = content ? full_form(content) : NULL;
    return str_eq(name, full) || str_eq(name, full_content);
}

static const char *foreign_name(const struct stock_image *image, const struct strv *known)
{
    for (size_t i = 0; i < image->names.count; i++) {
        bool is_ours = false;
        for (size_t j = 0; j < known->count && !is_ours; j++)
            is_ours = is_name_of(image->names.items[i], known->items[j], image->digest);
        if (!is_ours)
            return image->names.items[i];
    }
    return NULL;
}

static struct brought_image *find_or_add(struct brought *b, const char *reference, const char *full_name,
                                         const char *digest)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->items[i].full_name, full_name) == 0 && strcmp(b->items[i].digest, digest) == 0)
            return &b->items[i];
    b->items = xrealloc(b->items, b->count + 1, sizeof *b->items);
    struct brought_image *image = &b->items[b->count++];
    *image = (struct brought_image){ .reference = xstrdup(reference),
                                     .name = content_form(reference, digest),
                                     .full_name = xstrdup(full_name),
                                     .digest = xstrdup(digest) };
    return image;
}

/* What one node tells of one image, for one reference. */
static void add(struct brought *b, const char *node, const struct stock_image *image, const char *reference,
                const struct strv *known)
{
    AUTO_STR content = content_form(reference, image->digest);
    AUTO_STR full = content ? full_form(content) : NULL;
    if (!full || !strv_has(&image->names, full))
        return;
    struct brought_image *found = find_or_add(b, reference, full, image->digest);
    strv_add(&found->nodes, node);
    found->size = image->size;
    if (image->arrived_ms > found->arrived_ms)
        found->arrived_ms = image->arrived_ms;
    const char *other = foreign_name(image, known);
    if (other)
        str_set(&found->other_name, other);
    found->is_pinned = found->is_pinned || image->is_pinned;
}

static bool means(const struct shelves *shelves, const char *full_reference, const char *digest)
{
    for (size_t i = 0; i < shelves->count; i++) {
        const struct stock *stock = &shelves->items[i].stock;
        for (size_t j = 0; j < stock->count; j++)
            if (strcmp(stock->items[j].digest, digest) == 0 && strv_has(&stock->items[j].names, full_reference))
                return true;
    }
    return false;
}

static int newest_first(const void *a, const void *b)
{
    const struct brought_image *left = a, *right = b;
    if (left->arrived_ms != right->arrived_ms)
        return left->arrived_ms < right->arrived_ms ? 1 : -1;
    return strcmp(left->name, right->name);
}

static void find_of(const struct shelves *shelves, const struct strv *known, const char *reference, struct brought *out)
{
    size_t from = out->count;
    AUTO_STR full = full_form(reference);
    for (size_t i = 0; full && i < shelves->count; i++) {
        const struct shelf *shelf = &shelves->items[i];
        for (size_t j = 0; j < shelf->stock.count; j++)
            add(out, shelf->node->name, &shelf->stock.items[j], reference, known);
    }
    for (size_t i = from; i < out->count; i++)
        out->items[i].is_current = means(shelves, full, out->items[i].digest);
    if (out->count > from)
        qsort(out->items + from, out->count - from, sizeof *out->items, newest_first);
}

void brought_find(const struct shelves *shelves, const struct strv *known, const struct strv *references,
                  struct brought *out)
{
    for (size_t i = 0; i < references->count; i++)
        find_of(shelves, known, references->items[i], out);
}

/* By its name, or by its id, in whatever form: 64 digits are nobody else's. */
static bool is_use_of(const struct image_use *use, const struct brought_image *image)
{
    if (strstr(use->image, strchr(image->digest, ':') + 1))
        return true;
    AUTO_STR name = xstrndup(use->image, strcspn(use->image, "@")); /* a manifest's digest proves nothing here */
    AUTO_STR full = full_form(name);
    return str_eq(full, image->full_name);
}

static void add_users(struct brought_image *image, const struct image_uses *uses)
{
    for (size_t i = 0; i < uses->count; i++) {
        AUTO_STR reason = xasprintf("used by %s", uses->items[i].by);
        if (is_use_of(&uses->items[i], image) && !strv_has(&image->reasons, reason))
            strv_add(&image->reasons, reason);
    }
}

static void judge(struct brought_image *image, const struct image_uses *uses, bool is_new)
{
    if (image->is_current)
        strv_addf(&image->reasons, "%s now", image->reference);
    if (!image->arrived_ms)
        strv_add(&image->reasons, "no node tells when it came");
    else if (is_new)
        strv_add(&image->reasons, "one of the newest");
    if (image->other_name)
        strv_addf(&image->reasons, "also called %s", image->other_name);
    if (image->is_pinned)
        strv_add(&image->reasons, "pinned");
    add_users(image, uses);
}

void brought_judge(struct brought *b, const struct image_uses *uses, size_t keep)
{
    size_t place = 0;
    for (size_t i = 0; i < b->count; i++) {
        bool is_next = i > 0 && strcmp(b->items[i].reference, b->items[i - 1].reference) == 0;
        place = is_next ? place + 1 : 0;
        judge(&b->items[i], uses, place < keep);
    }
}
