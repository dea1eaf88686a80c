/* SPDX-License-Identifier: Apache-2.0 */
/* Describes the driver's types, with macros for its structs.
 *
 * A struct is written once, member by member, in the order of the driver's header:
 *
 *     ABI_STRUCT(NVOS00_PARAMETERS, 16,
 *         (NvHandle, hRoot),
 *         (NvHandle, hObjectParent),
 *         (NvHandle, hObjectOld),
 *         (NvV32, status))
 *
 * This defines the C type, a compile-time check of its size (16 bytes), and NVOS00_PARAMETERS_layout,
 * the table that `nvcuse abi layout` prints and the parity test compares. An array has its
 * dimensions as third item: `(NvU32, list, [32])`. A member that is more than a number has its role as the last item
 * (abi/role.h).
 *
 * When a release changes a struct, the new shape is written below the old one, with the series that
 * brought it (580_200 if series 580 had changed the struct before). In this example the C type is
 * NV_CHANNEL_ALLOC_PARAMS_V570:
 *
 *     ABI_STRUCT_SINCE(NV_CHANNEL_ALLOC_PARAMS, 570, 368, ...)
 *
 * version-tree/ says which driver version has which shape.
 *
 * A struct or union that has no name in the driver is written before its owner. Its name consists of its owner's
 * and its member's name. Its members appear in the owner's table as `member.inner`:
 *
 *     ABI_UNNAMED_STRUCT(NV00F8_ALLOCATION_PARAMETERS_map, ...)
 *     ABI_STRUCT(NV00F8_ALLOCATION_PARAMETERS, 48, ...,
 *         (NV00F8_ALLOCATION_PARAMETERS_map, map))
 *
 * ABI_ANONYMOUS_UNION is for a union that does not have a member name either. Its members appear as the owner's
 * own members.
 *
 * The layouts are those of x86-64. arm64 has the same layouts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/for-each.h"
#include "abi/role.h"

typedef enum {
    ABI_TYPE_SCALAR,
    ABI_TYPE_STRUCT,
    ABI_TYPE_UNION,
    ABI_TYPE_UNNAMED,   /* struct or union with a member name only */
    ABI_TYPE_ANONYMOUS, /* union with no name at all */
    ABI_TYPE_OPAQUE     /* the driver has a struct of this name; its members are not known */
} AbiTypeKind;

typedef struct AbiLayout AbiLayout;

/**
 * AbiField: one member of a struct.
 * @name: the driver's spelling
 * @dimensions: "" or, for an array, "[32]" or "[8][2]"
 * @offset, @size: in bytes; @size of an array is that of the whole array
 * @type: type of the member, or of an array's element
 * @role: what the member is, if it is more than a number
 */
typedef struct {
    const char *name;
    const char *dimensions;
    uint32_t offset;
    uint32_t size;
    const AbiLayout *type;
    AbiRole role;
} AbiField;

/**
 * AbiLayout: a type of the driver.
 * @name: the driver's name, which is the same for every shape of the struct
 * @since: series that brought this shape ("570"); NULL for the first known shape
 * @size: in bytes; 0 if it is opaque
 * @fields, @n_fields: its members; a scalar does not have any
 */
struct AbiLayout {
    const char *name;
    AbiTypeKind kind;
    const char *since;
    uint32_t size;
    uint32_t n_fields;
    const AbiField *fields;
};

/** abi_layout_is_union: check whether the members share the same memory. */
static inline _Bool abi_layout_is_union(const AbiLayout *layout)
{
    return layout->n_fields > 1 && layout->fields[1].offset == 0;
}

/* The driver's scalars (nvtypes.h). NvP64 is a number here, because we cannot use a pointer of the
 * guest. */
#define ABI_SCALARS(SCALAR)                                                \
    SCALAR(NvU8, uint8_t)                                                  \
    SCALAR(NvU16, uint16_t)                                                \
    SCALAR(NvU32, uint32_t)                                                \
    SCALAR(NvU64, uint64_t)                                                \
    SCALAR(NvS16, int16_t)                                                 \
    SCALAR(NvS32, int32_t)                                                 \
    SCALAR(NvV32, uint32_t)                                                \
    SCALAR(NvBool, uint8_t)                                                \
    SCALAR(NvHandle, uint32_t)                                             \
    SCALAR(NvP64, uint64_t)                                                \
    SCALAR(NV_STATUS, uint32_t)                                            \
    SCALAR(RsAccessLimb, uint32_t)                                         \
    /* enumerations */                                                     \
    SCALAR(NV0000_CTRL_GET_SYSTEM_FABRIC_STATUS, uint32_t)                 \
    SCALAR(NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TYPE, uint32_t)               \
    SCALAR(NV0000_CTRL_SYSTEM_SH_SOC_TYPE, uint32_t)                       \
    SCALAR(NV0080_CTRL_GR_TPC_PARTITION_MODE, uint32_t)                    \
    SCALAR(NV2080_CTRL_ENCODER_CAPACITY_QUERY_TYPE, uint32_t)              \
    SCALAR(NV2080_CTRL_GPU_COMPUTE_POLICY_CONFIG_DATA_TIMESLICE, uint32_t) \
    SCALAR(NV2080_CTRL_GPU_RECOVERY_ACTION, uint32_t)                      \
    SCALAR(NV9096_CTRL_ZBC_CLEAR_TABLE_TYPE, uint32_t)                     \
    SCALAR(NVB0CC_REGOPS_MODE, uint32_t)

/* C's own types that the driver uses. */
#define ABI_C_SCALARS(SCALAR) \
    SCALAR(char)              \
    SCALAR(int)               \
    SCALAR(uint8_t)           \
    SCALAR(uint32_t)          \
    SCALAR(uint64_t)          \
    SCALAR(int32_t)

#define ABI_TYPEDEF_SCALAR(NAME, TYPE) \
    typedef TYPE NAME;                 \
    extern const AbiLayout NAME##_layout;
ABI_SCALARS(ABI_TYPEDEF_SCALAR)
#define ABI_DECLARE_SCALAR(NAME) extern const AbiLayout NAME##_layout;
ABI_C_SCALARS(ABI_DECLARE_SCALAR)

#define ABI_STRUCT(NAME, SIZE, ...) ABI_TYPE(STRUCT, struct, NAME, NAME, NULL, SIZE, __VA_ARGS__)
#define ABI_UNION(NAME, SIZE, ...)  ABI_TYPE(UNION, union, NAME, NAME, NULL, SIZE, __VA_ARGS__)
#define ABI_STRUCT_SINCE(NAME, SERIES, SIZE, ...) \
    ABI_TYPE(STRUCT, struct, NAME, NAME##_V##SERIES, #SERIES, SIZE, __VA_ARGS__)
#define ABI_UNION_SINCE(NAME, SERIES, SIZE, ...) \
    ABI_TYPE(UNION, union, NAME, NAME##_V##SERIES, #SERIES, SIZE, __VA_ARGS__)
#define ABI_UNNAMED_STRUCT(NAME, ...) \
    ABI_TYPE(UNNAMED, struct, NAME, NAME, NULL, sizeof(NAME), __VA_ARGS__)
#define ABI_UNNAMED_UNION(NAME, ...) \
    ABI_TYPE(UNNAMED, union, NAME, NAME, NULL, sizeof(NAME), __VA_ARGS__)
#define ABI_ANONYMOUS_UNION(NAME, ...) \
    ABI_TYPE(ANONYMOUS, union, NAME, NAME, NULL, sizeof(NAME), __VA_ARGS__)

/* ABI_OPAQUE: a struct known by name only. */
#define ABI_OPAQUE(NAME)                  \
    extern const AbiLayout NAME##_layout; \
    ABI_DEFINE(const AbiLayout NAME##_layout = {#NAME, ABI_TYPE_OPAQUE, NULL, 0, 0, NULL};)

#define ABI_TYPE(KIND, KEYWORD, NAME, CNAME, SINCE, SIZE, ...)                                     \
    typedef KEYWORD CNAME{ABI_FOR_EACH(ABI_MEMBER, CNAME, __VA_ARGS__)} CNAME;                     \
    _Static_assert(sizeof(CNAME) == (SIZE), #CNAME " differs in size from the driver's");          \
    extern const AbiLayout CNAME##_layout;                                                         \
    ABI_DEFINE(ABI_FOR_EACH(ABI_CHECK, CNAME, __VA_ARGS__) static const AbiField                   \
                   CNAME##_fields[] = {ABI_FOR_EACH(ABI_FIELD, CNAME, __VA_ARGS__)};               \
               const AbiLayout CNAME##_layout = {#NAME, ABI_TYPE_##KIND, SINCE, sizeof(CNAME),     \
                                                 sizeof CNAME##_fields / sizeof CNAME##_fields[0], \
                                                 CNAME##_fields};)

#define ABI_MEMBER(OWNER, MEMBER)    ABI_MEMBER_ MEMBER
#define ABI_MEMBER_(TYPE, NAME, ...) TYPE NAME ABI_DIMENSIONS(__VA_ARGS__);
#define ABI_FIELD(OWNER, MEMBER)     ABI_FIELD_(OWNER, ABI_STRIP MEMBER)
#define ABI_FIELD_(...)              ABI_FIELD__(__VA_ARGS__)
#define ABI_FIELD__(OWNER, TYPE, NAME, ...)   \
    {#NAME,                                   \
     ABI_STRING(ABI_DIMENSIONS(__VA_ARGS__)), \
     offsetof(OWNER, NAME),                   \
     sizeof(((OWNER *)0)->NAME),              \
     &TYPE##_layout,                          \
     {ABI_ROLE(OWNER, __VA_ARGS__)}},
#define ABI_STRING(...)          ABI_STRING_(__VA_ARGS__)
#define ABI_STRING_(...)         "" #__VA_ARGS__
#define ABI_CHECK(OWNER, MEMBER) ABI_CHECK_(OWNER, ABI_STRIP MEMBER)
#define ABI_CHECK_(...)          ABI_CHECK__(__VA_ARGS__)
#define ABI_CHECK__(OWNER, TYPE, NAME, ...)                            \
    _Static_assert(!ABI_NEEDS_ROLE(TYPE) || ABI_HAS_ROLE(__VA_ARGS__), \
                   #OWNER "." #NAME " is of type " #TYPE ", and has no role: see abi/role.h");

/* Define the tables only once: abi/layouts.c defines ABI_DEFINE_LAYOUTS and includes every header. */
#ifdef ABI_DEFINE_LAYOUTS
#define ABI_DEFINE(...) __VA_ARGS__
#else
#define ABI_DEFINE(...)
#endif
