#include "kustomize/name_hash.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "digest/digest.h"

/* Go's encoding/json: <, > and & are escaped for HTML, and so are the line breaks of JavaScript. */
static void add_text(struct buf *b, const char *text)
{
    static const char shorts[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    size_t len = strlen(text);
    uint32_t code;
    buf_adds(b, "\"");
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_next(text + i, len - i, &code);
        if (n == 0)
            BUG("a text in a tree is not UTF-8");
        const char *known = code < 0x80 ? strchr(shorts, (int)code) : NULL;
        if (known)
            buf_addf(b, "\\%c", letters[known - shorts]);
        else if (code < 0x20 || strchr("<>&", (int)(code < 0x80 ? code : ' ')) || code == 0x2028 || code == 0x2029)
            buf_addf(b, "\\u%04" PRIx32, code);
        else
            buf_add(b, text + i, n);
    }
    buf_adds(b, "\"");
}

/* Keys in the order of their bytes. What a merge took over from a file is text by then, too. */
static void add_pairs(struct buf *b, const json_t *object)
{
    AUTO(strv) keys = { 0 };
    const char *key;
    json_t *value;
    DOC_EACH_KEY (object, key, value)
        strv_add(&keys, key);
    strv_sort(&keys);
    buf_adds(b, "{");
    for (size_t i = 0; i < keys.count; i++) {
        const char *text = doc_text(doc_key(object, keys.items[i]), "");
        buf_adds(b, i ? "," : "");
        add_text(b, keys.items[i]);
        buf_adds(b, ":");
        add_text(b, text ? text : "");
    }
    buf_adds(b, "}");
}

/* An object without data has an empty text there. */
static void add_data(struct buf *b, const json_t *object)
{
    const json_t *data = doc_key(object, "data");
    if (data)
        add_pairs(b, data);
    else
        add_text(b, "");
}

static void add_object(struct buf *b, const json_t *object)
{
    const json_t *binary = doc_key(object, "binaryData");
    const char *kind = doc_text(object, "/kind"), *type = doc_text(object, "/type");
    bool secret = str_eq(kind, "Secret");
    buf_adds(b, "{");
    if (binary && !secret) {
        buf_adds(b, "\"binaryData\":");
        add_pairs(b, binary);
        buf_adds(b, ",");
    }
    buf_adds(b, "\"data\":");
    add_data(b, object);
    buf_adds(b, ",\"kind\":");
    add_text(b, kind);
    buf_adds(b, ",\"name\":\"\""); /* kustomize looks for a key "metadata/name", which no object has */
    if (secret) {
        buf_adds(b, ",\"type\":");
        add_text(b, type ? type : "");
    }
    buf_adds(b, "}");
}

struct err *name_hash(const json_t *object, char out[NAME_HASH_ROOM])
{
    static const char digits[] = "013ae", instead[] = "ghkmt";
    AUTO(buf) json = BUF_INIT(SIZE_MAX);
    char digest[DIGEST_ROOM];
    add_object(&json, object);
    TRY(digest_of(buf_text(&json), json.len, digest));
    const char *hex = digest + strlen("sha256:");
    for (size_t i = 0; i < NAME_HASH_ROOM - 1; i++) {
        const char *known = strchr(digits, hex[i]);
        out[i] = known ? instead[known - digits] : hex[i];
    }
    out[NAME_HASH_ROOM - 1] = '\0';
    return NULL;
}
