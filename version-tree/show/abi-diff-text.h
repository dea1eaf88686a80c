/* SPDX-License-Identifier: Apache-2.0 */
/* Writes differences as lines that begin with + (added), - (gone) or ~ (changed). */
#pragma once

#include "version-tree/show/abi-diff.h"

/**
 * abi_rows_diff_text: append a line for each member that differs, indented by four blanks.
 * @before, @after: from abi_layout_rows()
 */
void abi_rows_diff_text(GString *out, const GArray *before, const GArray *after);

/** driver_abi_diff_text: write the entries and structs in which two drivers differ. Returns: (transfer full). */
char *driver_abi_diff_text(const DriverAbi *before, const DriverAbi *after);
