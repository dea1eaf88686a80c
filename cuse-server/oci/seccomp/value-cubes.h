/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of the values that an argument of a system call can have, as libseccomp's comparisons describe them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/** Cube: the set of values v with (v & mask) == value. */
typedef struct {
    uint64_t mask;
    uint64_t value;
} Cube;

/** cube_is_disjoint: check whether two cubes have no value in common. */
bool cube_is_disjoint(Cube a, Cube b);

/** cube_meets_any: check whether a cube has a value in common with one of @cubes (element-type Cube). */
bool cube_meets_any(Cube cube, const GArray *cubes);

/** cube_meet: get the values that two cubes have in common. They must not be disjoint. */
Cube cube_meet(Cube a, Cube b);

/**
 * cube_subtract_all: get the values of @from that are in none of @cubes (element-type Cube).
 * Returns: (element-type Cube): cubes that have no value in common. The caller unrefs the array.
 */
GArray *cube_subtract_all(Cube from, const GArray *cubes);
