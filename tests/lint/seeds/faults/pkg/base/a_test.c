int t(void) { fault_set("a.hit=error(EIO);a.untold=off"); }
