#include "engine/call.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "doc/doc.h"

static char *user_name(uid_t uid)
{
    char room[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    return getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 && found ? xstrdup(found->pw_name)
                                                                            : xasprintf("%u", uid);
}

static char *group_name(gid_t gid)
{
    char room[4096];
    struct group entry;
    struct group *found = NULL;
    return getgrgid_r(gid, &entry, room, sizeof room, &found) == 0 && found ? xstrdup(found->gr_name)
                                                                            : xasprintf("%u", gid);
}

static struct err *not_permitted(const struct engine *e, struct err *out)
{
    struct stat st;
    struct err *unseen = fs_stat(AT_FDCWD, e->socket, true, &st);
    if (unseen) {
        err_ignore(unseen, "without permission for its folder the socket's owner stays unknown");
        return err_cause(out, "permission denied (EACCES): you are uid %u, who may not look into the socket's folder",
                         geteuid());
    }
    AUTO_STR owner = user_name(st.st_uid);
    AUTO_STR group = group_name(st.st_gid);
    out = err_cause(out, "permission denied (EACCES): you are uid %u, the socket is %s:%s %04o", geteuid(), owner,
                    group, st.st_mode & 07777);
    return err_next(out, "sudo usermod -aG %s $USER   (then log in again)", group);
}

struct err *engine_unreachable(const struct engine *e, struct err *inner)
{
    int number = err_errno(inner);
    struct err *out = err_because(RW3101_ENGINE_UNREACHABLE, inner, "cannot reach the Docker engine at %s", e->host);
    switch (number) {
    case ENOENT:
        out = err_cause(out, "there is no such socket (ENOENT): the engine is not running, or not installed");
        return err_next(out, "sudo systemctl start docker");
    case EACCES:
    case EPERM:
        return not_permitted(e, out);
    case ECONNREFUSED:
        out = err_cause(out, "nobody listens on the socket (ECONNREFUSED): it was left behind by an engine that ended");
        return err_next(out, "sudo systemctl restart docker");
    default:
        return out;
    }
}

struct err *engine_failure(const struct engine *e, const struct http_response *response, struct err *inner)
{
    if (!inner || err_get_code(inner) != RW9003_SOCKET)
        return inner;
    switch (response->failure) {
    case HTTP_CONNECT:
        return engine_unreachable(e, inner);
    case HTTP_CUT:
        return err_because(RW3104_ENGINE_GONE, inner, "the engine went away in the middle of an answer");
    case HTTP_NOT_HTTP:
        return err_because(RW3106_ENGINE_PROTOCOL, inner, "what answers at %s is not a Docker engine", e->host);
    case HTTP_ANSWERED:
    case HTTP_TLS:
    case HTTP_TLS_VERIFY:
    case HTTP_TOO_LARGE:
    case HTTP_ABANDONED:
        break;
    }
    return err_because(RW3106_ENGINE_PROTOCOL, inner, "the engine's answer cannot be used");
}

char *engine_says(const struct http_response *response)
{
    json_t *parsed = NULL;
    err_ignore(doc_parse_json(buf_text(&response->body), response->body.len, "the engine's answer", &parsed),
               "an error page that is no JSON is told by its status alone");
    DOC_AUTO tree = parsed;
    const char *message = doc_text(tree, "/message");
    if (message && *message)
        return xasprintf("%s (HTTP %d)", message, response->status);
    return xasprintf("HTTP %d without a message", response->status);
}

struct err *engine_refused(const struct http_response *response, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR what = xvasprintf(fmt, ap);
    va_end(ap);
    AUTO_STR says = engine_says(response);
    return err_cause(err_new(RW3103_ENGINE_REFUSED, "the engine refuses to %s", what), "%s", says);
}

struct err *engine_ask(struct engine *e, const char *method, const struct http_path *path, const json_t *body,
                       struct net_wait wait, struct http_response *response)
{
    AUTO_STR text = body ? doc_dump(body) : NULL;
    struct http_header type = { "Content-Type", "application/json" };
    struct http_request request = { .method = method,
                                    .path = path,
                                    .headers = &type,
                                    .header_count = text ? 1 : 0,
                                    .body = text,
                                    .body_len = text ? strlen(text) : 0,
                                    .wait = wait };
    return engine_failure(e, response, http_do(e->http, &request, response));
}

struct err *engine_tree(const struct http_response *response, json_t **out)
{
    struct err *e = doc_parse_json(buf_text(&response->body), response->body.len, "the engine's answer", out);
    return err_because(RW3106_ENGINE_PROTOCOL, e, "the engine's answer is not JSON");
}
