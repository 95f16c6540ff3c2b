/* number: doubles as Go writes them, so that what kubectl would send is what we send. Used within
 * doc only. */
#ifndef DOC_NUMBER_H
#define DOC_NUMBER_H

#include "base/mem.h"

/* number_text: as encoding/json writes a float64: the fewest digits that read back the same, with
 * an exponent below 1e-6 and from 1e21 on. Owned. */
char *number_text(double number) MUST_USE;

/* number_key: as sigs.k8s.io/yaml turns a float into a key (strconv 'g', 32 bits), where that has
 * no exponent; else NULL. Owned. */
char *number_key(double number) MUST_USE;

#endif
