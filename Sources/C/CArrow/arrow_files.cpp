// Reads and writes Parquet and Arrow IPC files with Arrow C++, behind the plain C table of arrow_files.h.
//
// `scripts/arrow/install` compiles this file; the package's own build does not. Files come from anywhere, so every batch
// is validated in full before it leaves, memory is bounded, and no exception passes the border.

#include "arrow_files.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/compute/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <arrow/json/api.h>
#include <arrow/util/config.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

namespace {

using arrow::Result;
using arrow::Status;
using Batches = std::shared_ptr<arrow::RecordBatchReader>;

// A damaged file can ask for any amount of memory. Half of the machine is more than a batch ever needs, and a request
// beyond it becomes an error. Never destroyed: batches that were handed out return their memory to it.
arrow::MemoryPool *pool() {
    static auto *capped = new arrow::CappedMemoryPool(
        arrow::default_memory_pool(), int64_t(sysconf(_SC_PHYS_PAGES)) / 2 * sysconf(_SC_PAGE_SIZE));
    return capped;
}

char *copy(const std::string &text) { return strdup(text.c_str()); }

// Runs `work` and turns its status, or any exception, into text.
template <typename Work>
int32_t guarded(char **error, Work work) {
    try {
        Status status = work();
        if (status.ok()) return 0;
        *error = copy(status.ToStringWithoutContextLines());
    } catch (const std::exception &exception) {
        *error = copy(exception.what());
    } catch (...) {
        *error = copy("unknown failure in Arrow");
    }
    return 1;
}

bool IsASCII(const arrow::Buffer &buffer) {
    const uint8_t *bytes = buffer.data();
    const int64_t size = buffer.size();
    uint8_t seen = 0;
    // Stretches, so that the compiler uses wide registers and other text ends the search early.
    for (int64_t place = 0; place < size; place += 4096) {
        const int64_t end = std::min(size, place + 4096);
        for (int64_t i = place; i < end; ++i) seen |= bytes[i];
        if (seen & 0x80) return false;
    }
    return true;
}

using Data = std::shared_ptr<arrow::ArrayData>;

template <typename Index>
bool IndicesAreBelow(const arrow::ArrayData &data, int64_t length) {
    using Unsigned = std::make_unsigned_t<Index>;
    // A negative index becomes larger than any positive one.
    const uint64_t largest = uint64_t(std::numeric_limits<Index>::max());
    if (std::is_unsigned_v<Index> && uint64_t(length) > largest) return true;
    const Unsigned limit = Unsigned(std::min(uint64_t(length), largest + (std::is_signed_v<Index> ? 1 : 0)));
    const Unsigned *indices = data.GetValues<Unsigned>(1);
    Unsigned beyond = 0;
    for (int64_t i = 0; i < data.length; ++i) beyond |= Unsigned(indices[i] >= limit);
    return beyond == 0;
}

// Whether all indices of a dictionary column are those of values; false also where this is not seen at once. Arrow's own
// check goes value by value.
bool IndicesAreValid(const arrow::ArrayData &data, arrow::Type::type index) {
    if (data.buffers.size() != 2 || data.buffers[0] || !data.buffers[1] || !data.buffers[1]->is_cpu()) return false;
    const int64_t length = data.dictionary->length;
    switch (index) {
        case arrow::Type::INT8: return IndicesAreBelow<int8_t>(data, length);
        case arrow::Type::INT16: return IndicesAreBelow<int16_t>(data, length);
        case arrow::Type::INT32: return IndicesAreBelow<int32_t>(data, length);
        case arrow::Type::INT64: return IndicesAreBelow<int64_t>(data, length);
        case arrow::Type::UINT8: return IndicesAreBelow<uint8_t>(data, length);
        case arrow::Type::UINT16: return IndicesAreBelow<uint16_t>(data, length);
        case arrow::Type::UINT32: return IndicesAreBelow<uint32_t>(data, length);
        default: return false;
    }
}

// The same data with ASCII text declared as bytes. ASCII is always UTF-8, and Arrow checks UTF-8 value by value, which
// takes longer than to read the file. Offsets are still to be validated. Text that is not ASCII stays text. `known` are
// dictionaries that were validated in full: only the indices into them are checked again. The data's sizes are right.
Data ForValidation(const Data &data, const std::vector<Data> &known = {}) {
    const arrow::DataType &type = *data->type;
    const auto id = type.id();
    Data made = data->Copy();
    if (id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING) {
        if (data->buffers.size() != 3 || !data->buffers[2] || !data->buffers[2]->is_cpu() ||
            !IsASCII(*data->buffers[2]))
            return data;
        made->type = id == arrow::Type::STRING ? arrow::binary() : arrow::large_binary();
        return made;
    }
    if (id == arrow::Type::DICTIONARY) {
        if (std::find(known.begin(), known.end(), data->dictionary) == known.end()) return data;
        const auto &dictionary = static_cast<const arrow::DictionaryType &>(type);
        if (IndicesAreValid(*data, dictionary.index_type()->id())) {
            made->type = dictionary.index_type();
            made->dictionary = nullptr;
            return made;
        }
        const int64_t length = data->dictionary->length;
        made->type = arrow::dictionary(dictionary.index_type(), arrow::null(), dictionary.ordered());
        made->dictionary = arrow::ArrayData::Make(arrow::null(), length, {nullptr}, length);
        return made;
    }
    if (id != arrow::Type::LIST && id != arrow::Type::LARGE_LIST && id != arrow::Type::STRUCT) return data;
    if (data->child_data.size() != size_t(type.num_fields())) return data;
    arrow::FieldVector fields;
    for (int i = 0; i < type.num_fields(); ++i) {
        if (!data->child_data[i]) return data;
        made->child_data[i] = ForValidation(data->child_data[i], known);
        fields.push_back(type.field(i)->WithType(made->child_data[i]->type));
    }
    switch (id) {
        case arrow::Type::LIST: made->type = arrow::list(fields[0]); break;
        case arrow::Type::LARGE_LIST: made->type = arrow::large_list(fields[0]); break;
        default: made->type = arrow::struct_(fields); break;
    }
    return made;
}

// Whether both are texts or bytes of the same content. `known` is validated in full, `found` only in its sizes.
bool SameTexts(const arrow::ArrayData &known, const arrow::ArrayData &found) {
    const auto id = known.type->id();
    const bool is_large = id == arrow::Type::LARGE_STRING || id == arrow::Type::LARGE_BINARY;
    if (!is_large && id != arrow::Type::STRING && id != arrow::Type::BINARY) return false;
    if (found.type->id() != id || known.length != found.length || known.length == 0) return false;
    for (const auto *data : {&known, &found}) {
        if (data->offset != 0 || data->buffers.size() != 3 || data->buffers[0] || !data->buffers[1] || !data->buffers[2])
            return false;
    }
    const auto &offsets = *known.buffers[1];
    const int64_t size = (known.length + 1) * (is_large ? 8 : 4);
    if (offsets.size() < size || found.buffers[1]->size() < size) return false;
    if (memcmp(offsets.data(), found.buffers[1]->data(), size_t(size)) != 0) return false;
    const int64_t end = is_large ? reinterpret_cast<const int64_t *>(offsets.data())[known.length]
                                 : reinterpret_cast<const int32_t *>(offsets.data())[known.length];
    if (found.buffers[2]->size() < end) return false;
    return memcmp(known.buffers[2]->data(), found.buffers[2]->data(), size_t(end)) == 0;
}

// Validates batches in full, as RecordBatch::ValidateFull does; several times as fast where text is ASCII or where batches
// share a dictionary. Most files repeat a dictionary from batch to batch, Parquet as a copy: such copies are replaced by
// the one that came first, so that it is validated once, and its texts are made once by the reader of the batches.
class Validator {
   public:
    Status Check(std::shared_ptr<arrow::RecordBatch> *batch) {
        ARROW_RETURN_NOT_OK((*batch)->Validate());
        place_ = 0;
        std::vector<Data> columns;
        for (int i = 0; i < (*batch)->num_columns(); ++i) {
            const Status status = Check((*batch)->column_data(i), &columns);
            if (!status.ok()) return status.WithMessage("column ", (*batch)->column_name(i), ": ", status.message());
        }
        if (place_ > 0) *batch = arrow::RecordBatch::Make((*batch)->schema(), (*batch)->num_rows(), columns);
        return Status::OK();
    }

   private:
    Status Check(const Data &column, std::vector<Data> *columns) {
        ARROW_ASSIGN_OR_RAISE(auto shared, WithKnown(column));
        ARROW_RETURN_NOT_OK(arrow::MakeArray(ForValidation(shared, known_))->ValidateFull());
        columns->push_back(shared);
        return Status::OK();
    }

    // The column with each of its dictionaries validated, and replaced by that of the last batch if it is the same.
    Result<Data> WithKnown(const Data &data) {
        const auto id = data->type->id();
        if (id == arrow::Type::DICTIONARY) return WithKnownDictionary(data);
        if (id != arrow::Type::LIST && id != arrow::Type::LARGE_LIST && id != arrow::Type::STRUCT) return data;
        Data made;
        for (size_t i = 0; i < data->child_data.size(); ++i) {
            if (!data->child_data[i]) continue;
            ARROW_ASSIGN_OR_RAISE(auto child, WithKnown(data->child_data[i]));
            if (child == data->child_data[i]) continue;
            if (!made) made = data->Copy();
            made->child_data[i] = child;
        }
        return made ? made : data;
    }

    Result<Data> WithKnownDictionary(const Data &data) {
        const size_t place = place_++;
        if (place >= known_.size()) known_.resize(place + 1);
        Data &known = known_[place];
        if (data->dictionary == known) return data;
        if (known && SameTexts(*known, *data->dictionary)) {
            Data made = data->Copy();
            made->dictionary = known;
            return made;
        }
        ARROW_RETURN_NOT_OK(arrow::MakeArray(ForValidation(data->dictionary))->ValidateFull());
        known = data->dictionary;
        return data;
    }

    // The dictionaries of the batch before, in the order of the columns.
    std::vector<Data> known_;
    size_t place_ = 0;
};

// Hands out batches of at most so many rows, each validated in full. `owner` is what `inner` reads from.
class CheckedReader : public arrow::RecordBatchReader {
   public:
    CheckedReader(Batches inner, std::shared_ptr<void> owner, int64_t rows)
        : owner_(std::move(owner)), inner_(std::move(inner)), rows_(rows) {}

    std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }

    Status ReadNext(std::shared_ptr<arrow::RecordBatch> *out) override {
        try {
            return Next(out);
        } catch (const std::exception &exception) {
            return Status::IOError(exception.what());
        } catch (...) {
            return Status::IOError("unknown failure in Arrow");
        }
    }

   private:
    Status Next(std::shared_ptr<arrow::RecordBatch> *out) {
        while (!current_ || at_ >= current_->num_rows()) {
            ARROW_RETURN_NOT_OK(inner_->ReadNext(&current_));
            at_ = 0;
            if (!current_) {
                *out = nullptr;
                return Status::OK();
            }
            ARROW_RETURN_NOT_OK(validator_.Check(&current_));
        }
        const int64_t count = std::min(rows_, current_->num_rows() - at_);
        *out = count == current_->num_rows() ? current_ : current_->Slice(at_, count);
        at_ += count;
        return Status::OK();
    }

    std::shared_ptr<void> owner_;
    Batches inner_;
    int64_t rows_;
    std::shared_ptr<arrow::RecordBatch> current_;
    Validator validator_;
    int64_t at_ = 0;
};

// The batches of an Arrow file, one after the other.
class ArrowFileBatches : public arrow::RecordBatchReader {
   public:
    explicit ArrowFileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}
    std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
    Status ReadNext(std::shared_ptr<arrow::RecordBatch> *out) override {
        *out = nullptr;
        if (next_ >= file_->num_record_batches()) return Status::OK();
        return file_->ReadRecordBatch(next_++).Value(out);
    }

   private:
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
    int next_ = 0;
};

using Selection = std::unordered_set<std::string>;

// The first row group to read: that with the row `first`; `start` gets the number of its first row.
Result<int> FirstGroup(const parquet::FileMetaData &metadata, int64_t first, int64_t *start) {
    *start = 0;
    for (int group = 0; group < metadata.num_row_groups(); ++group) {
        const int64_t rows = metadata.RowGroup(group)->num_rows();
        // What is left of `first` is at least 0, so nothing overflows.
        if (rows < 0) return Status::Invalid("row group ", group, " states ", rows, " rows");
        if (first - *start < rows) return group;
        *start += rows;
    }
    return Status::Invalid("the file has ", *start, " rows, and row ", first + 1, " is asked for");
}

// From the row group with the row `first` on; `start` gets the number of the first row that is read.
Result<Batches> OpenParquet(
    const std::shared_ptr<arrow::io::RandomAccessFile> &file, const Selection *selection, int64_t rows, int64_t *total,
    int64_t first = 0, int64_t *start = nullptr) {
    parquet::ReaderProperties properties(pool());
    // Column chunks are read in pieces, so that a row group need not fit into memory.
    properties.enable_buffered_stream();
    properties.set_buffer_size(256 << 10);
    properties.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_batch_size(rows);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(file, properties));
    std::unique_ptr<parquet::arrow::FileReader> opened;
    ARROW_RETURN_NOT_OK(builder.memory_pool(pool())->properties(arrow_properties)->Build(&opened));
    std::shared_ptr<parquet::arrow::FileReader> reader = std::move(opened);
    int group = 0;
    if (start) {
        ARROW_ASSIGN_OR_RAISE(group, FirstGroup(*reader->parquet_reader()->metadata(), first, start));
    }
    std::vector<int> groups;
    for (; group < reader->num_row_groups(); ++group) groups.push_back(group);
    *total = reader->parquet_reader()->metadata()->num_rows();
    const parquet::SchemaDescriptor *schema = reader->parquet_reader()->metadata()->schema();
    std::vector<int> columns;
    for (int i = 0; i < schema->num_columns(); ++i) {
        if (!selection || selection->count(schema->GetColumnRoot(i)->name())) columns.push_back(i);
    }
    ARROW_ASSIGN_OR_RAISE(auto batches, reader->GetRecordBatchReader(groups, columns));
    return std::make_shared<CheckedReader>(Batches(std::move(batches)), reader, rows);
}

// The places of the selected fields.
std::vector<int> Places(const arrow::Schema &schema, const Selection &selection) {
    std::vector<int> places;
    for (int i = 0; i < schema.num_fields(); ++i) {
        if (selection.count(schema.field(i)->name())) places.push_back(i);
    }
    return places;
}

template <typename Reader, typename Source>
Result<std::shared_ptr<Reader>> OpenArrow(const std::shared_ptr<Source> &file, const Selection *selection) {
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.memory_pool = pool();
    options.use_threads = false;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Reader> reader, Reader::Open(file, options));
    if (!selection) return reader;
    options.included_fields = Places(*reader->schema(), *selection);
    // No place at all would mean all fields.
    if (options.included_fields.empty() || options.included_fields.size() == size_t(reader->schema()->num_fields()))
        return reader;
    ARROW_RETURN_NOT_OK(file->Seek(0));
    return Reader::Open(file, options);
}

Result<Batches> Open(
    const std::string &path, int32_t format, const Selection *selection, int64_t rows, int64_t *total) {
    *total = -1;
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path, pool()));
    switch (format) {
        case STATEZERO_PARQUET: return OpenParquet(file, selection, rows, total);
        case STATEZERO_ARROW_FILE: {
            std::shared_ptr<arrow::io::RandomAccessFile> source = file;
            ARROW_ASSIGN_OR_RAISE(auto reader, OpenArrow<arrow::ipc::RecordBatchFileReader>(source, selection));
            ARROW_ASSIGN_OR_RAISE(*total, reader->CountRows());
            return std::make_shared<CheckedReader>(std::make_shared<ArrowFileBatches>(reader), file, rows);
        }
        case STATEZERO_ARROW_STREAM: {
            ARROW_ASSIGN_OR_RAISE(auto reader, OpenArrow<arrow::ipc::RecordBatchStreamReader>(file, selection));
            return std::make_shared<CheckedReader>(reader, file, rows);
        }
        default: return Status::Invalid("unknown format ", format);
    }
}

int32_t open_file(
    const char *path, int32_t format, const char *const *columns, int64_t column_count, int64_t batch_rows,
    ArrowArrayStream *out, int64_t *rows, char **error) {
    return guarded(error, [&]() -> Status {
        Selection selection;
        for (int64_t i = 0; columns && i < column_count; ++i) selection.insert(columns[i]);
        ARROW_ASSIGN_OR_RAISE(auto reader, Open(path, format, columns ? &selection : nullptr, batch_rows, rows));
        return arrow::ExportRecordBatchReader(std::move(reader), out);
    });
}

Result<std::shared_ptr<arrow::DataType>> TypeOf(const std::string &format) {
    if (format == "u") return arrow::utf8();
    if (format == "l") return arrow::int64();
    if (format == "i") return arrow::int32();
    if (format == "f") return arrow::float32();
    if (format == "g") return arrow::float64();
    if (format == "b") return arrow::boolean();
    return Status::Invalid("unknown column format ", format);
}

// The schema that `fields` describes; members of a struct follow each other.
Result<std::shared_ptr<arrow::Schema>> Describe(const std::string &fields) {
    arrow::FieldVector columns;
    std::istringstream lines(fields);
    std::string name, format;
    while (lines >> name >> format) {
        ARROW_ASSIGN_OR_RAISE(auto type, TypeOf(format));
        const size_t dot = name.find('.');
        if (dot == std::string::npos) {
            columns.push_back(arrow::field(name, type));
            continue;
        }
        const std::string parent = name.substr(0, dot);
        auto member = arrow::field(name.substr(dot + 1), type);
        if (columns.empty() || columns.back()->name() != parent) {
            columns.push_back(arrow::field(parent, arrow::struct_({member})));
            continue;
        }
        auto members = columns.back()->type()->fields();
        members.push_back(member);
        columns.back() = arrow::field(parent, arrow::struct_(members));
    }
    return arrow::schema(columns);
}

std::shared_ptr<parquet::WriterProperties> ParquetProperties() {
    parquet::WriterProperties::Builder builder;
    builder.memory_pool(pool());
    builder.compression(arrow::Compression::ZSTD);
    builder.max_row_group_length(64 << 10);
    return builder.build();
}

// With the Arrow schema in the file, so that large strings and dictionaries are read back as such.
std::shared_ptr<parquet::ArrowWriterProperties> ArrowProperties() {
    parquet::ArrowWriterProperties::Builder builder;
    builder.store_schema();
    return builder.build();
}

Result<std::shared_ptr<arrow::ipc::RecordBatchWriter>> MakeIPC(
    const std::shared_ptr<arrow::io::OutputStream> &sink, int32_t format, const std::shared_ptr<arrow::Schema> &schema) {
    if (format == STATEZERO_ARROW_FILE) return arrow::ipc::MakeFileWriter(sink, schema);
    if (format == STATEZERO_ARROW_STREAM) return arrow::ipc::MakeStreamWriter(sink, schema);
    return Status::Invalid("unknown format ", format);
}

Status WriteTable(
    const arrow::Table &table, int32_t format, const std::shared_ptr<arrow::io::BufferOutputStream> &sink) {
    if (format == STATEZERO_PARQUET)
        return parquet::arrow::WriteTable(table, pool(), sink, 64 << 10, ParquetProperties(), ArrowProperties());
    ARROW_ASSIGN_OR_RAISE(auto writer, MakeIPC(sink, format, table.schema()));
    ARROW_RETURN_NOT_OK(writer->WriteTable(table, 64 << 10));
    return writer->Close();
}

Result<std::shared_ptr<arrow::Table>> TableOf(
    const uint8_t *lines, int64_t size, const std::shared_ptr<arrow::Schema> &schema) {
    if (size == 0) return arrow::Table::MakeEmpty(schema, pool());
    auto read = arrow::json::ReadOptions::Defaults();
    read.use_threads = false;
    // A line must fit into a block; rows of scores and budgets are far shorter.
    read.block_size = 4 << 20;
    auto parse = arrow::json::ParseOptions::Defaults();
    parse.explicit_schema = schema;
    parse.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Error;
    auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(
        std::string(reinterpret_cast<const char *>(lines), size_t(size))));
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::json::TableReader::Make(pool(), input, read, parse));
    return reader->Read();
}

int32_t encode_lines(
    const uint8_t *lines, int64_t size, const char *fields, int32_t format, uint8_t **out, int64_t *out_size,
    char **error) {
    return guarded(error, [&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto schema, Describe(fields));
        ARROW_ASSIGN_OR_RAISE(auto table, TableOf(lines, size, schema));
        ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create(1 << 16, pool()));
        ARROW_RETURN_NOT_OK(WriteTable(*table, format, sink));
        ARROW_ASSIGN_OR_RAISE(auto buffer, sink->Finish());
        *out = static_cast<uint8_t *>(malloc(size_t(buffer->size())));
        if (!*out) return Status::OutOfMemory("no memory for ", buffer->size(), " bytes");
        memcpy(*out, buffer->data(), size_t(buffer->size()));
        *out_size = buffer->size();
        return Status::OK();
    });
}

// The batch with the column `name` added or replaced.
Result<std::shared_ptr<arrow::RecordBatch>> WithCounts(
    std::shared_ptr<arrow::RecordBatch> batch, const std::string &name, const int64_t *counts) {
    arrow::Int64Builder values(pool());
    ARROW_RETURN_NOT_OK(values.AppendValues(counts, batch->num_rows()));
    ARROW_ASSIGN_OR_RAISE(auto column, values.Finish());
    const int place = batch->schema()->GetFieldIndex(name);
    if (place >= 0) {
        ARROW_ASSIGN_OR_RAISE(batch, batch->RemoveColumn(place));
    }
    return batch->AddColumn(batch->num_columns(), arrow::field(name, arrow::int64(), false), column);
}

// The rows of the batch whose count is not 0.
Result<arrow::RecordBatchVector> Counted(const std::shared_ptr<arrow::RecordBatch> &batch, const int64_t *counts) {
    const int64_t rows = batch->num_rows();
    arrow::BooleanBuilder keep(pool());
    for (int64_t i = 0; i < rows; ++i) ARROW_RETURN_NOT_OK(keep.Append(counts[i] != 0));
    ARROW_ASSIGN_OR_RAISE(auto mask, keep.Finish());
    arrow::compute::ExecContext context(pool());
    auto kept = arrow::compute::Filter(
        arrow::Datum(batch), arrow::Datum(mask), arrow::compute::FilterOptions::Defaults(), &context);
    if (kept.ok()) return arrow::RecordBatchVector{kept->record_batch()};
    if (!kept.status().IsNotImplemented()) return kept.status();
    // Filters do not know every type; stretches of kept rows need no filter.
    arrow::RecordBatchVector stretches;
    for (int64_t start = 0, end = 0; start < rows; start = end) {
        end = start + 1;
        while (end < rows && (counts[end] != 0) == (counts[start] != 0)) ++end;
        if (counts[start] != 0) stretches.push_back(batch->Slice(start, end - start));
    }
    return stretches;
}

Result<std::shared_ptr<arrow::Schema>> WithField(std::shared_ptr<arrow::Schema> schema, const std::string &name) {
    const int place = schema->GetFieldIndex(name);
    if (place >= 0) {
        ARROW_ASSIGN_OR_RAISE(schema, schema->RemoveField(place));
    }
    return schema->AddField(schema->num_fields(), arrow::field(name, arrow::int64(), false));
}

// Writes record batches to a file, one after the other.
struct BatchWriter {
    std::shared_ptr<arrow::io::FileOutputStream> sink;
    std::unique_ptr<parquet::arrow::FileWriter> parquet;
    std::shared_ptr<arrow::ipc::RecordBatchWriter> ipc;

    static Result<BatchWriter> Make(
        const char *path, int32_t format, const std::shared_ptr<arrow::Schema> &schema) {
        BatchWriter made;
        ARROW_ASSIGN_OR_RAISE(made.sink, arrow::io::FileOutputStream::Open(path));
        if (format == STATEZERO_PARQUET) {
            ARROW_ASSIGN_OR_RAISE(
                made.parquet, parquet::arrow::FileWriter::Open(
                                  *schema, pool(), made.sink, ParquetProperties(), ArrowProperties()));
        } else {
            ARROW_ASSIGN_OR_RAISE(made.ipc, MakeIPC(made.sink, format, schema));
        }
        return made;
    }

    Status Write(const arrow::RecordBatch &batch) {
        return parquet ? parquet->WriteRecordBatch(batch) : ipc->WriteRecordBatch(batch);
    }

    Status Close() {
        ARROW_RETURN_NOT_OK(parquet ? parquet->Close() : ipc->Close());
        return sink->Close();
    }
};

int32_t copy_rows(
    const char *input, int32_t format, const char *output, int32_t output_format, const char *name,
    const int64_t *counts, int64_t rows, int64_t *written, char **error) {
    return guarded(error, [&]() -> Status {
        *written = 0;
        int64_t stated;
        ARROW_ASSIGN_OR_RAISE(auto reader, Open(input, format, nullptr, 8 << 10, &stated));
        auto schema = reader->schema();
        if (name) {
            ARROW_ASSIGN_OR_RAISE(schema, WithField(schema, name));
        }
        ARROW_ASSIGN_OR_RAISE(auto writer, BatchWriter::Make(output, output_format, schema));
        int64_t row = 0;
        for (;;) {
            std::shared_ptr<arrow::RecordBatch> batch;
            ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
            if (!batch) break;
            if (batch->num_rows() > rows - row)
                return Status::Invalid("the file has more than the ", rows, " rows that were read before");
            const int64_t *numbers = counts + row;
            row += batch->num_rows();
            if (name) {
                ARROW_ASSIGN_OR_RAISE(batch, WithCounts(batch, name, numbers));
            }
            ARROW_ASSIGN_OR_RAISE(auto kept, Counted(batch, numbers));
            for (const auto &part : kept) {
                *written += part->num_rows();
                ARROW_RETURN_NOT_OK(writer.Write(*part));
            }
        }
        if (row != rows) return Status::Invalid("the file has ", row, " rows, but ", rows, " were read before");
        return writer.Close();
    });
}

void free_text(char *text) { free(text); }
void free_bytes(uint8_t *bytes, int64_t) { free(bytes); }

const statezero_arrow_table table = {
    STATEZERO_ARROW_VERSION, ARROW_VERSION_STRING, open_file, encode_lines, copy_rows, free_text, free_bytes,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const statezero_arrow_table *statezero_arrow_functions(void) {
    return &table;
}

extern "C" __attribute__((visibility("default"))) int32_t statezero_arrow_open_rows(
    const char *path, const char *const *columns, int64_t column_count, int64_t batch_rows, int64_t first_row,
    ArrowArrayStream *out, int64_t *start, int64_t *rows, char **error) {
    return guarded(error, [&]() -> Status {
        if (first_row < 0) return Status::Invalid("row ", first_row, " is asked for");
        Selection selection;
        for (int64_t i = 0; columns && i < column_count; ++i) selection.insert(columns[i]);
        ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path, pool()));
        ARROW_ASSIGN_OR_RAISE(
            auto reader, OpenParquet(file, columns ? &selection : nullptr, batch_rows, rows, first_row, start));
        return arrow::ExportRecordBatchReader(std::move(reader), out);
    });
}
