#include "http/head.h"

#include <string.h>

#include "base/limits.h"
#include "base/num.h"

static const char NO_STATUS_LINE[] = "it does not begin with a status line";

struct err *http_head_refuse(struct http_response *response, const char *what)
{
    response->failure = HTTP_NOT_HTTP;
    return err_cause(err_new(RW9003_SOCKET, "the answer is not HTTP"), "%s", what);
}

struct err *http_head_find(const struct buf *raw, struct http_response *response, size_t *head_len)
{
    const char *end_mark = raw->len ? memmem(raw->bytes, raw->len, "\r\n\r\n", 4) : NULL;
    *head_len = end_mark ? (size_t)(end_mark - raw->bytes) + 4 : 0;
    if (!end_mark && raw->len >= 5 && memcmp(raw->bytes, "HTTP/", 5) != 0)
        return http_head_refuse(response, NO_STATUS_LINE);
    return NULL;
}

struct err *http_head_read(const struct buf *raw, size_t head_len, struct http_response *response)
{
    AUTO(buf) head = BUF_INIT(2 * LIMIT_HTTP_HEAD);
    buf_add(&head, raw->bytes, head_len);
    size_t used = 0;
    const char *line;
    size_t len;
    int64_t status;
    if (!buf_line(&head, &used, &line, &len) || len < 12 || memcmp(line, "HTTP/1.", 7) != 0)
        return http_head_refuse(response, NO_STATUS_LINE);
    char digits[4] = { line[9], line[10], line[11], 0 };
    if (!num_i64(digits, 100, 999, &status))
        return http_head_refuse(response, "its status is not a number");
    response->status = (int)status;
    while (buf_line(&head, &used, &line, &len) && len > 0)
        strv_add_take(&response->headers, xstrndup(line, len));
    return NULL;
}
