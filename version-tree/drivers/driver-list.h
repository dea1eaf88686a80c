/* SPDX-License-Identifier: Apache-2.0 */
/* Lists every driver of the tree, parents first. Internal to version-tree/. */
#pragma once

#define DRIVER_RELEASES(RELEASE) \
    RELEASE(535_104_05)          \
    RELEASE(535_113_01)          \
    RELEASE(535_129_03)          \
    RELEASE(535_183_06)          \
    RELEASE(535_247_01)          \
    RELEASE(535_261_03)          \
    RELEASE(535_274_02)          \
    RELEASE(535_288_01)          \
    RELEASE(535_309_01)          \
    RELEASE(545_23_06)           \
    RELEASE(550_40_07)           \
    RELEASE(550_40_53)           \
    RELEASE(550_54_14)           \
    RELEASE(550_90_07)           \
    RELEASE(550_90_12)           \
    RELEASE(555_42_02)           \
    RELEASE(560_28_03)           \
    RELEASE(565_57_01)           \
    RELEASE(570_86_15)           \
    RELEASE(570_124_06)          \
    RELEASE(570_133_20)          \
    RELEASE(570_172_08)          \
    RELEASE(570_195_03)          \
    RELEASE(575_51_02)           \
    RELEASE(580_65_06)           \
    RELEASE(580_95_05)           \
    RELEASE(580_105_08)          \
    RELEASE(580_126_09)          \
    RELEASE(580_126_20)          \
    RELEASE(580_159_03)          \
    RELEASE(580_159_04)          \
    RELEASE(580_173_02)          \
    RELEASE(590_44_01)           \
    RELEASE(590_48_01)           \
    RELEASE(595_45_04)           \
    RELEASE(595_71_05)           \
    RELEASE(610_43_02)           \
    RELEASE(610_57_04)           \
    RELEASE(615_15_00)           \
    RELEASE(615_62_00)           \
    RELEASE(620_06_00)
