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

static void add_blob(struct holdings *h, const char *digest, uint64_t size)
{
    enum { STEP = 64 };
    if (h->blob_count % STEP == 0)
        h->blobs = xrealloc(h->blobs, h->blob_count + STEP, sizeof *h->blobs);
    h->blobs[h->blob_count++] = (struct holding){ .digest = xstrdup(digest), .size = size };
}

/* "size 12 sha256:…" */
static void take_blob(struct holdings *h, const char *line)
{
    static const char word[] = "size ";
    const char *text = line + strlen(word);
    if (!str_starts(line, word))
        return;
    size_t len = strcspn(text, " ");
    AUTO_STR number = xstrndup(text, len);
    int64_t size = 0;
    if (text[len] && oci_is_digest(text + len + 1) && num_i64(number, 0, INT64_MAX, &size))
        add_blob(h, text + len + 1, (uint64_t)size);
}

/* "sha256:…   sha256:…   Committed", as ctr writes it, the parent left out at the base. */
static void take_snapshot(struct holdings *h, const char *line)
{
    size_t end = strlen(line);
    while (end > 0 && line[end - 1] == ' ')
        end--;
    AUTO_STR key = xstrndup(line, strcspn(line, " "));
    AUTO_STR all = xstrndup(line, end);
    if (oci_is_digest(key) && str_ends(all, " Committed"))
        strv_add(&h->snapshots, key);
}

void holdings_parse(const char *text, struct holdings *out)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        AUTO_STR line = xstrndup(text, len);
        take_snapshot(out, line);
        take_blob(out, line);
        text += text[len] ? len + 1 : len;
    }
    strv_sort(&out->snapshots);
    if (out->blob_count > 0)
        qsort(out->blobs, out->blob_count, sizeof *out->blobs, by_digest);
}

void holdings_release(struct holdings *h)
{
    for (size_t i = 0; i < h->blob_count; i++)
        free(h->blobs[i].digest);
    free(h->blobs);
    strv_release(&h->snapshots);
    *h = (struct holdings){ 0 };
}

bool holdings_has_chain(const struct holdings *h, const char *chain_id)
{
    return h->snapshots.count > 0 &&
           bsearch(chain_id, h->snapshots.items, h->snapshots.count, sizeof *h->snapshots.items, by_text);
}

size_t holdings_leading(const struct holdings *h, const struct strv *chain_ids)
{
    size_t count = 0;
    while (count < chain_ids->count && holdings_has_chain(h, chain_ids->items[count]))
        count++;
    return count;
}

const struct holding *holdings_blob(const struct holdings *h, const char *digest)
{
    return find(h, digest);
}
