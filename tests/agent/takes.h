/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/** takes: take files from tables with pidfd_getfd(), with the right to do so and without it, and print the results. */
void takes(void);
