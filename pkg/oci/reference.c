#include "oci/reference.h"

#include <stdlib.h>
#include <string.h>

enum { DIGEST_HEX = 64, DIGEST_PREFIX = 7 }; /* "sha256:" */

static const char lower_and_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

bool oci_is_digest(const char *s)
{
    if (!s || !str_starts(s, "sha256:"))
        return false;
    const char *hex = s + DIGEST_PREFIX;
    return strlen(hex) == DIGEST_HEX && strspn(hex, "0123456789abcdef") == DIGEST_HEX;
}

static struct err *invalid(const char *text, const char *why)
{
    return err_cause(err_new(RW5001_OBJECT_INVALID, "\"%.100s\" is no image name", text), "%s", why);
}

/* One component of a path: letters and digits, with '.', '_', '__' or dashes between them. */
static bool is_component(const char *s, size_t len)
{
    if (len == 0 || !strchr(lower_and_digits, s[0]) || !strchr(lower_and_digits, s[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!s[i] || !(strchr(lower_and_digits, s[i]) || strchr("._-", s[i])))
            return false;
        if (s[i] == '.' && (s[i + 1] == '.' || s[i + 1] == '_' || s[i + 1] == '-'))
            return false;
    }
    return true;
}

static bool is_path(const char *path)
{
    for (const char *at = path;; at++) {
        size_t len = strcspn(at, "/");
        if (!is_component(at, len))
            return false;
        at += len;
        if (!*at)
            return true;
    }
}

static bool is_tag(const char *tag)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t len = strlen(tag);
    return len > 0 && len <= OCI_TAG_MAX && tag[0] != '.' && tag[0] != '-' && strspn(tag, allowed) == len;
}

static bool is_domain(const char *domain)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]";
    return *domain && domain[0] != '-' && domain[0] != '.' && strspn(domain, allowed) == strlen(domain);
}

/* Cuts rest at its last part that begins with mark, behind the last slash, and moves that out. */
static char *cut_behind(char *rest, char mark)
{
    char *slash = strrchr(rest, '/');
    char *at = strchr(slash ? slash : rest, mark);
    if (!at)
        return NULL;
    *at = '\0';
    return xstrdup(at + 1);
}

static void split_domain(const char *name, struct oci_ref *out)
{
    const char *slash = strchr(name, '/');
    size_t first = slash ? (size_t)(slash - name) : 0;
    AUTO_STR head = xstrndup(name, first);
    bool has_domain = slash && (strpbrk(head, ".:") || strcmp(head, "localhost") == 0);
    out->domain = xstrdup(has_domain ? head : "docker.io");
    if (strcmp(out->domain, "index.docker.io") == 0)
        str_set(&out->domain, "docker.io");
    const char *path = has_domain ? slash + 1 : name;
    bool is_official = strcmp(out->domain, "docker.io") == 0 && !strchr(path, '/');
    out->path = is_official ? xasprintf("library/%s", path) : xstrdup(path);
}

static struct err *check(const char *text, const struct oci_ref *r)
{
    if (r->digest && !oci_is_digest(r->digest))
        return invalid(text, "its digest is not sha256: and 64 hex digits");
    if (r->tag && !is_tag(r->tag))
        return invalid(text, "its tag may hold letters, digits, '_', '.', '-', at most 128 of them");
    if (!is_domain(r->domain))
        return invalid(text, "its registry is not a host name");
    if (!is_path(r->path))
        return invalid(text, "its path may hold lower-case letters and digits, with '.', '_' or '-' between them");
    return NULL;
}

struct err *oci_ref_parse(const char *text, struct oci_ref *out)
{
    if (strlen(text) > OCI_REFERENCE_MAX)
        return invalid(text, "it is too long");
    AUTO(oci_ref) r = { 0 };
    AUTO_STR rest = xstrdup(text);
    r.digest = cut_behind(rest, '@');
    r.tag = cut_behind(rest, ':');
    split_domain(rest, &r);
    TRY(check(text, &r));
    *out = r;
    r = (struct oci_ref){ 0 };
    return NULL;
}

void oci_ref_release(struct oci_ref *r)
{
    free(r->domain);
    free(r->path);
    free(r->tag);
    free(r->digest);
    *r = (struct oci_ref){ 0 };
}

static char *with_ending(const char *name, const struct oci_ref *r)
{
    const char *tag = r->tag ? r->tag : r->digest ? NULL : "latest";
    return xasprintf("%s%s%s%s%s", name, tag ? ":" : "", tag ? tag : "", r->digest ? "@" : "",
                     r->digest ? r->digest : "");
}

char *oci_ref_full(const struct oci_ref *r)
{
    AUTO_STR name = xasprintf("%s/%s", r->domain, r->path);
    return with_ending(name, r);
}

char *oci_ref_familiar(const struct oci_ref *r)
{
    if (strcmp(r->domain, "docker.io") != 0)
        return oci_ref_full(r);
    bool is_official = str_starts(r->path, "library/") && !strchr(r->path + strlen("library/"), '/');
    return with_ending(is_official ? r->path + strlen("library/") : r->path, r);
}

struct err *oci_full_name(const char *text, char **out)
{
    AUTO(oci_ref) r = { 0 };
    TRY(oci_ref_parse(text, &r));
    *out = oci_ref_full(&r);
    return NULL;
}

struct err *oci_familiar_name(const char *text, char **out)
{
    AUTO(oci_ref) r = { 0 };
    TRY(oci_ref_parse(text, &r));
    *out = oci_ref_familiar(&r);
    return NULL;
}

char *oci_registry(const char *text)
{
    AUTO(oci_ref) r = { 0 };
    struct err *e = oci_ref_parse(text, &r);
    if (e) {
        err_ignore(e, "what is no reference names no registry");
        return NULL;
    }
    return strcmp(r.domain, "docker.io") == 0 ? NULL : STEAL(&r.domain);
}

bool oci_registry_is_loopback(const char *registry)
{
    AUTO_STR host = xstrndup(registry, strcspn(registry, ":"));
    return strcmp(host, "localhost") == 0 || (str_starts(host, "127.") && strspn(host, "0123456789.") == strlen(host));
}

struct err *oci_content_name(const char *image, const char *config_digest, char **out)
{
    AUTO(oci_ref) r = { 0 };
    TRY(oci_ref_parse(image, &r));
    if (!oci_is_digest(config_digest))
        return invalid(image, "its config digest is not sha256: and 64 hex digits");
    const char *tag = r.tag ? r.tag : "latest";
    int kept = (int)(OCI_TAG_MAX - OCI_CONTENT_HEX - 1);
    char *longer = xasprintf("%.*s-%.*s", kept, tag, (int)OCI_CONTENT_HEX, config_digest + DIGEST_PREFIX);
    free(r.tag);
    r.tag = longer;
    str_set(&r.digest, NULL);
    *out = oci_ref_familiar(&r);
    return NULL;
}
