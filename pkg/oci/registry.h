/* registry: the endpoint's requests. Used within oci only. */
#ifndef OCI_REGISTRY_H
#define OCI_REGISTRY_H

#include <pthread.h>

#include "oci/uploads.h"

/* What the requests of one push share. */
struct registry {
    const struct oci_host *host;
    char *authority; /* "127.0.0.1:41234": the only Host */
    char *prefix;    /* "/v2/rwml-push/<token>/" */
    char *user;
    char *password;
    pthread_mutex_t lock; /* over what follows */
    struct upload *uploads;
    struct err *error; /* the first one, until it is fetched */
    bool has_failed;
    bool is_met;
};

/* registry_handle, registry_done: MHD_AccessHandlerCallback and MHD_RequestCompletedCallback, with
 * the registry as cls. Declared by what they are called with, so that <microhttpd.h> stays within. */
struct MHD_Connection;
int registry_handle(struct registry *r, struct MHD_Connection *c, const char *url, const char *method,
                    const char *upload_data, size_t *upload_data_size, void **request);
void registry_done(struct registry *r, void **request);

/* registry_fail: keeps the first error. */
void registry_fail(struct registry *r, struct err *e);

#endif
