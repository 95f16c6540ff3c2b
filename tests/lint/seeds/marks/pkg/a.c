/* TODO: later */
int mkstemp_XXXXXX;
