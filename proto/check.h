// CHECK: the answer to our own bugs, and to nothing else.
//
// It is on in every build, prints what was false and aborts; the service
// manager restarts the program. Foreign bytes, users and the machine are
// answered with Result instead: a stranger must not be able to stop us.
#pragma once

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
