/* common: what a client has in common with those that were made from it (kube_again), whichever thread uses them:
 * one login, one memory of what the server gave, one telling of its warnings. For pkg/kube only.
 *
 * Every function may be called by any thread. */
#ifndef KUBE_COMMON_H
#define KUBE_COMMON_H

#include <pthread.h>

#include "http/client.h"
#include "kube/config.h"
#include "kube/outage.h"

struct kube_common {
    pthread_mutex_t lock;      /* over all that follows */
    struct kube_config config; /* our own: what logs in may change */
    unsigned logins;           /* how often it has */
    struct strv warned;        /* Warning headers that were told already */
    struct strv absent;        /* namespaces that were not there when last asked for */
    struct kube_outage outage;
};

/* kube_common_new: a copy of the config; owned by the first client. */
struct kube_common *kube_common_new(const struct kube_config *config) MUST_USE;
void kube_common_free(struct kube_common *s);

/* kube_common_log_in: before a request: logs in where the credentials have expired, and has *http use what it or
 * another client has logged in with; *http NULL: makes it. *login is the number of the login that *http uses.
 * kube_common_log_in_again: in any case, after the 401 to a request of the login `refused`; where there has been
 * another since, the request has only to be made again. *changed false: there is nothing else to try.
 * While a credential plugin runs the others wait, so that it runs once. RW5101_KUBECONFIG, RW5106_CREDENTIAL_PLUGIN. */
struct err *kube_common_log_in(struct kube_common *s, const struct cancel *cancel, struct http_client **http,
                               unsigned *login) MUST_USE;
struct err *kube_common_log_in_again(struct kube_common *s, const struct cancel *cancel, struct http_client **http,
                                     unsigned *login, unsigned refused, bool *changed) MUST_USE;

/* kube_common_is_news: true: nobody has told this warning yet; it counts as told from now on. */
bool kube_common_is_news(struct kube_common *s, const char *warning);

/* kube_common_set_absent: a namespace was found missing. kube_common_is_absent: it was, and none has been made since;
 * kube_common_namespace_made: one may have been. */
void kube_common_set_absent(struct kube_common *s, const char *namespace);
bool kube_common_is_absent(struct kube_common *s, const char *namespace);
void kube_common_namespace_made(struct kube_common *s);

/* See outage.h; now. */
void kube_common_lost(struct kube_common *s);
bool kube_common_lost_lately(struct kube_common *s);
void kube_common_served(struct kube_common *s, const char *what);
bool kube_common_excuses(struct kube_common *s, const char *what) MUST_USE;

#endif
