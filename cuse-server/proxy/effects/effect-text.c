/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/effects/effect-text.h"

#include "cuse-server/proxy/effects/effects.h"

static const char *control_size_text(const AbiEntry *entry, const Effect *effect)
{
    if (effect->size == SIZE_EXACT) {
        return "that of the struct; others are refused with EINVAL";
    }
    return effect->size == SIZE_STRUCT || entry->members->are_looked_at
               ? "that of the struct; others are refused with NV_ERR_INVALID_PARAM_STRUCT"
               : "any up to 1 MiB; the driver checks it";
}

static const char *size_text(const AbiEntry *entry, const Effect *effect)
{
    static const char *const forms[] = {
        [ARGUMENT_STRUCT] = "that of the struct; others are refused with EINVAL",
        [ARGUMENT_ARRAY] = "any: the argument is an array",
        [ARGUMENT_NONE] = "none: the argument is not read",
    };

    switch (entry->kind) {
    case ABI_CONTROL:
        return control_size_text(entry, effect);
    case ABI_ALLOC:
        return effect->no_params ? "none: parameters are not read"
                                 : "that of the struct; the size that the caller states is ignored";
    case ABI_UVM:
        return effect->argument == ARGUMENT_NONE
                   ? forms[ARGUMENT_NONE]
                   : "that of the struct; the ioctl does not carry a size";
    default:
        return forms[effect->argument];
    }
}

size_t effect_lines(const AbiEntry *entry, EffectLine lines[EFFECT_LINES_MAX])
{
    static const char *const locks[] = {
        [LOCK_NONE] = NULL,
        [LOCK_KNOWN] = "no other call changes it meanwhile, if it is the container's",
        [LOCK_EXISTING] = "must be the container's; no other call changes it meanwhile",
        [LOCK_FOR_NEW] = "must be the container's, with room for one more object; no other call "
                         "changes it meanwhile",
    };
    static const char *const ways[] = {
        [ASK_HOST] = "by the worker",
        [ASK_IN_GUEST] = "inside the calling process, whose memory the driver acts on",
        [ASK_IN_GUEST_OR_SHARED] = "inside the calling process, or by the worker for a shared file",
        [ASK_FOR_FILE] =
            "by the worker; the caller gets a file for the object that the driver makes",
    };
    const Effect *effect = effect_of(entry->handler);
    const bool leads_on = entry->handler == HANDLER_control || entry->handler == HANDLER_alloc;
    size_t n = 0;

    if (leads_on) {
        lines[n++] = (EffectLine){"size", "that of the struct; others are refused with EINVAL"};
    }
    if (!effect) {
        return n;
    }
    lines[n++] = (EffectLine){"size", size_text(entry, effect)};
    if (effect->choose) {
        lines[n++] = (EffectLine){
            "depends",
            "on the argument: the client, who asks the driver, and what nvcuse remembers"};
    } else {
        if (locks[effect->lock]) {
            lines[n++] = (EffectLine){"client", locks[effect->lock]};
        }
        if (effect->locks_ranges) {
            lines[n++] = (EffectLine){
                "ranges",
                "of the file; no other call changes them or what is mapped there meanwhile"};
        }
        lines[n++] = (EffectLine){"asked", ways[effect->way]};
        if (!effect->check && !effect->before && !effect->after && !effect->map) {
            lines[n++] = (EffectLine){
                "beside", "nothing; the texts of the members below tell all that nvcuse does"};
        }
    }
    return n;
}
