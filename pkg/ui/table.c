#include "ui/table.h"

#include <string.h>

#include "base/num.h"
#include "base/strv.h"
#include "ui/scrub.h"

enum { LIMIT_CELL = 64 * 1024 };

static const char *shortened(const char *text, const char *without)
{
    return without && str_starts(text, without) ? text + strlen(without) : text;
}

/* A row stays a row, whatever a value holds. */
static void add_on_one_line(struct buf *out, const struct buf *clean)
{
    for (size_t i = 0; i < clean->len; i++) {
        char c = clean->bytes[i];
        if (c == '\n' || c == '\t')
            buf_adds(out, c == '\n' ? "\\n" : "\\t");
        else
            buf_add(out, &c, 1);
    }
}

/* Owned. */
static char *cell_text(const json_t *value, const char *without)
{
    AUTO(strv) texts = { 0 };
    AUTO(buf) clean = BUF_INIT(LIMIT_CELL);
    AUTO(buf) line = BUF_INIT(2 * LIMIT_CELL);
    size_t i;
    const json_t *each;
    if (doc_kind(value) == DOC_INTEGER)
        return num_bytes((uint64_t)doc_i64(value, "", 0));
    if (doc_text(value, ""))
        strv_add(&texts, shortened(doc_text(value, ""), without));
    DOC_EACH_ITEM (value, i, each)
        strv_add(&texts, shortened(doc_text(each, "") ? doc_text(each, "") : "", without));
    AUTO_STR joined = texts.count ? strv_join(&texts, ", ") : xstrdup("-");
    scrub_add(&clean, joined, strlen(joined));
    add_on_one_line(&line, &clean);
    return buf_steal(&line, NULL);
}

static void add_line(struct buf *out, char *const *cells, size_t count, const size_t *widths)
{
    for (size_t i = 0; i + 1 < count; i++)
        buf_addf(out, "%-*s  ", (int)widths[i], cells[i]);
    buf_addf(out, "%s\n", cells[count - 1]);
}

/* Titles, then the rows; cells.items[column + row * columns]. */
static void read_cells(const struct ui_column *columns, size_t count, const json_t *rows, struct strv *cells)
{
    size_t i;
    const json_t *row;
    for (size_t column = 0; column < count; column++)
        strv_add(cells, columns[column].title);
    DOC_EACH_ITEM (rows, i, row)
        for (size_t column = 0; column < count; column++)
            strv_add_take(cells, cell_text(doc_key(row, columns[column].key), columns[column].without));
}

void table_as_text(const struct ui_column *columns, size_t count, const json_t *rows, struct buf *out)
{
    AUTO(strv) cells = { 0 };
    size_t widths[TABLE_COLUMNS] = { 0 };
    if (count == 0 || count > TABLE_COLUMNS)
        BUG("a table of %zu columns", count);
    read_cells(columns, count, rows, &cells);
    for (size_t i = 0; i < cells.count; i++)
        if (strlen(cells.items[i]) > widths[i % count])
            widths[i % count] = strlen(cells.items[i]);
    for (size_t i = 0; i < cells.count; i += count)
        add_line(out, cells.items + i, count, widths);
}

/* The values' own bytes are safe: doc_dump escapes what a terminal could act upon. */
void table_as_json(const char *event, const json_t *rows, struct buf *out)
{
    size_t i;
    const json_t *row;
    DOC_EACH_ITEM (rows, i, row) {
        DOC_AUTO object = doc_object();
        const char *key;
        json_t *value;
        doc_set_key(object, "event", doc_string(event));
        DOC_EACH_KEY (row, key, value)
            doc_set_key(object, key, doc_copy(value));
        AUTO_STR line = doc_dump(object);
        buf_addf(out, "%s\n", line);
    }
}
