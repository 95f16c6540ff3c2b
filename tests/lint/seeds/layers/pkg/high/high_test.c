#include <cmocka.h>
#include "fake/check.h"
