/* What a release changes, said beforehand. */
#include <string.h>

#include "kube/apply.h"
#include "release/release.h"

static const char STAGE[] = "diff";

enum { SHOWN_CHARACTERS = 160 }; /* of a value, in a line for people */

void release_compare(struct release_object *o, const json_t *before, const json_t *after, bool show_secrets)
{
    DOC_AUTO was = NULL;
    DOC_AUTO is = NULL;
    bool all = o->action != RELEASE_REPLACE;
    if (show_secrets) {
        was = doc_copy(before);
        is = doc_copy(after);
    } else {
        kube_masked(before, after, &was, &is);
    }
    kube_differences(was, is, all ? KUBE_COMPARE_ALL : KUBE_COMPARE_WANTED, &o->differences);
    if (all)
        rollout_restart_find(was, is, &o->differences, &o->restart);
    else
        o->restart.words = xstrdup("its pods stop, and it runs again");
}

/* ---------------------------------------------------------------- images that are not built */

static const struct job_image *unbuilt_image(const struct job *job, const char *name)
{
    for (size_t i = 0; i < job->image_count; i++)
        if (!job->images[i].config_digest && str_eq(job->images[i].content_name, name))
            return &job->images[i];
    return NULL;
}

static void leave_out(const struct job *job, const struct manifest_object *o, const char *list, const json_t *before)
{
    const json_t *live = doc_get(before, list);
    json_t *container;
    size_t i;
    DOC_EACH_ITEM (doc_get(o->tree, list), i, container) {
        const char *name = doc_text(container, "/name"), *image = doc_text(container, "/image");
        const char *runs = name ? doc_text(doc_find(live, "/name", name), "/image") : NULL;
        AUTO_STR prefix = xasprintf("%s-", image ? image : "");
        if (runs && unbuilt_image(job, image) && str_starts(runs, prefix))
            doc_set_text(container, "/image", runs);
    }
}

void release_leave_out_images(const struct release *r, const struct manifest_object *o, const json_t *before)
{
    const char *pod = manifest_pod_pointer(o);
    if (!pod)
        return;
    AUTO_STR containers = xasprintf("%s/containers", pod);
    AUTO_STR init = xasprintf("%s/initContainers", pod);
    leave_out(r->job, o, containers, before);
    leave_out(r->job, o, init, before);
}

/* ---------------------------------------------------------------- told */

static char *restart_text(const struct rollout_restart *restart)
{
    if (!restart->field)
        return xstrdup(restart->words);
    if (!restart->more)
        return xasprintf("%s, since %s changes", restart->words, restart->field);
    return xasprintf("%s, since %s and %zu more change", restart->words, restart->field, restart->more);
}

void release_tell_restarts(const struct release *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct release_object *o = &r->objects[i];
        if (!o->restart.field || !manifest_pod_pointer(o->object))
            continue;
        AUTO_STR name = kube_id_text(o->id);
        AUTO_STR restart = restart_text(&o->restart);
        job_tell(r->job, UI_NOTE, "deploy", -1, "%s: %s", name, restart);
    }
}

static const char *would_be(enum release_action action)
{
    switch (action) {
    case RELEASE_KEEP:
        return "is unchanged";
    case RELEASE_CREATE:
        return "would be created";
    case RELEASE_CHANGE:
        return "would be changed";
    case RELEASE_REPLACE:
        return "would be replaced";
    }
    return "unknown";
}

/* As people write it: texts bare, the rest as JSON, neither too long for a line. */
static char *shown_value(const json_t *value)
{
    if (!value)
        return xstrdup("nothing");
    AUTO_STR text = doc_text(value, "") ? xstrdup(doc_text(value, "")) : doc_dump(value);
    size_t cut = SHOWN_CHARACTERS;
    if (strlen(text) <= cut)
        return *text ? STEAL(&text) : xstrdup("\"\"");
    while (cut && ((unsigned char)text[cut] & 0xC0) == 0x80)
        cut--;
    return xasprintf("%.*s…", (int)cut, text);
}

static void tell_difference(const struct release *r, const struct release_object *o, const struct kube_difference *d)
{
    AUTO_STR name = kube_id_text(o->id);
    AUTO_STR old = shown_value(d->before);
    AUTO_STR new = shown_value(d->after);
    AUTO_STR pointer = doc_pointer_of_field(o->object->tree, d->field);
    AUTO_STR where = manifest_where(o->object, pointer);
    json_t *fields = doc_object();
    doc_set_key(fields, "object", doc_string(name));
    doc_set_key(fields, "field", doc_string(d->field));
    doc_set_key(fields, "before", d->before ? doc_copy(d->before) : doc_null());
    doc_set_key(fields, "after", d->after ? doc_copy(d->after) : doc_null());
    doc_set_key(fields, "where", doc_string(where));
    job_tell_with(r->job, UI_RESULT, STAGE, -1, fields, "  %s: %s -> %s", d->field, old, new);
}

static void tell_object(const struct release *r, const struct release_object *o)
{
    AUTO_STR name = kube_id_text(o->id);
    AUTO_STR restart = o->restart.words ? restart_text(&o->restart) : NULL;
    bool taken_over = o->action == RELEASE_CHANGE && o->differences.count == 0;
    json_t *fields = doc_object();
    doc_set_key(fields, "object", doc_string(name));
    doc_set_key(fields, "action", doc_string(release_action_word(o->action)));
    doc_set_key(fields, "restart", o->restart.words ? doc_string(o->restart.words) : doc_null());
    doc_set_key(fields, "restart_field", o->restart.field ? doc_string(o->restart.field) : doc_null());
    job_tell_with(r->job, UI_RESULT, STAGE, -1, fields, "%s %s%s%s%s", name, would_be(o->action), restart ? ": " : "",
                  restart ? restart : "", taken_over ? ": no value differs, rwml becomes the fields' owner" : "");
    for (size_t i = 0; i < o->differences.count; i++)
        tell_difference(r, o, &o->differences.items[i]);
}

static void tell_leaving(const struct release *r, const json_t *member)
{
    AUTO_STR name = kube_id_text(kube_id_of(member));
    json_t *fields = doc_object();
    doc_set_key(fields, "object", doc_string(name));
    doc_set_key(fields, "action", doc_string("removed"));
    job_tell_with(r->job, UI_RESULT, STAGE, -1, fields, "%s would be removed, since it has left the manifests", name);
}

/* The list of what is the service's, which is rwml's own and counts as no object of the manifests. */
static void tell_parent(const struct release *r)
{
    AUTO_STR name = kube_id_text(service_set_id(&r->set.wanted));
    const char *action = r->set.is_there ? "changed" : "created";
    json_t *fields = doc_object();
    doc_set_key(fields, "object", doc_string(name));
    doc_set_key(fields, "action", doc_string(action));
    job_tell_with(r->job, UI_RESULT, STAGE, -1, fields, "%s would be %s: it says what is %s's", name, action,
                  r->set.wanted.service);
}

bool release_tell(const struct release *r)
{
    size_t written = r->new_namespaces.count;
    for (size_t i = 0; i < r->new_namespaces.count; i++)
        job_tell(r->job, UI_RESULT, STAGE, -1, "Namespace %s would be created", r->new_namespaces.items[i]);
    for (size_t i = 0; i < r->count; i++) {
        tell_object(r, &r->objects[i]);
        written += r->objects[i].action != RELEASE_KEEP;
    }
    if (release_set_writes(r))
        tell_parent(r);
    for (size_t i = 0; i < doc_count(r->leaving); i++)
        tell_leaving(r, doc_at(r->leaving, i));
    size_t all = r->count + r->new_namespaces.count, removed = doc_count(r->leaving);
    AUTO_STR going = removed ? xasprintf(", %zu would be removed", removed) : xstrdup("");
    json_t *fields = doc_object();
    doc_set_key(fields, "objects", doc_integer((int64_t)all));
    doc_set_key(fields, "written", doc_integer((int64_t)written));
    doc_set_key(fields, "removed", doc_integer((int64_t)removed));
    job_tell_with(r->job, UI_RESULT, STAGE, -1, fields, "%zu of %zu object%s would be written%s", written, all,
                  all == 1 ? "" : "s", going);
    return written > 0 || removed > 0 || release_set_writes(r);
}
