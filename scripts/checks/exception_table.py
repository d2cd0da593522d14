"""The exceptions to the rules of `exceptions.py` and `sizes.py`, with reasons. The lists may only get shorter."""

PATH = "scripts/checks/exception_table.py"
# Modules whose subject is foreign memory.
UNSAFE_MODULES = ("Sources/ZeroMQ/", "Sources/Kernels/")
MAX_PROMISES = 8
# Other files that use unsafe memory.
UNSAFE_FILES = {
    "Sources/ArrowFiles/ArrowBatch.swift": "owns an array that the library allocated",
    "Sources/ArrowFiles/ArrowColumn.swift": "reads values out of the library's buffers",
    "Sources/ArrowFiles/ArrowEncoder.swift": "passes rows to the library and copies its result",
    "Sources/ArrowFiles/ArrowLibrary.swift": "the library's functions are looked up by name",
    "Sources/ArrowFiles/ArrowReader.swift": "owns a stream of the library",
    "Sources/ClientNode/ScoringWriter.swift": "a UUID gives its bytes only through a pointer",
    "Sources/Corpora/Files/ByteSource.swift": "read(2) and the decompressors fill a buffer in place",
    "Sources/Corpora/Files/Decompressor.swift": "zlib and zstd take pointers, and z_stream must not move",
    "Sources/Corpora/Files/LineReader.swift": "memchr over the buffer, and lines hashed without a copy",
    "Sources/Corpora/Output/OutputFolder.swift": "write(2) gets the rest of a buffer",
    "Sources/Corpora/Output/ScoringRun.swift": "passes write(2) on, so that tests can fill the disk",
    "Sources/ModelFiles/MappedFile.swift": "owns the mapping of a weights file",
    "Sources/ModelFiles/SafetensorsFile.swift": "reads tensors out of the mapping",
    "Sources/FeatureStore/StoreCell.swift": "numbers in and out of a cell's bytes",
    "Sources/FeatureStore/StoreMapping.swift": "owns the mapping of a feature store",
    "Sources/RolloutNode/ChildProcess.swift": "glibc's function that closes a child's descriptors is looked up by name",
    "Sources/Threads/ThreadPlacement.swift": "glibc's functions for cores are looked up by name and take pointers",
    "Sources/Threads/Wakeup.swift": "read(2) fills a buffer on the stack",
    "Sources/Wire/Blocks/RawFrame.swift": "keeps a frame's bytes in the memory of the socket's library",
}
# Files over the limit: the number of lines that each may have.
LONG_FILES = {
    "Sources/Tokenizers/Unicode/ReferenceUnicodeData.swift": (760, "a table of Unicode ranges, generated"),
    "Sources/Wire/Generated/statezero.pb.swift": (7500, "generated from proto/statezero.proto"),
    "Sources/TraceExport/Generated/opentelemetry.pb.swift": (900, "generated from proto/opentelemetry.proto"),
}
