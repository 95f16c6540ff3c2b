#ifndef A_GOOD_H
#define A_GOOD_H
int good(void);
#endif
