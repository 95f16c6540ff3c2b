/* helper: the program cmd/rwml-delta, which rwml carries along (helper_program.S) for the engine to run. */
#ifndef RWML_HELPER_H
#define RWML_HELPER_H

#include "node/image.h"

struct node_helper helper_program(void);

#endif
