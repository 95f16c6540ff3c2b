#include <stdlib.h>
#include <string.h>

#include "fake/check.h"
#include "tar/tar.h"

/* "a layer, a layer, a layer" by gzip -n9 and zstd -19. */
static const char text[] = "a layer, a layer, a layer";
static const unsigned char by_gzip[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b,
                                         0x54, 0xc8, 0x49, 0xac, 0x4c, 0x2d, 0xd2, 0x51, 0x48, 0x44, 0x63,
                                         0x00, 0x00, 0x43, 0x7f, 0xf5, 0x8b, 0x19, 0x00, 0x00, 0x00 };
static const unsigned char by_zstd[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68, 0x7d, 0x00, 0x00, 0x48,
                                         0x61, 0x20, 0x6c, 0x61, 0x79, 0x65, 0x72, 0x2c, 0x20, 0x01,
                                         0x00, 0x44, 0xca, 0x11, 0xa5, 0x17, 0x55, 0x9e };

/* A stream in pieces of some bytes, which may fail at its end. */
struct stream {
    const char *at;
    size_t left;
    size_t piece;
    bool fails;
};

static struct err *pull(void *ctx, const void **bytes, size_t *len)
{
    struct stream *s = ctx;
    if (s->left == 0 && s->fails)
        return err_new(RW3104_ENGINE_GONE, "the stream ended");
    *bytes = s->at;
    *len = s->piece < s->left ? s->piece : s->left;
    s->at += *len;
    s->left -= *len;
    return NULL;
}

static struct err *read_all(struct stream s, struct buf *out)
{
    AUTO_PTR(tar_plain) p = NULL;
    const void *bytes = NULL;
    size_t len = 1;
    *out = BUF_INIT(1024);
    check_ok(tar_plain_new(pull, &s, &p));
    while (len > 0) {
        TRY(tar_plain_read(p, &bytes, &len));
        buf_add(out, bytes, len);
    }
    return NULL;
}

static void test_compressed_or_not(void **state)
{
    (void)state;
    const struct stream streams[] = { { text, sizeof text - 1, 1, false },
                                      { (const char *)by_gzip, sizeof by_gzip, 7, false },
                                      { (const char *)by_zstd, sizeof by_zstd, 1000, false } };
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        AUTO(buf) found = { 0 };
        check_ok(read_all(streams[i], &found));
        assert_string_equal(buf_text(&found), text);
    }
}

static void test_a_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t len = 12; len < sizeof by_gzip - 8; len++) { /* libarchive leaves gzip's last 8 bytes unread */
        AUTO(buf) found = { 0 };
        const struct stream s = { (const char *)by_gzip, len, 5, false };
        check_error(read_all(s, &found), RW4201_IMAGE_STREAM);
    }
}

static void test_an_error_of_the_stream_comes_back(void **state)
{
    (void)state;
    AUTO(buf) found = { 0 };
    const struct stream s = { (const char *)by_gzip, 20, 5, true };
    check_error(read_all(s, &found), RW3104_ENGINE_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compressed_or_not),
        cmocka_unit_test(test_a_cut_at_every_byte),
        cmocka_unit_test(test_an_error_of_the_stream_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
