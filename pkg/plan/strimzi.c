#include "plan/strimzi.h"

#include <string.h>

/* The newest first: an object is listed in every version that is served. */
static const char *const VERSIONS[] = { "kafka.strimzi.io/v1", "kafka.strimzi.io/v1beta2" };

static bool is_absent(const struct err *e)
{
    return err_get_code(e) == RW5001_OBJECT_INVALID || err_get_code(e) == RW5104_CLUSTER_REFUSED;
}

struct err *strimzi_kafkas(struct kube_client *c, json_t **out)
{
    for (size_t i = 0; i < COUNT_OF(VERSIONS); i++) {
        struct err *e = kube_list(c, VERSIONS[i], "Kafka", NULL, out);
        if (!e || !is_absent(e))
            return e;
        err_ignore(e, "the server does not know the kind in this version, or keeps it from us");
    }
    *out = doc_array();
    return NULL;
}

/* cluster-ip is for one Service for each broker, inside the cluster, too. */
static bool is_open(const json_t *listener)
{
    const char *type = doc_text(listener, "/type");
    return (str_eq(type, "internal") || str_eq(type, "cluster-ip")) && !doc_bool(listener, "/tls", false) &&
           !doc_key(listener, "authentication");
}

/* NULL: the operator has not told it (yet). */
static const char *address_of(const json_t *kafka, const char *listener)
{
    const json_t *told = doc_find(doc_get(kafka, "/status/listeners"), "/name", listener);
    return doc_text(told, "/bootstrapServers");
}

static void add_kafka(const json_t *kafka, struct strv *addresses, struct strv *notes)
{
    AUTO_STR name = kube_id_text(kube_id_of(kafka));
    size_t i, open = 0;
    const json_t *listener;
    DOC_EACH_ITEM (doc_get(kafka, "/spec/kafka/listeners"), i, listener) {
        const char *address = is_open(listener) ? address_of(kafka, doc_text(listener, "/name")) : NULL;
        open += is_open(listener);
        if (address) {
            strv_add(addresses, address);
            return;
        }
    }
    strv_addf(notes, "%s %s", name,
              open ? "tells no address yet" : "has no listener inside the cluster without TLS and login");
}

void strimzi_add_addresses(const json_t *kafkas, struct strv *addresses, struct strv *notes)
{
    size_t i;
    const json_t *kafka;
    DOC_EACH_ITEM (kafkas, i, kafka)
        add_kafka(kafka, addresses, notes);
}
