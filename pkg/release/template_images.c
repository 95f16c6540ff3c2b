#include "release/template_images.h"

#include <string.h>

#include "base/clock.h"
#include "node/stock.h"
#include "oci/reference.h"

enum { ASK_MS = 60 * 1000 };

static bool is_content_of(const char *image, const char *reference)
{
    size_t len = strlen(reference);
    const char *rest = strncmp(image, reference, len) == 0 ? image + len : "";
    return *rest == '-' && strlen(rest) == 1 + OCI_CONTENT_HEX &&
           strspn(rest + 1, "0123456789abcdef") == OCI_CONTENT_HEX;
}

bool template_images_brought(const struct workspace *w, const char *image)
{
    AUTO_STR registry = oci_registry(image);
    for (size_t i = 0; !registry && i < w->service_count; i++)
        for (size_t k = 0; k < w->services[i].image_count; k++)
            if (is_content_of(image, w->services[i].images[k].reference))
                return true;
    return false;
}

static void add_brought(const struct workspace *w, const json_t *containers, struct strv *out)
{
    size_t i;
    json_t *each;
    DOC_EACH_ITEM (containers, i, each) {
        const char *image = doc_text(each, "/image");
        if (image && template_images_brought(w, image) && !strv_has(out, image))
            strv_add(out, image);
    }
}

static bool has_name(const struct stock *stock, const char *full_name)
{
    for (size_t i = 0; i < stock->count; i++)
        if (strv_has(&stock->items[i].names, full_name))
            return true;
    return false;
}

static struct err *check_image(struct shelves *shelves, const char *what, const char *image)
{
    AUTO_STR full_name = NULL;
    AUTO(strv) lacking = { 0 };
    TRY(oci_full_name(image, &full_name));
    for (size_t i = 0; i < shelves->count; i++)
        if (!has_name(&shelves->items[i].stock, full_name))
            strv_add(&lacking, shelves->items[i].node->name);
    if (lacking.count == 0)
        return NULL;
    AUTO_STR nodes = strv_join(&lacking, ", ");
    struct err *e = err_new(RW4102_IMAGE_NOT_ON_NODE, "%s can't go back: %s is gone", what, image);
    e = err_cause(e, "missing on %s; rwml keeps the newest images of a service (--keep)", nodes);
    return err_at(e, "%s", what);
}

struct err *template_images_check(const struct target *target, const struct workspace *workspace,
                                  const struct cancel *cancel, const char *what, const json_t *template)
{
    AUTO(strv) images = { 0 };
    AUTO(shelves) shelves = { 0 };
    struct net_wait wait = { clock_after(ASK_MS), cancel };
    add_brought(workspace, doc_get(template, "/spec/containers"), &images);
    add_brought(workspace, doc_get(template, "/spec/initContainers"), &images);
    if (images.count == 0 || target->foreign)
        return NULL;
    TRY(shelves_open(target->engine, &target->nodes, wait, &shelves));
    TRY(shelves_error(&shelves, "tell their images"));
    for (size_t i = 0; i < images.count; i++)
        TRY(check_image(&shelves, what, images.items[i]));
    return NULL;
}
