/* SPDX-License-Identifier: Apache-2.0 */
/* Values and structs from a fuzzer's input. */
#include "tests/fuzz/input.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

#include "tests/unit/support/fake-host.h"

enum {
    ELEMENTS_MAX = 4,    /* how many elements of an array are filled; the others stay unchanged */
    LISTS_BASE = 0x4000, /* where pointers point to, in the guest's memory */
    RAW = 255,           /* the choice that takes all bits from the input */
    CLIENTS = 3,         /* the fake has room for four */
    OBJECTS = 6,
};

void input_take(Input *input, void *to, size_t n)
{
    size_t have = MIN(n, input->size);

    memset(to, 0, n);
    if (have > 0) {
        memcpy(to, input->data, have);
    }
    input->data += have;
    input->size -= have;
}

uint8_t input_byte(Input *input)
{
    uint8_t byte;

    input_take(input, &byte, 1);
    return byte;
}

uint32_t input_handle(Input *input)
{
    uint8_t choice = input_byte(input);
    uint32_t raw;

    if (choice == RAW) {
        input_take(input, &raw, sizeof raw);
        return raw;
    }
    if (choice < 96) {
        return 0xc1d00000U + choice % CLIENTS;
    }
    return choice < 240 ? 0x5c000000U + choice % OBJECTS : 0;
}

static uint64_t pointer(Input *input)
{
    uint8_t choice = input_byte(input);
    uint64_t raw;

    if (choice == RAW) {
        input_take(input, &raw, sizeof raw);
        return raw;
    }
    return choice < 8 ? 0 : GUEST_BASE + LISTS_BASE + (choice & 31U) * 0x400U;
}

static uint64_t number(Input *input, bool is_signed)
{
    uint8_t choice = input_byte(input);
    uint64_t raw;

    if (choice == RAW) {
        input_take(input, &raw, sizeof raw);
        return raw;
    }
    if (choice >= 250) {
        return UINT64_C(1) << (choice - 250) * 12;
    }
    return is_signed ? (uint64_t)((int64_t)(choice & 31) - 2) : choice & 63U;
}

/* Members that determine a call's meaning, and values for them that the input would not guess. */
static const struct {
    const char *name;
    uint64_t values[8];
} likely[] = {
    {"hClass", {0x71, 0x3e, 0x40, 0x50a0, 0x02, 0x41, 0x80, 0x3d}},
    {"function", {0x02, 0x1b, 0x0e, 0x02, 0x1b, 0x01, 0x03, 0x1c}},
    {"type", {1, 2, 3, 4, 5, 6, 0, 14}},
    {"limit", {0xfff, 0x1fff, 0xffff, 0, 1, 0x7fffffff, UINT64_MAX, 0xfff}},
    {"limbs", {0xffffffff, 1, 2, 4, 8, 0xff, 0, 0xffffffff}},
    {"version", {0, 1, 2, 3, 0, 1, 0, 1}},
};

static bool likely_value(Input *input, const char *name, uint64_t *value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(likely); i++) {
        if (strcmp(likely[i].name, name) == 0) {
            uint8_t choice = input_byte(input);
            *value = likely[i].values[choice & 7];
            return choice < 200;
        }
    }
    return false;
}

static uint64_t scalar(Input *input, const AbiField *field)
{
    uint64_t value;

    if (likely_value(input, field->name, &value)) {
        return value;
    }
    switch (field->role.kind) {
    case ABI_ROLE_CLIENT:
    case ABI_ROLE_OBJECT:
    case ABI_ROLE_DEPENDENCY:
    case ABI_ROLE_HOLDS:
        return input_handle(input);
    case ABI_ROLE_POINTER:
    case ABI_ROLE_NULLED:
    case ABI_ROLE_REFUSED:
    case ABI_ROLE_MAPPING:
    case ABI_ROLE_ADDRESS:
        return pointer(input);
    default:
        return number(input, field->role.kind == ABI_ROLE_FD);
    }
}

static void fill(Input *input, const AbiField *field, uint8_t *bytes)
{
    const AbiLayout *type = field->type;

    if (type->n_fields > 0) {
        input_struct(input, type, bytes);
    } else if (type->size > 0 && type->size <= sizeof(uint64_t)) {
        uint64_t value = scalar(input, field);
        memcpy(bytes, &value, type->size); /* the lower bytes come first */
    }
}

void input_struct(Input *input, const AbiLayout *layout, uint8_t *bytes)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        uint32_t n = field->type->size ? field->size / field->type->size : 0;
        for (size_t k = 0; k < MIN(n, ELEMENTS_MAX); k++) {
            fill(input, field, bytes + field->offset + k * field->type->size);
        }
    }
}
