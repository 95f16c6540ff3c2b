#include "kube/outage.h"

void kube_outage_release(struct kube_outage *o)
{
    doc_unref(o->served);
    doc_unref(o->refused);
    *o = (struct kube_outage){ 0 };
}

void kube_outage_lost(struct kube_outage *o, int64_t now_ms)
{
    o->lost_ms = now_ms;
}

bool kube_outage_is_near(const struct kube_outage *o, int64_t now_ms)
{
    return o->lost_ms && now_ms - o->lost_ms < KUBE_OUTAGE_MS;
}

static void note(json_t **notes, const char *what, json_t *value_steal)
{
    if (!*notes)
        *notes = doc_object();
    doc_set_key(*notes, what, value_steal);
}

void kube_outage_served(struct kube_outage *o, const char *what)
{
    if (!doc_key(o->served, what))
        note(&o->served, what, doc_boolean(true));
    if (doc_key(o->refused, what))
        note(&o->refused, what, doc_integer(0));
}

bool kube_outage_excuses(struct kube_outage *o, const char *what, int64_t now_ms)
{
    if (!doc_key(o->served, what) && !kube_outage_is_near(o, now_ms))
        return false;
    int64_t since_ms = doc_i64(doc_key(o->refused, what), "", 0);
    if (since_ms == 0 || since_ms < o->lost_ms) { /* an outage of its own */
        since_ms = now_ms;
        note(&o->refused, what, doc_integer(now_ms));
    }
    return now_ms - since_ms < KUBE_OUTAGE_MS;
}
