/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of this folder print: lines "NAME VALUE"; sizes in MiB. And how they wait. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

/* Pieces of GPU memory. A fill ends at 24 GiB at the latest, so that it does not take a whole GPU where there is no quota. */
#define PIECE (512 * MIB)
enum { PIECES = 48 };

static inline void say_mib(const char *name, uint64_t bytes)
{
    (void)printf("%s %.10g\n", name, (double)bytes / (double)MIB);
    (void)fflush(stdout);
}

/** Rounds: the sums that were reached in several rounds of allocating until an error. */
typedef struct {
    uint64_t first;
    uint64_t least;
    uint64_t most;
    unsigned n;
} Rounds;

static inline void rounds_add(Rounds *rounds, uint64_t bytes)
{
    if (rounds->n++ == 0) {
        *rounds = (Rounds){.first = bytes, .least = bytes, .most = bytes, .n = 1};
    }
    rounds->least = bytes < rounds->least ? bytes : rounds->least;
    rounds->most = bytes > rounds->most ? bytes : rounds->most;
}

static inline void rounds_say(const Rounds *rounds)
{
    say_mib("first", rounds->first);
    say_mib("least", rounds->least);
    say_mib("most", rounds->most);
}

/** number: read a decimal number of the command line. Ends the program if it is none. */
static inline unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || value > 1000000000) {
        (void)fprintf(stderr, "'%s': expected a decimal number\n", text);
        exit(2);
    }
    return (unsigned)value;
}

/** hold_until: say what is held, and keep it until a file exists. Ends the program after a minute. */
static inline void hold_until(const char *path, uint64_t bytes)
{
    say_mib("held", bytes);
    for (int i = 0; access(path, F_OK) != 0; i++) {
        if (i == 60 * 50) {
            (void)fprintf(stderr, "%s: did not appear within 60 seconds\n", path);
            exit(1);
        }
        usleep(20 * 1000);
    }
}
