import Foundation
import Heads
import Kernels
import ModelFiles
import TestSupport
import Testing

@Suite("Compact head's file")
struct CompactHeadFileTests {
    /// Its tensors, to be changed and written again.
    private struct Contents {
        struct Tensor {
            var type: String
            var shape: [Int]
            var bytes: Data
        }
        var metadata: [String: String]
        var tensors: [String: Tensor] = [:]

        init(_ path: String) throws {
            let header = try SafetensorsFile(path: path).header
            let data = try Data(contentsOf: URL(filePath: path))
            metadata = header.metadata
            for (name, entry) in header.entries {
                tensors[name] = Tensor(type: entry.type, shape: entry.shape.sizes, bytes: data.subdata(in: entry.bytes))
            }
        }

        func write() throws -> String {
            var header: [String: Any] = ["__metadata__": metadata]
            var data = Data()
            for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
                header[name] = [
                    "dtype": tensor.type, "shape": tensor.shape,
                    "data_offsets": [data.count, data.count + tensor.bytes.count],
                ]
                data += tensor.bytes
            }
            let json = try JSONSerialization.data(withJSONObject: header)
            let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
            return try ScratchFolder.file(length + json + data)
        }
    }

    private let files: [String]

    init() throws { files = [try CompactHeadGolden.first().headPath, try CompactHeadGolden.second().headPath] }

    private func error(
        _ source: String, _ change: (inout Contents) throws -> Void
    ) throws -> (ModelError?, file: String) {
        var contents = try Contents(source)
        try change(&contents)
        let path = try contents.write()
        do {
            _ = try CompactHead(weights: SafetensorsFile(path: path))
            return (nil, path)
        } catch {
            return (error, path)
        }
    }

    @Test("the file itself, written again, is read; equal bytes have equal digests and others another")
    func same() throws {
        for (index, source) in files.enumerated() {
            #expect(try error(source) { _ in }.0 == nil)
            let head = try CompactHead(weights: SafetensorsFile(path: source))
            #expect(head.numerics.hasPrefix("compact/\(index + 1) ") && head.numerics.contains("f32/"))
            var contents = try Contents(source)
            contents.metadata["seed"] = "another"
            #expect(try CompactHead(weights: SafetensorsFile(path: contents.write())).digest != head.digest)
        }
        let digest = try CompactHead(weights: SafetensorsFile(path: CompactHeadFile.find())).digest
        #expect(try CompactHead.load().digest == digest)
    }

    @Test("metadata of another kind of file is refused by its key")
    func metadata() throws {
        let both = [("format", "other"), ("version", "3"), ("surface", "29"), ("columns", "8")]
        for (source, own) in [
            (files[0], [("correctors", "3"), ("embedding", "768")]), (files[1], [("embedding", "0")]),
        ] {
            for (key, value) in both + own {
                for found in [value, nil] {
                    let (error, file) = try error(source) { $0.metadata[key] = found }
                    guard case .unsupported(file, key, found ?? "missing", _) = error else {
                        Issue.record("\(key) = \(found ?? "none"): \(String(describing: error))")
                        continue
                    }
                }
            }
        }
        let (width, file) = try error(files[1]) { $0.metadata["embedding"] = "768" }
        guard case .tensorShape(file, "difficulty.first.weight", _, _) = width else {
            Issue.record("another width of embeddings: \(String(describing: width))")
            return
        }
    }

    @Test("how references are read is checked: options, slope and link")
    func references() throws {
        let bad = [
            nil, "", "[]", #"{"options": [[0, 0, 0.5], [1, 0, 0.5]]}"#,
            #"{"options": [[0, 0, 0.5]], "slope": [0.5, 0.5], "link_deviation": [0.3, 0.3]}"#,
            #"{"options": [[1, 0, 0.5], [1, 0, 0.5]], "slope": [0.5, 0.5], "link_deviation": [0.3, 0.3]}"#,
            #"{"options": [[0, 0, 0.5], [1, 0]], "slope": [0.5, 0.5], "link_deviation": [0.3, 0.3]}"#,
            #"{"options": [[0, 0, 0.5], [1, 0, 0.0]], "slope": [0.5, 0.5], "link_deviation": [0.3, 0.3]}"#,
            #"{"options": [[0, 0, 0.5], [1, 0, 0.5]], "slope": [0.5, 0], "link_deviation": [0.3, 0.3]}"#,
            #"{"options": [[0, 0, 0.5], [1, 0, 0.5]], "slope": [0.5, 0.5], "link_deviation": [0.3]}"#,
        ]
        for value in bad {
            let (error, file) = try error(files[1]) { $0.metadata["references"] = value }
            guard case .damaged(file, "metadata references", _) = error else {
                Issue.record("\(value ?? "none"): \(String(describing: error))")
                continue
            }
        }
    }

    @Test("each tensor that is missing, of another shape or type, or not a number, is named with its file")
    func tensors() throws {
        for (source, count) in zip(files, [12, 13]) { try tensors(source, count: count) }
    }

    private func tensors(_ source: String, count: Int) throws {
        let names = try Contents(source).tensors.keys.sorted()
        #expect(names.count == count, "\(names)")
        for name in names {
            let (missing, missingFile) = try error(source) { $0.tensors[name] = nil }
            #expect(missing == .tensorMissing(file: missingFile, tensor: name))

            let (shape, shapeFile) = try error(source) { contents in
                let row = Data(count: 4 * Self.rowCount(contents.tensors[name]))
                contents.tensors[name]?.shape[0] += 1
                contents.tensors[name]?.bytes += row
            }
            // From version 2 on this tensor says what the others' sizes are.
            let named = count > 12 && name == "difficulty.first.weight" ? "difficulty.first.bias" : name
            guard case .tensorShape(shapeFile, named, _, _) = shape else {
                Issue.record("\(name) of another shape: \(String(describing: shape))")
                continue
            }

            let (type, typeFile) = try error(source) { $0.tensors[name]?.type = "I32" }
            guard case .tensorType(typeFile, name, "I32", _) = type else {
                Issue.record("\(name) of another type: \(String(describing: type))")
                continue
            }

            let (value, valueFile) = try error(source) { contents in
                contents.tensors[name]?.bytes.replaceSubrange(0..<4, with: [0, 0, 0xC0, 0x7F])
            }
            #expect(value == .damaged(file: valueFile, at: name, reason: "value 0 is nan"))
        }
        let (scale, scaleFile) = try error(source) {
            $0.tensors["surface.scale"]?.bytes.replaceSubrange(0..<4, with: [0, 0, 0, 0])
        }
        #expect(scale == .damaged(file: scaleFile, at: "surface.scale", reason: "value 0 is 0.0, it must be above 0"))
    }

    private static func rowCount(_ tensor: Contents.Tensor?) -> Int { tensor?.shape.dropFirst().reduce(1, *) ?? 0 }

    @Test("a file cut short is damaged")
    func cut() throws {
        let bytes = try Data(contentsOf: URL(filePath: CompactHeadFile.find()))
        for count in [0, 7, 100, bytes.count / 2, bytes.count - 1] {
            let path = try ScratchFolder.file(Array(bytes.prefix(count)))
            let error = #expect(throws: ModelError.self) { try CompactHead(weights: SafetensorsFile(path: path)) }
            guard case .damaged(path, _, _) = error else {
                Issue.record("\(count) bytes: \(String(describing: error))")
                continue
            }
        }
    }

    @Test("it is looked for beside the program and where it is installed; a variable that is set is the only place")
    func places() throws {
        let folder = URL(filePath: try ScratchFolder.copy(of: ScratchFolder.file([]))).deletingLastPathComponent()
        let program = folder.appending(path: "bin/statezero")
        let places = CompactHeadFile.places(environment: [:], program: program)
        #expect(places.count == 3)
        let error = #expect(throws: ModelError.self) { try CompactHeadFile.find(environment: [:], program: program) }
        for place in places { #expect(error.map { "\($0)".contains(place) } == true) }
        #expect(error.map { "\($0)".contains(CompactHeadFile.variable) } == true)
        // From the last place to the first, each comes before those that were there.
        for place in places.reversed() {
            let file = URL(filePath: place)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try ScratchFolder.write("", to: place)
            #expect(try CompactHeadFile.find(environment: [:], program: program) == place)
        }
        let missing = folder.appending(path: "none").path
        #expect(throws: ModelError.self) {
            try CompactHeadFile.find(environment: [CompactHeadFile.variable: missing], program: program)
        }
        let named = [CompactHeadFile.variable: places[1]]
        #expect(try CompactHeadFile.find(environment: named, program: program) == places[1])
        // A link to the program finds what lies beside the program.
        let link = folder.appending(path: "link")
        try ScratchFolder.write("", to: program.path)
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: program)
        #expect(try CompactHeadFile.find(environment: [:], program: link) == places[0])
    }
}
