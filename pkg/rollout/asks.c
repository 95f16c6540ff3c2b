#include "rollout/asks.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

#define INSUFFICIENT "Insufficient "

/* A port has a number or a name. */
static char *port_of(const json_t *check)
{
    const json_t *port = doc_key(check, "port");
    const char *name = doc_text(port, "");
    return name ? xstrdup(name) : doc_dump(port);
}

static char *command_of(const json_t *exec)
{
    AUTO(strv) words = { 0 };
    size_t i;
    const json_t *word;
    DOC_EACH_ITEM (doc_key(exec, "command"), i, word)
        strv_add(&words, doc_text(word, "") ? doc_text(word, "") : "?");
    AUTO_STR command = strv_join(&words, " ");
    return xasprintf("exec %s", command);
}

char *asks_probe(const json_t *probe)
{
    static const struct {
        const char *key, *word;
    } ports[] = { { "tcpSocket", "TCP" }, { "grpc", "gRPC" } };
    const json_t *get = doc_key(probe, "httpGet");
    if (doc_key(probe, "exec"))
        return command_of(doc_key(probe, "exec"));
    if (get) {
        AUTO_STR port = port_of(get);
        return xasprintf("GET %s on port %s", doc_text(get, "/path") ? doc_text(get, "/path") : "/", port);
    }
    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        if (doc_key(probe, ports[i].key)) {
            AUTO_STR port = port_of(doc_key(probe, ports[i].key));
            return xasprintf("%s port %s", ports[i].word, port);
        }
    }
    return NULL;
}

/* "cpu 2 + 500m"; NULL: no container requests it. */
static char *requests_of(const json_t *pod, const char *resource)
{
    AUTO(strv) amounts = { 0 };
    size_t i;
    const json_t *container;
    DOC_EACH_ITEM (doc_get(pod, "/spec/containers"), i, container) {
        const json_t *amount = doc_key(doc_get(container, "/resources/requests"), resource);
        if (amount)
            strv_add_take(&amounts, doc_text(amount, "") ? xstrdup(doc_text(amount, "")) : doc_dump(amount));
    }
    AUTO_STR sum = strv_join(&amounts, " + ");
    return amounts.count > 0 ? xasprintf("%s %s", resource, sum) : NULL;
}

char *asks_resources(const json_t *pod, const char *words)
{
    AUTO(strv) asked = { 0 };
    for (const char *at = words; at && (at = strstr(at, INSUFFICIENT)) != NULL;) {
        at += strlen(INSUFFICIENT);
        size_t len = strcspn(at, " ,");
        while (len > 0 && at[len - 1] == '.')
            len--;
        AUTO_STR resource = xstrndup(at, len);
        AUTO_STR requests = requests_of(pod, resource);
        if (requests && !strv_has(&asked, requests))
            strv_add(&asked, requests);
    }
    return asked.count > 0 ? strv_join(&asked, ", ") : NULL;
}
