/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/stddef.h>
#include <linux/types.h>
