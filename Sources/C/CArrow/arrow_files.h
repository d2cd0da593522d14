// The border between StateZero and Arrow C++: the structs of Arrow's C data interface, and one table of functions.
//
// StateZero links no Arrow library. `scripts/arrow/install` compiles arrow_files.cpp, which implements the table, against
// the Arrow libraries of the Python package `pyarrow`; the program loads the result at run time (dlopen) and asks it for
// the table by `statezero_arrow_functions`. Every function reports its error as text and lets no C++ exception pass.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The C data interface and the C stream interface, as https://arrow.apache.org/docs/format/CDataInterface.html gives
// them for inclusion in other projects.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

// Raised with every change of the table below; the program refuses a library with another number.
#define STATEZERO_ARROW_VERSION 2

// File formats, for reading and writing.
#define STATEZERO_PARQUET 0
#define STATEZERO_ARROW_FILE 1
#define STATEZERO_ARROW_STREAM 2

struct statezero_arrow_table {
    int32_t version;
    // Version of Arrow C++, such as "26.0.1".
    const char *arrow_version;

    // Opens a file as a stream of record batches of at most `batch_rows` rows. `columns` names the top-level columns to
    // read, absent ones are ignored; NULL reads all. Every batch is validated in full before it is handed out: offsets,
    // sizes, dictionary indices, UTF-8. `rows` gets the number of rows that the file states, -1 if it states none.
    // Returns 0, or 1 and a text in `error`, which `free_text` releases.
    int32_t (*open)(
        const char *path, int32_t format, const char *const *columns, int64_t column_count, int64_t batch_rows,
        struct ArrowArrayStream *out, int64_t *rows, char **error);

    // Turns JSON lines into a file in memory. `fields` describes the columns, one line each: a name, a space, a format
    // of the C data interface (u, l, i, f, g, b); "error.code u" is a member of the struct column "error". Members of
    // the lines that are not described are an error. `free_bytes` releases the result.
    int32_t (*encode_lines)(
        const uint8_t *lines, int64_t size, const char *fields, int32_t format, uint8_t **out, int64_t *out_size,
        char **error);

    // Copies the rows of a file whose number in `counts` is not 0; there is one for each of its `rows` rows. Unless `name`
    // is NULL, adds (or replaces) the column of that name with the numbers, as 64-bit integers. All other columns and the
    // metadata stay as they are.
    int32_t (*copy_rows)(
        const char *input, int32_t format, const char *output, int32_t output_format, const char *name,
        const int64_t *counts, int64_t rows, int64_t *written, char **error);

    void (*free_text)(char *);
    void (*free_bytes)(uint8_t *, int64_t size);
};

// The symbol of the table that the program looks up.
typedef const struct statezero_arrow_table *(*statezero_arrow_functions_type)(void);
const struct statezero_arrow_table *statezero_arrow_functions(void);

// Opens a Parquet file as `open` does, at the row group with the row `first_row` (from 0). `start` gets the number of the
// first row of that group, with which the stream begins; it goes on to the end of the file. A symbol of its own, which an
// older library does not have: the table stays as it is.
typedef int32_t (*statezero_arrow_open_rows_type)(
    const char *path, const char *const *columns, int64_t column_count, int64_t batch_rows, int64_t first_row,
    struct ArrowArrayStream *out, int64_t *start, int64_t *rows, char **error);
int32_t statezero_arrow_open_rows(
    const char *path, const char *const *columns, int64_t column_count, int64_t batch_rows, int64_t first_row,
    struct ArrowArrayStream *out, int64_t *start, int64_t *rows, char **error);

#ifdef __cplusplus
}
#endif
