#include "node/holdings.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "oci/reference.h"

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const struct holding *)a)->digest, ((const struct holding *)b)->digest);
}

static int by_text(const void *key, const void *item)
{
    return strcmp(key, *(char *const *)item);
}

static struct holding *find(const struct holdings *h, const char *digest)
{
    struct holding key = { .digest = (char *)(uintptr_t)digest };
    return h->blob_count > 0 ? bsearch(&key, h->blobs, h->blob_count, sizeof *h->blobs, by_digest) : NULL;
}

/* "12 sha256:…" into a size of a blob that is there. */
static void read_size(struct holdings *h, const char *text)
{
    size_t len = strcspn(text, " ");
    AUTO_STR number = xstrndup(text, len);
    int64_t size = 0;
    struct holding *found = find(h, text[len] ? text + len + 1 : "");
    if (found && num_i64(number, 0, INT64_MAX, &size))
        found->size = (uint64_t)size;
}

static void add_blob(struct holdings *h, const char *digest)
{
    enum { STEP = 64 };
    if (h->blob_count % STEP == 0)
        h->blobs = xrealloc(h->blobs, h->blob_count + STEP, sizeof *h->blobs);
    h->blobs[h->blob_count++] = (struct holding){ .digest = xstrdup(digest) };
}

/* Calls take with what is behind the word in each line that begins with it. */
static void each_line(const char *text, const char *word, void (*take)(struct holdings *h, const char *rest),
                      struct holdings *h)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (strncmp(text, word, strlen(word)) == 0) {
            AUTO_STR rest = xstrndup(text + strlen(word), len - strlen(word));
            take(h, rest);
        }
        text += text[len] ? len + 1 : len;
    }
}

static void take_snapshot(struct holdings *h, const char *chain)
{
    if (oci_is_digest(chain))
        strv_add(&h->snapshots, chain);
}

static void take_blob(struct holdings *h, const char *digest)
{
    if (oci_is_digest(digest))
        add_blob(h, digest);
}

void holdings_parse(const char *text, struct holdings *out)
{
    each_line(text, "snapshot ", take_snapshot, out);
    each_line(text, "blob ", take_blob, out);
    strv_sort(&out->snapshots);
    if (out->blob_count > 0)
        qsort(out->blobs, out->blob_count, sizeof *out->blobs, by_digest);
    each_line(text, "size ", read_size, out);
}

void holdings_release(struct holdings *h)
{
    for (size_t i = 0; i < h->blob_count; i++)
        free(h->blobs[i].digest);
    free(h->blobs);
    strv_release(&h->snapshots);
    *h = (struct holdings){ 0 };
}

size_t holdings_leading(const struct holdings *h, const struct strv *chain_ids)
{
    size_t count = 0;
    while (
        count < chain_ids->count && h->snapshots.count > 0 &&
        bsearch(chain_ids->items[count], h->snapshots.items, h->snapshots.count, sizeof *h->snapshots.items, by_text))
        count++;
    return count;
}

const struct holding *holdings_blob(const struct holdings *h, const char *digest)
{
    return find(h, digest);
}
