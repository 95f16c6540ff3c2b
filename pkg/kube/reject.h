/* reject: what an API server's refusal of an object says. For pkg/kube only; pure. */
#ifndef KUBE_REJECT_H
#define KUBE_REJECT_H

#include "base/strv.h"
#include "doc/tree.h"
#include "kube/client.h"

/* One refusal, in words for people. Zeroed is empty. */
struct kube_refusal {
    struct strv fields; /* the field paths it names, as the server writes them */
    struct strv lines;  /* one for each reason, at least one: ".spec.x: field not declared in schema" */
    struct strv owners; /* of a conflict: who owns the field, one for each of fields; else empty */
};

void kube_refusal_release(struct kube_refusal *r);

/* kube_refusal_read: from a Status (NULL when the answer is not JSON) and the answer's words. The
 * values of a Secret are taken out of the lines; values that are whole trees are left out. */
void kube_refusal_read(const json_t *object, const json_t *status, const char *words, struct kube_refusal *out);

/* kube_refusal_by_inherited: a conflict only with managers whose fields become rwml's (owners.h). */
bool kube_refusal_by_inherited(const struct kube_refusal *r);

/* kube_refusal_error: RW5409_CONFLICT or RW5401_OBJECT_REJECTED. live (may be NULL) is the object in
 * the cluster, for "you set 2, cluster has 5". */
struct err *kube_refusal_error(const struct kube_refusal *r, const json_t *object, const json_t *live,
                               int status) MUST_USE;

#endif
