#include "low/low.h"
#include "high.h"
#include "absent/absent.h"
#include <yaml.h>
#include <stdio.h>
