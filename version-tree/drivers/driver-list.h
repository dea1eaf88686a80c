/* SPDX-License-Identifier: Apache-2.0 */
/* Lists every driver of the tree, parents first. Internal to version-tree/. */
#pragma once

#define DRIVER_NODES(NODE) \
    NODE(535_104_05)       \
    NODE(535_113_01)       \
    NODE(535_129_03)       \
    NODE(535_183_06)       \
    NODE(535_247_01)       \
    NODE(535_261_03)       \
    NODE(535_274_02)       \
    NODE(535_288_01)       \
    NODE(535_309_01)       \
    NODE(545_23_06)        \
    NODE(550_40_07)        \
    NODE(550_40_53)        \
    NODE(550_54_14)        \
    NODE(550_90_07)        \
    NODE(550_90_12)        \
    NODE(555_42_02)        \
    NODE(560_28_03)        \
    NODE(565_57_01)        \
    NODE(570_86_15)        \
    NODE(570_124_06)       \
    NODE(570_133_20)       \
    NODE(570_172_08)       \
    NODE(570_195_03)       \
    NODE(575_51_02)        \
    NODE(580_65_06)        \
    NODE(580_95_05)        \
    NODE(580_105_08)       \
    NODE(580_126_09)       \
    NODE(580_126_20)       \
    NODE(580_159_03)       \
    NODE(580_159_04)       \
    NODE(580_173_02)       \
    NODE(590_44_01)        \
    NODE(590_48_01)        \
    NODE(595_45_04)        \
    NODE(595_71_05)        \
    NODE(610_43_02)        \
    NODE(610_57_04)        \
    NODE(615_15_00)        \
    NODE(615_62_00)        \
    NODE(620_06_00)
