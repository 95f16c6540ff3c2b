#include "tar/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/* Offsets and lengths of POSIX.1-1988 ustar. */
enum {
    NAME = 0,
    NAME_LEN = 100,
    SIZE = 124,
    SIZE_LEN = 12,
    CHECKSUM = 148,
    CHECKSUM_LEN = 8,
    TYPE = 156,
    LINK = 157,
    LINK_LEN = 100,
    MAGIC = 257,
    MAGIC_LEN = 8,
    PREFIX = 345,
    PREFIX_LEN = 155
};

void header_extra_release(struct header_extra *x)
{
    free(x->name);
    free(x->link);
    *x = (struct header_extra){ 0 };
}

/* octal: digits, then nothing but NUL or blanks. */
static bool octal(const char *field, size_t len, uint64_t *out)
{
    uint64_t sum = 0;
    size_t i = 0;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        sum = sum << 3 | (uint64_t)(field[i] - '0');
    bool has_digits = i > 0;
    for (; i < len; i++) {
        if (field[i] != '\0' && field[i] != ' ')
            return false;
    }
    *out = sum;
    return has_digits;
}

/* number: octal, or GNU's binary form: 0x80, then eleven bytes, of which the last eight are used. */
static bool number(const char *field, size_t len, uint64_t *out)
{
    if ((unsigned char)field[0] != 0x80)
        return octal(field, len, out);
    uint64_t sum = 0;
    for (size_t i = 1; i < len; i++) {
        if (sum >> 55)
            return false;
        sum = sum << 8 | (unsigned char)field[i];
    }
    *out = sum;
    return true;
}

static bool has_checksum(const char *block)
{
    uint64_t wanted, sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_LEN ? ' ' : (unsigned char)block[i];
    return octal(block + CHECKSUM, CHECKSUM_LEN, &wanted) && wanted == sum;
}

static bool take_type(char type, struct header *out)
{
    static const struct {
        char letter;
        enum header_type type;
        enum tar_kind kind;
    } types[] = {
        { '0', HEADER_ENTRY, TAR_FILE },      { '1', HEADER_ENTRY, TAR_HARDLINK }, { '2', HEADER_ENTRY, TAR_SYMLINK },
        { '3', HEADER_ENTRY, TAR_OTHER },     { '4', HEADER_ENTRY, TAR_OTHER },    { '5', HEADER_ENTRY, TAR_DIR },
        { '6', HEADER_ENTRY, TAR_OTHER },     { 'x', HEADER_PAX, TAR_OTHER },      { 'L', HEADER_LONG_NAME, TAR_OTHER },
        { 'K', HEADER_LONG_LINK, TAR_OTHER },
    };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (types[i].letter != type)
            continue;
        out->type = types[i].type;
        out->kind = types[i].kind;
        return true;
    }
    return false;
}

/* take_name: prefix/name; GNU's headers have other things where ustar has the prefix. */
static void take_name(const char *block, bool is_ustar, struct header *out)
{
    size_t len = is_ustar ? strnlen(block + PREFIX, PREFIX_LEN) : 0;
    memcpy(out->name, block + PREFIX, len);
    if (len > 0)
        out->name[len++] = '/';
    size_t name_len = strnlen(block + NAME, NAME_LEN);
    memcpy(out->name + len, block + NAME, name_len);
    out->name[len + name_len] = '\0';
    size_t link_len = strnlen(block + LINK, LINK_LEN);
    memcpy(out->link, block + LINK, link_len);
    out->link[link_len] = '\0';
}

const char *header_parse(const char block[TAR_BLOCK], struct header *out)
{
    bool is_ustar = memcmp(block + MAGIC, "ustar\00000", MAGIC_LEN) == 0;
    if (!is_ustar && memcmp(block + MAGIC, "ustar  ", MAGIC_LEN) != 0)
        return "it is no tar";
    if (!has_checksum(block))
        return "the checksum of a header is wrong";
    if (!is_ustar && block[PREFIX] != '\0') /* times to GNU, a prefix to Go where they are none */
        return "a header is neither ustar nor GNU";
    if (!take_type(block[TYPE], out))
        return "an entry of a kind that images do not have";
    if (!number(block + SIZE, SIZE_LEN, &out->size))
        return "the size of an entry is not readable";
    take_name(block, is_ustar, out);
    return NULL;
}

static const char *take_size(const char *text, struct header_extra *x)
{
    int64_t size;
    if (x->has_size || !num_i64(text, 0, INT64_MAX, &size))
        return "the size of an entry is not readable";
    x->size = (uint64_t)size;
    x->has_size = true;
    return NULL;
}

static const char *take_text(char **slot, const char *text)
{
    if (*slot || !*text)
        return "a name is given twice or is empty";
    *slot = xstrdup(text);
    return NULL;
}

static const char *take_record(const char *key, const char *value, struct header_extra *x)
{
    if (str_eq(key, "size"))
        return take_size(value, x);
    if (str_eq(key, "path"))
        return take_text(&x->name, value);
    if (str_eq(key, "linkpath"))
        return take_text(&x->link, value);
    return str_starts(key, "GNU.sparse.") ? "it holds a sparse file" : NULL;
}

/* record_length: the decimal number in front, which counts itself, the blank and the newline. */
static bool record_length(const char *record, size_t left, size_t *out)
{
    size_t len = 0, i = 0;
    for (; i < left && i < 8 && record[i] >= '0' && record[i] <= '9'; i++)
        len = len * 10 + (size_t)(record[i] - '0');
    *out = len;
    return i > 0 && record[0] != '0' && i < left && record[i] == ' ' && len > i + 2 && len <= left &&
           record[len - 1] == '\n';
}

const char *header_parse_pax(const char *records, size_t len, struct header_extra *x)
{
    while (len > 0) {
        size_t size;
        if (memchr(records, '\0', len) || !record_length(records, len, &size))
            return "an extended header is not readable";
        AUTO_STR key = xstrndup(strchr(records, ' ') + 1, size - (size_t)(strchr(records, ' ') + 1 - records) - 1);
        char *equals = strchr(key, '=');
        if (!equals || equals == key)
            return "an extended header is not readable";
        *equals = '\0';
        const char *refused = take_record(key, equals + 1, x);
        if (refused)
            return refused;
        records += size;
        len -= size;
    }
    return NULL;
}
