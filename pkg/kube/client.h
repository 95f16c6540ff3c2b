/* client: one API server.
 *
 * A client is used by one thread at a time; work side by side has a client each (kube_again, crew.h). It keeps its
 * connections and what discovery told. Every call ends at its own time limit (KUBE_CALL_MS for one
 * request), or with RW9009_INTERRUPTED when the token given to kube_open is requested.
 *
 * Requests are repeated, since all that we send may be: 0.25 s doubling with jitter up to 2 s. After 429, 502,
 * 503, 504 (and 500 of a read or an apply that is not a verdict on the object) at most 5 tries within 60 s.
 * A server that has answered once and is then lost (a failed connect, a reset before the answer) is waited for
 * as long as outage.h says, and what it answers while it starts, 401 and 403 among it, is not taken for its
 * word. Retry-After is honoured up to 30 s. Each repeat is told through kube_on_notice.
 *
 * Errors of every call below, besides those it names:
 *   RW5103_CLUSTER_UNREACHABLE  refused, no route, time limit, an answer that is cut, overload
 *   RW5102_WRONG_CLUSTER        somebody else's certificate answers there
 *   RW5104_CLUSTER_REFUSED      401, 403, a 500 that does not pass
 *   RW5105_CLUSTER_PROTOCOL     an answer that is not what an API server says
 *   RW5001_OBJECT_INVALID       a name with '/' or the like, which can't be part of an API path
 */
#ifndef KUBE_CLIENT_H
#define KUBE_CLIENT_H

#include "base/cancel.h"
#include "base/strv.h"
#include "doc/tree.h"
#include "kube/config.h"

struct kube_client;

/* kube_is_forbidden: is the error, of a call below that reads, that this user has no right to it (403)? NULL: no. */
bool kube_is_forbidden(const struct err *e);

#define KUBE_CALL_MS 40000 /* the server itself gives up an apply after 34 s */

/* kube_open: connects and asks /version, so that a wrong address, certificate or credential is
 * told here and not in the middle of an apply. cancel (may be NULL) is borrowed for the client's
 * life. */
struct err *kube_open(const struct kube_config *config, const struct cancel *cancel, struct kube_client **out) MUST_USE;
void kube_client_free(struct kube_client *c);
DEFINE_FREEP(kube_client)

/* kube_again: a further client of the same server, for another thread, with c's notices and c's login: what renews the
 * one renews the other. Nothing is asked yet. It knows what c has discovered by now. c has to outlive it, and is used
 * by nobody else meanwhile. */
struct kube_client *kube_again(const struct kube_client *c) MUST_USE;

/* kube_on_notice: tell is called with one line for each repeat and for each new `Warning` header
 * (a deprecated API, a policy). */
void kube_on_notice(struct kube_client *c, void (*tell)(void *ctx, const char *line), void *ctx);

/* kube_force_conflicts: from now on kube_apply takes fields over from their owners. */
void kube_force_conflicts(struct kube_client *c);

/* An object's identity; borrowed strings. namespace is NULL for cluster-wide objects. */
struct kube_id {
    const char *api_version; /* "apps/v1" */
    const char *kind;        /* "Deployment" */
    const char *namespace;
    const char *name;
};

/* kube_id_of: borrows from the object; missing parts are NULL. */
struct kube_id kube_id_of(const json_t *object);

/* kube_id_text: "Deployment shop/api", "Namespace shop". Owned. */
char *kube_id_text(struct kube_id id) MUST_USE;

/* kube_kind_find: what the server calls a kind. The built-in kinds are a table; others are looked
 * up with the server once. RW5001_OBJECT_INVALID for a kind it does not know, with the nearest
 * that it does. */
struct kube_kind {
    const char *plural; /* valid while the client lives */
    bool namespaced;
};
struct err *kube_kind_find(struct kube_client *c, const char *api_version, const char *kind,
                           struct kube_kind *out) MUST_USE;

/* kube_group_version: the apiVersion under which the server has a kind of this group ("" is the core
 * group), owned: the table's, else the one that the server prefers. NULL: it does not know the kind. */
struct err *kube_group_version(struct kube_client *c, const char *group, const char *kind, char **api_version) MUST_USE;

/* kube_get: the object, owned, or NULL when it (or its namespace, or its kind) is not there. */
struct err *kube_get(struct kube_client *c, struct kube_id id, json_t **out) MUST_USE;

/* kube_list: an owned array of the objects of a kind. namespace NULL: of all. Each object carries
 * its apiVersion and kind, which the server leaves out of lists. */
struct err *kube_list(struct kube_client *c, const char *api_version, const char *kind, const char *namespace,
                      json_t **out) MUST_USE;

/* kube_list_labelled: the same of those objects of a collection (an id without a name) that a label
 * selector chooses: "rwml/workspace", "a=b,c". */
struct err *kube_list_labelled(struct kube_client *c, struct kube_id collection, const char *selector,
                               json_t **out) MUST_USE;

/* kube_list_pages: as kube_list, in pages of KUBE_PAGE objects at most, so that a large collection is never in memory
 * as a whole: take is called with each, borrowed; its error ends it and is returned. *whole false: it took so long that
 * the server has forgotten what it had begun with; the pages that were taken are true. */
#define KUBE_PAGE 500
struct err *kube_list_pages(struct kube_client *c, struct kube_id collection,
                            struct err *(*take)(void *ctx, json_t *items), void *ctx, bool *whole) MUST_USE;

/* kube_delete: in the foreground: what it owns goes first. uid (may be NULL) is a precondition, so
 * that an object of the same name made meanwhile is left alone. *gone is true when it was not there. */
struct err *kube_delete(struct kube_client *c, struct kube_id id, const char *uid, bool *gone) MUST_USE;

/* kube_wait_gone: until the object with this uid is no longer there; RW9007_DEADLINE. */
struct err *kube_wait_gone(struct kube_client *c, struct kube_id id, const char *uid, int64_t deadline_ms) MUST_USE;

/* One that is being deleted is RW5401_OBJECT_REJECTED; one that is not there is remembered, see kube_apply, until a
 * namespace is made. One that this user may not read counts as there: whoever has rights in one namespace need not have
 * that one, and the first object that goes into it tells. */
struct err *kube_namespace_exists(struct kube_client *c, const char *name, bool *out) MUST_USE;
/* kube_namespace_ensure: *created tells whether it had to be made. */
struct err *kube_namespace_ensure(struct kube_client *c, const char *name, bool *created) MUST_USE;

#endif
