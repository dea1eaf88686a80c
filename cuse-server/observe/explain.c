/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/explain.h"

#include <stdbool.h>

/* What a call names in the driver's tables: a control command or class if the call has one, else the ioctl. */
typedef struct {
    AbiKind kind;
    uint32_t number;
    const char *noun;
} Subject;

static bool has_detail(const RefusedCall *call)
{
    return call->detail != 0 && (call->kind == CALL_CONTROL || call->kind == CALL_ALLOC);
}

static Subject outer_of(const RefusedCall *call)
{
    return call->kind == CALL_UVM ? (Subject){ABI_UVM, call->number, "ioctl of nvidia-uvm"}
                                  : (Subject){ABI_FRONTEND, call->number, "ioctl"};
}

static Subject subject_of(const RefusedCall *call)
{
    if (has_detail(call)) {
        return call->kind == CALL_CONTROL ? (Subject){ABI_CONTROL, call->detail, "control command"}
                                          : (Subject){ABI_ALLOC, call->detail, "class"};
    }
    return outer_of(call);
}

/* Where in the tree of versions a number is added and removed. */
typedef struct {
    const char *name;                /* NULL: no version has it */
    const DriverRelease *appears;    /* the oldest version above ours that adds it */
    const DriverRelease *disappears; /* the newest version, not above ours, that removes it */
} History;

static History history_of(const Subject *subject, DriverVersion ours)
{
    size_t n;
    const DriverRelease *const *releases = driver_releases(&n);
    History history = {0};

    for (size_t i = 0; i < n; i++) {
        const DriverRelease *release = releases[i];
        int order = driver_version_compare(release->version, ours);
        for (size_t k = 0; k < release->n_changes; k++) {
            const AbiChange *change = &release->changes[k];
            if (change->entry.kind != subject->kind || change->entry.number != subject->number) {
                continue;
            }
            history.name = change->entry.name;
            if (change->op == ABI_ADD && order > 0 &&
                (!history.appears ||
                 driver_version_compare(release->version, history.appears->version) < 0)) {
                history.appears = release;
            }
            if (change->op == ABI_REMOVE && order <= 0 &&
                (!history.disappears ||
                 driver_version_compare(release->version, history.disappears->version) > 0)) {
                history.disappears = release;
            }
        }
    }
    return history;
}

static char *name_subject(const DriverAbi *abi, const Subject *subject)
{
    const AbiEntry *entry = driver_abi_lookup(abi, subject->kind, subject->number);
    const char *name =
        entry ? entry->name : history_of(subject, driver_abi_release(abi)->version).name;

    return name ? g_strdup_printf("%s (0x%x)", name, subject->number)
                : g_strdup_printf("%s 0x%x", subject->noun, subject->number);
}

char *explain_call(const DriverAbi *abi, const RefusedCall *call)
{
    Subject outer = outer_of(call);
    Subject inner = subject_of(call);

    if (call->kind == CALL_OPEN) {
        return g_strdup("open");
    }
    if (!has_detail(call)) {
        return name_subject(abi, &outer);
    }
    const AbiEntry *entry = driver_abi_lookup(abi, outer.kind, outer.number);
    g_autofree char *name = name_subject(abi, &inner);
    return g_strdup_printf("%s of %s", entry ? entry->name : "ioctl", name);
}

/* Explain a call that this driver version does not have: name the versions that have it. */
static void say_unknown(GString *text, const DriverAbi *abi, const RefusedCall *call)
{
    Subject subject = subject_of(call);
    DriverVersion ours = driver_abi_release(abi)->version;
    History history = history_of(&subject, ours);
    char version[DRIVER_VERSION_MAX];
    char other[DRIVER_VERSION_MAX];

    driver_version_format(ours, version);
    if (driver_abi_lookup(abi, subject.kind, subject.number)) {
        g_string_append_printf(text,
                               "Driver %s has this %s, but nvcuse does not support it; no option "
                               "changes that.",
                               version, subject.noun);
    } else if (history.appears) {
        g_string_append_printf(text,
                               "The tables of driver %s have no such %s; it appears in driver %s. "
                               "The container's libraries are probably newer than the host's "
                               "driver: give it those of %s, or update the host.",
                               version, subject.noun,
                               driver_version_format(history.appears->version, other), version);
    } else if (history.disappears) {
        g_string_append_printf(
            text,
            "The tables of driver %s have no such %s any more; driver %s removed "
            "it. The container's libraries are probably older than the "
            "host's driver: give it those of %s.",
            version, subject.noun, driver_version_format(history.disappears->version, other),
            version);
    } else {
        g_string_append_printf(text,
                               "No driver version that nvcuse knows lists this %s, so nobody has "
                               "vetted it; nvcuse-driver-diff(1) describes how entries are added.",
                               subject.noun);
    }
}

static void say_capability(GString *text, const DriverAbi *abi, NvCaps caps,
                           const RefusedCall *call)
{
    Subject subject = subject_of(call);
    Subject outer = outer_of(call);
    const AbiEntry *entry = driver_abi_lookup(abi, subject.kind, subject.number);
    const AbiEntry *closed = driver_abi_lookup(abi, outer.kind, outer.number);

    /* The capabilities may close the ioctl itself, whatever command or class it has. */
    if (closed && !(closed->caps & caps)) {
        entry = closed;
    }
    NvCaps would = entry ? entry->caps & NV_CAPS_SUPPORTED : 0;
    if (!would) {
        g_string_append(text, "No capability that nvcuse provides allows it.");
        return;
    }
    g_autofree char *needed = nv_caps_format(would, " or ");
    g_autofree char *option = nv_caps_format(caps | (would & -would), ",");
    g_string_append_printf(text,
                           "It needs the capability %s: allow it with --caps %s (nvcuse-runtime: "
                           "caps in /etc/nvcuse/runtime.conf).",
                           needed, option);
}

static void say_size(GString *text, const DriverAbi *abi, const RefusedCall *call)
{
    Subject subject = subject_of(call);
    const AbiEntry *entry = driver_abi_lookup(abi, subject.kind, subject.number);
    char version[DRIVER_VERSION_MAX];

    driver_version_format(driver_abi_release(abi)->version, version);
    if (entry && entry->layout) {
        g_string_append_printf(text, "In driver %s its parameters are %s, %u bytes. ", version,
                               entry->layout->name, entry->layout->size);
    }
    g_string_append_printf(text, "Give the container the libraries of driver %s.", version);
}

static void say_limit(GString *text, const RefusedCall *call)
{
    g_string_append(text, call->kind == CALL_OPEN
                              ? "--max-files raises the limit; `nvcuse ps` shows how many are open."
                              : "--max-clients and --max-objects raise the limits; `nvcuse ps` "
                                "shows how many there are.");
}

char *explain_refusal(const DriverAbi *abi, NvCaps caps, const RefusedCall *call)
{
    g_autofree char *what = explain_call(abi, call);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s was refused (%s): %s. ", what, refusal_name(call->refusal),
                           refusal_explanation(call->refusal));
    switch (call->refusal) {
    case REFUSAL_UNKNOWN_IOCTL:
    case REFUSAL_UNKNOWN_CONTROL:
    case REFUSAL_UNKNOWN_CLASS:
        say_unknown(text, abi, call);
        break;
    case REFUSAL_CAPABILITY:
        say_capability(text, abi, caps, call);
        break;
    case REFUSAL_SIZE:
        say_size(text, abi, call);
        break;
    case REFUSAL_LIMIT:
        say_limit(text, call);
        break;
    case REFUSAL_QUOTA:
        g_string_append(text,
                        "`nvcuse limit` changes the quotas of a running instance; `nvcuse ps` "
                        "shows how much it holds.");
        break;
    case REFUSAL_COMPAT:
        g_string_append(text, "Run a 64-bit build of the program.");
        break;
    case REFUSAL_BY_DESIGN:
        g_string_append(text, "Programs expect this answer; no option changes it.");
        break;
    case REFUSAL_NEEDS_CALLER:
        g_string_append(text,
                        "Detach the tracer from the program (debugger, strace), and run it again.");
        break;
    case REFUSAL_NOT_OPENER:
        g_string_append(text, "Let the program open the device itself.");
        break;
    case REFUSAL_BAD_FD:
    case REFUSAL_BAD_POINTER:
    case REFUSAL_BAD_CLIENT:
        g_string_append(text, "The program's call is invalid; no option allows it.");
        break;
    case REFUSAL_TOO_LARGE:
        g_string_append(text, "No option raises this limit.");
        break;
    case REFUSAL_UNKNOWN_FUNCTION:
        g_string_append(text, "No option changes that.");
        break;
    case REFUSAL_NOT_SHARED:
        g_string_append(text, "Natively the driver refuses this as well, until the other process "
                              "shares the object (NV_ESC_RM_SHARE).");
        break;
    case REFUSAL_GONE:
        g_string_append(text, "Nothing has to be done.");
        break;
    case REFUSAL_MAP:
        g_string_append(text, "Natively the driver refuses this mapping as well.");
        break;
    case REFUSAL_NONE:
    case REFUSAL_COUNT:
        break;
    }
    return g_string_free(text, FALSE);
}
