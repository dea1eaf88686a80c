/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/** takes: take files out of tables with pidfd_getfd(), as one may and as one may not, and say what came of it. */
void takes(void);
