#include "doc/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "doc/number.h"

static const char core_tag[] = "tag:yaml.org,2002:";
static const char loses[] = "is an integer that Kubernetes would read as another number";
static const char not_json[] = "is infinite or not a number, which JSON does not have";

struct word {
    const char *text;
    enum doc_kind kind;
    bool truth;
};

static const struct word words[] = {
    { "y", DOC_BOOLEAN, true },      { "Y", DOC_BOOLEAN, true },      { "yes", DOC_BOOLEAN, true },
    { "Yes", DOC_BOOLEAN, true },    { "YES", DOC_BOOLEAN, true },    { "true", DOC_BOOLEAN, true },
    { "True", DOC_BOOLEAN, true },   { "TRUE", DOC_BOOLEAN, true },   { "on", DOC_BOOLEAN, true },
    { "On", DOC_BOOLEAN, true },     { "ON", DOC_BOOLEAN, true },     { "n", DOC_BOOLEAN, false },
    { "N", DOC_BOOLEAN, false },     { "no", DOC_BOOLEAN, false },    { "No", DOC_BOOLEAN, false },
    { "NO", DOC_BOOLEAN, false },    { "false", DOC_BOOLEAN, false }, { "False", DOC_BOOLEAN, false },
    { "FALSE", DOC_BOOLEAN, false }, { "off", DOC_BOOLEAN, false },   { "Off", DOC_BOOLEAN, false },
    { "OFF", DOC_BOOLEAN, false },   { "", DOC_NULL, false },         { "~", DOC_NULL, false },
    { "null", DOC_NULL, false },     { "Null", DOC_NULL, false },     { "NULL", DOC_NULL, false },
};

static const char *const no_numbers[] = { ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                          "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF" };

static const char *skip_digits(const char *s)
{
    return s + strspn(s, "0123456789");
}

/* is_float: ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$ (resolve.go, yamlStyleFloat). */
static bool is_float(const char *s)
{
    s += *s == '-' || *s == '+';
    const char *whole = skip_digits(s);
    const char *end = *whole == '.' ? skip_digits(whole + 1) : whole;
    if (whole == s && end < s + 2)
        return false;
    if (*end == 'e' || *end == 'E') {
        end++;
        end += *end == '-' || *end == '+';
        if (skip_digits(end) == end)
            return false;
        end = skip_digits(end);
    }
    return *end == '\0';
}

enum int_result { NO_INT, INT_FITS, INT_TOO_LARGE };

/* digit_of: the value of a hexadecimal digit, or 16. */
static unsigned digit_of(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *found = strchr(digits, c);
    size_t at = found ? (size_t)(found - digits) : 16;
    return (unsigned)(found && at >= 16 ? at - 6 : at);
}

/* parse_base: digits of one base into a magnitude. */
static enum int_result parse_base(const char *digits, unsigned base, uint64_t *out)
{
    uint64_t sum = 0;
    bool large = false;
    for (; *digits; digits++) {
        unsigned digit = digit_of(*digits);
        if (digit >= base)
            return NO_INT;
        large = large || __builtin_mul_overflow(sum, base, &sum) || __builtin_add_overflow(sum, digit, &sum);
    }
    *out = sum;
    return large ? INT_TOO_LARGE : INT_FITS;
}

/* parse_int: strconv.ParseInt(s, 0, 64): 0x, 0b, 0o, and a leading 0 for octal. INT_TOO_LARGE:
 * an integer of Go that is no int64. */
static enum int_result parse_int(const char *s, int64_t *out)
{
    bool negative = *s == '-';
    bool has_sign = negative || *s == '+';
    s += has_sign;
    unsigned base = 10;
    if (*s == '\0')
        return NO_INT;
    if (*s == '0') {
        char mark = s[1] && s[2] ? (char)(s[1] | 0x20) : '\0';
        base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
        s += mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1;
    }
    uint64_t magnitude;
    enum int_result result = parse_base(s, base, &magnitude);
    if (result != INT_FITS)
        return NO_INT;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return has_sign ? NO_INT : INT_TOO_LARGE;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return INT_FITS;
}

/* Go writes a float without a fraction as an integer is written; above 2^53 that is another one than its value. */
static void set_real(double real, struct scalar *out)
{
    out->floating = true;
    out->real = real;
    out->kind = DOC_REAL;
    if (real == trunc(real) && fabs(real) <= 0x1p53) {
        out->kind = DOC_INTEGER;
        out->integer = (int64_t)real;
    }
}

/* set_float: out of range is no float for Go, and so a string. */
static void set_float(const char *text, struct scalar *out)
{
    double real = strtod(text, NULL);
    if (isfinite(real))
        set_real(real, out);
}

static char *without_underscores(const char *text)
{
    char *plain = xstrdup(text);
    char *to = plain;
    for (const char *s = text; *s; s++) {
        if (*s != '_')
            *to++ = *s;
    }
    *to = '\0';
    return plain;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* underscores_divide: each stands between two digits, as strconv.ParseFloat wants it. */
static bool underscores_divide(const char *text)
{
    for (const char *s = strchr(text, '_'); s; s = strchr(s + 1, '_')) {
        if (s == text || !is_digit(s[-1]) || !is_digit(s[1]))
            return false;
    }
    return true;
}

/* is_signed_binary: "0b-1", which Go's parser reads as -1. */
static bool is_signed_binary(const char *s)
{
    return str_starts(s, "0b") && (s[2] == '-' || s[2] == '+') && s[3] && strspn(s + 3, "01") == strlen(s + 3);
}

/* resolve_number: text that begins with a digit, a sign or a dot. */
static const char *resolve_number(const char *text, struct scalar *out)
{
    AUTO_STR plain = without_underscores(text);
    if (*text == '.') {
        if (is_float(plain) && underscores_divide(text))
            set_float(plain, out);
        return NULL;
    }
    switch (parse_int(plain, &out->integer)) {
    case INT_FITS:
        out->kind = DOC_INTEGER;
        return NULL;
    case INT_TOO_LARGE:
        return loses;
    case NO_INT:
        break;
    }
    if (is_signed_binary(plain))
        return loses;
    if (!is_float(plain))
        return NULL;
    if (!strpbrk(plain, ".eE"))
        return loses;
    set_float(plain, out);
    return NULL;
}

static const char *resolve_plain(const char *text, struct scalar *out)
{
    out->kind = DOC_STRING;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq(words[i].text, text)) {
            out->kind = words[i].kind;
            out->boolean = words[i].truth;
            return NULL;
        }
    }
    for (size_t i = 0; i < COUNT_OF(no_numbers); i++) {
        if (str_eq(no_numbers[i], text))
            return not_json;
    }
    return strchr("0123456789+-.", *text) ? resolve_number(text, out) : NULL;
}

const char *scalar_resolve(const char *tag, bool plain, const char *text, struct scalar *out)
{
    *out = (struct scalar){ .kind = DOC_STRING };
    if (!tag)
        return plain ? resolve_plain(text, out) : NULL;
    if (!str_starts(tag, core_tag))
        return NULL;
    const char *name = tag + sizeof core_tag - 1;
    if (str_eq(name, "str"))
        return NULL;
    bool fits = false;
    const char *refused = resolve_plain(text, out);
    if (str_eq(name, "int"))
        fits = out->kind == DOC_INTEGER && !out->floating;
    else if (str_eq(name, "float")) {
        fits = out->kind == DOC_INTEGER || out->kind == DOC_REAL;
        if (out->kind == DOC_INTEGER && !out->floating)
            set_real((double)out->integer, out);
    } else if (str_eq(name, "bool"))
        fits = out->kind == DOC_BOOLEAN;
    else if (str_eq(name, "null"))
        fits = out->kind == DOC_NULL;
    else
        return "has a tag that JSON has no type for";
    return refused ? refused : fits ? NULL : "does not fit its tag";
}

static const char *skip_digits_to(const char *s, size_t least, size_t most)
{
    size_t count = (size_t)(skip_digits(s) - s);
    return count >= least && count <= most ? s + count : NULL;
}

/* is_date: 2001-1-31 (v3's resolve.go, allowedTimestampFormats; those with a time come out as they stand). */
static bool is_date(const char *text)
{
    static const size_t most[] = { 4, 2, 2 };
    for (size_t i = 0; i < COUNT_OF(most); i++) {
        text = skip_digits_to(text, i == 0 ? 4 : 1, most[i]);
        if (!text || *text != (i + 1 < COUNT_OF(most) ? '-' : '\0'))
            return false;
        text += *text == '-';
    }
    return true;
}

const char *scalar_differs(const struct scalar *s, bool plain, const char *text)
{
    if (s->kind == DOC_BOOLEAN && !strchr("tTfF", *text))
        return "is a boolean for kubectl and a text for kustomize";
    if (s->kind == DOC_STRING && plain && is_date(text))
        return "is a text for kubectl and a point in time for kustomize";
    return NULL;
}

json_t *scalar_value(const struct scalar *s, const char *text, size_t len)
{
    switch (s->kind) {
    case DOC_INTEGER:
        return doc_integer(s->integer);
    case DOC_REAL:
        return doc_number(s->real);
    case DOC_BOOLEAN:
        return doc_boolean(s->boolean);
    case DOC_STRING:
        return doc_string_len(text, len);
    case DOC_NOTHING:
    case DOC_NULL:
    case DOC_OBJECT:
    case DOC_ARRAY:
        break;
    }
    return doc_null();
}

char *scalar_key(const struct scalar *s, const char *text)
{
    if (s->kind == DOC_STRING)
        return xstrdup(text);
    if (s->kind == DOC_BOOLEAN)
        return xstrdup(s->boolean ? "true" : "false");
    if (s->floating)
        return number_key(s->real);
    return s->kind == DOC_INTEGER ? xasprintf("%" PRId64, s->integer) : NULL;
}
