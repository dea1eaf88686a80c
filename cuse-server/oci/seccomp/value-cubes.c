/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/seccomp/value-cubes.h"

bool cube_is_disjoint(Cube a, Cube b)
{
    return (a.value ^ b.value) & a.mask & b.mask;
}

Cube cube_meet(Cube a, Cube b)
{
    return (Cube){a.mask | b.mask, a.value | b.value};
}

/* Append the values of @a that are not in @b, as cubes that have no value in common. For each bit that @b fixes and
 * @a does not, append a cube: it agrees with @b in the bits before this one, and differs in this one. */
static void subtract(GArray *out, Cube a, Cube b)
{
    if (cube_is_disjoint(a, b)) {
        g_array_append_val(out, a);
        return;
    }
    for (uint64_t left = b.mask & ~a.mask; left; left &= left - 1) {
        uint64_t bit = left & -left;
        Cube piece = {a.mask | bit, a.value | (~b.value & bit)};
        g_array_append_val(out, piece);
        a = (Cube){a.mask | bit, a.value | (b.value & bit)};
    }
}

GArray *cube_subtract_all(Cube from, const GArray *cubes)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(Cube));

    g_array_append_val(pieces, from);
    for (guint c = 0; c < cubes->len; c++) {
        GArray *next = g_array_new(FALSE, FALSE, sizeof(Cube));
        for (guint i = 0; i < pieces->len; i++) {
            subtract(next, g_array_index(pieces, Cube, i), g_array_index(cubes, Cube, c));
        }
        g_array_unref(pieces);
        pieces = next;
    }
    return pieces;
}

bool cube_meets_any(Cube cube, const GArray *cubes)
{
    for (guint i = 0; i < cubes->len; i++) {
        if (!cube_is_disjoint(cube, g_array_index(cubes, Cube, i))) {
            return true;
        }
    }
    return false;
}
