/* crew: one piece of work on each of many objects, side by side.
 *
 * A thread each with a client of its own (kube_again), KUBE_CREW of them at most: the API server answers several
 * requests at once, and one request after another mostly waits. A connection costs as much as a few requests
 * do, so the crew grows with the work: a few objects are dealt with by c alone, one after another.
 */
#ifndef KUBE_CREW_H
#define KUBE_CREW_H

#include "kube/client.h"

#define KUBE_CREW 8
#define KUBE_CREW_SHARE 8 /* objects for each of the crew, at least */

struct kube_crew {
    void *items;
    size_t count;
    size_t size; /* of one item */
    struct err *(*run)(struct kube_client *c, void *item);
    bool stops; /* no item is begun after any error; else only after one that says nothing about its item */
};

/* kube_crew: run for each item, in their order as far as one is begun before another. c is used meanwhile. Returns when
 * all have returned that were begun. The errors are joined in the order of the items. After one that would meet
 * every item (RW9009_INTERRUPTED, RW9007_DEADLINE, RW5101_KUBECONFIG, RW5102_WRONG_CLUSTER, RW5103_CLUSTER_UNREACHABLE,
 * RW5106_CREDENTIAL_PLUGIN) no other is begun, and it is told once. */
struct err *kube_crew(struct kube_client *c, const struct kube_crew *work) MUST_USE;

/* kube_meets_all: is it such an error, or is one among those that are joined with it? */
bool kube_meets_all(const struct err *e);

#endif
