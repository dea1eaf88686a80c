/* SPDX-License-Identifier: Apache-2.0 */
/* ABI_FOR_EACH(M, CONTEXT, a, b, c) expands to M(CONTEXT, a) M(CONTEXT, b) M(CONTEXT, c), for up to
 * 340 items.
 *
 * A macro cannot expand itself. So each step leaves the name of the next step behind, unexpanded, and ABI_RESCAN makes
 * the preprocessor read the text again and again. Each reading expands the next item.
 */
#pragma once

#define ABI_FOR_EACH(M, CONTEXT, ...) \
    __VA_OPT__(ABI_RESCAN(ABI_FOR_EACH_STEP(M, CONTEXT, __VA_ARGS__)))
#define ABI_FOR_EACH_STEP(M, CONTEXT, ITEM, ...) \
    M(CONTEXT, ITEM)                             \
    __VA_OPT__(ABI_FOR_EACH_AGAIN ABI_NOTHING()()(M, CONTEXT, __VA_ARGS__))
#define ABI_FOR_EACH_AGAIN() ABI_FOR_EACH_STEP
#define ABI_NOTHING()

#define ABI_RESCAN(...)   ABI_RESCAN_1(ABI_RESCAN_1(ABI_RESCAN_1(ABI_RESCAN_1(__VA_ARGS__))))
#define ABI_RESCAN_1(...) ABI_RESCAN_2(ABI_RESCAN_2(ABI_RESCAN_2(ABI_RESCAN_2(__VA_ARGS__))))
#define ABI_RESCAN_2(...) ABI_RESCAN_3(ABI_RESCAN_3(ABI_RESCAN_3(ABI_RESCAN_3(__VA_ARGS__))))
#define ABI_RESCAN_3(...) ABI_RESCAN_4(ABI_RESCAN_4(ABI_RESCAN_4(ABI_RESCAN_4(__VA_ARGS__))))
#define ABI_RESCAN_4(...) __VA_ARGS__
