/* case: what unit tests read their cases from. */
#ifndef FAKE_CASE_H
#define FAKE_CASE_H

#include "doc/doc.h"

/* case_json: the tree of a JSON file, LIMIT_CONFIG at the most; owned. Fails the test unless it is one. */
json_t *case_json(const char *path) MUST_USE;

/* case_json_in: the same, of a file in this directory. */
json_t *case_json_in(const char *directory, const char *name) MUST_USE;

/* case_each: asks of every file of the directory whether it passes, which prints what does not, and fails the test when
 * one did not, or there are fewer. */
void case_each(const char *directory, size_t at_least, bool (*passes)(const char *name));

/* case_each_of: check for every item of a file's list, of which there are so many at least. */
void case_each_of(const char *path, size_t at_least, void (*check)(const json_t *item));

#endif
