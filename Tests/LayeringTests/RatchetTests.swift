import Testing

/// What is allowed to be an exception, file by file and with its reason. A list may only get shorter: an entry that is no
/// longer true fails too.
@Suite("Exceptions to the rules, with reasons")
struct RatchetTests {
    private let sources: [PackageTree.File]

    init() throws {
        sources = try PackageTree().files(under: "Sources", withExtension: "swift")
    }

    /// Modules whose subject is foreign memory.
    private static let unsafeModules = ["Sources/ZeroMQ/", "Sources/Kernels/"]
    private static let unsafeFiles = [
        "Sources/ClientNode/ScoringWriter.swift": "the bytes of a UUID have no other door",
        "Sources/Corpora/Files/ByteSource.swift": "read(2) and the decompressors fill a buffer in place",
        "Sources/Corpora/Files/Decompressor.swift": "zlib and zstd take pointers, and z_stream must not move",
        "Sources/Corpora/Files/LineReader.swift": "memchr over the buffer, and lines hashed without a copy",
        "Sources/Corpora/Output/OutputFolder.swift": "write(2) takes what is left of a buffer",
        "Sources/Corpora/Output/ScoringRun.swift": "passes write(2) on, so that tests can fill the disk",
        "Sources/ModelFiles/MappedFile.swift": "owns the mapping of a weights file",
        "Sources/ModelFiles/SafetensorsFile.swift": "reads tensors out of the mapping",
        "Sources/FeatureStore/StoreCell.swift": "numbers in and out of a cell's bytes",
        "Sources/FeatureStore/StoreMapping.swift": "owns the mapping of a feature store",
        "Sources/Threads/ThreadPlacement.swift": "glibc's calls for cores are looked up by name and take a set's words",
        "Sources/Threads/Wakeup.swift": "read(2) fills a buffer on the stack",
        "Sources/Wire/Blocks/RawFrame.swift": "holds the bytes of a frame where the socket's library has them",
    ]

    @Test("unsafe memory stays where its reasons are")
    func unsafeMemory() {
        let pattern = /\b(Unsafe\w*Pointer|withUnsafe\w*|Unmanaged|unsafeBitCast|withMemoryRebound)\b/
        var users: Set<String> = []
        for file in sources where !Self.unsafeModules.contains(where: file.path.hasPrefix) {
            for (number, line) in file.lines.enumerated() {
                guard let found = line.firstMatch(of: pattern)?.1 else { continue }
                users.insert(file.path)
                #expect(
                    Self.unsafeFiles[file.path] != nil,
                    "\(file):\(number + 1) uses \(found); find another way, or list it here with the reason")
            }
        }
        for (path, reason) in Self.unsafeFiles.sorted(by: { $0.key < $1.key }) {
            #expect(users.contains(path), "\(path) needs its exception no longer: take it off the list")
            print("unsafe: \(path): \(reason)")
        }
    }

    /// Promises that the compiler does not check; the sentence that makes each true stands beside it.
    private static let promisesMax = 8

    @Test("promises about threads that the compiler cannot check are few, and each has its sentence beside it")
    func promises() {
        var promises: [String] = []
        // What swift-protobuf generates makes promises of its own, and says why.
        for file in sources where !file.path.hasSuffix(".pb.swift") {
            let lines = file.lines
            for (number, line) in lines.enumerated() where line.contains(/@unchecked Sendable|nonisolated\(unsafe\)/) {
                promises.append("\(file):\(number + 1)")
                // The sentence stands in a comment above; two neighbours may share one.
                let above = lines[max(0, number - 6)..<number]
                let isTold = above.contains { $0.drop { $0 == " " }.hasPrefix("//") }
                #expect(isTold, "\(file):\(number + 1) promises something and does not say why it is so")
            }
        }
        print("promises: \(promises)")
        #expect(promises.count <= Self.promisesMax, "\(promises)")
    }

    /// Lines at which to ask whether there are two subjects.
    private static let linesMax = 400
    private static let longFiles: [String: (lines: Int, reason: String)] = [
        "Sources/Cluster/Coordinator/CoordinatorState.swift": (
            540, "one machine: its events share one state, and parting them would part a decision from its effects"
        ),
        "Sources/Tokenizers/Unicode/ReferenceUnicodeData.swift": (760, "a table of Unicode ranges, generated"),
        "Sources/Wire/Generated/statezero.pb.swift": (5600, "generated from proto/statezero.proto"),
    ]

    @Test("a file over 400 lines has a reason, and does not grow past what it was allowed")
    func longFiles() {
        var found: Set<String> = []
        for file in sources where file.lineCount > Self.linesMax {
            found.insert(file.path)
            guard let allowed = Self.longFiles[file.path] else {
                Issue.record("\(file) has \(file.lineCount) lines: are there two subjects in it?")
                continue
            }
            #expect(file.lineCount <= allowed.lines, "\(file) grew past \(allowed.lines) lines")
            print("long: \(file): \(file.lineCount) lines: \(allowed.reason)")
        }
        for path in Self.longFiles.keys.sorted() {
            #expect(found.contains(path), "\(path) is short enough: take it off the list")
        }
    }

    @Test("data is never forced: no try!, as!, empty catch or fatalError in Sources")
    func forced() {
        let pattern = /\btry!|\bas!|catch\s*(?:_\s*)?\{\s*\}|\bfatalError\(/
        for file in sources where !file.path.hasSuffix(".pb.swift") {
            for (number, line) in file.lines.enumerated() {
                let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
                #expect(!code.contains(pattern), "\(file):\(number + 1): \(line)")
            }
        }
    }
}
