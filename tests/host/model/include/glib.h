/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of GLib that the data files of version-tree/ need: names of types, and the length of an array. */
#pragma once

#include <linux/kernel.h>
#include <linux/types.h>

typedef u16 guint16;
typedef u32 guint32;
typedef int gboolean;
typedef u32 GQuark;
typedef struct GError GError;

#define G_N_ELEMENTS(ARRAY) ARRAY_SIZE(ARRAY)
