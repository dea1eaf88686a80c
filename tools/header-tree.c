/* SPDX-License-Identifier: Apache-2.0 */
/* Reading headers with libclang.
 *
 * All headers are included into one file. The first parse gives the structs and the names of
 * macros; a second one declares a constant for each macro of interest, and the compiler evaluates
 * it. */
#include "tools/header-tree.h"

#include <glob.h>
#include <string.h>

#include <gio/gio.h>

/* Where a tree keeps its headers; Debian's package of the kernel interface layer has the last two
 * at its root. */
static const char *const directories[] = {
    "src/common/sdk/nvidia/inc",
    "src/nvidia/arch/nvalloc/unix/include",
    "kernel-open/common/inc",
    "kernel-open/nvidia-uvm",
    "common/inc",
    "nvidia-uvm",
};
#define SDK_DIRECTORY "src/common/sdk/nvidia/inc"

/* Headers that describe the interface, besides those that are found by pattern. */
static const char *const headers[] = {
    "nvtypes.h",
    "nvos.h",
    "nv-ioctl.h",
    "nv-ioctl-numbers.h",
    "nv-ioctl-numa.h",
    "nv_escape.h",
    "nv-unix-nvos-params-wrappers.h",
    "uvm_ioctl.h",
    "uvm_linux_ioctl.h",
};
static const char *const sdk_patterns[] = {"ctrl/*.h", "ctrl/*/*.h", "alloc/*.h", "class/*.h"};

/* ---- which files ---- */

static void include_pattern(GString *text, const char *path, const char *pattern, guint *n)
{
    g_autofree char *full = g_build_filename(path, SDK_DIRECTORY, pattern, NULL);
    glob_t found;

    if (glob(full, 0, NULL, &found) != 0) {
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        g_string_append_printf(text, "#include \"%s\"\n", found.gl_pathv[i]);
        (*n)++;
    }
    globfree(&found);
}

/* The text that includes every header of a tree, or NULL if it has none. */
static char *includes_of(const char *path)
{
    GString *text =
        g_string_new("#include <stddef.h>\n#include <stdint.h>\n#include <sys/ioctl.h>\n");
    guint n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(directories); k++) {
            g_autofree char *file = g_build_filename(path, directories[k], headers[i], NULL);

            if (g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
                g_string_append_printf(text, "#include \"%s\"\n", headers[i]);
                n++;
                break;
            }
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sdk_patterns); i++) {
        include_pattern(text, path, sdk_patterns[i], &n);
    }
    return g_string_free(text, n == 0);
}

static GPtrArray *flags_of(const char *path)
{
    GPtrArray *flags = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(flags, g_strdup("-std=gnu11"));
    g_ptr_array_add(flags, g_strdup("-w"));
    g_ptr_array_add(flags, g_strdup("-ferror-limit=0"));
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *directory = g_build_filename(path, directories[i], NULL);

        if (g_file_test(directory, G_FILE_TEST_IS_DIR)) {
            g_ptr_array_add(flags, g_strconcat("-I", directory, NULL));
        }
    }
    return flags;
}

char *header_tree_version(const char *path)
{
    g_autofree char *file = g_build_filename(path, "version.mk", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GRegex) regex =
        g_regex_new("^NVIDIA_VERSION\\s*:?=\\s*([0-9.]+)", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL) || !g_regex_match(regex, text, 0, &match)) {
        return NULL;
    }
    return g_match_info_fetch(match, 1);
}

/* ---- what they declare ---- */

static char *take(CXString string)
{
    char *copy = g_strdup(clang_getCString(string));

    clang_disposeString(string);
    return copy;
}

static CXTranslationUnit parse(CXIndex index, const GPtrArray *flags, const char *text,
                               unsigned options)
{
    struct CXUnsavedFile file = {"interface.c", text, strlen(text)};

    return clang_parseTranslationUnit(index, "interface.c",
                                      (const char *const *)(const void *)flags->pdata,
                                      (int)flags->len, &file, 1, options);
}

static void collect_errors(HeaderTree *tree)
{
    for (unsigned i = 0; i < clang_getNumDiagnostics(tree->unit); i++) {
        CXDiagnostic diagnostic = clang_getDiagnostic(tree->unit, i);

        if (clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
            g_ptr_array_add(tree->errors, take(clang_formatDiagnostic(
                                              diagnostic, CXDiagnostic_DisplaySourceLocation)));
        }
        clang_disposeDiagnostic(diagnostic);
    }
}

/* Whether a macro's value may be asked for: it is wanted, or a command, escape or UVM ioctl by its
 * name. */
static bool is_candidate(const char *name, GHashTable *wanted)
{
    return strstr(name, "_CTRL_CMD_") || g_str_has_prefix(name, "NV_ESC_") ||
           g_str_has_prefix(name, "UVM_") || g_hash_table_contains(wanted, name);
}

typedef struct {
    HeaderTree *tree;
    GHashTable *wanted;
    GPtrArray *macros; /* names to evaluate */
} Visit;

static void add_struct(HeaderTree *tree, char *name, CXType type)
{
    CXType canonical = clang_getCanonicalType(type);

    if (canonical.kind == CXType_Record && *name && clang_Type_getSizeOf(canonical) >= 0 &&
        !g_hash_table_contains(tree->structs, name)) {
        g_hash_table_insert(tree->structs, name, g_memdup2(&canonical, sizeof canonical));
    } else {
        g_free(name);
    }
}

static enum CXChildVisitResult visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
    Visit *visit = data;

    (void)parent;
    switch (clang_getCursorKind(cursor)) {
    case CXCursor_TypedefDecl:
        add_struct(visit->tree, take(clang_getCursorSpelling(cursor)),
                   clang_getTypedefDeclUnderlyingType(cursor));
        break;
    case CXCursor_StructDecl:
    case CXCursor_UnionDecl:
        if (!clang_Cursor_isAnonymous(cursor)) {
            add_struct(visit->tree, take(clang_getCursorSpelling(cursor)),
                       clang_getCursorType(cursor));
        }
        break;
    case CXCursor_MacroDefinition: {
        g_autofree char *name = take(clang_getCursorSpelling(cursor));

        if (!clang_Cursor_isMacroFunctionLike(cursor) && is_candidate(name, visit->wanted)) {
            g_ptr_array_add(visit->macros, g_steal_pointer(&name));
        }
        break;
    }
    default:
        break;
    }
    return CXChildVisit_Continue;
}

/* Takes the value of a constant that was declared for a macro, "nvcuse_" and the macro's name. */
static enum CXChildVisitResult visit_value(CXCursor cursor, CXCursor parent, CXClientData data)
{
    HeaderTree *tree = data;
    g_autofree char *name = NULL;
    CXEvalResult result;

    (void)parent;
    if (clang_getCursorKind(cursor) != CXCursor_VarDecl) {
        return CXChildVisit_Continue;
    }
    name = take(clang_getCursorSpelling(cursor));
    result = g_str_has_prefix(name, "nvcuse_") ? clang_Cursor_Evaluate(cursor) : NULL;
    if (result) {
        if (clang_EvalResult_getKind(result) == CXEval_Int) {
            guint64 value = clang_EvalResult_isUnsignedInt(result)
                                ? clang_EvalResult_getAsUnsigned(result)
                                : (guint64)clang_EvalResult_getAsLongLong(result);

            g_hash_table_insert(tree->numbers, g_strdup(name + strlen("nvcuse_")),
                                g_memdup2(&value, sizeof value));
        }
        clang_EvalResult_dispose(result);
    }
    return CXChildVisit_Continue;
}

static void evaluate(HeaderTree *tree, const GPtrArray *flags, const char *includes,
                     const GPtrArray *macros)
{
    GString *text = g_string_new(includes);
    CXTranslationUnit unit;

    for (guint i = 0; i < macros->len; i++) {
        const char *name = macros->pdata[i];

        g_string_append_printf(text, "static const unsigned long long nvcuse_%s = (%s);\n", name,
                               name);
    }
    unit = parse(tree->index, flags, text->str, CXTranslationUnit_KeepGoing);
    if (unit) {
        clang_visitChildren(clang_getTranslationUnitCursor(unit), visit_value, tree);
        clang_disposeTranslationUnit(unit);
    }
    g_string_free(text, TRUE);
}

/* Reads "#define NAME (0xc697U)"; @name is to be freed. False for a line that defines anything
 * else. */
static bool parse_define(const char *line, char **name, guint64 *value)
{
    static const char define[] = "#define ";
    const char *start, *end;

    if (!g_str_has_prefix(line, define)) {
        return false;
    }
    start = line + strlen(define);
    start += strspn(start, " \t");
    end = start + strcspn(start, " \t(");
    line = end + strspn(end, " \t");
    line += strspn(line, "( \t");
    if (*end == '(' || !g_str_has_prefix(line, "0x")) {
        return false;
    }
    *value = g_ascii_strtoull(line, (char **)&line, 16);
    line += strspn(line, "uUlL) \t\r");
    if (*line != '\0' && *line != '/') {
        return false;
    }
    *name = g_strndup(start, (gsize)(end - start));
    return true;
}

/* A class header cl<id>.h defines, among much else, the class: a name with that id as its value. */
static void collect_class(HeaderTree *tree, const char *file)
{
    g_autofree char *base = g_path_get_basename(file);
    guint64 id = g_ascii_strtoull(base + strlen("cl"), NULL, 16);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL)) {
        return;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *name = NULL;
        guint64 value;

        if (parse_define(*line, &name, &value) && value == id) {
            g_hash_table_insert(tree->classes, g_steal_pointer(&name),
                                g_memdup2(&value, sizeof value));
        }
    }
}

static void collect_classes(HeaderTree *tree, const char *path)
{
    g_autofree char *pattern = g_build_filename(path, SDK_DIRECTORY, "class",
                                                "cl[0-9a-f][0-9a-f][0-9a-f][0-9a-f].h", NULL);
    glob_t found;

    if (glob(pattern, 0, NULL, &found) != 0) {
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        collect_class(tree, found.gl_pathv[i]);
    }
    globfree(&found);
}

HeaderTree *header_tree_open(const char *path, GHashTable *wanted, GError **error)
{
    g_autofree char *includes = includes_of(path);
    g_autoptr(GPtrArray) flags = flags_of(path);
    g_autoptr(GPtrArray) macros = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeaderTree) tree = g_new0(HeaderTree, 1);
    Visit state = {tree, wanted, macros};

    tree->errors = g_ptr_array_new_with_free_func(g_free);
    tree->structs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tree->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tree->classes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tree->index = clang_createIndex(0, 0);
    tree->version = header_tree_version(path);
    if (includes) {
        tree->unit = parse(tree->index, flags, includes,
                           CXTranslationUnit_DetailedPreprocessingRecord |
                               CXTranslationUnit_SkipFunctionBodies | CXTranslationUnit_KeepGoing);
    }
    if (!tree->unit) {
        g_set_error(
            error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
            "%s: no headers of NVIDIA's kernel modules: expected the directories " SDK_DIRECTORY
            " and kernel-open/common/inc",
            path);
        return NULL;
    }
    collect_errors(tree);
    clang_visitChildren(clang_getTranslationUnitCursor(tree->unit), visit, &state);
    evaluate(tree, flags, includes, macros);
    collect_classes(tree, path);
    return g_steal_pointer(&tree);
}

void header_tree_free(HeaderTree *tree)
{
    if (!tree) {
        return;
    }
    g_clear_pointer(&tree->unit, clang_disposeTranslationUnit);
    clang_disposeIndex(tree->index);
    g_hash_table_unref(tree->classes);
    g_hash_table_unref(tree->numbers);
    g_hash_table_unref(tree->structs);
    g_ptr_array_unref(tree->errors);
    g_free(tree->version);
    g_free(tree);
}
