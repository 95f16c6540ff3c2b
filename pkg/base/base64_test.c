#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

#include "fake/check.h"

static void expect_decoded(const char *text, const char *want)
{
    AUTO(buf) out = BUF_INIT(16);
    bool ok = base64_decode(text, &out);
    if (ok != (want != NULL) || (want && strcmp(buf_text(&out), want) != 0))
        fail_msg("%s", text);
}

static void test_decode(void **state)
{
    (void)state;
    expect_decoded("", "");
    expect_decoded("YQ==", "a");
    expect_decoded("YWI=", "ab");
    expect_decoded("YW\nJj \r\n", "abc");
    expect_decoded("YQ=", NULL);
    expect_decoded("YQ==YQ==", NULL);
    expect_decoded("Y===", NULL);
    expect_decoded("=QQQ", NULL);
    expect_decoded("Y-_Q", NULL);
    expect_decoded("YWFhYWFhYWFhYWFhYWFhYWFh", NULL); /* 18 bytes into 16 */
}

static void expect_encoded(const char *bytes, size_t len, const char *want)
{
    AUTO_STR text = base64url_encode(bytes, len);
    assert_string_equal(text, want);
}

/* RFC 4648, section 10, and the two digits in which this alphabet differs from the other one. */
static void test_encode(void **state)
{
    (void)state;
    expect_encoded("", 0, "");
    expect_encoded("f", 1, "Zg==");
    expect_encoded("fo", 2, "Zm8=");
    expect_encoded("foo", 3, "Zm9v");
    expect_encoded("foob", 4, "Zm9vYg==");
    expect_encoded("fooba", 5, "Zm9vYmE=");
    expect_encoded("foobar", 6, "Zm9vYmFy");
    expect_encoded("\xfb\xff", 2, "-_8=");
    expect_encoded("\xfb\xef\xbe", 3, "----");
    expect_encoded("\xff\xff\xff", 3, "____");
    expect_encoded("\0\0\0\0", 4, "AAAAAA==");
}

static void test_encode_in_the_standard_alphabet(void **state)
{
    (void)state;
    AUTO_STR digits = base64_encode("\xfb\xef\xff", 3);
    AUTO_STR padded = base64_encode("fo", 2);
    assert_string_equal(digits, "++//");
    assert_string_equal(padded, "Zm8=");
}

/* In text without those two digits both alphabets are the same. */
static void test_decode_is_the_way_back(void **state)
{
    (void)state;
    static const char text[] = "{\"username\":\"0123456789abcdef\"}";
    for (size_t len = 0; len < sizeof text; len++) {
        AUTO(buf) back = BUF_INIT(sizeof text);
        AUTO_STR encoded = base64url_encode(text, len);
        assert_true(base64_decode(encoded, &back));
        assert_int_equal(back.len, len);
        assert_int_equal(strncmp(buf_text(&back), text, len), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_in_the_standard_alphabet),
        cmocka_unit_test(test_decode_is_the_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
