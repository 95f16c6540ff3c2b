#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "engine/call.h"

static const char unix_scheme[] = "unix://";

static struct err *read_host(const char *docker_host, struct engine *e)
{
    e->host = xstrdup(docker_host && *docker_host ? docker_host : ENGINE_DEFAULT_HOST);
    if (str_starts(e->host, unix_scheme) && e->host[strlen(unix_scheme)] == '/') {
        e->socket = xstrdup(e->host + strlen(unix_scheme));
        return NULL;
    }
    const char *colon = strstr(e->host, "://");
    AUTO_STR scheme = colon ? xstrndup(e->host, (size_t)(colon - e->host)) : NULL;
    struct err *why = err_new(RW3102_ENGINE_SCHEME, "DOCKER_HOST %s cannot be used", e->host);
    if (!scheme)
        why = err_cause(why, "it has no scheme: a local engine is unix:///path/to/docker.sock");
    else if (strcmp(scheme, "unix") == 0)
        why = err_cause(why, "the socket's path is not absolute");
    else
        why = err_cause(why, "rwml reaches engines by unix:// only, not by %s://", scheme);
    return err_next(why, "unset DOCKER_HOST   (for the local engine)");
}

static struct err *connect_client(struct engine *e)
{
    struct http_endpoint endpoint = { .unix_socket = e->socket };
    return http_client_new(&endpoint, &e->http);
}

/* "1.41" as 1041; 0 when it is no version. */
static int64_t version_number(const char *text)
{
    const char *dot = strchr(text, '.');
    AUTO_STR major_text = dot ? xstrndup(text, (size_t)(dot - text)) : NULL;
    int64_t major = 0;
    int64_t minor = 0;
    if (!dot || !num_i64(major_text, 1, 1000, &major) || !num_i64(dot + 1, 0, 999, &minor))
        return 0;
    return major * 1000 + minor;
}

static struct err *ping(struct engine *e, const struct cancel *cancel)
{
    enum { FIRST_WITH_BUILDKIT = 1039 }; /* API of Docker 18.09 */
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/_ping");
    struct err *failed = engine_ask(e, "GET", &path, NULL, engine_call(cancel), &answer);
    if (failed && err_get_code(failed) == RW9007_DEADLINE) {
        failed = err_because(RW3101_ENGINE_UNREACHABLE, failed, "cannot reach the Docker engine at %s", e->host);
        failed = err_cause(failed, "it takes connections, but has answered nothing for %d s", ENGINE_CALL_MS / 1000);
        return err_next(failed, "sudo systemctl restart docker");
    }
    TRY(failed);
    const char *version = http_response_header(&answer, "Api-Version", 0);
    if (!version || !version_number(version)) {
        struct err *why = err_new(RW3106_ENGINE_PROTOCOL, "what answers at %s is not a Docker engine", e->host);
        return err_cause(why, "HTTP %d without an Api-Version", answer.status);
    }
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "answer");
    e->api_version = xstrdup(version);
    bool is_podman = http_response_header(&answer, "Libpod-API-Version", 0) != NULL;
    e->has_buildkit = !is_podman && version_number(version) >= FIRST_WITH_BUILDKIT;
    return NULL;
}

struct err *engine_open(const char *docker_host, const struct cancel *cancel, struct engine **out)
{
    AUTO_PTR(engine) e = xcalloc(1, sizeof *e);
    TRY(read_host(docker_host, e));
    TRY(connect_client(e));
    TRY(ping(e, cancel));
    *out = STEAL(&e);
    return NULL;
}

struct err *engine_again(const struct engine *e, struct engine **out)
{
    AUTO_PTR(engine) other = xcalloc(1, sizeof *other);
    other->host = xstrdup(e->host);
    other->socket = xstrdup(e->socket);
    other->api_version = xstrdup(e->api_version);
    other->has_buildkit = e->has_buildkit;
    TRY(connect_client(other));
    *out = STEAL(&other);
    return NULL;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    http_client_free(e->http);
    free(e->host);
    free(e->socket);
    free(e->api_version);
    free(e);
}

struct net_wait engine_call(const struct cancel *cancel)
{
    return (struct net_wait){ .deadline_ms = clock_after(ENGINE_CALL_MS), .cancel = cancel };
}

/* DriverStatus is a list of pairs; github.com/moby/moby daemon/containerd/service.go names the
 * image store there. */
static bool has_containerd_store(const json_t *info)
{
    const json_t *pairs = doc_get(info, "/DriverStatus");
    size_t i;
    json_t *pair;
    DOC_EACH_ITEM (pairs, i, pair)
        if (str_eq(doc_text(pair, "/0"), "driver-type") && str_eq(doc_text(pair, "/1"), "io.containerd.snapshotter.v1"))
            return true;
    return false;
}

struct err *engine_info(struct engine *e, struct net_wait wait, struct engine_info *out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/info");
    TRY(engine_ask(e, "GET", &path, NULL, wait, &answer));
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "tell about itself");
    DOC_AUTO info = NULL;
    TRY(engine_tree(&answer, &info));
    *out = (struct engine_info){ .server_version = xstrdup(doc_text(info, "/ServerVersion")),
                                 .operating_system = xstrdup(doc_text(info, "/OperatingSystem")),
                                 .architecture = xstrdup(doc_text(info, "/Architecture")),
                                 .name = xstrdup(doc_text(info, "/Name")),
                                 .containerd_store = has_containerd_store(info) };
    return NULL;
}

void engine_info_release(struct engine_info *i)
{
    free(i->server_version);
    free(i->operating_system);
    free(i->architecture);
    free(i->name);
    *i = (struct engine_info){ 0 };
}
