#include "high/high.h"
#include <yaml.h>
#include <zlib.h>
#include <cmocka.h>
#include "fake/check.h"
