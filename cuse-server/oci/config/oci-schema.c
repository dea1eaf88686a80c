/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-schema.h"

#include <string.h>

/* Twelve bits of major and twenty of minor: linux/kdev_t.h */
enum { MAJOR_MAX = 0xfff, MINOR_MAX = 0xfffff };

G_DEFINE_QUARK(oci_schema_error_quark, oci_schema_error)

/*
 * Shape: what a member is.
 * SCALAR: a number, word or string, or a member that Linux does not use; not checked
 * STRING, INTEGER, MAJOR, MINOR: values that nvcuse reads
 * OBJECT, LIST, MAP: an object, an array of objects, an object of objects with free keys
 * STRINGS, STRING_MAP: an array of strings, an object of strings with free keys
 * NUMBERS: an array whose elements are not checked
 */
typedef enum {
    SCALAR,
    STRING,
    INTEGER,
    MAJOR,
    MINOR,
    OBJECT,
    LIST,
    MAP,
    STRINGS,
    STRING_MAP,
    NUMBERS
} Shape;

/* @fields: the fields of the member's objects; the last one has no name */
typedef struct Field {
    const char *name;
    Shape shape;
    const struct Field *fields;
} Field;

/* --- the runtime specification's config.md and config-linux.md, 1.2 --------------------------- */

/* clang-format off */
static const Field id_mapping[] = {{.name = "containerID"}, {.name = "hostID"}, {.name = "size"}, {0}};
static const Field mount[] = {
    {"destination", STRING, NULL}, {"type", STRING, NULL}, {"source", STRING, NULL}, {"options", STRINGS, NULL},
    {"uidMappings", LIST, id_mapping}, {"gidMappings", LIST, id_mapping}, {0}};

static const Field hook[] = {
    {"path", STRING, NULL}, {"args", STRINGS, NULL}, {"env", STRINGS, NULL}, {.name = "timeout"}, {0}};
static const Field hooks[] = {
    {"prestart", LIST, hook}, {"createRuntime", LIST, hook}, {"createContainer", LIST, hook},
    {"startContainer", LIST, hook}, {"poststart", LIST, hook}, {"poststop", LIST, hook}, {0}};

static const Field box[] = {{.name = "height"}, {.name = "width"}, {0}};
static const Field user[] = {
    {.name = "uid"}, {.name = "gid"}, {.name = "umask"}, {"additionalGids", NUMBERS, NULL},
    {.name = "username"}, {0}};
static const Field capabilities[] = {
    {"bounding", STRINGS, NULL}, {"effective", STRINGS, NULL}, {"inheritable", STRINGS, NULL},
    {"permitted", STRINGS, NULL}, {"ambient", STRINGS, NULL}, {0}};
static const Field rlimit[] = {{.name = "type"}, {.name = "hard"}, {.name = "soft"}, {0}};
static const Field scheduler[] = {
    {.name = "policy"}, {.name = "nice"}, {.name = "priority"}, {"flags", STRINGS, NULL},
    {.name = "runtime"}, {.name = "deadline"}, {.name = "period"}, {0}};
static const Field io_priority[] = {{.name = "class"}, {.name = "priority"}, {0}};
static const Field cpu_affinity[] = {{.name = "initial"}, {.name = "final"}, {0}};
static const Field process[] = {
    {.name = "terminal"}, {"consoleSize", OBJECT, box}, {"user", OBJECT, user},
    {"args", STRINGS, NULL}, {.name = "commandLine"}, {"env", STRINGS, NULL}, {.name = "cwd"},
    {"capabilities", OBJECT, capabilities}, {"rlimits", LIST, rlimit},
    {.name = "noNewPrivileges"}, {.name = "apparmorProfile"}, {.name = "oomScoreAdj"},
    {"scheduler", OBJECT, scheduler}, {.name = "selinuxLabel"},
    {"ioPriority", OBJECT, io_priority}, {"execCPUAffinity", OBJECT, cpu_affinity}, {0}};

static const Field device[] = {
    {"path", STRING, NULL}, {"type", STRING, NULL}, {"major", MAJOR, NULL}, {"minor", MINOR, NULL},
    {.name = "fileMode"}, {.name = "uid"}, {.name = "gid"}, {0}};
static const Field device_rule[] = {
    {.name = "allow"}, {"type", STRING, NULL}, {"major", MAJOR, NULL}, {"minor", MINOR, NULL},
    {"access", STRING, NULL}, {0}};
static const Field memory[] = {
    {.name = "limit"}, {.name = "reservation"}, {.name = "swap"}, {.name = "kernel"},
    {.name = "kernelTCP"}, {.name = "swappiness"}, {.name = "disableOOMKiller"},
    {.name = "useHierarchy"}, {.name = "checkBeforeUpdate"}, {0}};
static const Field cpu[] = {
    {.name = "shares"}, {.name = "quota"}, {.name = "burst"}, {.name = "period"},
    {.name = "realtimeRuntime"}, {.name = "realtimePeriod"}, {.name = "cpus"}, {.name = "mems"},
    {.name = "idle"}, {0}};
static const Field pids[] = {{.name = "limit"}, {0}};
static const Field weight_device[] = {
    {.name = "major"}, {.name = "minor"}, {.name = "weight"}, {.name = "leafWeight"}, {0}};
static const Field throttle_device[] = {{.name = "major"}, {.name = "minor"}, {.name = "rate"}, {0}};
static const Field block_io[] = {
    {.name = "weight"}, {.name = "leafWeight"}, {"weightDevice", LIST, weight_device},
    {"throttleReadBpsDevice", LIST, throttle_device},
    {"throttleWriteBpsDevice", LIST, throttle_device},
    {"throttleReadIOPSDevice", LIST, throttle_device},
    {"throttleWriteIOPSDevice", LIST, throttle_device}, {0}};
static const Field hugepage_limit[] = {{.name = "pageSize"}, {.name = "limit"}, {0}};
static const Field priority[] = {{.name = "name"}, {.name = "priority"}, {0}};
static const Field network[] = {{.name = "classID"}, {"priorities", LIST, priority}, {0}};
static const Field rdma[] = {{.name = "hcaHandles"}, {.name = "hcaObjects"}, {0}};
static const Field resources[] = {
    {"devices", LIST, device_rule}, {"memory", OBJECT, memory}, {"cpu", OBJECT, cpu},
    {"pids", OBJECT, pids}, {"blockIO", OBJECT, block_io},
    {"hugepageLimits", LIST, hugepage_limit}, {"network", OBJECT, network}, {"rdma", MAP, rdma},
    {"unified", STRING_MAP, NULL}, {0}};

static const Field argument[] = {
    {"index", INTEGER, NULL}, {"value", INTEGER, NULL}, {"valueTwo", INTEGER, NULL}, {"op", STRING, NULL}, {0}};
static const Field rule[] = {
    {"names", STRINGS, NULL}, {"action", STRING, NULL}, {.name = "errnoRet"},
    {"args", LIST, argument}, {0}};
static const Field seccomp[] = {
    {"defaultAction", STRING, NULL}, {.name = "defaultErrnoRet"}, {"architectures", STRINGS, NULL},
    {"flags", STRINGS, NULL}, {"listenerPath", STRING, NULL}, {.name = "listenerMetadata"},
    {"syscalls", LIST, rule}, {0}};

static const Field namespace[] = {{"type", STRING, NULL}, {.name = "path"}, {0}};
static const Field rdt[] = {
    {.name = "closID"}, {.name = "schemata"}, {.name = "l3CacheSchema"}, {.name = "memBwSchema"},
    {.name = "enableCMT"}, {.name = "enableMBM"}, {.name = "enableMonitoring"}, {0}};
static const Field personality[] = {{.name = "domain"}, {"flags", STRINGS, NULL}, {0}};
static const Field time_offset[] = {{.name = "secs"}, {.name = "nanosecs"}, {0}};
static const Field net_device[] = {{.name = "name"}, {0}};
static const Field memory_policy[] = {
    {.name = "mode"}, {.name = "nodes"}, {"flags", STRINGS, NULL}, {0}};
static const Field linux_section[] = {
    {"uidMappings", LIST, id_mapping}, {"gidMappings", LIST, id_mapping},
    {"sysctl", STRING_MAP, NULL}, {"resources", OBJECT, resources}, {.name = "cgroupsPath"},
    {"namespaces", LIST, namespace}, {"devices", LIST, device}, {"netDevices", MAP, net_device},
    {"seccomp", OBJECT, seccomp}, {.name = "rootfsPropagation"}, {"maskedPaths", STRINGS, NULL},
    {"readonlyPaths", STRINGS, NULL}, {.name = "mountLabel"}, {"intelRdt", OBJECT, rdt},
    {"memoryPolicy", OBJECT, memory_policy}, {"personality", OBJECT, personality},
    {"timeOffsets", MAP, time_offset}, {0}};

static const Field root[] = {{"path", STRING, NULL}, {.name = "readonly"}, {0}};
static const Field whole[] = {
    {.name = "ociVersion"}, {"process", OBJECT, process}, {"root", OBJECT, root},
    {.name = "hostname"}, {.name = "domainname"}, {"mounts", LIST, mount},
    {"hooks", OBJECT, hooks}, {"annotations", STRING_MAP, NULL}, {"linux", OBJECT, linux_section},
    {.name = "solaris"}, {.name = "windows"}, {.name = "vm"}, {.name = "zos"},
    {.name = "freebsd"}, {0}};
/* clang-format on */

/* --- looking at it ----------------------------------------------------------------------------- */

static bool check_object(const JsonValue *object, const Field *fields, GError **error);

static bool refuse_kind(GError **error, const char *wanted)
{
    g_set_error(error, OCI_SCHEMA_ERROR, OCI_SCHEMA_ERROR_KIND,
                "expected %s; runtimes read other values in different ways", wanted);
    return false;
}

/* Check an array of objects, or an object of objects with free keys. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool check_objects(const JsonValue *value, const Field *fields, GError **error)
{
    for (guint i = 0; i < json_length(value); i++) {
        bool is_object = json_kind(json_element(value, i)) == JSON_KIND_OBJECT;
        if (is_object ? !check_object(json_element(value, i), fields, error)
                      : !refuse_kind(error, "an object")) {
            g_prefix_error(error, "%u: ", i);
            return false;
        }
    }
    return true;
}

static bool check_strings(const JsonValue *value, GError **error)
{
    for (guint i = 0; i < json_length(value); i++) {
        if (!json_string(json_element(value, i))) {
            return refuse_kind(error, "a list or map of strings");
        }
    }
    return true;
}

/* Allow only digits and a sign. Runtimes refuse a number with a fraction or an exponent, or read
 * only the digits before it. */
static bool check_integer(const JsonValue *value, GError **error)
{
    return !strpbrk(json_token(value), ".eE") || refuse_kind(error, "an integer");
}

/* Check a major or a minor, or -1 for all. crun keeps them in 32 bits, runc in 64. So to one of
 * them a number that does not fit may be NVIDIA's. */
static bool check_device_number(const JsonValue *value, int64_t max, GError **error)
{
    int64_t number;

    return (json_int_get(value, &number) && number >= -1 && number <= max) ||
           refuse_kind(error, "the number of a device");
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool check_inside(const JsonValue *value, const Field *field, GError **error)
{
    switch (field->shape) {
    case OBJECT:
        return check_object(value, field->fields, error);
    case LIST:
    case MAP:
        return check_objects(value, field->fields, error);
    case STRINGS:
    case STRING_MAP:
        return check_strings(value, error);
    case INTEGER:
        return check_integer(value, error);
    case MAJOR:
    case MINOR:
        return check_device_number(value, field->shape == MAJOR ? MAJOR_MAX : MINOR_MAX, error);
    default:
        return true;
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool check_field(const JsonValue *value, const Field *field, GError **error)
{
    static const struct {
        JsonKind kind;
        const char *name;
    } wanted[] = {
        [STRING] = {JSON_KIND_STRING, "a string"},  [INTEGER] = {JSON_KIND_NUMBER, "an integer"},
        [MAJOR] = {JSON_KIND_NUMBER, "an integer"}, [MINOR] = {JSON_KIND_NUMBER, "an integer"},
        [OBJECT] = {JSON_KIND_OBJECT, "an object"}, [MAP] = {JSON_KIND_OBJECT, "an object"},
        [LIST] = {JSON_KIND_ARRAY, "a list"},       [STRING_MAP] = {JSON_KIND_OBJECT, "an object"},
        [STRINGS] = {JSON_KIND_ARRAY, "a list"},    [NUMBERS] = {JSON_KIND_ARRAY, "a list"},
    };

    if (field->shape == SCALAR || json_kind(value) == JSON_KIND_NULL) {
        return true;
    }
    if (json_kind(value) != wanted[field->shape].kind) {
        return refuse_kind(error, wanted[field->shape].name);
    }
    return check_inside(value, field, error);
}

/* Does Go's encoding/json take @key for @name? It compares keys under Unicode's simple folding, in
 * which the long s is an s and the Kelvin sign is a k. */
static bool is_misspelt(const char *key, const char *name)
{
    g_autofree char *folded_key = g_utf8_casefold(key, -1);
    g_autofree char *folded_name = g_utf8_casefold(name, -1);

    return g_str_equal(folded_key, folded_name);
}

/* Find the field of this name, or else one of which the name is another spelling. NULL if OCI has
 * neither. */
static const Field *find_field(const Field *fields, const char *key)
{
    const Field *found = NULL;

    for (; fields->name; fields++) {
        if (g_str_equal(key, fields->name)) {
            return fields;
        }
        if (is_misspelt(key, fields->name)) {
            found = fields;
        }
    }
    return found;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool check_object(const JsonValue *object, const Field *fields, GError **error)
{
    for (guint i = 0; i < json_length(object); i++) {
        const char *key = json_string(json_key(object, i));
        const Field *field = find_field(fields, key);
        if (field && !g_str_equal(key, field->name)) {
            g_set_error(
                error, OCI_SCHEMA_ERROR, OCI_SCHEMA_ERROR_SPELLING,
                "misspelt key %s: some runtimes read it as \"%s\", and others ignore it; write "
                "\"%s\"",
                json_token(json_key(object, i)), field->name, field->name);
            return false;
        }
        if (field && !check_field(json_element(object, i), field, error)) {
            g_prefix_error(error, "%s: ", field->name);
            return false;
        }
    }
    return true;
}

bool oci_schema_check(const JsonValue *config, GError **error)
{
    return check_object(config, whole, error);
}
