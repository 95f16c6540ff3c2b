/* table: lists that were asked for, as text and as JSON. Used within ui only. */
#ifndef UI_TABLE_H
#define UI_TABLE_H

#include "base/buf.h"
#include "ui/ui.h"

#define TABLE_COLUMNS 8u /* at most */
#define TABLE_BYTES (16u * 1024 * 1024)

void table_as_text(const struct ui_column *columns, size_t count, const json_t *rows, struct buf *out);
void table_as_json(const char *event, const json_t *rows, struct buf *out);

#endif
